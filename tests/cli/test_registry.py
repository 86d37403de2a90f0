"""``fuseml registry``: what it refuses before it serves."""

import pytest
from click.testing import CliRunner

from webhook.cli.main import commands


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "give either --registry or --registry-namespace"),
        (["--registry", ".", "--registry-namespace", "fuseml"], "give either --registry or --registry-namespace"),
        (["--registry", ".", "--tls-cert", "c"], "--tls-cert and --tls-key belong together"),
        (["--registry", ".", "--audience", "a"], "--audience is for --registry-namespace"),
        (
            ["--registry-namespace", "fuseml", "--token-file", "t"],
            "--token-file is for --registry; in a cluster, the API server knows the tokens",
        ),
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(options, message):
    result = CliRunner().invoke(commands, ["registry", *options])

    assert (result.exit_code, result.stderr.splitlines()[-1]) == (2, f"Error: {message}")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--registry", ".", "--token-file", "missing"], "error: missing: no such file or directory"),
        (["--registry-namespace", "fuseml", "--kubeconfig", "missing"], "error: missing: "),
    ],
)
def test_what_cannot_be_read_ends_it(tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)

    result = CliRunner().invoke(commands, ["registry", *options])

    assert result.exit_code == 1
    assert result.stderr.startswith(message)
