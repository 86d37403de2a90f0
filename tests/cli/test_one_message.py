"""lint, preview and explain say the same of one mistake, at the line of its field."""

import pytest
from click.testing import CliRunner

from webhook.cli.main import commands

HEAD = "apiVersion: tekton.dev/v1\nkind: TaskRun\nmetadata: {name: r}\nspec:\n  taskSpec:\n    steps:\n"
T = "{name: t, product: mlflow}"
HERE = "no selector is named {!r} here"
MISTAKES = {
    "a key twice": (f"    - name: a\n      extensions:\n      extensions: [{T}]\n", 9, "'extensions' occurs twice in this map"),
    "no name": ("    - name: a\n      extensions:\n      - {name: , product: b}\n", 9, "steps[a]: extensions[0]: name: is required"),
    "a list for a text": ("    - name: a\n      extensions: [{name: c,\n        product: [a]}]\n", 9, "product: expected text, got a list"),
    "an unknown field": ("    - name: a\n      extensions:\n      - name: c\n        prodct: b\n", 10, "unknown field 'prodct'; did you mean"),
    "an empty criterion": ("    - name: a\n      extensions:\n      - name: c\n        product: ''\n", 10, "product: is empty"),
    "two of one name": (f"    - name: a\n      extensions:\n      - {T}\n      - {T}\n", 10, "two selectors are named 't'"),
    "no list": ("    - name: a\n      extensions: x\n", 8, "'extensions' must be a list of selectors"),
    "another step's selector": (
        "    - name: a\n      extensions: [{name: t, product: mlflow, optional: true}]\n    - name: b\n      script: << extension.t.url >>\n",
        10,
        HERE.format("t") + ", but steps[a] has it; write it here as well",
    ),
    "an unknown name": (
        "    - name: a\n      extensions: [{name: t, product: mlflow, optional: true}]\n      script: << extension.x.url >>\n",
        9,
        HERE.format("x") + "; there are t",
    ),
    "no selector at all": ("    - name: a\n      script: << extension.x.url >>\n", 8, HERE.format("x") + "; there are no selectors"),
    "an unknown expression field": (
        "    - name: a\n      extensions: [{name: t, product: mlflow, optional: true}]\n      env:\n      - name: A\n        value: << extension.t.ulr >>\n",
        11,
        "unknown field 'ulr'; did you mean 'url'?",
    ),
    "a misspelt block": (f"    - name: a\n      extension: [{T}]\n", 8, "write extensions, not 'extension'"),
    "a misspelt expression": ("    - name: a\n      script: < extension.t.url >\n", 8, 'write "<< extension.t.url >>"'),
}  # fmt: skip


# ruff: noqa: E501 - each case is one line
@pytest.mark.parametrize(("steps", "line", "message"), MISTAKES.values(), ids=MISTAKES)
def test_every_command_says_it_at_its_line(tmp_path, steps, line, message):
    file = tmp_path / "run.yaml"
    file.write_text(HEAD + steps)
    (tmp_path / "registry").mkdir()

    said = {}
    for command in ("lint", "preview", "explain"):
        options = [] if command == "lint" else ["--registry", str(tmp_path / "registry")]
        result = CliRunner().invoke(commands, [command, *options, str(file)])
        said[command] = [text for text in result.output.splitlines() if f"{file}:{line}: " in text and message in text]
        assert len(said[command]) == 1, result.output
        assert "None" not in result.output

    (linted,) = said["lint"]
    problem = linted.removeprefix(f"{file}:{line}: ")
    assert all(text.endswith(problem) for (text,) in said.values())
