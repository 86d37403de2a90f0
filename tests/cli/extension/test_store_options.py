"""Where the commands find records: from options, and from FuseML's variables."""

import json

import pytest
from click.testing import CliRunner

from tests.cli.extension.conftest import Runner
from tests.fakes.rest_server import RefusalError
from webhook.cli.extension.leading import moved
from webhook.cli.main import commands

NO_STORE = Runner("none", None, [])


def test_one_place_must_be_given(folder, make_store):
    ours = make_store("ours")
    for options in ([], [*folder.options, *ours.options], [*folder.options, "--registry-namespace", "x"]):
        code, _, errors = Runner("", None, options)("list")

        assert code == 2
        assert errors.endswith("Error: give one of --url, --registry and --registry-namespace\n")


def test_variables_are_fusemls(make_store):
    server = make_store("original")

    assert NO_STORE("register", "--id", "a", FUSEML_SERVER_URL=server.place.url)[0] == 0
    code, _, errors = NO_STORE("list", FUSEML_SERVER_URL=server.place.url, FUSEML_VERBOSE="true")
    assert code == 0
    assert errors.startswith(f"GET {server.place.url}/extensions: 200, ")
    assert NO_STORE("list", FUSEML_SERVER_URL=server.place.url, FUSEML_HTTP_TIMEOUT="0")[0] == 2


def test_command_line_wins_over_the_environment(folder, make_store):
    server = make_store("ours")
    folder.ok("register", "--id", "in-folder")
    server.ok("register", "--id", "in-server")

    assert "in-folder" in folder("list", FUSEML_SERVER_URL=server.place.url)[1]
    assert "in-server" in server("list", FUSEML_REGISTRY=str(folder.place))[1]
    code, _, errors = NO_STORE("list", FUSEML_SERVER_URL=server.place.url, FUSEML_REGISTRY=str(folder.place))
    assert (code, "give one of" in errors) == (2, True)


def test_no_variable_changes_a_record(folder):
    folder.ok("register", "--id", "a", "--zone", "near")
    stale = {
        f"FUSEML_{name}": "stale"
        for name in ("ZONE", "EXTENSION_UPDATE_ZONE", "EXTENSION_UPDATE_DESC", "USER", "PROJECT", "EXTENSION_LIST_ID")
    }

    assert folder("update", "a", **stale)[0] == 0

    text = (folder.place / "a.yaml").read_text()
    assert text == "id: a\nzone: near\n"
    assert folder("list", "--format", "csv", "--field", "ID", **stale)[1] == "ID\na\n"


def test_token_comes_from_a_file_or_a_variable_and_is_never_shown(make_store, tmp_path):
    server = make_store("ours")
    token = tmp_path / "token"
    token.write_text("CANARY-1\n")

    shown = [server("list", "-v", "--token-file", str(token)), server("list", "-v", FUSEML_TOKEN="CANARY-2")]

    sent = [headers["Authorization"] for *_, headers in server.place.requests]
    assert sent == ["Bearer CANARY-1", "Bearer CANARY-2"]
    assert "CANARY" not in str(shown)
    assert server.refusal("list", "--token-file", "none") == "error: none: No such file or directory\n"


def test_server_that_is_away_is_said(folder):
    away = Runner("", None, ["-u", "http://127.0.0.1:1"])

    assert away.refusal("list") == "error: http://127.0.0.1:1: cannot be reached: Connection refused\n"


@pytest.mark.parametrize("flag", ["true", "false", "1", "F"])
def test_flags_may_have_a_value_as_in_go(folder, flag):
    folder.ok("register", "--id", "a")

    folder.ok("service", "add", "--id", "s", f"--auth-required={flag}", "a")

    (found,) = json.loads(folder.ok("service", "list", "a", "--format", "json"))
    assert found["authrequired"] is (flag in ("true", "1"))


def test_flag_without_a_value_does_not_take_the_next_argument(folder):
    folder.ok("register", "--id", "a")

    assert folder.ok("service", "add", "--auth-required", "--id", "s", "a").endswith('extension "a"\n')
    assert folder("service", "add", "--auth-required=maybe", "--id", "t", "a")[0] == 2


@pytest.mark.parametrize(
    "line",
    [
        "-u URL extension list",
        "--url=URL -v extension list",
        "extension --url URL list",
        "extension -v --timeout=3 -u URL list",
    ],
)
def test_options_of_fusemls_client_may_stand_before_the_command(make_store, line):
    server = make_store("original")
    server.ok("register", "--id", "a")

    result = CliRunner().invoke(commands, line.replace("URL", server.place.url).split())

    assert (result.exit_code, "| a  |" in result.stdout) == (0, True), result.output
    assert ("GET " in result.stderr) is ("-v" in line)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-u x extension get a -- -b", "extension get a -u x -- -b"),
        ("-u x preview f", "-u x preview f"),
        ("-u x", "-u x"),
        ("--help", "--help"),
        ("extension list -u x", "extension list -u x"),
        ("-h extension", "-h extension"),
    ],
)
def test_only_what_stands_before_a_command_of_ours_is_moved(line, expected):
    assert moved(line.split(), before="extension") == expected.split()


def test_message_of_a_server_cannot_move_the_cursor(make_store):
    server = make_store("ours")

    def refuse(method, path):
        raise RefusalError(503, "unavailable", "busy\x1b[2J")

    server.place.before = refuse

    assert server.refusal("list") == "error: busy\\x1b[2J\n"
