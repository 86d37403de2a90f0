"""Every command in a code block of a page is run by a test, or says that it is not: pages.py tells how."""

import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from tests.docs.pages import PAGES, PROMPTED, ROOT, command_blocks, has_folder_of_its_own
from webhook.cli.main import commands

BLOCKS = [(page, block) for page in PAGES for block in command_blocks(page.read_text())]
SESSIONS = sorted({page for page, block in BLOCKS if block.has_prompts and not block.marker})
PLAIN = [
    pytest.param(block, id=f"{page.relative_to(ROOT)}:{block.line}")
    for page, block in BLOCKS
    if not block.marker and not block.has_prompts
]
MARKED = [
    pytest.param(page, block.marker, id=f"{page.relative_to(ROOT)}:{block.line}")
    for page, block in BLOCKS
    if block.marker
]

# One simple command, with variables of its environment before it.
_PROGRAM = re.compile(r"(?P<before>(?:\w+=\S* )*(?:\.venv/bin/)?)(?P<name>fuseml|make|pytest)\b(?P<rest>[^;|&<>`]*)")


# What bash does with words, other than to split them and take quotes away.
_BY_BASH = re.compile(r"[*?$~{\[#]")


def run(command: str, folder=ROOT) -> tuple[int, str]:
    """Run *command*; its exit code, and what it prints to either stream.

    ``fuseml`` is called in this process: most commands take less time than its start.
    """
    joined = command.replace("\\\n", " ").strip()
    found = _PROGRAM.fullmatch(joined)
    if found is None or found["name"] != "fuseml" or _BY_BASH.search(joined):
        return _run_by_bash(command, folder)
    env = dict(word.split("=", 1) for word in shlex.split(found["before"].removesuffix(".venv/bin/")))
    with contextlib.chdir(folder):
        done = CliRunner(env={"COLUMNS": "80", **env}).invoke(commands, shlex.split(found["rest"]), prog_name="fuseml")
    return done.exit_code, done.output


def _run_by_bash(command: str, folder) -> tuple[int, str]:
    path = f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": path, "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("page", SESSIONS, ids=lambda page: str(page.relative_to(ROOT)))
def test_page_shows_what_its_commands_print(page, tmp_path):
    text = page.read_text()
    folder = tmp_path if has_folder_of_its_own(text) else ROOT
    real, end = "", 0
    for block in command_blocks(text):
        if block.has_prompts and not block.marker:
            session = PROMPTED.sub(lambda shown: f"$ {shown['command']}{run(shown['command'], folder)[1]}", block.text)
            real += text[end : block.start] + session
            end = block.end
    real += text[end:]

    if os.environ.get("UPDATE_GOLDEN"):
        page.write_text(real)
    assert real == page.read_text()


@pytest.fixture
def samples(tmp_path):
    """A folder with the files that pages speak of: the examples, and run.yaml with its registry."""
    example = ROOT / "examples/explicit-ids"
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    shutil.copy(example / "pipelinerun.yaml", tmp_path / "run.yaml")
    shutil.copytree(example / "registry", tmp_path / "registry")
    return tmp_path


@pytest.mark.parametrize("block", PLAIN)
def test_commands_of_a_block_work(block, samples):
    folder = samples
    for command in block.commands:
        if command.startswith("cd "):
            folder /= command.removeprefix("cd ")
            assert folder.is_dir(), command
            continue
        found = _PROGRAM.fullmatch(command.partition(" #")[0].rstrip())
        assert found, f"no test runs {command!r}: put <!-- not run: REASON --> before the block (tests/docs/pages.py)"
        before, name, rest = found["before"].replace(".venv/bin/", ""), found["name"], found["rest"]

        match name:
            case "fuseml":
                status, text = run(f"{before}fuseml{rest}", folder)
            case "make":
                status, text = run(f"{before}make --dry-run{rest}")
            case _:
                status, text = run(f"{before}pytest --collect-only --quiet -p no:cacheprovider{rest}")

        assert status == 0, f"{command}\n{text}"


@pytest.mark.parametrize(("page", "marker"), MARKED)
def test_marker_names_a_test_that_reads_the_page(page, marker):
    assert marker.reason or page.name in (ROOT / marker.test).read_text()


OURS = re.compile(r"(?:^|[|&] *)(?:kubectl )?fuseml (?P<command>[a-z]+)(?P<rest>[^|&;<>`\n]*)", re.MULTILINE)


def _command(name, rest):
    """The command that is called by its *name*, or one of its group that is named in the *rest*."""
    command = commands.commands[name]
    for word in rest.split():
        if not isinstance(command, click.Group) or word not in command.commands:
            break
        command = command.commands[word]
    return command


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_options_that_a_page_shows_exist_also_where_nothing_is_run(page):
    for block in command_blocks(page.read_text()):
        for found in OURS.finditer(block.text.replace("\\\n", " ")):
            command = _command(found["command"], found["rest"])
            known = {word for p in command.params for word in (*p.opts, *p.secondary_opts)} | {"--help"}
            given = [word.partition("=")[0] for word in found["rest"].split(" #")[0].split() if word.startswith("-")]

            assert set(given) - {"-"} <= known, found[0]


# How blocks and markers are read


def page_of(*lines):
    return "".join(line + "\n" for line in lines)


def test_marker_is_read_before_a_block_and_below_the_title():
    block = ["```console", "docker push x", "```"]

    reasons = {
        text: [block.marker and block.marker.reason for block in command_blocks(page_of(*text))]
        for text in (
            ("# Title", "", *block),
            ("# Title", "", "<!-- not run: a reason -->", *block, *block),
            ("# Title", "<!-- not run: a reason -->", "", *block, *block),
            ("- item", "", "  <!-- not run: a reason -->", *(f"  {line}" for line in block)),
            ("<!-- not run: -->", *block),
        )
    }

    assert list(reasons.values()) == [[None], ["a reason", None], ["a reason"] * 2, ["a reason"], [None]]


def test_blocks_of_other_languages_hold_no_commands():
    text = page_of("```yaml", "a: b", "```", "", "```", "make all", "```", "```", "a ─▶ b", "```", "```sh", "ls", "```")

    assert [block.commands for block in command_blocks(text)] == [["make all"], ["ls"]]


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        pytest.param("# a comment\nmake a  # why\n", ["make a  # why"], id="comment"),
        pytest.param("make \\\n  a |\n  cat\nmake b\n", ["make \\\n  a |\n  cat", "make b"], id="continued"),
    ],
)
def test_commands_of_a_block(text, commands):
    (block,) = command_blocks(f"```console\n{text}```\n")

    assert block.commands == commands


@pytest.mark.parametrize(
    "command", ["kubectl apply -k FOLDER", "fuseml lint x | kubectl apply -f -", "make a; rm b", "makes"]
)
def test_command_that_no_test_runs_needs_a_marker(command):
    assert _PROGRAM.fullmatch(command) is None
