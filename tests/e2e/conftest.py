"""What the tests on a real cluster share: README.md says how to point them at another one."""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.cluster import kubectl as own_kubectl
from tests.cluster import lifecycle
from tests.cluster.paths import KUBECONFIG
from tests.e2e.images import Images
from tests.e2e.kubectl import Kubectl
from tests.e2e.load import Load, steady_load
from tests.e2e.node import Node
from tests.e2e.product import Product, install, uninstall
from tests.e2e.waiting import wait_for as _wait_for

OTHER = os.environ.get("E2E_KUBECONFIG")
PODS_OF_WORKFLOWS = [{"apiGroups": ["argoproj.io"], "resources": ["workflowtaskresults"], "verbs": ["create", "patch"]}]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that take the product or the node away come last: the others need them."""
    items.sort(key=lambda item: ["removed" in item.fixturenames, "crash" in item.fixturenames])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Show with a failure what is in the test's namespaces."""
    report = yield
    if call.when == "call" and call.excinfo and not call.excinfo.errisinstance(pytest.skip.Exception):
        for namespace in getattr(item, "namespaces", ()):
            shown = item.funcargs["kubectl"].within(namespace).run("get", "pods,events")
            report.sections.append((f"namespace {namespace}", shown.stdout + shown.stderr))
    return report


@pytest.fixture(scope="session")
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Print a line at once: a person or a CI log waits for it."""

    def tell(text: str) -> None:
        with _uncaptured(request.config):
            print(f"\n# {text}", flush=True)

    return tell


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Path:
    """The kubeconfig of the cluster: another one's if E2E_KUBECONFIG names it, else of the one that is started here.

    It is left running: the next time it is there at once. `make cluster-down` stops it.
    """
    if OTHER:
        return Path(OTHER).absolute()
    _start(request.config)
    return KUBECONFIG


@pytest.fixture(scope="session")
def node(request: pytest.FixtureRequest, cluster: Path) -> Node:
    """The cluster's only node, for tests that stop its daemons, load images or read its files."""
    if OTHER:
        pytest.skip("needs the node itself: E2E_KUBECONFIG names a cluster that is not ours to take apart")
    return Node(lambda: _start(request.config))


@pytest.fixture
def crash(node: Node) -> Iterator[Callable[..., None]]:
    """Kill every daemon of the node at once; with `shims=True`, what holds the containers as well.

    Tests that use it run after all others. Whatever comes of the test, the node is started again.
    """
    yield node.crash
    node.start()


@pytest.fixture
def minimal(node: Node, kubectl: Kubectl) -> Iterator[None]:
    """Argo's CRDs as it shipped them up to 3.7: they know nothing of what is in a spec."""

    def knows_containers() -> bool:
        return "initContainers" in kubectl.run("explain", "workflow.spec.templates").stdout

    node.argo_crds("minimal")
    _wait_for(lambda: not knows_containers(), 30, "the minimal CRDs")
    yield
    node.argo_crds("full")
    _wait_for(knows_containers, 30, "the full CRDs")


@pytest.fixture(scope="session")
def images() -> Images:
    """Images that the cluster has or can pull."""
    if OTHER:
        return Images(
            os.environ.get("E2E_BUSYBOX", "docker.io/library/busybox:1.37"),
            os.environ.get("E2E_PYTHON", "docker.io/library/python:3.11-slim"),
        )
    return Images("docker.io/local/busybox:1", "docker.io/local/python:1")


@pytest.fixture(scope="session")
def kubectl(cluster: Path) -> Kubectl:
    """Kubectl on the cluster; `kubectl.within(namespace)` for one in a namespace."""
    folder = None if OTHER else own_kubectl.built()
    return Kubectl(cluster, program=str(folder / "kubectl") if folder else "kubectl")


@pytest.fixture(scope="session")
def wait_for() -> Callable[..., object]:
    """`wait_for(condition, timeout, what)`: ask until the answer is true."""
    return _wait_for


@pytest.fixture
def new_namespace(kubectl: Kubectl, request: pytest.FixtureRequest) -> Iterator[Callable[..., str]]:
    """Make a namespace, with labels if given, whose service account `default` may run the pods of a Workflow."""
    request.node.namespaces = made = []

    def make(**labels: str) -> str:
        name = f"e2e-{uuid.uuid4().hex[:8]}"
        made.append(name)
        _make_namespace(kubectl, name, labels)
        return name

    yield make
    if made:
        kubectl("delete", "namespace", *made, "--wait=false")


@pytest.fixture
def namespace(new_namespace: Callable[..., str]) -> str:
    """A namespace for one test."""
    return new_namespace()


@pytest.fixture(scope="session")
def product(kubectl: Kubectl, request: pytest.FixtureRequest, tell: Callable[[str], None]) -> Iterator[Product]:
    """The product, installed from an image that is built from this folder, or from E2E_IMAGE; and answering.

    It is left there, as the cluster is; with E2E_UNINSTALL set it is removed at the end.
    """
    image = os.environ.get("E2E_IMAGE")
    if OTHER and not image:
        pytest.fail("E2E_KUBECONFIG names another cluster: push the image where it can pull it, and set E2E_IMAGE")
    tell("installing the product")
    with _uncaptured(request.config):
        product = install(kubectl, image)
    tell(f"the product answers: {product.image}")
    yield product
    if os.environ.get("E2E_UNINSTALL"):
        tell("removing the product")
        uninstall(kubectl)


@pytest.fixture
def removed(product: Product, kubectl: Kubectl) -> Iterator[None]:
    """The product is gone; after the test it is there again."""
    uninstall(kubectl)
    yield
    install(kubectl, os.environ.get("E2E_IMAGE"))


@pytest.fixture
def load(kubectl: Kubectl, namespace: str, cluster: Path) -> Callable[[], AbstractContextManager[Load]]:
    """Starts runs that ask, fifty a second; every answer must hold what was asked for. Needs the product."""
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
    return lambda: steady_load(cluster, namespace, run, uri, rate=50.0)


def _make_namespace(kubectl: Kubectl, name: str, labels: dict[str, str]) -> None:
    rbac = "rbac.authorization.k8s.io"
    metadata = {"name": "workflow-pods", "namespace": name}
    subjects = [{"kind": "ServiceAccount", "name": "default", "namespace": name}]
    role = {"apiGroup": rbac, "kind": "Role", "name": "workflow-pods"}
    objects = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}},
        {"apiVersion": f"{rbac}/v1", "kind": "Role", "metadata": metadata, "rules": PODS_OF_WORKFLOWS},
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": role,
            "subjects": subjects,
        },
    ]
    kubectl("create", "-f", "-", stdin=objects)
    # A pod that comes before its service account is refused.
    _wait_for(lambda: kubectl.within(name)("get", "serviceaccount", "default"), 30, f"service account of {name}")


def _start(config: pytest.Config) -> None:
    with _uncaptured(config):
        print(flush=True)
        lifecycle.up()


@contextmanager
def _uncaptured(config: pytest.Config) -> Iterator[None]:
    """Let what is printed be seen at once."""
    capture = config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        yield
