"""The controller writes only the copies of credentials, and nobody else writes these; other Secrets are left alone."""

import pytest

from tests.e2e.policies import people
from tests.e2e.policies.attempts_on_secrets import ONLY_COPIES, rows
from tests.e2e.policies.installation import confined, documents, install, post
from tests.e2e.policies.outcomes import send, wrong
from tests.e2e.policies.people import GARBAGE_COLLECTOR, TENANT
from tests.e2e.policies.secrets_world import COPY, PREFIX, REAL, TYPE, build, fixtures, secret, variant
from tests.e2e.support.secret_reader import MERGE_PATCH

ROWS = rows(REAL)
IDS = [row.what for row in ROWS]


def stored(admin, world):
    """Every Secret that there is, by namespace and name."""
    lists = (admin.send("GET", f"/api/v1/namespaces/{namespace}/secrets").json() for namespace in world)
    items = [item for found in lists for item in found["items"]]
    return {(item["metadata"]["namespace"], item["metadata"]["name"]): item for item in items}


def ours(secrets):
    """Those that the policy protects."""
    return {key: item for key, item in secrets.items() if key[1].startswith(PREFIX) or item["type"] == TYPE}


def restore(admin, world):
    """Recreate all Secrets, except in the namespace that is being deleted."""
    for (namespace, name), item in stored(admin, world).items():
        path = f"/api/v1/namespaces/{namespace}/secrets/{name}"
        if namespace != world.gone:
            if item["metadata"].get("finalizers"):
                admin.send("PATCH", path, {"metadata": {"finalizers": None}}, MERGE_PATCH)
            admin.send("DELETE", path)
    for namespace, obj in fixtures(world):
        if namespace != world.gone:
            post(admin, f"/api/v1/namespaces/{namespace}/secrets", obj)


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_dry_run(admin, world, row):
    assert not wrong(row, send(admin, row, dry_run=True))


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_attempt(admin, world, row):
    before = stored(admin, world)

    answer = send(admin, row, dry_run=False)

    assert not wrong(row, answer)
    after = stored(admin, world)
    # A deletecollection goes through the Secrets until one is refused.
    partly = row.refused and row.method == "DELETE" and row.path.endswith("/secrets")
    if row.refused:
        assert (ours(after) if partly else after) == (ours(before) if partly else before)
    if partly or not row.refused:
        restore(admin, world)


def test_ordinary_secrets_go_when_all_of_a_namespace_are_deleted_one_by_one(admin, world):
    """A copy makes a deletecollection fail; `kubectl delete secrets --all` goes on after a refusal."""
    tenant, secrets = admin.acting_as(TENANT), f"/api/v1/namespaces/{world.home}/secrets"
    names = [name for namespace, name in stored(admin, world) if namespace == world.home]

    statuses = {name: tenant.send("DELETE", f"{secrets}/{name}").status for name in names}

    restore(admin, world)
    assert statuses[COPY] == 403
    assert sorted(set(statuses.values())) == [200, 403]


def test_a_copy_that_is_deleted_in_the_foreground_does_not_hold_up_its_namespace(admin, world):
    namespace = f"{world.gone}-slowly"
    path = f"/api/v1/namespaces/{namespace}/secrets"
    post(admin, "/api/v1/namespaces", {"metadata": {"name": namespace, "labels": {"example.com/world": world.home}}})
    people.grant(admin, namespace, TENANT, "all-secrets")
    post(admin, path, secret(COPY, TYPE))
    admin.send("DELETE", f"/api/v1/namespaces/{namespace}")

    waiting = admin.acting_as(TENANT).send("DELETE", f"{path}/{COPY}?propagationPolicy=Foreground")
    assert waiting.json()["metadata"]["finalizers"] == ["foregroundDeletion"]
    done = admin.acting_as(GARBAGE_COLLECTOR).send(
        "PATCH", f"{path}/{COPY}", {"metadata": {"finalizers": None}}, MERGE_PATCH
    )

    assert done.status == 200
    assert admin.send("GET", f"{path}/{COPY}").status == 404


def test_a_controller_that_issues_no_certificates_may_not_update_them(admin):
    """As with the overlay cert-manager."""
    other = variant("cert-manager")
    build(admin, other)
    policy = documents("policy-credentials.yaml")[0]
    certificates = policy["spec"]["variables"][0]
    assert certificates["name"] == "certificates"
    certificates["expression"] = "[]"
    install(admin, [confined(policy, other.home, "namespaceSelector", other.names)], ["Deny"])
    updates = [row for row in rows(other) if row.path.startswith(f"/api/v1/namespaces/{other.system}/")]

    answers = [send(admin, row, dry_run=False) for row in updates]

    assert len(answers) > 4
    assert all(ONLY_COPIES in answer.message for answer in answers)


@pytest.mark.parametrize("name", ["credentials", "namespaces", "extensions"])
def test_the_api_server_accepts_the_policies_as_they_are(admin, name):
    for document in documents(f"policy-{name}.yaml"):
        plural = document["kind"].lower().replace("policy", "policies") if document["kind"].endswith("Policy") else (
            f"{document['kind'].lower()}s")  # fmt: skip
        path = f"/apis/{document['apiVersion']}/{plural}?dryRun=All&fieldValidation=Strict"

        answer = admin.send("POST", path, document)

        assert answer.status == 201, answer.text
        assert "Warning" not in answer.headers
