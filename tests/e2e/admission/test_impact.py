"""`fuseml extension impact` on the node: what is there, and what a change would mean for it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

FUSEML = Path(sys.executable).parent / "fuseml"
PIPELINE_SELECTORS = "extensions.fuseml.org/pipeline-selectors"
ASKS = {"extensions": [{"name": "store", "extension_id": "store", "version": ">=1"}]}
EXTENSION = {
    "apiVersion": "fuseml.org/v1alpha1",
    "kind": "Extension",
    "metadata": {"name": "store"},
    "spec": {
        "product": "minio",
        "version": "1.0.0",
        "services": [{"id": "s3", "resource": "s3", "configuration": {"BUCKET": "models"}}],
    },
}


def objects(image):
    """What asks for the extension: a run of each engine that does not start, a definition, and a Deployment."""
    step = {"name": "main", "image": image, "command": ["true"]}
    text = yaml.safe_dump({"*": ASKS})
    pods = {"labels": {"app": "x"}, "annotations": {"extensions.fuseml.org/pod-selectors": text}}
    template = {"name": "main", "container": {"image": image, "command": ["true"]}}
    return [
        {
            "apiVersion": "tekton.dev/v1", "kind": "PipelineRun", "metadata": {"name": "run"},
            "spec": {
                "status": "PipelineRunPending",
                "pipelineSpec": {"tasks": [{"name": "t", "taskSpec": {"steps": [step | ASKS]}}]},
            },
        },
        {
            "apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowTemplate",
            "metadata": {"name": "template", "annotations": {PIPELINE_SELECTORS: yaml.safe_dump({"main": ASKS})}},
            "spec": {"entrypoint": "main", "templates": [template]},
        },
        {
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "workers"},
            "spec": {
                "replicas": 0,
                "selector": {"matchLabels": {"app": "x"}},
                "template": {"metadata": pods, "spec": {"containers": [{"name": "a", "image": image}]}},
            },
        },
    ]  # fmt: skip


@pytest.fixture
def here(product, kubectl, namespace, images):
    here = kubectl.within(namespace)
    here("create", "-f", "-", stdin=EXTENSION)
    here("create", "-f", "-", stdin=objects(images.python))
    return here


def fuseml(here, *args, stdin=""):
    done = subprocess.run(
        [FUSEML, "extension", *args],
        input=stdin,
        env=os.environ | {"KUBECONFIG": str(here.kubeconfig)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_plan_names_what_is_there_and_what_it_would_get(here):
    own_id, where = f"{here.namespace}/store", ["--cluster", "--namespace", here.namespace]
    names = {
        f"{here.namespace}/{name}" for name in ("PipelineRun/run", "WorkflowTemplate/template", "Deployment/workers")
    }
    moved = EXTENSION | {"metadata": {"name": "store", "namespace": here.namespace}}
    moved["spec"] = moved["spec"] | {"services": [{"id": "s3", "resource": "s3", "configuration": {"BUCKET": "other"}}]}

    assert set(fuseml(here, "impact", own_id, *where, "-o", "name").splitlines()) == names
    changed = yaml.safe_load(fuseml(here, "impact", *where, "-f", "-", "-o", "yaml", stdin=yaml.safe_dump(moved)))
    assert {o["outcome"] for o in changed["objects"]} == {"other values"}
    deleted = fuseml(here, "delete", "store", "--registry-namespace", here.namespace, "--dry-run")
    assert deleted.startswith("Extension store successfully deleted (dry run)\n")
    assert deleted.count("refused") >= len(names)
    assert here.json("get", "extension", "store")["spec"]["version"] == "1.0.0"
