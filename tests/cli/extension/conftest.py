"""Commands on each kind of store."""

from contextlib import ExitStack

import pytest
from click.testing import CliRunner

from tests.fakes.in_process_api import FakeCluster
from tests.fakes.rest_server import OriginalServer, OurServer
from webhook.cli.main import commands


class Runner:
    """Runs ``fuseml extension`` on one store; gives exit code, standard output, standard error.

    Attributes:
        kind: Of the store: folder, cluster, original or ours.
        place: What holds the records: a folder, a fake cluster or a fake server.
        options: Those that name the store.
    """

    def __init__(self, kind, place, options):
        self.kind, self.place, self.options = kind, place, options

    def __call__(self, *args, stdin=None, **variables):
        result = CliRunner().invoke(commands, ["extension", *args, *self.options], input=stdin, env=variables)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.stdout, result.stderr

    def ok(self, *args, stdin=None):
        """Runs a command that succeeds without a word on standard error; gives what it writes."""
        code, shown, errors = self(*args, stdin=stdin)
        assert (code, errors) == (0, "")
        return shown

    def refusal(self, *args, stdin=None):
        """Runs a command that is refused; gives what it says."""
        code, shown, errors = self(*args, stdin=stdin)
        assert (code, shown) == (1, ""), errors
        return errors


KINDS = ["folder", "cluster", "original", "ours"]


@pytest.fixture
def make_store(tmp_path, monkeypatch):
    """Makes an empty store of a kind, and gives a Runner on it."""
    with ExitStack() as stack:

        def make(kind):
            if kind == "folder":
                place = tmp_path / "registry"
                place.mkdir()
                return Runner(kind, place, ["--registry", str(place)])
            if kind == "cluster":
                place = FakeCluster()
                for path in ("/api/v1/namespaces/fuseml", "/apis/fuseml.org/v1alpha1/namespaces/fuseml"):
                    place.put(path, {})
                monkeypatch.setattr("registry.kube.connect.connect", lambda _: place.client())
                return Runner(kind, place, ["--registry-namespace", "fuseml"])
            place = stack.enter_context({"original": OriginalServer, "ours": OurServer}[kind]().running())
            return Runner(kind, place, ["--url", place.url])

        yield make


@pytest.fixture
def folder(make_store):
    return make_store("folder")


@pytest.fixture(params=KINDS)
def anywhere(request, make_store):
    """A Runner on an empty store of each kind."""
    return make_store(request.param)
