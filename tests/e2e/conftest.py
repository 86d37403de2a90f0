"""Fixtures of the tests on a real cluster. README.md tells how to use another cluster."""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.cluster import kubectl as own_kubectl
from tests.cluster import lifecycle
from tests.cluster.paths import KUBECONFIG
from tests.e2e.support.api import Api
from tests.e2e.support.canary import Recorder
from tests.e2e.support.durations import Durations
from tests.e2e.support.images import Images
from tests.e2e.support.kubectl import Kubectl
from tests.e2e.support.node import Node
from tests.e2e.support.product import IMAGE, NAMESPACE, Product, build, install, uninstall
from tests.e2e.support.steady_load import Load, steady_load
from tests.e2e.support.telling import is_worker, tell
from tests.e2e.support.turns import Turns
from tests.e2e.support.waiting import wait_for as _wait_for
from tests.e2e.workloads.shared_credentials import PROJECT, Shared

__all__ = ["tell"]

OTHER_CLUSTER = os.environ.get("E2E_KUBECONFIG")
OTHER_IMAGE = os.environ.get("E2E_IMAGE")
PODS_OF_WORKFLOWS = [{"apiGroups": ["argoproj.io"], "resources": ["workflowtaskresults"], "verbs": ["create", "patch"]}]


def pytest_configure(config: pytest.Config) -> None:
    """Register the plugins that order the tests and measure them."""
    config.pluginmanager.register(Turns())
    if not is_worker(config):
        config.pluginmanager.register(Durations(config), "durations")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Start the cluster and install the product, before pytest-xdist starts its workers."""
    config = session.config
    if is_worker(config) or config.option.collectonly:
        return
    try:
        _prepare(config.pluginmanager.getplugin("durations"))
        if not OTHER_CLUSTER:
            config.pluginmanager.register(Recorder(_kubectl(), Node(lifecycle.up)), "canary")
    except (SystemExit, Exception) as e:
        pytest.exit(f"the tests could not begin: {e}", returncode=1)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remove the product if E2E_UNINSTALL is set. Otherwise it stays, as the cluster does."""
    if not is_worker(session.config) and os.environ.get("E2E_UNINSTALL"):
        print("\n# removing the product", flush=True)
        uninstall(_kubectl())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Add the pods and events of the test's namespaces to a failure."""
    report = yield
    if call.when == "call" and call.excinfo and not call.excinfo.errisinstance(pytest.skip.Exception):
        for namespace in getattr(item, "namespaces", ()):
            shown = item.funcargs["kubectl"].within(namespace).run("get", "pods,events")
            report.sections.append((f"namespace {namespace}", shown.stdout + shown.stderr))
    return report


@pytest.fixture(scope="session")
def cluster() -> Path:
    """The kubeconfig of the cluster: E2E_KUBECONFIG, or of the node that was started here."""
    return _kubeconfig()


@pytest.fixture(scope="session")
def node() -> Node:
    """The cluster's only node, for tests that stop its daemons, load images or read its files."""
    if OTHER_CLUSTER:
        pytest.skip("needs a node that may be stopped: E2E_KUBECONFIG names another cluster")
    return Node(lifecycle.up)


@pytest.fixture
def crash(node: Node) -> Iterator[Callable[..., None]]:
    """Kill every daemon of the node at once; with `shims=True`, the containers as well.

    Tests that use it run after all others. The node is started again even if the test fails.
    """
    yield node.crash
    node.start()


@pytest.fixture(scope="session")
def images() -> Images:
    """Images that the cluster has or can pull."""
    if OTHER_CLUSTER:
        return Images(
            os.environ.get("E2E_BUSYBOX", "docker.io/library/busybox:1.37"),
            os.environ.get("E2E_PYTHON", "docker.io/library/python:3.11-slim"),
        )
    return Images("docker.io/local/busybox:1", "docker.io/local/python:1")


@pytest.fixture(scope="session")
def kubectl() -> Kubectl:
    """Kubectl on the cluster; `kubectl.within(namespace)` for one in a namespace."""
    return _kubectl()


@pytest.fixture(scope="session")
def wait_for() -> Callable[..., object]:
    """`wait_for(condition, timeout, what)`: poll until the condition is true."""
    return _wait_for


