"""``fuseml extension export``, ``import`` and ``diff``: between the kinds of stores, and back from a file."""

import stat
from pathlib import Path

import pytest

from registry.client import bodies
from registry.records.texts import decode_text
from tests.cli.extension.conftest import KINDS
from tests.fakes.rest_server import RefusalError

FUSEML = (Path(__file__).parents[2] / "records" / "fuseml.yaml").read_text()
LOGIN = """\
id: a
product: p
services:
- id: s
  credentials:
  - id: c
    configuration: {KEY: %s, OTHER: CANARY}
"""


@pytest.fixture
def file(tmp_path):
    def write(text, name="given.yaml"):
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return write


def in_order(text):
    """The records of *text* by id, each with its parts by id: FuseML's original server keeps no order."""
    found, problems = decode_text(text)
    assert problems == []
    return [bodies.ordered(e) for e, _ in found]


@pytest.mark.parametrize(
    ("here", "there"), [(here, there) for here in ("folder", "cluster") for there in KINDS if here != there]
)
def test_every_record_of_fusemls_documentation_goes_from_one_to_the_other(make_store, file, here, there, tmp_path):
    text = FUSEML.replace("<hidden>", "a-value")
    source, target = make_store(here), make_store(there)
    source.ok("register", "-f", file(text))

    exported = source.ok("export", "--with-values")
    said = target.ok("import", "-f", "-", stdin=exported)

    assert said.count("successfully registered") == 8
    expected, _ = decode_text(text)
    assert [e for e, _ in decode_text(exported)[0]] == sorted((e for e, _ in expected), key=lambda e: e.id)
    if there in ("folder", "cluster"):
        again = target.ok("export", "--with-values")
        assert in_order(again) == in_order(exported)
        # An API server sorts the entries of each map.
        assert sorted(again.splitlines()) == sorted(exported.splitlines())
    else:
        assert in_order(target.ok("export")) == in_order(source.ok("export"))
    assert target("diff", "-", stdin=source.ok("export")) == (0, "", "")


def test_values_are_exported_only_if_they_are_asked_for(folder, file):
    folder.ok("register", "-f", file(LOGIN % "CANARY"))

    assert "CANARY" not in folder.ok("export")
    assert folder.ok("export", "a", "--with-values").count("CANARY") == 2
    assert '"KEY": "<hidden>"' in folder.ok("export", "-o", "json")


def test_values_are_never_written_to_a_terminal(folder, file, monkeypatch):
    folder.ok("register", "-f", file(LOGIN % "CANARY"))
    monkeypatch.setattr("webhook.cli.extension.transfer._is_terminal", lambda: True)

    code, shown, errors = folder("export", "--with-values")

    assert (code, shown) == (2, "")
    assert "standard output is a terminal" in errors
    assert folder("export")[0] == 0


def test_file_with_values_is_for_its_owner_only(folder, file, tmp_path):
    folder.ok("register", "-f", file(LOGIN % "CANARY"))
    target = tmp_path / "export.yaml"
    target.write_text("old")
    target.chmod(0o644)

    code, shown, errors = folder("export", "--with-values", "--to", str(target))

    assert (code, shown, errors) == (0, "", f"1 extension written to {target}\n")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert "CANARY" in target.read_text()


@pytest.mark.parametrize("kind", ["original", "ours"])
def test_server_has_no_values_to_export(make_store, file, kind):
    server = make_store(kind)
    server.ok("register", "-f", file(LOGIN % "CANARY"))

    said = server.refusal("export", "--with-values")

    assert said == "error: a: the values of credentials cannot be read there; export without --with-values\n"
    assert "KEY: <hidden>" in server.ok("export")


def test_part_of_a_registry_is_no_export(folder):
    (folder.place / "a.yaml").write_text("id: a\n")
    (folder.place / "bad.yaml").write_text("a: b\n")

    assert "bad.yaml:1: a: unknown field 'a'" in folder.refusal("export")
    assert folder.ok("export", "a") == "id: a\n"


