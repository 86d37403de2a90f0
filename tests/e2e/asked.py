"""The product's own MutatingWebhookConfiguration on a bare API server, with a webhook that only remembers."""

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.cluster.build import ARGO, TEKTON, module
from tests.e2e.bare import Bare
from tests.e2e.echo import Echo
from tests.e2e.waiting import wait_for

BASE = Path(__file__).parents[2] / "manifests/base"
CONFIGURATION = BASE / "webhook-configuration.yaml"
HOOKS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
NAMESPACE = "runs"


class Outcome(NamedTuple):
    """What became of an object."""

    sent: bool
    status: int
    message: str


class Asked:
    """Submit objects, and learn which of them the API server sends to the webhook."""

    def __init__(self, bare: Bare, echo: Echo) -> None:
        self.echo = echo
        self._api = bare.api(NAMESPACE)

    def install(self) -> None:
        """Make the kinds of the engines known, as they were before they had schemas, and the webhook."""
        for document in [*_tekton(), *_argo("minimal")]:
            assert self.call("POST", CRDS, document)[0] == 201
        for namespace in (NAMESPACE, "fuseml"):
            self.call("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
            # Without one, pods are refused; nobody else makes it here.
            self.call("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": "default"}})
        self.reconfigure(self.echo.client_config)
        wait_for(self._works, 30, "the webhook's configuration")

    def reconfigure(self, client_config: dict[str, str]) -> None:
        """Register the webhook, at another place than before."""
        configuration = yaml.safe_load(CONFIGURATION.read_text())
        for webhook in configuration["webhooks"]:
            webhook["clientConfig"] = client_config
        self.call("DELETE", f"{HOOKS}/{configuration['metadata']['name']}")
        status, text = self.call("POST", HOOKS, configuration)
        assert status == 201, text

    def use_full_crds(self) -> None:
        """Give Argo's kinds their schemas, which know no blocks."""
        for document in _argo("full"):
            path = f"{CRDS}/{document['metadata']['name']}"
            stored = json.loads(self.call("GET", path)[1])
            document["metadata"]["resourceVersion"] = stored["metadata"]["resourceVersion"]
            assert self.call("PUT", path, document)[0] == 200
        odd = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "spec": {"extensions": []}}
        wait_for(lambda: not self.send(odd).sent, 30, "Argo's schemas")

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """Status and text of any answer."""
        return self._api.call(method, path, body)

    def send(self, obj: dict[str, Any], namespace: str = NAMESPACE) -> Outcome:
        """Create *obj* in a dry run, whatever it holds."""
        obj = deepcopy(obj)
        metadata = obj.setdefault("metadata", {})
        metadata.pop("namespace", None)
        metadata["generateName"] = f"{metadata.pop('name', 'x')[:30]}-"
        return self._outcome("POST", f"{path(obj, namespace)}?dryRun=All", obj)

    def store(self, obj: dict[str, Any]) -> dict[str, Any]:
        """Create *obj* for good; what is stored."""
        status, text = self.call("POST", path(obj, NAMESPACE), obj)
        assert status == 201, text
        return json.loads(text)

    def update(self, obj: dict[str, Any]) -> Outcome:
        """Replace an object that is stored, in a dry run."""
        return self._outcome("PUT", f"{path(obj, NAMESPACE)}/{obj['metadata']['name']}?dryRun=All", obj)

    def _outcome(self, method: str, path: str, obj: dict[str, Any]) -> Outcome:
        before = len(self.echo.seen)
        status, text = self.call(method, path, obj)
        message = json.loads(text).get("message", "") if status > 201 else ""
        return Outcome(len(self.echo.seen) > before, status, message)

    def _works(self) -> bool:
        """A new configuration is known some moments after it was stored."""
        annotations = {"extensions.fuseml.org/run-selectors": ""}
        pod = {"containers": [{"name": "x", "image": "x"}]}
        kinds = [("tekton.dev/v1", "TaskRun", {}), ("argoproj.io/v1alpha1", "Workflow", {}), ("v1", "Pod", pod)]
        return all(
            self.send(
                {"apiVersion": version, "kind": kind, "metadata": {"annotations": annotations}, "spec": spec}
            ).sent
            for version, kind, spec in kinds
        )


def path(obj: dict[str, Any], namespace: str) -> str:
    """Where the API server has objects like *obj*."""
    version = obj["apiVersion"]
    plural = f"{obj['kind'].lower()}s"
    within = "" if obj["kind"].startswith("Cluster") else f"/namespaces/{namespace}"
    return f"/{'apis' if '/' in version else 'api'}/{version}{within}/{plural}"


def _tekton() -> Iterator[dict[str, Any]]:
    """Without the webhook that converts between versions, which does not run here."""
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
