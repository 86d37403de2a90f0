"""An API server of their own for the tests of this folder, with the product's kind, policies and roles."""

import subprocess
import sys

import pytest

from registry.kube.connect import connect
from registry.stores.cluster_records.store import ClusterRecords
from tests.e2e.policies.installation import post
from tests.e2e.registry import installation
from tests.e2e.registry.flaws import with_flaws
from tests.e2e.registry.installation import EXTENSIONS, SECRETS
from tests.e2e.registry.service_process import running
from tests.e2e.support.bare_api_server import bare_api_server
from tests.e2e.support.caller import Caller
from tests.e2e.support.telling import tell

__all__ = ["tell"]

ALL = ["get", "list", "create", "update", "delete"]
OF_EXTENSIONS = {"apiGroups": ["fuseml.org"], "resources": ["extensions"]}


@pytest.fixture(scope="session")
def bare(tmp_path_factory):
    """An API server; no controllers run, and no pods."""
    with bare_api_server(tmp_path_factory.mktemp("bare")) as bare:
        yield bare


@pytest.fixture(scope="session")
def admin(bare):
    """May do everything; the product is installed."""
    admin = Caller(bare.kubeconfig)
    installation.install(admin)
    post(admin, "/api/v1/namespaces", {"metadata": {"name": "people"}})
    for name, options in {
        "keeper": {"rules": [{**OF_EXTENSIONS, "verbs": ALL}]},
        # Without the binding of manifests/base, as docs/install.md says, nobody else could read.
        "reader": {"rules": [{**OF_EXTENSIONS, "verbs": ["get", "list"]}]},
        "stranger": {},
        "editor": {"role": "edit"},
        "viewer": {"role": "view"},
    }.items():
        installation.add_account(admin, name, **options)
    return admin


@pytest.fixture(scope="session")
def kubeconfig(bare, admin, tmp_path_factory):
    """Gives the kubeconfig of a person, or of the service account *name* in *namespace*."""
    folder = tmp_path_factory.mktemp("kubeconfigs")

    def kubeconfig(name, namespace="people"):
        token = installation.token_of(admin, name, namespace=namespace)
        return installation.kubeconfig_of(bare.kubeconfig, folder / name, token)

    return kubeconfig


@pytest.fixture(scope="session")
def service(kubeconfig, tmp_path_factory):
    """`fuseml registry --registry-namespace`, with the service account of the component."""
    own = kubeconfig("fuseml-registry", "fuseml-system")
    with running(tmp_path_factory.mktemp("service"), "--registry-namespace", "fuseml", "--kubeconfig", own) as service:
        yield service


@pytest.fixture
def token(admin):
    """Gives a token of a person."""
    return lambda name, *audiences: installation.token_of(admin, name, audiences=audiences)


@pytest.fixture
def empty(admin):
    """The registry is empty at the beginning and the end."""
    _clear(admin)
    yield
    _clear(admin)


def _clear(admin):
    for path in (EXTENSIONS, SECRETS):
        assert admin.send("DELETE", path).status == 200


@pytest.fixture
def store(kubeconfig):
    """The records, as the service keeps them, and with its rights."""
    return ClusterRecords(connect(str(kubeconfig("fuseml-registry", "fuseml-system"))), namespace="fuseml")


@pytest.fixture
def flawed_store(kubeconfig):
    """The same, whose API server answers wrongly when it is told to by ``flaws``."""
    api = connect(str(kubeconfig("fuseml-registry", "fuseml-system")))
    store = ClusterRecords(api, namespace="fuseml")
    store.flaws = with_flaws(api)
    return store


@pytest.fixture
def write(kubeconfig, pytestconfig):
    """Starts a writer: a process of its own."""
    own = str(kubeconfig("fuseml-registry", "fuseml-system"))
    processes = []

    def write(act, number, edits):
        command = [sys.executable, "-m", "tests.e2e.registry.writer", own, act, str(number), str(edits)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=pytestconfig.rootpath)
        processes.append(process)
        return process

    yield write
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()
