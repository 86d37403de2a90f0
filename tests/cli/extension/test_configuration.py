"""How entries of a configuration are written on a command line, and where values of credentials come from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook.cli.extension.given.configuration import read_literal, read_pairs, read_variables


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        pytest.param("A:1", {"A": "1"}, id="one"),
        pytest.param("B:x:y", {"B": "x:y"}, id="colon in the value"),
        pytest.param("A:1,B:2", {"A": "1", "B": "2"}, id="two"),
        pytest.param(" A : 1 , B : 2 ", {"A": "1", "B": "2"}, id="spaces"),
        pytest.param('"A:1,2",B:3', {"A": "1,2", "B": "3"}, id="comma in quotes"),
        pytest.param('A:{"x":1}', {"A": '{"x":1}'}, id="quotes inside"),
        pytest.param("A:", {"A": ""}, id="no value"),
        pytest.param("A:-----BEGIN\nx,y\n", {"A": "-----BEGIN\nx,y"}, id="several lines"),
        pytest.param("", {}, id="nothing"),
        pytest.param("A:1,A:2", {"A": "2"}, id="the last one counts"),
    ],
)
def test_pairs_are_read_as_fuseml_reads_them(text, pairs):
    assert read_pairs([text]) == (pairs, [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("CANARY", "expected KEY:VALUE, and there is no ':' in it", id="no colon"),
        pytest.param(":CANARY", "expected KEY:VALUE, and there is no ':' in it", id="no key"),
        pytest.param("A:CANARY,CANARY", "expected KEY:VALUE, and there is no ':' in a part between commas", id="comma"),
        pytest.param('"A:CANARY', "a double quote does not end", id="quote"),
    ],
)
def test_what_is_no_pair_is_refused_and_not_shown(text, message):
    with pytest.raises(ValueError, match=f"^{message}") as refusal:
        read_pairs([text])

    assert "CANARY" not in str(refusal.value)


def test_value_that_looks_like_two_entries_gets_a_warning():
    pairs, warnings = read_pairs(["BROKERS:a:9092,b:9092"])

    assert pairs == {"BROKERS": "a:9092", "b": "9092"}
    assert warnings == [
        "read as 2 entries: if a value holds commas, put all of it in double quotes, as in '\"KEY:a,b\"'"
    ]


@given(st.text(), st.text(min_size=1).filter(lambda key: "=" not in key))
def test_literal_is_taken_as_it_is(value, key):
    assert read_literal(f"{key}={value}") == (key, value)


def test_variables_are_read_as_kubectl_reads_them():
    text = '\ufeff# comment\n\nA=1\n B="x y" \nC=a=b\nD=\n'

    assert read_variables(text) == {"A": "1", "B": '"x y" ', "C": "a=b", "D": ""}


@pytest.mark.parametrize("line", ["CANARY", "=CANARY", "export A=CANARY"])
def test_line_that_is_no_variable_is_refused_and_not_shown(line):
    with pytest.raises(ValueError, match=r"^line 2: expected KEY=VALUE$"):
        read_variables(f"A=1\n{line}\n")


@pytest.fixture
def filled(folder):
    folder.ok("register", "--id", "a")
    folder.ok("service", "add", "--id", "s", "a")
    return folder


def kept(filled):
    """The credentials as the file has them."""
    return (filled.place / "a.yaml").read_text().partition("credentials:\n")[2]


def test_values_come_from_literals_files_and_standard_input(filled, tmp_path):
    (tmp_path / "key").write_text("line 1\nline 2\n")
    (tmp_path / "env").write_text("C=3, and more\n")

    filled.ok(
        "credentials", "add", "--id", "c", "a", "s", "-c", "Z:0", "--from-literal", "A=a,b:c ",
        "--from-file", f"B={tmp_path}/key", "--from-file", "D=-", "--from-env-file", f"{tmp_path}/env",
        stdin="from stdin\r\n",
    )  # fmt: skip

    assert kept(filled).splitlines()[1:] == [
        "        configuration:",
        '          Z: "0"',
        '          A: "a,b:c "',
        "          B: |-",
        "            line 1",
        "            line 2",
        "          D: from stdin",
        '          C: "3, and more"',
    ]


def test_one_value_is_rotated_and_the_others_stay(filled):
    filled.ok("credentials", "add", "--id", "c", "a", "s", "-c", "A:old,B:stays")

    filled.ok("credentials", "update", "a", "s", "c", "--from-file", "A=-", "--merge", stdin="new")

    assert kept(filled) == "      - id: c\n        configuration:\n          A: new\n          B: stays\n"


def test_values_may_be_in_a_secret(filled):
    filled.ok("credentials", "add", "--id", "c", "a", "s", "--secret-ref", "minio", "-c", "A:accesskey")

    assert "secretRef:\n          name: minio\n" in kept(filled)
    assert filled.ok("credentials", "list", "a", "s", "--format", "csv", "--field", "Configuration") == (
        "Configuration\nA: accesskey\n"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(["-c", "A:1", "--from-literal", "A=2"], "'A' is given twice", id="twice"),
        pytest.param(["--from-file", "A=-", "--from-env-file", "-"], "standard input can be read for one", id="stdin"),
        pytest.param(["--from-literal", "CANARY"], "expected KEY=VALUE", id="no key"),
        pytest.param(["--prompt", "A"], "standard input is no terminal; use --from-file A=-", id="no terminal"),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage(filled, options, message):
    code, _, errors = filled("credentials", "add", "a", "s", *options, stdin="A=1")

    assert code == 2
    assert message in " ".join(errors.split())
    assert "CANARY" not in errors


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        pytest.param("CANARY", 2, "Invalid value for --configuration: expected KEY:VALUE", id="no pair"),
        pytest.param("BROKERS:a:1,b:2", 0, "warning: --configuration: read as 2 entries", id="two entries"),
    ],
)
def test_pairs_of_the_command_line(folder, command, code, message):
    status, _, errors = folder("register", "--id", "a", "-c", command)

    assert (status, message in " ".join(errors.split()), "CANARY" in errors) == (code, True, False)


@pytest.mark.parametrize(
    ("option", "content", "message"),
    [
        pytest.param("--from-env-file", b"CANARY", "line 1: expected KEY=VALUE", id="no variable"),
        pytest.param("--from-env-file", b"\xff\xfe\xff", "is not", id="no text"),
        pytest.param("--from-env-file", b"A=" + b"x" * 2**20, "is larger than 1024 KiB", id="large"),
        pytest.param("--from-env-file", None, "No such file or directory", id="no file"),
    ],
)
def test_file_that_cannot_be_used_is_refused(filled, tmp_path, option, content, message):
    if content is not None:
        (tmp_path / "values").write_bytes(content)

    said = filled.refusal("credentials", "add", "a", "s", option, str(tmp_path / "values"))

    assert said.startswith(f"error: {tmp_path}/values: ")
    assert message in said
    assert "CANARY" not in said


def test_value_is_asked_for_without_being_shown(filled, monkeypatch):
    monkeypatch.setattr("webhook.cli.extension.given.values._is_terminal", lambda: True)

    code, shown, errors = filled(
        "credentials", "add", "--id", "c", "a", "s", "--prompt", "PASSWORD", stdin="CANARY\nCANARY\n"
    )

    assert code == 0, errors
    assert "CANARY" not in shown + errors
    assert "PASSWORD: CANARY" in kept(filled)
