"""Only who may assign a project or an owner sets, changes or removes it; the rest of a namespace is left alone."""

import pytest

from tests.e2e.policies.attempts_on_namespaces import NO_OWNER, NO_PROJECT, OWNER, PROJECT, build, rows
from tests.e2e.policies.attempts_on_secrets import Row
from tests.e2e.policies.installation import confined, documents, install, post
from tests.e2e.policies.outcomes import send, wrong
from tests.e2e.policies.people import ADMINISTRATOR, LEAD, NAMESPACE_CONTROLLER, TENANT
from tests.e2e.support.secret_reader import MERGE_PATCH

WORLD_NAME = "real"
ROWS = rows(WORLD_NAME)
PATH = "/api/v1/namespaces"


@pytest.fixture(scope="module")
def policy(admin):
    """The policy in force for the namespaces of a world."""
    build(admin, WORLD_NAME)
    policy, _ = documents("policy-namespaces.yaml")
    install(admin, [confined(policy, WORLD_NAME, "objectSelector", {})], ["Deny"])


@pytest.mark.parametrize("row", ROWS, ids=[row.what for row in ROWS])
def test_attempt(admin, policy, row):
    assert not wrong(row, send(admin, row, dry_run=True))


def test_a_namespace_from_its_creation_to_its_end(admin, policy):
    """Each step is stored, none is a dry run."""
    path = f"{PATH}/{WORLD_NAME}-life"
    metadata = {"name": f"{WORLD_NAME}-life", "labels": {"example.com/world": WORLD_NAME}}
    red, blue, none = ({"metadata": {"labels": {PROJECT: project}}} for project in ("red", "blue", None))
    ada = {"metadata": {"annotations": {OWNER: "ada"}}}
    steps = [
        Row("tenant creates it", TENANT, "POST", PATH, "", {"metadata": metadata}),
        Row("tenant sets the project", TENANT, "PATCH", path, NO_PROJECT, red, MERGE_PATCH),
        Row("lead sets the project", LEAD, "PATCH", path, "", red, MERGE_PATCH),
        Row("lead sets another project", LEAD, "PATCH", path, NO_PROJECT, blue, MERGE_PATCH),
        Row("tenant sets the owner", TENANT, "PATCH", f"{path}/status", NO_OWNER, ada, MERGE_PATCH),
        Row("administrator sets another project", ADMINISTRATOR, "PATCH", path, "", blue, MERGE_PATCH),
        Row("lead removes the project", LEAD, "PATCH", path, NO_PROJECT, none, MERGE_PATCH),
        Row("tenant deletes it", TENANT, "DELETE", path, ""),
    ]  # fmt: skip

    for step in steps:
        assert not wrong(step, send(admin, step, dry_run=False))

    found = admin.send("GET", path).json()
    assert found["metadata"]["labels"][PROJECT] == "blue"
    found["spec"]["finalizers"] = []
    assert admin.acting_as(NAMESPACE_CONTROLLER).send("PUT", f"{path}/finalize", found).status == 200
    assert admin.send("GET", path).status == 404


def test_a_refusal_says_what_it_needs(admin, policy):
    body = {"metadata": {"labels": {PROJECT: "red"}, "annotations": {OWNER: "eve"}}}

    message = admin.acting_as(TENANT).send("PATCH", f"{PATH}/{WORLD_NAME}-blue", body, MERGE_PATCH).message

    assert message.partition("denied request: ")[2] == (
        "the label extensions.fuseml.org/project of a namespace says which shared credentials it gets; to change it "
        "from 'blue' to 'red' you need the verb assign on projects.fuseml.org for each of these names"
    )


def test_keys_are_settings(admin):
    """As with the component kubeflow-profiles, only the variable is replaced."""
    world = "keys"
    policy, _ = documents("policy-namespaces.yaml")
    keys = {variable["name"]: variable for variable in policy["spec"]["variables"]}
    keys["projectLabel"]["expression"], keys["ownerAnnotation"]["expression"] = "'example.com/team'", "'owner'"
    install(admin, [confined(policy, world, "objectSelector", {})], ["Deny"])
    post(admin, PATH, {"metadata": {"name": world, "labels": {"example.com/world": world}}})
    tenant, lead = admin.acting_as(TENANT), admin.acting_as(LEAD)

    for key, value, refused in (
        ("labels", {"example.com/team": "red"}, NO_PROJECT),
        ("annotations", {"owner": "ada"}, NO_OWNER),
    ):
        body = {"metadata": {key: value}}
        answer = tenant.send("PATCH", f"{PATH}/{world}", body, MERGE_PATCH)
        assert refused in answer.message
        assert next(iter(value)) in answer.message
        assert lead.send("PATCH", f"{PATH}/{world}", body, MERGE_PATCH).status == 200
    others = {"metadata": {"labels": {PROJECT: "blue"}, "annotations": {OWNER: "eve"}}}
    assert tenant.send("PATCH", f"{PATH}/{world}", others, MERGE_PATCH).status == 200
