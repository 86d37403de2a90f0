"""Every option can be given in the environment; the command line wins."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from webhook.cli.environment import options_of
from webhook.cli.main import commands

RECORD = """\
id: minio
product: minio
zone: near
services:
  - id: s3
    endpoints: [{url: http://minio, type: internal, configuration: {S3_URL: http://minio}}]
"""
ASKING = """\
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: asks}
spec: {taskSpec: {steps: [{name: a, image: i, extensions: [{name: store, product: minio}]}]}}
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a command with variables of the environment; gives exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)
    for name in ("registry", "empty"):
        Path(name).mkdir()
    Path("registry/minio.yaml").write_text(RECORD)
    Path("run.yaml").write_text(ASKING)

    def invoke(*args, **variables):
        result = CliRunner().invoke(commands, args, env=variables)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.stdout, result.stderr

    return invoke


SHOWN = (0, "# TaskRun/asks steps[a]\nS3_URL=http://minio  # selector 'store'\n", "")


def test_options_are_read_from_the_environment(run):
    assert run("preview", "run.yaml", FUSEML_REGISTRY="registry", FUSEML_PREVIEW_OUTPUT="env") == SHOWN
    assert (
        run("preview", FUSEML_REGISTRY="registry", FUSEML_PREVIEW_OUTPUT="env", FUSEML_PREVIEW_FILENAME="run.yaml")
        == SHOWN
    )
    assert run("preview", "run.yaml", FUSEML_REGISTRY="registry", FUSEML_ZONE="far")[0] == 1
    assert run("explain", "run.yaml", FUSEML_REGISTRY="registry", FUSEML_USER="ada")[1].startswith(
        "TaskRun/asks: asked for by project 'default', user 'ada'"
    )


def test_command_line_wins_over_the_environment(run):
    variables = {"FUSEML_REGISTRY": "registry", "FUSEML_ZONE": "far", "FUSEML_PREVIEW_OUTPUT": "json"}

    assert run("preview", "run.yaml", "--zone", "near", "-o", "env", **variables) == SHOWN


def test_folder_on_the_command_line_wins_over_a_cluster_in_the_environment(run):
    variables = {"FUSEML_REGISTRY_NAMESPACE": "fuseml", "FUSEML_LEDGER_NAMESPACE": "fuseml-system"}

    assert run("preview", "run.yaml", "--registry", "registry", "-o", "env", **variables) == SHOWN


def test_two_registries_in_the_environment_are_one_too_many(run):
    code, _, errors = run("preview", "run.yaml", FUSEML_REGISTRY_NAMESPACE="fuseml", FUSEML_REGISTRY="registry")

    assert code == 2
    assert "give either --registry or one of --cluster and --registry-namespace" in errors


def test_variable_without_a_value_is_not_set(run):
    empty = {"FUSEML_ZONE": "", "FUSEML_REGISTRY_NAMESPACE": "", "FUSEML_PREVIEW_OUTPUT": "env"}

    assert run("preview", "run.yaml", FUSEML_REGISTRY="registry", **empty) == SHOWN


def test_option_that_is_repeatable_has_several_words(run):
    Path("registry/minio.yaml").write_text(RECORD.replace("S3_URL:", "PATH: a, HTTP_PROXY: b, S3_URL:"))

    assert run("lint", "--registry", "registry", FUSEML_ALLOW_VARIABLE="PATH HTTP_PROXY")[0] == 0
    assert run("lint", "--registry", "registry", FUSEML_ALLOW_VARIABLE="PATH")[0] == 1


def test_lint_does_not_check_the_registry_of_other_commands(run):
    Path("empty/bad.yaml").write_text("a: b\n")

    assert run("lint", "run.yaml", FUSEML_REGISTRY="empty")[0] == 0
    assert run("lint", "run.yaml", FUSEML_LINT_REGISTRY="empty")[0] == 1


def test_no_two_options_of_a_command_have_the_same_variable():
    found = [(command, option.envvar) for command, option in options_of(commands)]

    assert len(set(found)) == len(found)


@pytest.mark.parametrize("command", {command: None for command, _ in options_of(commands)})
def test_help_names_the_variables(run, command):
    shown = "".join(run(*command.split(), "--help")[1].split())

    assert [o.envvar for name, o in options_of(commands) if name == command and o.envvar not in shown] == []
