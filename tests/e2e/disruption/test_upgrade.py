"""The steps in docs/install.md from one namespace to two, followed word by word, fail nobody; nor does going back."""

import base64
import json
import os
import subprocess
import textwrap
from pathlib import Path

import pytest
import yaml

from tests.docs.pages import command_blocks
from tests.e2e.support.canary import marker
from tests.e2e.support.certificates import authorities, bundle
from tests.e2e.support.kubectl import CACHE
from tests.e2e.support.product import CONFIGURATION, IMAGE, NAMESPACE, OVERLAY, REGISTRY, ROOT, uninstall, works

PAGE = ROOT / "docs/install.md"
IMAGE_IN_POD = "/spec/template/spec/containers/0/image"
# In the order of the page.
ROTATION, COPY, INSTALL, SWITCH, CLEAN_UP, REPLACE, GO_BACK = (
    textwrap.dedent(block.text)
    for block in command_blocks(PAGE.read_text())
    if block.marker and block.marker.test == str(Path(__file__).relative_to(ROOT))
)
KINDS = (
    "deployments,pods,services,endpointslices,poddisruptionbudgets,networkpolicies,roles,rolebindings,serviceaccounts,"
    "secrets,configmaps,leases"
)
BINDINGS = ("fuseml-webhook-in-fuseml", "fuseml-webhook-in-fuseml-system")
# For everyone, in the namespace that was shared with the processes.
EXTENSION = {
    "apiVersion": "fuseml.org/v1alpha1",
    "kind": "Extension",
    "metadata": {"name": "e2e-stays", "namespace": REGISTRY},
    "spec": {"product": "e2e-stays", "services": [{"id": "s", "configuration": {"A": "b"}}]},
}
LOGIN = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "e2e-stays", "namespace": REGISTRY},
    "stringData": {"password": marker()},
}


@pytest.fixture
def folder(kubectl, tmp_path):
    """A folder with FOLDER, the overlay of an operator, and PREVIOUS, the same with one namespace."""
    base = tmp_path.resolve()
    image = {"op": "replace", "path": IMAGE_IN_POD, "value": os.environ.get("E2E_IMAGE", IMAGE)}
    patch = {"target": {"kind": "Deployment"}, "patch": json.dumps([image])}
    # A kustomization refers to others by relative paths only.
    kustomize(base / "FOLDER", resources=[os.path.relpath(OVERLAY.resolve(), base / "FOLDER")], patches=[patch])
    kustomize(base / "PREVIOUS", resources=["all.yaml"])
    objects = yaml.safe_load_all(kubectl("kustomize", base / "FOLDER"))
    (base / "PREVIOUS/all.yaml").write_text(yaml.safe_dump_all(in_one_namespace(objects)))
    return base


def kustomize(folder, **content):
    folder.mkdir()
    kind = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
    (folder / "kustomization.yaml").write_text(yaml.safe_dump({**kind, **content}))


def in_one_namespace(objects):
    """The objects as they were when the processes were in the registry's namespace, and delivered no credentials."""
    for obj in objects:
        kind, name = obj["kind"], obj["metadata"]["name"]
        if (kind, name) == ("Namespace", NAMESPACE) or name.startswith("fuseml-delivery"):
            continue
        if name in ("fuseml-webhook-settings", "fuseml-extensions-view") and kind != "ClusterRole":
            continue
        if kind == "MutatingWebhookConfiguration":
            del obj["metadata"]["labels"]["app.kubernetes.io/component"]
        if kind == "Deployment":
            (container,) = obj["spec"]["template"]["spec"]["containers"]
            del container["envFrom"]
            if name == "fuseml-webhook":
                container["args"] += [f"--registry-namespace={REGISTRY}", f"--ledger-namespace={NAMESPACE}"]
        yield json.loads(json.dumps(obj).replace(NAMESPACE, REGISTRY))


