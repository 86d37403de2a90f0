"""Shared credentials for tests: how they are registered, runs that ask for them, and what their steps saw."""

import json
import uuid

from urllib3.exceptions import HTTPError

from tests.e2e.support.canary import marker
from tests.e2e.support.kubectl import Kubectl
from tests.e2e.support.product import REGISTRY
from tests.e2e.support.waiting import wait_for
from tests.e2e.workloads.argo_objects import obj as argo
from tests.e2e.workloads.argo_objects import template
from tests.e2e.workloads.references import POD, extension, metadata, selectors
from tests.e2e.workloads.runs import SHOW, ended, environments

PROJECT = "extensions.fuseml.org/project"
SOURCE = "extensions.fuseml.org/extension"


class Shared:
    """Stores that are registered for everyone, each with a login in a Secret of the registry's namespace."""

    def __init__(self, kubectl: Kubectl) -> None:
        self._here = kubectl.within(REGISTRY)
        self._names: list[str] = []

    def __call__(self, **scope):
        """Register one; return its product, and the variables that its login gives."""
        name = f"store-{uuid.uuid4().hex[:8]}"
        self._names.append(name)
        user, password = marker(), marker()
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": f"{name}-login", "labels": {SOURCE: name}},
            "stringData": {"rootUser": user, "root.Password": password},
        }
        mapping = {"AWS_ACCESS_KEY_ID": "rootUser", "AWS_SECRET_ACCESS_KEY": "root.Password", "AGAIN": "rootUser"}
        login = {"id": "default", "secretRef": {"name": f"{name}-login"}, "configuration": mapping, **scope}
        record = extension(name, {}, resource="s3", auth_required=True, credentials=[login])
        self._here("apply", "-f", "-", stdin=[secret, record])
        return name, {"AWS_ACCESS_KEY_ID": user, "AWS_SECRET_ACCESS_KEY": password, "AGAIN": user}

    def rotate(self, product: str) -> str:
        """Change the password of a product's login; return the new one."""
        password = marker()
        self._patch(product, {"stringData": {"root.Password": password}})
        return password

    def remove_source(self, product: str) -> None:
        """Delete the Secret of a product's login."""
        self._call("DELETE", product)

    def _patch(self, product: str, change: dict[str, object]) -> None:
        secret = json.loads(self._call("GET", product))
        self._call("PUT", product, secret | change)

    def _call(self, method: str, product: str, body: object = None) -> str:
        # In trouble that a test causes, it is tried as often as a person would.
        path = f"/api/v1/namespaces/{REGISTRY}/secrets/{product}-login"
        return wait_for(lambda: self._answer(method, path, body), 60, f"{method} {path}")

    def _answer(self, method: str, path: str, body: object) -> str:
        try:
            status, text = self._here.api.call(method, path, body)
        except HTTPError:
            return ""
        return text if status == 200 else ""

    def remove(self) -> None:
        """Delete all that was registered."""
        for name in self._names:
            self._here("delete", "extension", name, "--ignore-not-found")
            self._here("delete", "secret", f"{name}-login", "--ignore-not-found")


def asking(product):
    return {"extensions": [{"name": "store", "product": product, "service_resource": "s3"}]}


def runs_of_every_kind(product, image):
    """Definitions, and runs that ask in every way there is, by kind and name."""
    shows = {"name": "main", "image": image, "command": SHOW}
    container = {"image": image, "command": SHOW}
    asks = asking(product)
    task = {"kind": "Task", "metadata": metadata("asks", task={"main": asks}), "spec": {"steps": [shows]}}
    pipeline = {
        "kind": "Pipeline",
        "metadata": {"name": "asks"},
        "spec": {"tasks": [{"name": "t", "taskRef": {"name": "asks"}}]},
    }
    templates = [template("main", asks={"main": asks}, container=container)]
    definitions = [
        {"apiVersion": "tekton.dev/v1", **task},
        {"apiVersion": "tekton.dev/v1", **pipeline},
        argo("WorkflowTemplate", "asks", {"entrypoint": "main", "templates": templates}),
    ]
    inline = {"pipelineSpec": {"tasks": [{"name": "t", "taskSpec": {"steps": [{**shows, **asks}]}}]}}
    pod = {"restartPolicy": "Never", "containers": [shows]}
    job = {"backoffLimit": 0, "template": {"metadata": {"annotations": {POD: selectors({"main": asks})}}, "spec": pod}}
    runs = [
        {"apiVersion": "tekton.dev/v1", "kind": "PipelineRun", "metadata": {"name": "inline"}, "spec": inline},
        {"apiVersion": "tekton.dev/v1", "kind": "PipelineRun", "metadata": {"name": "referenced"},
         "spec": {"pipelineRef": {"name": "asks"}}},
        argo("Workflow", "inline", {"entrypoint": "main", "templates": [template("main", container=container)]},
             run={"main": asks}),
        argo("Workflow", "referenced", {"workflowTemplateRef": {"name": "asks"}}),
        {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "job"}, "spec": job},
    ]  # fmt: skip
    return definitions, runs


def copies(here, product):
    """The copies of a product's logins in a namespace, which has those of other tests as well."""
    start = f"fuseml-credentials-{product}-"
    return [secret for secret in here.api.get("secrets")["items"] if secret["metadata"]["name"].startswith(start)]


def given_to(here, kind, name, wanted):
    """What the only step of a run has printed of the variables *wanted*, when the run has succeeded."""
    label = {"pipelinerun": "tekton.dev/pipelineRun", "workflow": "workflows.argoproj.io/workflow"}.get(kind)
    if label:
        assert ended(here, kind, name) == "Succeeded"
    else:
        wait_for(lambda: here.api.get("jobs", name)["status"].get("succeeded"), 180, f"the end of Job {name}")
    (seen,) = environments(here, f"{label or 'batch.kubernetes.io/job-name'}={name}").values()
    return {variable: seen.get(variable) for variable in wanted}