def test_import_says_what_it_has_done(anywhere, file):
    anywhere.ok("register", "--id", "same", "-p", "p")
    anywhere.ok("register", "--id", "other", "-p", "p", "--desc", "text")
    path = file("id: same\nproduct: p\n---\nid: other\nproduct: q\n---\nid: new\n")

    refused = anywhere.refusal("import", "-f", path)
    rehearsed = anywhere.ok("import", "-f", path, "--replace", "--dry-run")
    said = anywhere.ok("import", "-f", path, "--replace")

    assert refused == f"error: {path}:4: an extension with the same ID already exists: other\n"
    assert said.splitlines() == [
        'Extension "same" is unchanged',
        'Extension "other" successfully updated',
        'Extension "new" successfully registered',
    ]
    assert rehearsed.splitlines() == [f"{line} (dry run)" for line in said.splitlines()]
    # What the file does not say is cleared.
    assert anywhere.ok("get", "other", "-o", "yaml") == "id: other\nproduct: q\n"


def test_hidden_values_stay_where_there_are_some_and_are_refused_elsewhere(anywhere, file):
    anywhere.ok("register", "-f", file(LOGIN % "CANARY"))
    exported = anywhere.ok("export").replace("product: p", "product: q")

    assert anywhere.ok("import", "-f", "-", "--replace", stdin=exported) == 'Extension "a" successfully updated\n'
    anywhere.ok("delete", "a")
    refused = anywhere.refusal("import", "-f", "-", "--replace", stdin=exported)
    assert "stdin:1: services[0].credentials[0].configuration.KEY: <hidden> stands for a value" in refused


def test_diff_shows_what_a_file_would_change(anywhere, file):
    anywhere.ok("register", "--id", "a", "-p", "p", "--version", "1.10")

    code, shown, errors = anywhere("diff", file("id: a\nproduct: q\nversion: 1.10\n---\nid: new\n"))

    assert (code, errors) == (1, "")
    assert shown == (
        '--- registry/a\n+++ given/a\n@@ -1,3 +1,3 @@\n id: a\n-product: p\n+product: q\n version: "1.10"\n'
        "--- /dev/null\n+++ given/new\n@@ -0,0 +1 @@\n+id: new\n"
    )
    assert anywhere("diff", file("id: a\nproduct: p\nversion: 1.10\n")) == (0, "", "")


def test_diff_of_values_says_only_that_they_differ(folder, file):
    folder.ok("register", "-f", file(LOGIN % "CANARY-1"))

    code, shown, _ = folder("diff", file(LOGIN % "CANARY-2"))

    assert code == 1
    assert "-          KEY: <hidden>\n+          KEY: <hidden> (another value)\n           OTHER: <hidden>\n" in shown
    assert "CANARY" not in shown
    assert folder("diff", file(LOGIN % "CANARY-1"))[0] == 0


@pytest.mark.parametrize("kind", ["original", "ours"])
def test_values_that_a_server_hides_are_not_compared(make_store, file, kind):
    server = make_store(kind)
    path = file(LOGIN % "CANARY")
    server.ok("register", "-f", path)

    assert server("diff", path) == (
        0,
        "",
        "warning: a: values of credentials are not compared: the server does not show them\n",
    )


def test_import_that_fails_half_way_says_how_far_it_came(make_store, file):
    server = make_store("ours")

    def fail(method, path):
        if len(server.place.written()) == 2:
            raise RefusalError(503, "unavailable", "try again")

    server.place.before = fail

    code, shown, errors = server("import", "-f", file("id: a\n---\nid: b\n"))

    assert (code, shown) == (1, 'Extension "a" successfully registered\n')
    assert errors == "warning: 1 of 2 have been taken over\nerror: try again\n"


@pytest.mark.parametrize("command", ["diff", "import"])
def test_nothing_to_read_is_wrong_usage(folder, command):
    assert folder(command)[0] == 2
