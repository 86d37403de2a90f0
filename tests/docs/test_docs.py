"""What README.md and docs/ say is complete, and true where it can be tried."""

import os
import re
from collections import defaultdict
from dataclasses import fields
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import renderer
from registry.records import codec, variables
from registry.records.model import Credentials, Endpoint, Extension, SecretRef, Service
from registry.resolving.index import Index
from registry.resolving.selectors import Consumer, Selector
from registry.resolving.versions import satisfies
from renderer.filters import DEFAULT, FILTERS
from renderer.grammar import FIELDS as EXPRESSION_FIELDS
from webhook.cli.environment import options_of
from webhook.cli.installed import ASSUMED, INSTALLED
from webhook.cli.main import commands
from webhook.errors import RefusedError
from webhook.mutation.mutate import mutate
from webhook.preview import lint

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]
RECORDS, SELECTORS, EXPRESSIONS, COMMANDS, INSTALL = (
    ROOT / "docs" / f"{name}.md" for name in ("records", "selectors", "expressions", "cli", "install")
)

STORE = {
    "store": {
        "product": "MinIO",
        "url": "http://minio.team:9000/models",
        "cfg": {"KEY": "a/b c&d", "PADDED": " x "},
    }
}


def rows(page: Path, *titles: str) -> list[list[str]]:
    """The rows of the tables of *page* that have these titles, each cell without its backquotes."""
    found, wanted = [], False
    for line in page.read_text().splitlines():
        cells = [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if not cells:
            wanted = False
        elif wanted and not set(cells[0]) <= {"-"}:
            found.append(cells)
        wanted = wanted or tuple(cells) == titles
    assert found, f"{page.name} has no table {titles}"
    return found


def code(cell: str) -> list[str]:
    """What stands between backquotes in *cell*."""
    return re.findall(r"`([^`]+)`", cell)


def blocks(page: Path, language: str) -> list[str]:
    """The code blocks of *page* in *language*."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


# Complete


@pytest.mark.parametrize("record", [Extension, Service, Endpoint, Credentials], ids=lambda cls: cls.__name__)
def test_table_lists_the_fields_of_a_record(record):
    table = re.search(rf"^\*\*{record.__name__}\*\*$\n\n((?:\|.*\n)+)", RECORDS.read_text(), re.MULTILINE)

    assert table is not None
    listed = {code(row)[0] for row in table[1].splitlines()[2:]}
    assert listed == {"secretRef" if field.name == "secret_ref" else field.name for field in fields(record)}


def test_field_of_a_secret_reference_is_described():
    (row,) = (cells for cells in rows(RECORDS, "field", "default", "") if code(cells[0]) == ["secretRef"])

    assert code(row[2]) == [field.name for field in fields(SecretRef)]


def test_table_lists_the_fields_of_a_selector():
    assert [code(field)[0] for field, _ in rows(SELECTORS, "field", "")] == [f.name for f in fields(Selector)]


def test_table_lists_the_fields_of_an_expression():
    listed = [name.partition(".")[0] for field, _ in rows(EXPRESSIONS, "field", "") for name in code(field)]

    assert sorted(listed) == sorted(EXPRESSION_FIELDS)


def test_table_lists_the_filters():
    listed = [code(name)[0] for name, _, _ in rows(EXPRESSIONS, "filter", "expression", "gives")]

    assert listed == [DEFAULT, *FILTERS]


def _options(command: click.Command, path: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    if isinstance(command, click.Group):
        return [pair for name, sub in command.commands.items() for pair in _options(sub, (*path, name))]
    return [(" ".join(path), option) for p in command.params if isinstance(p, click.Option) for option in p.opts]


@pytest.mark.parametrize(("command", "option"), [pytest.param(*p, id=" ".join(p)) for p in _options(commands)])
def test_command_and_option_are_described(command, option):
    text = "\n".join(page.read_text() for page in PAGES)

    assert f"fuseml {command}" in text
    assert re.search(rf"(?<![\w-]){option}(?![\w-])", text)


def _in_table(variable, command):
    """*command*, or what stands for all commands of a group that share a *variable*."""
    own = f"FUSEML_{command}_".replace(" ", "_").upper()
    return "extension …" if command.startswith("extension ") and not variable.startswith(own) else command


def test_table_lists_the_environment_variable_of_every_option():
    found = defaultdict(list)
    for command, option in options_of(commands):
        found[option.envvar, max(option.opts, key=len)].append(_in_table(option.envvar, command))
    real = {key: list(dict.fromkeys(names)) for key, names in found.items()}

    listed = {
        (code(variable)[0], code(option)[0]): code(of)
        for variable, option, of in rows(COMMANDS, "variable", "option", "of")
    }

    assert listed == real


def test_table_lists_the_settings_of_an_installation():
    defaults = {option.envvar: option.default for command, option in options_of(commands) if command == "webhook"}
    defaults = {name: default if isinstance(default, str) else "" for name, default in defaults.items()} | ASSUMED

    listed = {code(key)[0]: "".join(code(default)) for key, default, _ in rows(INSTALL, "key", "default", "meaning")}

    assert listed == {name: defaults[name] for name in INSTALLED}


# True


@pytest.mark.parametrize(
    "block",
    [pytest.param(block, id=f"{page.stem}-{i}") for page in PAGES for i, block in enumerate(blocks(page, "yaml"))],
)
def test_yaml_passes_lint(block):
    problems = lint.check(block, "block.yaml").problems

    assert problems == []


def test_broken_record_gives_the_errors_that_are_shown(tmp_path, monkeypatch):
    page = RECORDS.read_text()
    pair = re.compile(r"^```yaml broken\n(.*?)^```\n\n```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    broken, shown = pair.search(page).groups()
    (tmp_path / "broken.yaml").write_text(broken)
    monkeypatch.chdir(tmp_path)

    result = CliRunner().invoke(commands, ["lint", "broken.yaml"])

    if os.environ.get("UPDATE_GOLDEN"):
        RECORDS.write_text(page.replace(shown, result.stdout))
    else:
        assert result.stdout == shown


@pytest.mark.parametrize(
    ("constraint", "version", "expected"),
    [
        pytest.param(constraint, version, fits, id=f"{constraint}:{version}")
        for constraints, _, fitting, others in rows(SELECTORS, "constraint", "means", "fits", "does not fit")
        for constraint in code(constraints)
        for fits, versions in ((True, fitting), (False, others))
        for version in code(versions)
    ],
)
def test_constraint_fits_what_the_table_says(constraint, version, expected):
    assert satisfies(version, constraint) == expected


def test_names_that_are_not_injected_steer():
    (listed,) = re.findall(r"^(`LD_\*`,.*?)\n\n", SELECTORS.read_text(), re.MULTILINE | re.DOTALL)

    names = [name.replace("*", "X") for name in code(listed)]

    assert [name for name in names if not variables.steers(name)] == []


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        pytest.param(code(expression)[0], code(value)[0], id=code(name)[0])
        for name, expression, value in rows(EXPRESSIONS, "filter", "expression", "gives")
    ],
)
def test_filter_gives_what_the_table_says(expression, value):
    assert renderer.expand(expression, STORE) == value


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        pytest.param(code(expression)[0], code(error)[0], id=code(expression)[0])
        for expression, error in rows(EXPRESSIONS, "expression", "error")
    ],
)
def test_wrong_expression_gives_the_error_that_the_table_shows(expression, error):
    step = {"name": "a", "image": "i", "extensions": [{"name": "store", "product": "MinIO"}], "script": expression}
    run = {"apiVersion": "tekton.dev/v1", "kind": "TaskRun", "metadata": {}, "spec": {"taskSpec": {"steps": [step]}}}
    service = {"id": "s", "configuration": STORE["store"]["cfg"], "endpoints": [{"url": STORE["store"]["url"]}]}
    record = {"id": "m", "product": "MinIO", "services": [service]}

    with pytest.raises(RefusedError) as refused:
        mutate(run, Index([codec.decode(record)]), Consumer())

    assert refused.value.problems == (f'steps[a].script: "{expression}": {error}',)


def test_lookalikes_stay_as_they_are():
    (block,) = blocks(EXPRESSIONS, "text")

    assert renderer.expand(block, {}) == block


def test_escape_is_taken_away():
    escaped, literal = re.search(r"itself removed: `(.*?)`\nbecomes `(.*?)`", EXPRESSIONS.read_text()).groups()

    assert renderer.expand(escaped, {}) == literal
