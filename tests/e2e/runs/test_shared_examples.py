"""The examples that need a cluster: following their READMEs gives the output that these show."""

import os
import re
import shutil
import subprocess
import uuid
from pathlib import Path

import pytest

from tests.e2e.support.canary import marker
from tests.e2e.support.kubectl import CACHE

EXAMPLES = Path(__file__).parents[3] / "examples"
IMAGE_IN_FILES = "busybox:1.37"
# Those without records in files need a cluster; examples/mlflow has a test of its own.
FOLDERS = sorted(
    path.name
    for path in EXAMPLES.iterdir()
    if path.is_dir() and not (path / "registry").exists() and path.name != "mlflow"
)

_NAMESPACE = re.compile(r"^kubectl create namespace (\S+)$", re.MULTILINE)
_PASSWORD = re.compile(r"(--from-literal password=)\S+")
# Commands, and the output that follows, if any.
_SESSION = re.compile(r"^```console\n(.*?)^```$(?:\n\n^```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)


@pytest.fixture
def shell(product, kubectl, images, tmp_path):
    """A shell at the root of a copy of the repository, whose examples use images that the cluster has."""
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    for file in (tmp_path / "examples").rglob("*.yaml"):
        file.write_text(file.read_text().replace(IMAGE_IN_FILES, images.busybox))
    path = os.environ["PATH"]
    if "/" in kubectl.program:
        path = f"{Path(kubectl.program).parent}{os.pathsep}{path}"
    env = {**os.environ, "KUBECONFIG": str(kubectl.kubeconfig), "KUBECACHEDIR": str(CACHE), "PATH": path}

    def run(commands):
        return subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", commands],
            cwd=tmp_path,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=240,
            check=False,
        )

    return run


@pytest.fixture
def session(kubectl, request):
    """The commands of a README, in a namespace of the test, each with the output that is shown."""
    made = []
    folders = []

    def read(folder):
        folders.append(folder)
        text = (EXAMPLES / folder / "README.md").read_text()
        (namespace,) = _NAMESPACE.findall(text)
        own = f"e2e-{uuid.uuid4().hex[:8]}"
        made.append(own)
        request.node.namespaces = made
        named = re.compile(rf"\bnamespace {namespace}\b")
        steps = [(named.sub(f"namespace {own}", commands), shown) for commands, shown in _SESSION.findall(text)]
        return [(_PASSWORD.sub(lambda key: f"{key[1]}{marker()}", commands), shown) for commands, shown in steps]

    yield read
    for namespace in made:
        kubectl("delete", "namespace", namespace, "--ignore-not-found", "--wait=false")
    if "argo-cluster-template" in folders:  # Its template is in no namespace.
        kubectl("delete", "--ignore-not-found", "-f", EXAMPLES / "argo-cluster-template/template.yaml")


@pytest.mark.parametrize("folder", FOLDERS)
def test_following_the_readme_gives_the_output_that_it_shows(shell, session, folder):
    steps = session(folder)

    assert any(shown for _, shown in steps)
    for commands, shown in steps:
        done = shell(commands)
        if shown:
            assert shown.rstrip() in done.stdout, f"{commands}\n{done.stdout}"
        else:
            assert done.returncode == 0, f"{commands}\n{done.stdout}"


def test_files_that_ask_know_no_address_and_no_login():
    for folder in FOLDERS:
        for file in (EXAMPLES / folder).glob("*.yaml"):
            text = file.read_text()

            if "kind: Extension" not in text:
                assert not [word for word in ("://", "secretRef", "secretKeyRef") if word in text], file
