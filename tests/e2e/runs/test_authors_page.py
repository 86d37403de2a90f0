"""docs/authors.md, followed word by word by somebody who has no right but Kubernetes' role `edit` in one namespace."""

import os
import re
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
import yaml

from tests.docs.authors import PAGE, RECORD, files, steps
from tests.e2e.support.canary import marker
from tests.e2e.support.kubectl import CACHE
from tests.e2e.support.product import REGISTRY
from tests.e2e.support.waiting import wait_for
from tests.e2e.workloads.shared_credentials import SOURCE, copies

IMAGE_IN_PAGE = "busybox:1.37"
AUTHOR = "author"
# What the engines' own manifests add to the role `edit`. The node of these tests has the engines without their roles.
OF_ENGINES = [
    {
        "apiGroups": ["tekton.dev"],
        "resources": ["tasks", "taskruns", "pipelines", "pipelineruns"],
        "verbs": ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
    },
    {
        "apiGroups": ["argoproj.io"],
        "resources": ["workflows", "workflowtemplates", "cronworkflows"],
        "verbs": ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
    },
]
RBAC = "rbac.authorization.k8s.io"
# What differs from cluster to cluster.
_COPY = re.compile(r"-[a-z2-7]{24}\b")
_WHO = re.compile(r"(project|user) '[^']*'")


@pytest.fixture
def here(team):
    """The author's namespace, which belongs to a project."""
    return team("red")


@pytest.fixture
def page(product, kubectl, images, here):
    """The page's text with a store of its own in the cluster, which is registered for everyone."""
    name = f"minio-{uuid.uuid4().hex[:8]}"
    text = re.sub(r"\bminio\b", name, PAGE.read_text()).replace(IMAGE_IN_PAGE, images.busybox)
    record = files(text)[RECORD.replace("minio", name)]
    login = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "labels": {SOURCE: name}},
        "stringData": {"user": "ada", "password": marker()},
    }
    registry = kubectl.within(REGISTRY)
    registry("create", "-f", "-", stdin=login)
    registry("create", "-f", "-", stdin=record)
    wait_for(lambda: copies(here, name), 60, f"the copy of {name}")
    yield text
    registry("delete", f"extension/{name}", f"secret/{name}", "--ignore-not-found")


@pytest.fixture
def kubeconfig(cluster, kubectl, here, tmp_path):
    """A kubeconfig of the author, whose context names the namespace."""
    account = f"{here.namespace}:{AUTHOR}"
    here("create", "serviceaccount", AUTHOR)
    here("create", "rolebinding", "edits", "--clusterrole=edit", f"--serviceaccount={account}")
    metadata = {"name": "edits-engines"}
    here(
        "create",
        "-f",
        "-",
        stdin={"apiVersion": f"{RBAC}/v1", "kind": "Role", "metadata": metadata, "rules": OF_ENGINES},
    )
    here("create", "rolebinding", "edits-engines", "--role=edits-engines", f"--serviceaccount={account}")
    wait_for(lambda: may(kubectl, account, "create", "extensions.fuseml.org"), 30, "the rights of the author")
    content = yaml.safe_load(kubectl("config", "view", "--raw", "--flatten", "--minify"))
    content["users"] = [{"name": AUTHOR, "user": {"token": here("create", "token", AUTHOR).strip()}}]
    content["contexts"][0]["context"] |= {"user": AUTHOR, "namespace": here.namespace}
    file = tmp_path / "kubeconfig"
    file.write_text(yaml.safe_dump(content))
    return file


def may(kubectl, account, *what):
    namespace = account.partition(":")[0]
    done = kubectl.run("auth", "can-i", *what, f"--as=system:serviceaccount:{account}", "-n", namespace)
    return done.stdout.strip() == "yes"


@pytest.fixture
def shell(kubectl, kubeconfig, page, tmp_path):
    """A shell of the author in a folder with the page's files."""
    folder = tmp_path / "work"
    folder.mkdir()
    for name, content in files(page).items():
        (folder / name).write_text(content)
    programs = [
        str(Path(sys.executable).parent),
        *([str(Path(kubectl.program).parent)] if "/" in kubectl.program else []),
    ]
    path = os.pathsep.join([*programs, os.environ["PATH"]])
    env = {**os.environ, "PATH": path, "KUBECONFIG": str(kubeconfig), "KUBECACHEDIR": str(CACHE), "LC_ALL": "C.UTF-8"}

    def run(commands):
        return subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", commands],
            cwd=folder,
            env={name: value for name, value in env.items() if not name.startswith("FUSEML_")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )

    return run


def plain(text):
    """*text* without what differs from cluster to cluster."""
    return _WHO.sub(r"\1", _COPY.sub("", text)).strip()


def test_following_the_page_gives_the_output_that_it_shows(page, shell):
    for commands, shown in steps(page):
        done = shell(commands)

        assert plain(shown) in plain(done.stdout), f"{commands}\n{done.stdout}"
        assert "warning: " not in done.stdout, f"{commands}\n{done.stdout}"
        if "nothing fits" not in shown:
            assert done.returncode == 0, f"{commands}\n{done.stdout}"


def test_author_may_not_read_more_than_the_page_needs(page, kubectl, kubeconfig, here):
    account = f"{here.namespace}:{AUTHOR}"

    for what in (["list", "extensions.fuseml.org"], ["list", "secrets"], ["create", "extensions.fuseml.org"]):
        assert may(kubectl, account, *what)
    for what in (
        ["list", "extensions.fuseml.org", "--all-namespaces"],
        ["list", "namespaces", "--all-namespaces"],
        ["list", "configmaps", "--namespace=fuseml-system"],
        ["list", "secrets", "--namespace=fuseml"],
        ["create", "extensions.fuseml.org", "--namespace=fuseml"],
    ):
        done = kubectl.run("auth", "can-i", *what, f"--as=system:serviceaccount:{account}")
        assert done.stdout.strip() == "no", what
