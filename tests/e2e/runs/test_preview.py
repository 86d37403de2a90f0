"""`fuseml preview` of a run whose definitions are in the cluster shows what its pods then get."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.workloads.references import ASKS, SELECTOR, VALUES, metadata, register
from tests.e2e.workloads.runs import SHOW, ended, environments, submit
from webhook.objects import manifests

FUSEML = Path(sys.executable).parent / "fuseml"
OWN = {"name": "OWN", "value": "<< extension.odd.url >>/own"}


@pytest.fixture
def here(product, kubectl, namespace, images):
    here = kubectl.within(namespace)
    register(here)
    shows = {"image": images.python, "command": SHOW}
    asks = metadata("train", task={"main": ASKS | {"env": [OWN]}})
    here("create", "-f", "-", stdin=[
        {"apiVersion": "tekton.dev/v1", "kind": "Task", "metadata": asks,
         "spec": {"steps": [{"name": "main", **shows}, {"name": "quiet", **shows}]}},
        {"apiVersion": "tekton.dev/v1", "kind": "Pipeline", "metadata": {"name": "p"},
         "spec": {"tasks": [{"name": "one", "taskRef": {"name": "train"}}]}},
        {"apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowTemplate", "metadata": {"name": "w"},
         "spec": {"entrypoint": "train", "templates": [
             {"name": "train", "container": shows, "metadata": {"annotations": asks["annotations"]}}
         ]}},
    ])  # fmt: skip
    return here


def tekton(name):
    return {
        "apiVersion": "tekton.dev/v1", "kind": "PipelineRun", "metadata": {"name": name},
        "spec": {"pipelineRef": {"name": "p"}},
    }  # fmt: skip


def argo(name):
    return {
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": name},
        "spec": {"workflowTemplateRef": {"name": "w"}},
    }  # fmt: skip


def preview(cluster, namespace, obj, command="preview", output="env"):
    done = subprocess.run(
        [FUSEML, command, "-f", "-", "--registry-namespace", "fuseml", "--kubeconfig", str(cluster), "-n", namespace,
         "-o", output],
        input=manifests.dump(obj), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("run", "kind", "label", "step"),
    [
        pytest.param(tekton("run"), "pipelinerun", "tekton.dev/pipelineRun", "one/main", id="tekton"),
        pytest.param(argo("run"), "workflow", "workflows.argoproj.io/workflow", "", id="argo"),
    ],
)
def test_what_is_shown_is_what_the_containers_get(here, cluster, run, kind, label, step):
    title, *lines = preview(cluster, here.namespace, run).splitlines()
    shown = dict(line.split("=", 1) for line in shlex.split("\n".join(lines), comments=True))

    assert ended(here, kind, submit(here, run)) == "Succeeded"
    found = environments(here, f"{label}=run")
    (got,) = [env for key, env in found.items() if env and (key == step or not step)]
    assert "container" in title
    assert shown.pop("LOGIN") == "<secret login, LOGIN>"
    assert got.pop("LOGIN")
    assert shown == got
    assert VALUES.items() <= got.items()


def test_explain_says_why_of_pods_too(here, cluster):
    shown = preview(cluster, here.namespace, tekton("run"), "explain", "text")

    assert "PipelineRun/run tasks[one] (Task 'train')" in shown
    assert f"selector '{SELECTOR['name']}'" in shown
