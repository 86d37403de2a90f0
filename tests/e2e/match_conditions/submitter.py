"""The product's own MutatingWebhookConfiguration on a bare API server, with a webhook that only records reviews."""

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.cluster.build import ARGO, TEKTON, module
from tests.e2e.match_conditions.recording_webhook import RecordingWebhook
from tests.e2e.support.bare_api_server import BareApiServer
from tests.e2e.support.waiting import wait_for

BASE = Path(__file__).parents[3] / "manifests/base"
CONFIGURATION = BASE / "webhook-configuration.yaml"
HOOKS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
NAMESPACE = "runs"


class Outcome(NamedTuple):
    """Whether the webhook was called for an object, and what the API server answered."""

    sent: bool
    status: int
    message: str


class Submitter:
    """Submits objects, and reports for which of them the API server called the webhook."""

    def __init__(self, bare: BareApiServer, webhook: RecordingWebhook) -> None:
        self.webhook = webhook
        self._api = bare.api(NAMESPACE)

    def install(self) -> None:
        """Install the CRDs of the engines, without their schemas, and the webhook configuration."""
        for document in [*_tekton(), *_argo("minimal")]:
            assert self.call("POST", CRDS, document)[0] == 201
        for namespace in (NAMESPACE, "fuseml"):
            self.call("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
            # Pods are refused without one, and no controller creates it here.
            self.call("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": "default"}})
        self.reconfigure(self.webhook.client_config)
        wait_for(self._works, 30, "the webhook's configuration")

    def reconfigure(self, client_config: dict[str, str]) -> None:
        """Register the webhook at another address."""
        configuration = yaml.safe_load(CONFIGURATION.read_text())
        for webhook in configuration["webhooks"]:
            webhook["clientConfig"] = client_config
        self.call("DELETE", f"{HOOKS}/{configuration['metadata']['name']}")
        status, text = self.call("POST", HOOKS, configuration)
        assert status == 201, text

    def use_argo_crds(self, schemas: str) -> None:
        """Install Argo's CRDs with their schemas (`full`), which know no blocks, or without (`minimal`)."""
        for document in _argo(schemas):
            path = f"{CRDS}/{document['metadata']['name']}"
            stored = json.loads(self.call("GET", path)[1])
            document["metadata"]["resourceVersion"] = stored["metadata"]["resourceVersion"]
            assert self.call("PUT", path, document)[0] == 200
        with_block = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "spec": {"extensions": []}}
        wait_for(lambda: self.create(with_block).sent is (schemas == "minimal"), 30, "Argo's schemas")

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """Send a request; return the status and the text of the answer."""
        return self._api.call(method, path, body)

    def create(self, obj: dict[str, Any], namespace: str = NAMESPACE) -> Outcome:
        """Create *obj* in a dry run, under a generated name."""
        obj = deepcopy(obj)
        metadata = obj.setdefault("metadata", {})
        metadata.pop("namespace", None)
        metadata["generateName"] = f"{metadata.pop('name', 'x')[:30]}-"
        return self._outcome("POST", f"{path(obj, namespace)}?dryRun=All", obj)

    def store(self, obj: dict[str, Any]) -> dict[str, Any]:
        """Create *obj*; return what is stored."""
        status, text = self.call("POST", path(obj, NAMESPACE), obj)
        assert status == 201, text
        return json.loads(text)

    def update(self, obj: dict[str, Any]) -> Outcome:
        """Replace a stored object in a dry run."""
        return self._outcome("PUT", f"{path(obj, NAMESPACE)}/{obj['metadata']['name']}?dryRun=All", obj)

    def _outcome(self, method: str, path: str, obj: dict[str, Any]) -> Outcome:
        before = len(self.webhook.seen)
        status, text = self.call(method, path, obj)
        message = json.loads(text).get("message", "") if status > 201 else ""
        return Outcome(len(self.webhook.seen) > before, status, message)

    def _works(self) -> bool:
        """The API server uses a new configuration some moments after it was stored."""
        annotations = {"extensions.fuseml.org/run-selectors": ""}
        pod = {"containers": [{"name": "x", "image": "x"}]}
        kinds = [("tekton.dev/v1", "TaskRun", {}), ("argoproj.io/v1alpha1", "Workflow", {}), ("v1", "Pod", pod)]
        return all(
            self.create(
                {"apiVersion": version, "kind": kind, "metadata": {"annotations": annotations}, "spec": spec}
            ).sent
            for version, kind, spec in kinds
        )


def path(obj: dict[str, Any], namespace: str) -> str:
    """The API path of objects like *obj*."""
    version = obj["apiVersion"]
    plural = f"{obj['kind'].lower()}s"
    within = "" if obj["kind"].startswith("Cluster") else f"/namespaces/{namespace}"
    return f"/{'apis' if '/' in version else 'api'}/{version}{within}/{plural}"


def _tekton() -> Iterator[dict[str, Any]]:
    """Tekton's CRDs, without the conversion webhook, which does not run here."""
    for file in sorted((module("tekton", TEKTON) / "config/300-crds").glob("*.yaml")):
        for document in yaml.safe_load_all(file.read_text()):
            if document:
                document["spec"].pop("conversion", None)
                yield document


def _argo(schemas: str) -> Iterator[dict[str, Any]]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for kind in ("workflows", "workflowtemplates", "cronworkflows", "clusterworkflowtemplates"):
        file = module("argo", ARGO) / f"manifests/base/crds/{schemas}/argoproj.io_{kind}.yaml"
        yield yaml.load(file.read_text(), loader)