@pytest.fixture
def shell(kubectl, folder):
    """Runs the commands of a block; returns what they print."""
    path = os.environ["PATH"]
    if "/" in kubectl.program:
        path = f"{Path(kubectl.program).parent}{os.pathsep}{path}"
    env = {**os.environ, "KUBECONFIG": str(kubectl.kubeconfig), "KUBECACHEDIR": str(CACHE), "PATH": path}

    def run(commands):
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", commands],
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout}"
        return done.stdout

    return run


@pytest.fixture
def one_namespace(removed, kubectl, folder):
    """The product as it was when the processes were in the registry's namespace, with records that must stay."""
    try:
        kubectl("apply", "-k", folder / "PREVIOUS", timeout=120)
        works(kubectl, REGISTRY)
        kubectl("create", "-f", "-", stdin=[EXTENSION, LOGIN])
        yield kubectl.within(REGISTRY)
    finally:
        kubectl("delete", "clusterrolebindings", *BINDINGS, "--ignore-not-found")
        uninstall(kubectl)


# What the product has in the registry's namespace: who may read its Secrets and Extensions.
STAY = ("/fuseml-delivery", "/fuseml-extensions-view")


def left(kubectl):
    """The objects of the product's processes in the namespace of *kubectl*."""
    names = kubectl("get", KINDS, "-o", "name").splitlines()
    return [name for name in names if "/fuseml-" in name and not name.endswith(STAY)]


def called(kubectl):
    """The namespaces of the Services that API servers call."""
    configuration = kubectl.json("get", "mutatingwebhookconfiguration", CONFIGURATION)
    return {webhook["clientConfig"]["service"]["namespace"] for webhook in configuration["webhooks"]}


def keeps_records(kubectl):
    names = kubectl("get", "extensions,secrets", "-o", "name").split()
    return {"extension.fuseml.org/e2e-stays", "secret/e2e-stays"} <= set(names)


@pytest.mark.full
def test_the_upgrade_fails_nobody_and_leaves_nothing_of_the_old_layout(
    one_namespace, kubectl, shell, load, wait_for, tell
):
    here = kubectl.within(NAMESPACE)
    assert shell(ROTATION).split() == ["1"]
    old = bundle(kubectl)

    with load() as seen:
        shell(COPY)
        assert authority(here) == authority(one_namespace) == old
        shell(INSTALL)
        assert called(kubectl) == {REGISTRY}, "the old webhooks answer until the new ones are ready"
        shell(SWITCH)
        assert called(kubectl) == {NAMESPACE}
        assert bundle(kubectl) == old
        shell(CLEAN_UP)
        wait_for(lambda: not left(one_namespace), 120, "the end of the old layout")
        shell(REPLACE)
        wait_for(lambda: bundle(kubectl) != old and authorities(kubectl) == 1, 420, "another authority")

    tell(f"upgrade from one namespace: {seen}")
    assert seen.failures == []
    assert not set(BINDINGS) & names(kubectl, "clusterrolebindings")
    assert keeps_records(one_namespace)
    works(kubectl)


@pytest.mark.full
def test_going_back_before_the_old_layout_is_deleted_fails_nobody(one_namespace, kubectl, shell, load, tell):
    old = bundle(kubectl)

    with load() as seen:
        for commands in (COPY, INSTALL, SWITCH, GO_BACK):
            shell(commands)

    tell(f"upgrade from one namespace, and back: {seen}")
    assert seen.failures == []
    assert called(kubectl) == {REGISTRY}
    assert bundle(kubectl) == old
    assert not set(BINDINGS) & names(kubectl, "clusterrolebindings")
    assert NAMESPACE not in names(kubectl, "namespaces")
    assert keeps_records(one_namespace)
    works(kubectl, REGISTRY)


def authority(kubectl):
    """The certificates of the authority in the namespace of *kubectl*, in PEM."""
    text = kubectl("get", "secret", "fuseml-webhook-ca", "-o", r"jsonpath={.data.ca\.crt}")
    return base64.b64decode(text).decode()


def names(kubectl, kind):
    return {name.partition("/")[2] for name in kubectl("get", kind, "-o", "name").split()}
