"""Each right of the service's account is needed: without it, something of docs/registry-service.md does not work."""

import pytest
import yaml

from tests.e2e.policies.installation import RBAC, post
from tests.e2e.registry import installation
from tests.e2e.registry.inventory import referred, secrets_in
from tests.e2e.registry.people import REQUESTS
from tests.e2e.registry.service_process import running
from tests.e2e.support.caller import Caller

RULES = {
    document["kind"]: document["rules"]
    for document in yaml.safe_load_all(installation.COMPONENT.read_text())
    if "rules" in document
}
RIGHTS = [
    (kind, resource, verb)
    for kind, rules in RULES.items()
    for rule in rules
    for resource in rule["resources"]
    for verb in rule["verbs"]
]
pytestmark = pytest.mark.usefixtures("empty")


def without(kind, resource, verb):
    """The rules of *kind*, of which one right is taken away."""
    return [
        {**rule, "verbs": [v for v in rule["verbs"] if resource not in rule["resources"] or v != verb]}
        for rule in RULES[kind]
    ]


@pytest.fixture
def lacking(admin, bare, tmp_path):
    """Makes an account with the rights of the service but one; gives its kubeconfig."""
    made = []

    def lacking(*right):
        kind, resource, verb = right
        name = f"lacks-{verb}-{resource}"
        accounts = f"/api/v1/namespaces/{installation.SYSTEM}/serviceaccounts"
        post(admin, accounts, {"metadata": {"name": name}})
        made.append(f"{accounts}/{name}")
        subject = {"kind": "ServiceAccount", "name": name, "namespace": installation.SYSTEM}
        for role, place in (("Role", f"/namespaces/{installation.REGISTRY}"), ("ClusterRole", "")):
            rules = [r for r in (without(*right) if role == kind else RULES[role]) if r["verbs"]]
            plural = f"{RBAC}{place}/{role.lower()}s"
            post(admin, plural, {"metadata": {"name": name}, "rules": rules})
            bindings = f"{RBAC}{place}/{role.lower()}bindings"
            reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": role, "name": name}
            post(admin, bindings, {"metadata": {"name": name}, "roleRef": reference, "subjects": [subject]})
            made.extend([f"{bindings}/{name}", f"{plural}/{name}"])
        token = installation.token_of(admin, name, namespace=installation.SYSTEM)
        return installation.kubeconfig_of(bare.kubeconfig, tmp_path / "lacking", token)

    yield lacking
    for path in made:
        admin.send("DELETE", path)


@pytest.fixture
def without_viewers(admin):
    """Without the binding of manifests/base that lets everybody read Extensions, the service as well."""
    path = f"{RBAC}/namespaces/fuseml/rolebindings/fuseml-extensions-view"
    binding = admin.send("GET", path).json()
    admin.send("DELETE", path)
    yield
    del binding["metadata"]["resourceVersion"], binding["metadata"]["uid"]
    post(admin, path.rpartition("/")[0], binding)


@pytest.mark.parametrize(("kind", "resource", "verb"), RIGHTS, ids=lambda word: word)
def test_without_one_right_something_does_not_work(
    admin, lacking, without_viewers, token, tmp_path, kind, resource, verb
):
    own = lacking(kind, resource, verb)
    keeper = token("keeper")

    with running(tmp_path, "--registry-namespace", "fuseml", "--kubeconfig", own) as service:
        statuses = [service.ask(r.method, r.path, keeper, r.body).status for r in REQUESTS]
        log = service.log.read_text()
    left = secrets_in(admin) - referred(admin)

    expected = [request.status for request in REQUESTS]
    if resource == "secrets" and verb in ("list", "delete"):
        # Whoever asks notices nothing; but what is replaced stays for ever.
        assert statuses == expected
        assert left
    else:
        assert statuses != expected
        assert set(statuses) & {400, 403, 503}
    assert "CANARY" not in log


def test_with_all_rights_everything_works(admin, service, token):
    keeper = token("keeper")
    assert [service.ask(r.method, r.path, keeper, r.body).status for r in REQUESTS] == [r.status for r in REQUESTS]
    assert secrets_in(admin) == set()


def test_account_can_do_nothing_else(admin, kubeconfig):
    """As the API server itself lists it."""
    caller = Caller(kubeconfig("fuseml-registry", "fuseml-system"))
    forbidden = [
        ("GET", f"/api/v1/namespaces/{installation.SYSTEM}/secrets"),
        ("GET", "/api/v1/secrets"),
        ("PATCH", f"{installation.SECRETS}/x"),
        ("PUT", f"{installation.SECRETS}/x"),
        ("DELETE", installation.SECRETS),
        ("DELETE", installation.EXTENSIONS),
        ("PATCH", f"{installation.EXTENSIONS}/x"),
        ("PUT", f"{installation.EXTENSIONS}/x/status"),
        ("GET", "/api/v1/namespaces"),
        ("POST", f"/api/v1/namespaces/{installation.REGISTRY}/pods"),
        ("POST", f"/api/v1/namespaces/{installation.SYSTEM}/serviceaccounts/fuseml-controller/token"),
    ]
    kind = {"PATCH": "application/merge-patch+json"}

    answers = {(m, p): caller.send(m, p, {}, kind.get(m, "application/json")).status for m, p in forbidden}

    assert {request: status for request, status in answers.items() if status != 403} == {}
