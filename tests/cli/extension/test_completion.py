"""What a shell offers: commands, options, ids of the registry."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from registry.templates.catalogue import templates
from webhook.cli.main import commands

RECORDS = """\
- id: mlflow
  product: mlflow
  services:
  - id: store
    resource: s3
    endpoints: [{url: "http://minio:9000", type: internal}]
    credentials: [{id: everyone, configuration: {KEY: CANARY}}]
  - {id: ui}
- id: minio
"""


def offered(*args, incomplete=""):
    """What is offered for the word after *args*, without options."""
    complete = ShellComplete(commands, {}, "fuseml", "_FUSEML_COMPLETE")
    return [item.value for item in complete.get_completions(list(args), incomplete)]


@pytest.fixture
def filled(anywhere, tmp_path):
    (tmp_path / "all.yaml").write_text(RECORDS)
    anywhere.ok("register", "-f", str(tmp_path / "all.yaml"))
    return anywhere


@pytest.mark.parametrize("command", ["get", "update", "delete", "edit", "describe", "export", "test", "list --id"])
def test_ids_of_extensions_are_offered(filled, command):
    args = ["extension", command.split()[0], *filled.options, *command.split()[1:]]

    assert offered(*args) == ["minio", "mlflow"]
    assert offered(*args, incomplete="ml") == ["mlflow"]


def test_ids_of_parts_are_offered(filled):
    options = ["extension", *("service", "update"), *filled.options]
    assert offered(*options, "mlflow") == ["store", "ui"]

    def of_part(kind):
        return offered("extension", kind, "delete", *filled.options, "mlflow", "store")

    assert of_part("endpoint") == ["http://minio:9000"]
    assert of_part("credentials") == ["everyone"]


def test_what_is_named_already_is_not_offered_again(filled):
    assert offered("extension", "export", *filled.options, "mlflow") == ["minio"]


def test_registry_of_the_environment_is_asked_and_the_command_line_wins(folder, make_store, monkeypatch):
    server = make_store("ours")
    folder.ok("register", "--id", "in-folder")
    server.ok("register", "--id", "in-server")
    monkeypatch.setenv("FUSEML_SERVER_URL", server.place.url)

    assert offered("extension", "get") == ["in-server"]
    assert offered("extension", "get", *folder.options) == ["in-folder"]


@pytest.mark.parametrize(
    "options",
    [
        pytest.param([], id="no registry"),
        pytest.param(["--url", "http://127.0.0.1:1"], id="away"),
        pytest.param(["--url", "no address"], id="no address"),
        pytest.param(["--registry", "/none"], id="no folder"),
    ],
)
def test_nothing_is_offered_and_nothing_said_if_there_is_no_registry(options, capfd):
    assert offered("extension", "get", *options) == []
    assert offered("extension", "service", "delete", *options, "a") == []
    assert capfd.readouterr() == ("", "")


def test_products_are_offered():
    assert offered("extension", "new") == [*templates()]


def test_commands_and_options_are_offered():
    assert "describe" in offered("extension", incomplete="de")
    assert "--merge" in offered("extension", "update", incomplete="--m")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_code_for_each_shell_is_written(shell):
    result = CliRunner().invoke(commands, ["completion", shell])

    assert (result.exit_code, result.stderr) == (0, "")
    assert f"_FUSEML_COMPLETE={shell}_complete" in result.stdout


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_an_id(folder):
    folder.ok("register", "--id", "mlflow")
    script = (
        "source <(fuseml completion bash)\n"
        'COMP_WORDS=(fuseml extension get "") COMP_CWORD=3\n'
        '_fuseml_completion fuseml\nprintf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        env={**os.environ, "PATH": path, "FUSEML_REGISTRY": str(folder.place)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert (done.stdout, done.stderr) == ("mlflow\n", "")
