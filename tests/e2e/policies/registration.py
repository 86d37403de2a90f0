"""Registers Extensions in dry runs, and reads the warnings."""

import re
from typing import Any

from tests.e2e.policies.installation import documents, post
from tests.e2e.support.caller import Answer, Caller
from tests.e2e.support.waiting import wait_for

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def extension(spec: dict[str, Any], name: str = "demo") -> dict[str, Any]:
    """An Extension."""
    return {"apiVersion": "fuseml.org/v1alpha1", "kind": "Extension", "metadata": {"name": name}, "spec": spec}


def register_kind(admin: Caller) -> None:
    """Install the CRD, and wait until Extensions can be created."""
    (crd,) = documents("crd.yaml")
    post(admin, CRDS, crd)
    wait_for(lambda: register(admin, "default", {}).status == 201, 30, "the CRD")


def register(admin: Caller, namespace: str, spec: dict[str, Any]) -> Answer:
    """Create an Extension in a dry run."""
    path = f"/apis/fuseml.org/v1alpha1/namespaces/{namespace}/extensions?dryRun=All&fieldValidation=Strict"
    return admin.send("POST", path, extension(spec))


def warnings(answer: Answer) -> list[str]:
    """The texts of the warnings, without the name of the policy."""
    return re.findall(r"binding '[^']*': (.*?)\"(?:, 299 |\n)", answer.headers)
