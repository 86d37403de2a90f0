"""The registry's service on the node: people with tokens of the cluster, each with the rights that they have there."""

import json

import pytest

from registry.records.extension_objects import SOURCE_LABEL
from tests.e2e.admission.rbac_lists import check, own_rights
from tests.e2e.support.canary import marker
from tests.e2e.support.product import NAMESPACE, REGISTRY
from tests.e2e.support.registry_service import SERVICE, installed

RECORD = """\
id: {id}
product: {id}
services:
  - id: store
    resource: s3
    configuration: {{BUCKET: models}}
    endpoints: [{{url: "http://store:9000", configuration: {{S3_URL: "http://store:9000"}}}}]
    credentials: [{{id: everyone, scope: global, configuration: {{S3_KEY: {value}}}}}]
"""


@pytest.fixture
def people(kubectl, namespace):
    """The tokens of service accounts with Kubernetes' roles in the registry's namespace, and of one without."""
    here = kubectl.within(namespace)
    tokens = {}
    for role in ("edit", "view", ""):
        name = role or "stranger"
        here("create", "serviceaccount", name)
        if role:
            account = f"--serviceaccount={namespace}:{name}"
            kubectl("create", "rolebinding", f"{namespace}-{role}", f"--clusterrole={role}", account, "-n", REGISTRY)
        tokens[name] = here("create", "token", name).strip()
    yield tokens
    for role in ("edit", "view"):
        kubectl("delete", "rolebinding", f"{namespace}-{role}", "-n", REGISTRY)


def test_people_work_by_their_rights_and_the_service_by_its_own(product, kubectl, namespace, people, tmp_path):
    shared, own_id, value = kubectl.within(REGISTRY), f"{namespace}-store", marker()
    selector = {"name": "store", "extension_id": own_id}
    step = {"name": "main", "image": "x", "command": ["x"], "extensions": [selector]}
    run = {
        "apiVersion": "tekton.dev/v1",
        "kind": "TaskRun",
        "metadata": {"name": "asks"},
        "spec": {"taskSpec": {"steps": [step]}},
    }

    with installed(kubectl, product, tmp_path) as service:

        def refusal(*args, token=""):
            done = service.run(*args, token=token)
            assert (done.returncode, done.stdout) == (1, "")
            return done.stderr.replace(own_id, "ID")

        record = RECORD.format(id=own_id, value=value)
        done = service.run("register", "-f", "-", token=people["edit"], stdin=record)
        assert done.stdout == f'Extension "{own_id}" successfully registered\n', done.stderr
        stored = shared.json("get", "extension", own_id)
        assert value not in json.dumps(stored)
        (login,) = stored["spec"]["services"][0]["credentials"]
        assert shared.json("get", "secret", login["secretRef"]["name"])["kind"] == "Secret"

        shown = service.run("get", own_id, "-o", "yaml", token=people["view"])
        assert shown.returncode == 0
        assert value not in shown.stdout
        assert refusal("update", own_id, "--zone", "z", token=people["view"]) == (
            "error: you may not update the extension 'ID'\n"
        )
        # Everybody may read what is registered for everyone, as with kubectl.
        assert service.run("get", own_id, token=people["stranger"]).returncode == 0
        for args in (["update", "--zone", "z"], ["delete"]):
            assert refusal(*args, own_id, token=people["stranger"]) == (
                f"error: you may not {args[0]} the extension 'ID'\n"
            )
        assert "token" in refusal("get", own_id)

        within = kubectl.within(namespace)
        (step,) = within.json("create", "--dry-run=server", "-f", "-", stdin=run)["spec"]["taskSpec"]["steps"]
        assert {"name": "S3_URL", "value": "http://store:9000"} in step["env"]

        assert service.run("delete", own_id, token=people["edit"]).returncode == 0
        assert own_id in shared.fails("get", "extension", own_id)
        assert shared.json("get", "secrets", "-l", f"{SOURCE_LABEL}={own_id}")["items"] == []

        for where in (NAMESPACE, REGISTRY, "default"):
            account = f"system:serviceaccount:{NAMESPACE}:{SERVICE}"
            check(f"{SERVICE}-in-{where}", own_rights(kubectl, account, where))
