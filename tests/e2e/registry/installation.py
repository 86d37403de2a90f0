"""What the registry needs of a cluster: the product's kind, namespaces, policies and roles, and people."""

import json
import urllib.parse
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.policies.installation import ADMISSION, RBAC, post
from tests.e2e.support.caller import Caller
from tests.e2e.support.waiting import wait_for

MANIFESTS = Path(__file__).parents[3] / "manifests"
# All that concerns Extensions and Secrets.
FILES = (
    *("crd.yaml", "namespace.yaml", "rbac-users.yaml", "rbac-webhook.yaml"),
    *("policy-credentials.yaml", "policy-extensions.yaml", "policy-namespaces.yaml"),
)
COMPONENT = MANIFESTS / "components/registry-service/rbac.yaml"
REGISTRY, SYSTEM = "fuseml", "fuseml-system"
EXTENSIONS = f"/apis/fuseml.org/v1alpha1/namespaces/{REGISTRY}/extensions"
SECRETS = f"/api/v1/namespaces/{REGISTRY}/secrets"
_PATHS = {
    "CustomResourceDefinition": "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    "Namespace": "/api/v1/namespaces",
    "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
    "ClusterRole": f"{RBAC}/clusterroles",
    "ClusterRoleBinding": f"{RBAC}/clusterrolebindings",
    "Role": f"{RBAC}/namespaces/{{}}/roles",
    "RoleBinding": f"{RBAC}/namespaces/{{}}/rolebindings",
    "ValidatingAdmissionPolicy": f"{ADMISSION}/validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": f"{ADMISSION}/validatingadmissionpolicybindings",
    "MutatingAdmissionPolicy": f"{ADMISSION}/mutatingadmissionpolicies",
    "MutatingAdmissionPolicyBinding": f"{ADMISSION}/mutatingadmissionpolicybindings",
}
_AGGREGATED = "rbac.authorization.k8s.io/aggregate-to-"


def install(admin: Caller) -> None:
    """Install what the manifests say, and wait until Extensions can be created."""
    documents = [d for file in FILES for d in yaml.safe_load_all((MANIFESTS / "base" / file).read_text())]
    documents += yaml.safe_load_all(COMPONENT.read_text())
    # An object is created after the namespace that it is in.
    for document in sorted(documents, key=lambda d: d["kind"] != "Namespace"):
        post(admin, _PATHS[document["kind"]].format(document["metadata"].get("namespace", "")), document)
    for role in ("view", "edit"):  # view is a part of edit
        _aggregate(admin, role)
    probe = {"apiVersion": "fuseml.org/v1alpha1", "kind": "Extension", "metadata": {"name": "probe"}, "spec": {}}
    wait_for(lambda: admin.send("POST", f"{EXTENSIONS}?dryRun=All", probe).status == 201, 30, "the CRD")


def _aggregate(admin: Caller, name: str) -> None:
    """Give Kubernetes' own role *name* the rules of its parts, as a controller does in a whole cluster."""
    selector = urllib.parse.quote(f"{_AGGREGATED}{name}=true")
    parts = admin.send("GET", f"{RBAC}/clusterroles?labelSelector={selector}").json()["items"]
    role = admin.send("GET", f"{RBAC}/clusterroles/{name}").json()
    role["rules"] = [rule for part in parts for rule in part["rules"] or ()]
    assert admin.send("PUT", f"{RBAC}/clusterroles/{name}", role).status == 200


def add_account(admin: Caller, name: str, *, role: str = "", rules: list[dict[str, Any]] | None = None) -> None:
    """Create the service account *name* in the namespace `people`, with a ClusterRole or *rules* in the registry's."""
    post(admin, "/api/v1/namespaces/people/serviceaccounts", {"metadata": {"name": name}})
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}
    if rules is not None:
        post(admin, f"{RBAC}/namespaces/{REGISTRY}/roles", {"metadata": {"name": name}, "rules": rules})
        reference |= {"kind": "Role", "name": name}
    if role or rules is not None:
        subject = {"kind": "ServiceAccount", "name": name, "namespace": "people"}
        binding = {"metadata": {"name": f"person-{name}"}, "roleRef": reference, "subjects": [subject]}
        post(admin, f"{RBAC}/namespaces/{REGISTRY}/rolebindings", binding)


def token_of(admin: Caller, name: str, *, namespace: str = "people", audiences: tuple[str, ...] = ()) -> str:
    """A token of a service account, as `kubectl create token` gives it."""
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
    answer = admin.send("POST", path, {"spec": {"audiences": list(audiences)} if audiences else {}})
    assert answer.status == 201, answer.text
    return str(answer.json()["status"]["token"])


def kubeconfig_of(admin_file: Path, file: Path, token: str) -> Path:
    """Write a kubeconfig as that in *admin_file*, with another token; gives its path."""
    content = yaml.safe_load(admin_file.read_text())
    content["users"][0]["user"] = {"token": token}
    file.write_text(json.dumps(content))
    return file
