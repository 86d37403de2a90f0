"""Installs policies on an API server, several variants of one side by side, and waits until all are in force."""

import uuid
from collections.abc import Iterable
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.support.caller import Caller
from tests.e2e.support.waiting import wait_for

BASE = Path(__file__).parents[3] / "manifests/base"
ADMISSION = "/apis/admissionregistration.k8s.io/v1"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
# A label of the namespaces in which a variant is in force.
WORLD = "example.com/world"


def documents(file: str) -> list[dict[str, Any]]:
    """The objects of a file in manifests/base."""
    return list(yaml.safe_load_all((BASE / file).read_text()))


def confined(policy: dict[str, Any], world: str, selector: str, names: dict[str, str]) -> dict[str, Any]:
    """*policy* under another name, for the objects of *world* only.

    Args:
        selector: `namespaceSelector`, or for namespaces themselves `objectSelector`.
        names: Texts in its expressions that stand for others in that world.
    """
    policy = deepcopy(policy)
    policy["metadata"]["name"] += f".{world}"
    policy["spec"]["matchConstraints"][selector] = {"matchLabels": {WORLD: world}}
    for part in ("matchConditions", "variables", "validations"):
        for item in policy["spec"].get(part, ()):
            for old, new in names.items():
                item["expression"] = item["expression"].replace(f"'{old}'", f"'{new}'")
    return policy


def post(admin: Caller, path: str, obj: dict[str, Any]) -> None:
    """Create *obj*."""
    answer = admin.send("POST", path, obj)
    assert answer.status == 201, answer.text


def install(admin: Caller, policies: Iterable[dict[str, Any]], actions: list[str]) -> None:
    """Install *policies*, each with a binding, and wait until all are in force."""
    bound = [(policy, actions) for policy in policies]
    # The API server takes over policies and bindings in the order in which they were created.
    probe = f"probe-{uuid.uuid4()}"
    bound += [(_probe(probe, kind), ["Deny"]) for kind in ("Validating", "Mutating")]
    for policy, _ in bound:
        post(admin, f"{ADMISSION}/{_plural(policy)}", policy)
    for policy, own_actions in bound:
        post(admin, f"{ADMISSION}/{policy['kind'].lower()}bindings", _binding(policy, own_actions))
    wait_for(lambda: _in_force(admin, probe), 30, "policies")


def _plural(policy: dict[str, Any]) -> str:
    return f"{policy['kind'].lower()[:-1]}ies"


def _binding(policy: dict[str, Any], actions: list[str]) -> dict[str, Any]:
    name = policy["metadata"]["name"]
    action = {"validationActions": actions} if policy["kind"].startswith("Validating") else {}
    return {"metadata": {"name": name}, "spec": {"policyName": name, **action}}


def _probe(name: str, kind: str) -> dict[str, Any]:
    """A policy that refuses a ConfigMap called *name* if it has data, or gives it a label if it has none."""
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
    spec: dict[str, Any] = {"matchConstraints": {"resourceRules": [{**rule, "resourceNames": [name]}]}}
    if kind == "Validating":
        spec["validations"] = [{"expression": "!has(object.data)", "message": name}]
    else:
        label = "[JSONPatch{op: 'add', path: '/metadata/labels', value: {'probe': 'seen'}}]"
        mutation = {"patchType": "JSONPatch", "jsonPatch": {"expression": label}}
        spec |= {"reinvocationPolicy": "Never", "mutations": [mutation]}
    policy = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": f"{kind}AdmissionPolicy"}
    return {**policy, "metadata": {"name": name}, "spec": spec}


def _in_force(admin: Caller, probe: str) -> bool:
    path, metadata = "/api/v1/namespaces/default/configmaps?dryRun=All", {"name": probe}
    refused = admin.send("POST", path, {"metadata": metadata, "data": {"a": "b"}})
    labelled = admin.send("POST", path, {"metadata": metadata})
    return refused.status >= 400 and '"seen"' in labelled.text
