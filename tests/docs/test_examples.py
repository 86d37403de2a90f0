"""Each folder of examples/ is a scenario: records, the same step for three engines, and what it becomes.

``expected/CASE/options`` holds the options of ``fuseml preview -o env``, beside what it then prints for each object.
``UPDATE_GOLDEN=1`` rewrites those files. The commands of the READMEs are run by test_fenced_commands.py.
"""

import os
import re
import shlex
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from webhook.adapters import layout_of
from webhook.cli.main import commands

ROOT = Path(__file__).parents[2]
UPDATE = bool(os.environ.get("UPDATE_GOLDEN"))
OBJECTS = ("pipelinerun", "workflow", "fuseml")
HEADINGS = ["Setup", "Run", "Understand", "Play"]

FOLDERS = sorted(path for path in ROOT.glob("examples/*") if path.is_dir())
# Those without a registry in files need a cluster; they are run in tests/e2e.
EXAMPLES = [folder for folder in FOLDERS if (folder / "registry").is_dir()]
CASES = sorted(path for path in ROOT.glob("examples/*/expected/*") if path.is_dir())

each_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
each_folder = pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
each_case = pytest.mark.parametrize("case", CASES, ids=lambda path: f"{path.parents[1].name}-{path.name}")
each_object = pytest.mark.parametrize("name", OBJECTS)


@pytest.fixture(autouse=True)
def _in_the_repository(monkeypatch):
    monkeypatch.chdir(ROOT)


def fuseml(*arguments: object, stdin: str | None = None) -> Result:
    return CliRunner().invoke(commands, [str(a) for a in arguments], input=stdin)


def preview(case: Path, name: str, *arguments: object, registry: Path | None = None) -> Result:
    """Preview an object of an example with the options of one of its cases."""
    example = case.parents[1].relative_to(ROOT)
    return fuseml(
        "preview",
        *("-f", example / f"{name}.yaml"),
        *("--registry", registry or example / "registry"),
        *shlex.split((case / "options").read_text()),
        *arguments,
    )


# Folders


@each_folder
def test_example_is_told_as_the_others_are(folder):
    assert re.findall(r"^## (.*)$", (folder / "README.md").read_text(), re.MULTILINE) == HEADINGS


@each_example
def test_example_has_a_registry_and_the_same_step_for_three_engines(example):
    assert list(example.glob("registry/*.yaml"))
    assert all((example / f"{name}.yaml").is_file() for name in OBJECTS)


def test_list_of_examples_is_complete():
    table = re.findall(
        r"^\| \[([^]]+)\]\((.+?)/README\.md\) \|", (ROOT / "examples/README.md").read_text(), re.MULTILINE
    )

    assert {folder for _, folder in table} == {folder.name for folder in FOLDERS}
    assert all(name == folder for name, folder in table)


# Objects


@each_folder
def test_every_yaml_file_passes_lint(folder):
    result = fuseml("lint", folder.relative_to(ROOT))

    assert (result.stdout, result.exit_code) == ("", 0)


@each_object
@each_example
def test_every_object_asks_and_says_so_where_it_is_read(example, name):
    layout = layout_of(yaml.safe_load((example / f"{name}.yaml").read_text()))

    assert layout is not None
    assert any(step.blocks for step in layout.steps)
    assert not layout.misplaced


@each_object
@each_case
def test_steps_get_the_expected_variables(case, name):
    result = preview(case, name, "-o", "env")

    expected = case / f"{name}.env"
    if UPDATE:
        expected.write_text(result.output)
    assert result.output == expected.read_text()


@each_example
def test_expected_files_are_those_of_the_objects_and_no_others(example):
    cases = [case for case in CASES if case.parents[1] == example]
    wanted = {case / file for case in cases for file in ("options", *(f"{name}.env" for name in OBJECTS))}

    assert cases
    assert {path for path in (example / "expected").rglob("*") if path.is_file()} == wanted


@each_object
@each_case
def test_result_submitted_again_does_not_change(case, name):
    first = preview(case, name)

    again = fuseml(
        *("preview", "-f", "-", "--registry", case.parents[1] / "registry"),
        *shlex.split((case / "options").read_text()),
        stdin=first.stdout,
    )

    assert first.exit_code == 0, first.output
    assert again.stdout == first.stdout


@each_object
@each_case
def test_files_that_hold_the_records_make_no_difference(case, name, tmp_path):
    records = [path.read_text() for path in sorted(case.parents[1].glob("registry/*.yaml"))]
    together, apart = tmp_path / "together", tmp_path / "apart"
    for folder in (together, apart):
        folder.mkdir()
    (together / "all.yaml").write_text("---\n".join(reversed(records)))
    for i, record in enumerate(reversed(records)):
        (apart / f"{i}.yaml").write_text(record)

    expected = preview(case, name).output

    assert preview(case, name, registry=together).output == expected
    assert preview(case, name, registry=apart).output == expected


@each_object
def test_documented_example_gives_the_four_documented_variables(name):
    example = "examples/explicit-ids"
    options = ("--registry", f"{example}/registry", "--zone", "cluster-alpha", "--show-credentials", "-o", "env")

    result = fuseml("preview", "-f", f"{example}/{name}.yaml", *options)

    title, *variables = result.stdout.splitlines()
    assert title.startswith("# ")
    assert variables == [
        "MLFLOW_TRACKING_URI=http://mlflow.mlflow  # selector 'experiment-tracking'",
        "MLFLOW_S3_ENDPOINT_URL=http://mlflow-minio.mlflow:9000  # selector 'artifact-store'",
        "AWS_ACCESS_KEY_ID=24oT0SfbJPEu6kUbUKsH  # selector 'artifact-store'",
        "AWS_SECRET_ACCESS_KEY=cMGiZff8KqS5xWQ4eagRujh1tDcbQyRP0bEJSBOf  # selector 'artifact-store'",
    ]


# READMEs


def holds(node: object, part: dict) -> bool:
    """Whether *node*, or anything in it, is a map with all entries of *part*."""
    if isinstance(node, dict):
        return part.items() <= node.items() or any(holds(child, part) for child in node.values())
    return isinstance(node, list) and any(holds(child, part) for child in node)


@each_folder
def test_readme_shows_parts_of_the_files(folder):
    files = [list(yaml.safe_load_all(path.read_text())) for path in folder.rglob("*.yaml")]
    shown = re.findall(r"^```yaml\n(.*?)^```$", (folder / "README.md").read_text(), re.MULTILINE | re.DOTALL)

    assert shown
    for part in map(yaml.safe_load, shown):
        assert any(holds(file, part) for file in files), part
