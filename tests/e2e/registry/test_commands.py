"""`fuseml extension … --registry-namespace` by people with Kubernetes' own roles, and by some with fewer rights."""

import os
import subprocess

import pytest

from tests.e2e.registry import installation
from tests.e2e.registry.inventory import referred, secrets_in
from tests.e2e.registry.service_process import FUSEML
from tests.e2e.registry.test_rights import without_viewers

__all__ = ["without_viewers"]
pytestmark = pytest.mark.usefixtures("empty")
VALUE = "CANARY-of-a-login"
NEEDS_SECRETS = "whoever asks needs get, list, create and delete of secrets there"
NEEDS_EXTENSIONS = "whoever asks needs get, list, create, update and delete of extensions.fuseml.org there"


@pytest.fixture
def person(kubeconfig):
    """Gives a function that runs a command as somebody; it gives the exit code, the output and the messages."""

    def person(name):
        own = kubeconfig(name)

        def run(*words, stdin=""):
            environment = {k: v for k, v in os.environ.items() if not k.startswith("FUSEML")}
            command = [*FUSEML, "extension", *words, "--registry-namespace", "fuseml", "--kubeconfig", str(own)]
            ran = subprocess.run(
                command, input=stdin, capture_output=True, text=True, env=environment, timeout=120, check=False
            )
            assert VALUE not in ran.stderr
            return ran.returncode, ran.stdout, ran.stderr

        return run

    return person


SESSION = [
    ("register", "--id", "demo", "--product", "mlflow"),
    ("service", "add", "--id", "store", "--resource", "s3", "demo"),
    ("endpoint", "add", "demo", "store", "http://minio:9000"),
    ("credentials", "add", "--id", "team", "--from-env-file", "-", "demo", "store"),
    ("list",),
    ("get", "demo"),
    ("describe", "demo"),
    ("update", "demo", "--version", "1.20.2"),
    ("credentials", "update", "demo", "store", "team", "--merge", "--from-file", "KEY=-"),
    ("export",),
    ("credentials", "delete", "demo", "store", "team"),
    ("delete", "demo"),
]


def stdin_of(words):
    return f"KEY={VALUE}\nOTHER={VALUE}\n" if "--from-env-file" in words else VALUE if "--from-file" in words else ""


def test_who_may_edit_does_everything(admin, person):
    run = person("editor")

    for words in SESSION:
        code, said, wrong = run(*words, stdin=stdin_of(words))
        assert code == 0, f"{words}: {wrong}"
        # Which namespaces have credentials only an administrator sees.
        assert wrong == "" or (words[0] == "describe" and "/api/v1/namespaces: Forbidden" in wrong)
        assert VALUE not in said

    assert secrets_in(admin) == set()


@pytest.fixture
def filled(person):
    run = person("editor")
    for words in SESSION[:4]:
        assert run(*words, stdin=stdin_of(words))[0] == 0
    return run


@pytest.mark.parametrize(
    "words", [("list",), ("get", "demo"), ("describe", "demo"), ("export",), ("list", "-o", "yaml")]
)
def test_who_may_view_sees_what_an_editor_sees(filled, person, words):
    assert person("viewer")(*words) == filled(*words)


CHANGES = [words for words in SESSION if words[0] not in ("list", "get", "describe", "export")]


@pytest.mark.parametrize("words", CHANGES, ids=lambda words: "-".join(words[:2]))
def test_who_may_view_is_told_what_is_missing(admin, filled, person, words):
    words = ("register", "--id", "other") if words[0] == "register" else words
    words = ("credentials", "add", "--id", "x", *words[4:]) if words[:2] == ("credentials", "add") else words
    words = ("service", "add", "--id", "x", "demo") if words[:2] == ("service", "add") else words
    words = ("endpoint", "add", "demo", "store", "http://x") if words[:2] == ("endpoint", "add") else words
    before = filled("get", "demo"), secrets_in(admin)

    code, said, wrong = person("viewer")(*words, stdin=stdin_of(words))

    assert (code, said) == (1, "")
    assert NEEDS_EXTENSIONS in wrong or "you lack get of secrets" in wrong or NEEDS_SECRETS in wrong
    assert (filled("get", "demo"), secrets_in(admin)) == before


def test_values_are_exported_only_by_who_may_read_them(filled, person):
    assert VALUE in filled("export", "--with-values")[1]

    code, said, wrong = person("viewer")("export", "--with-values")

    assert (code, said) == (1, "")
    assert "demo: the values of credentials cannot be read there; export without --with-values" in wrong


def test_who_may_write_extensions_and_no_secrets_changes_all_but_values(admin, filled, person):
    run = person("keeper")

    assert run("update", "demo", "--zone", "z")[0] == 0
    assert run("endpoint", "add", "demo", "store", "http://other")[0] == 0
    one = run("credentials", "update", "demo", "store", "team", "--merge", "--from-file", "KEY=-", stdin=VALUE)
    added = run("credentials", "add", "--id", "x", "--from-env-file", "-", "demo", "store", stdin=f"K={VALUE}")

    assert (one[0], "you lack get of secrets; give all" in one[2]) == (1, True)
    assert (added[0], NEEDS_SECRETS in added[2]) == (1, True)
    assert f"KEY: {VALUE}" in filled("export", "--with-values")[1]
    assert secrets_in(admin) == referred(admin)
    assert VALUE not in admin.send("GET", installation.EXTENSIONS).text


def test_who_has_no_right_learns_nothing_but_that(filled, person, without_viewers):
    run = person("stranger")

    here, there = run("get", "demo"), run("get", "nope")

    assert here[0] == 1
    assert "forbidden" in here[2]
    assert NEEDS_EXTENSIONS in here[2]
    assert here[2].replace("demo", "nope") == there[2]


def test_namespace_that_is_not_there_is_said(person, kubeconfig, admin, bare):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FUSEML")}
    place = ["--registry-namespace", "nope", "--kubeconfig", str(bare.kubeconfig)]
    command = [*FUSEML, "extension", "register", "--id", "a", *place]

    ran = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)

    assert (ran.returncode, ran.stderr) == (
        1, "error: Extension 'a' in namespace 'nope': there is no such namespace; create it\n"
    )  # fmt: skip