@pytest.fixture
def new_namespace(kubectl: Kubectl, request: pytest.FixtureRequest) -> Iterator[Callable[..., str]]:
    """Creates namespaces, with labels if given, whose service account `default` may run the pods of a Workflow."""
    request.node.namespaces = made = []

    def make(**labels: str) -> str:
        name = f"e2e-{uuid.uuid4().hex[:8]}"
        made.append(name)
        _make_namespace(kubectl.within(name).api, name, labels)
        return name

    yield make
    for name in made:
        kubectl.api.call("DELETE", f"/api/v1/namespaces/{name}")


@pytest.fixture
def namespace(new_namespace: Callable[..., str]) -> str:
    """A namespace for one test."""
    return new_namespace()


@pytest.fixture
def team(kubectl: Kubectl, new_namespace: Callable[..., str]) -> Callable[..., Kubectl]:
    """Gives a new namespace of a project, or of none."""
    return lambda project="": kubectl.within(new_namespace(**({PROJECT: project} if project else {})))


@pytest.fixture
def shared(product: Product, kubectl: Kubectl) -> Iterator[Shared]:
    """Registers stores for everyone, with logins; they are removed after the test."""
    shared = Shared(kubectl)
    yield shared
    shared.remove()


@pytest.fixture(scope="session")
def product(kubectl: Kubectl) -> Product:
    """The installed product."""
    return Product(OTHER_IMAGE or IMAGE, kubectl.within(NAMESPACE))


@pytest.fixture
def removed(product: Product, kubectl: Kubectl) -> Iterator[None]:
    """The product is removed; after the test it is installed again."""
    uninstall(kubectl)
    yield
    install(kubectl, OTHER_IMAGE)


@pytest.fixture
def load(kubectl: Kubectl, namespace: str, cluster: Path) -> Callable[..., AbstractContextManager[Load]]:
    """Submits fifty runs a second, or *rate*; every response must contain what was asked for. Needs the product."""
    uri = "http://mlflow:5000"
    service = {"id": "tracking", "configuration": {"MLFLOW_TRACKING_URI": uri}}
    spec = {"product": "mlflow", "services": [service]}
    extension = {"apiVersion": "fuseml.org/v1alpha1", "kind": "Extension", "metadata": {"name": "mlflow"}, "spec": spec}
    kubectl.within(namespace)("create", "-f", "-", stdin=extension)
    step = {"name": "a", "image": "i", "command": ["c"], "extensions": [{"name": "t", "product": "mlflow"}]}
    run = {
        "apiVersion": "tekton.dev/v1",
        "kind": "TaskRun",
        "metadata": {"generateName": "load-"},
        "spec": {"taskSpec": {"steps": [step]}},
    }
    return lambda rate=50.0: steady_load(cluster, namespace, run, uri, rate=rate)


def _make_namespace(api: Api, name: str, labels: dict[str, str]) -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
    status, text = api.call("POST", "/api/v1/namespaces", namespace)
    assert status == 201, text
    group = "rbac.authorization.k8s.io"
    metadata = {"name": "workflow-pods"}
    subjects = [{"kind": "ServiceAccount", "name": "default", "namespace": name}]
    role = {"apiGroup": group, "kind": "Role", "name": "workflow-pods"}
    for obj in (
        {"kind": "Role", "metadata": metadata, "rules": PODS_OF_WORKFLOWS},
        {"kind": "RoleBinding", "metadata": metadata, "roleRef": role, "subjects": subjects},
    ):
        status, text = api.create({"apiVersion": f"{group}/v1", **obj})
        assert status == 201, text
    # A pod is refused while its service account does not exist.
    _wait_for(lambda: api.get("serviceaccounts", "default"), 30, f"service account of {name}")


def _kubeconfig() -> Path:
    return Path(OTHER_CLUSTER).absolute() if OTHER_CLUSTER else KUBECONFIG


def _kubectl() -> Kubectl:
    folder = None if OTHER_CLUSTER else own_kubectl.built()
    return Kubectl(_kubeconfig(), program=str(folder / "kubectl") if folder else "kubectl")


def _prepare(durations: Durations) -> None:
    """Start what is not running, build what has changed, and install the product unless it is the same."""
    if OTHER_CLUSTER and not OTHER_IMAGE:
        raise SystemExit("E2E_KUBECONFIG names another cluster: push the image where it can pull it, and set E2E_IMAGE")
    if not OTHER_CLUSTER:
        with durations.step("cluster"):
            lifecycle.up()
    if not OTHER_IMAGE:
        with durations.step("image of the product"):
            build()
    print("# installing the product", flush=True)
    with durations.step("installation of the product"):
        product = install(_kubectl(), OTHER_IMAGE)
    print(f"# the product answers: {product.image}", flush=True)
