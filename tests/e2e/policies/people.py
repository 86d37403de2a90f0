"""Who calls the API server in these tests, and what each may do before any policy is asked."""

from tests.e2e.policies.installation import RBAC, post
from tests.e2e.support.caller import Caller

CONTROLLER = "system:serviceaccount:fuseml-system:fuseml-controller"
TENANT = "tenant"  # may do everything with Secrets of her namespaces, and with namespaces
LEAD = "lead"  # as the tenant, and may assign the project red and the owner ada
LOCAL_LEAD = "local-lead"  # has the lead's rights in one namespace only, where they mean nothing
KEEPER = "keeper"  # may update Secrets, those of the registry's namespace as well
MIGRATOR = "migrator"  # stores Secrets again as they are
ADMINISTRATOR = "administrator"
UNCONFINED = "unconfined"  # has the controller's rights, and no policy names it
NAMESPACE_CONTROLLER = "system:serviceaccount:kube-system:namespace-controller"
GARBAGE_COLLECTOR = "system:serviceaccount:kube-system:generic-garbage-collector"
MAY_PATCH = "may-patch"  # a group: who belongs to it may also patch Secrets

_GROUP = "rbac.authorization.k8s.io"
_NAMESPACES = ["namespaces", "namespaces/status", "namespaces/finalize"]
_ROLES = {
    "controller": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["create", "update", "delete"]}],
    "patch": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["patch"]}],
    "all-secrets": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["*"]}],
    "update-secrets": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["update"]}],
    "migrate-secrets": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list", "update", "patch"]}],
    "all-namespaces": [{"apiGroups": [""], "resources": _NAMESPACES, "verbs": ["*"]}],
    "assign": [
        {"apiGroups": ["fuseml.org"], "resources": ["projects"], "resourceNames": ["red"], "verbs": ["assign"]},
        {"apiGroups": ["fuseml.org"], "resources": ["owners"], "resourceNames": ["ada"], "verbs": ["assign"]},
    ],
}  # fmt: skip
_EVERYWHERE = [
    ("User", CONTROLLER, "controller"), ("User", UNCONFINED, "controller"), ("Group", MAY_PATCH, "patch"),
    ("User", TENANT, "all-namespaces"), ("User", LEAD, "all-namespaces"), ("User", LEAD, "assign"),
    ("User", LOCAL_LEAD, "all-namespaces"),
    ("User", ADMINISTRATOR, "cluster-admin"),
]  # fmt: skip


def introduce(admin: Caller) -> None:
    """Give everybody their rights in the whole cluster."""
    for name, rules in _ROLES.items():
        post(admin, f"{RBAC}/clusterroles", {"metadata": {"name": f"e2e-{name}"}, "rules": rules})
    for i, (kind, name, role) in enumerate(_EVERYWHERE):
        post(admin, f"{RBAC}/clusterrolebindings", _binding(f"e2e-{i}", kind, name, role))


def grant(admin: Caller, namespace: str, name: str, role: str) -> None:
    """Give a user a role in a namespace."""
    post(admin, f"{RBAC}/namespaces/{namespace}/rolebindings", _binding(f"{name}-{role}", "User", name, role))


def _binding(metadata_name: str, kind: str, name: str, role: str) -> dict[str, object]:
    own = role if role == "cluster-admin" else f"e2e-{role}"
    return {
        "metadata": {"name": metadata_name},
        "roleRef": {"apiGroup": _GROUP, "kind": "ClusterRole", "name": own},
        "subjects": [{"apiGroup": _GROUP, "kind": kind, "name": name}],
    }
