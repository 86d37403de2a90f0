"""Each service account may do what rbac/ lists and no more; whoever may edit a namespace may register there."""

import json

import pytest

from tests.e2e.admission.rbac_lists import EVERYONE, check, own_rights, rights
from tests.e2e.support.product import NAMESPACE, REGISTRY

ACCOUNTS = ["fuseml-webhook", "fuseml-controller"]
WEBHOOK = f"system:serviceaccount:{NAMESPACE}:fuseml-webhook"
READ, WRITE = ["get", "list", "watch"], ["create", "delete", "patch", "update"]


@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize("where", ["fuseml-system", "fuseml", "default", "elsewhere"])
def test_an_account_may_do_what_is_listed(product, kubectl, new_namespace, account, where):
    namespace = new_namespace() if where == "elsewhere" else where

    check(f"{account}-in-{where}", own_rights(kubectl, f"system:serviceaccount:{NAMESPACE}:{account}", namespace))


def test_everyone_may_do_what_kubernetes_gives_to_everyone_and_read_the_settings(product, kubectl, node):
    check("everyone", rights(kubectl, EVERYONE, NAMESPACE))


def test_everyone_may_read_what_is_registered_for_everyone(product, kubectl, namespace):
    records = "extensions.fuseml.org [] [] [get list watch]"

    assert rights(kubectl, EVERYONE, REGISTRY) - rights(kubectl, EVERYONE, namespace) == {records}


@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize("what", [
    *([verb, "secrets", "-n", where] for where in (NAMESPACE, "default")
      for verb in ("get", "list", "watch", "patch", "deletecollection")),
    ["patch", "secrets", "-n", "fuseml"], ["deletecollection", "secrets", "-n", "fuseml"],
    ["create", "pods", "-n", "default"], ["update", "pods", "-n", NAMESPACE], ["get", "pods", "-n", "default"],
    ["create", "pods", "-n", "fuseml"],
    ["patch", "pods", "--subresource=status"], ["create", "pods", "--subresource=exec", "-n", NAMESPACE],
    ["create", "serviceaccounts", "--subresource=token", "-n", NAMESPACE], ["list", "events"],
    ["update", "extensions.fuseml.org", "-n", "fuseml"], ["patch", "extensions.fuseml.org", "-n", "default"],
    ["update", "extensions.fuseml.org", "--subresource=status"], ["impersonate", "users"], ["patch", "namespaces"],
    ["patch", "mutatingwebhookconfigurations/webhook.pipeline.tekton.dev"], ["escalate", "clusterroles"],
    ["list", "configmaps", "-n", "fuseml"], ["get", "configmaps", "-n", "default"],
], ids=" ".join)  # fmt: skip
def test_no_account_may(product, kubectl, account, what):
    done = kubectl.run("auth", "can-i", *what, f"--as=system:serviceaccount:{NAMESPACE}:{account}")

    assert done.stdout.strip() == "no"


@pytest.mark.parametrize("verb", [*READ, *WRITE, "deletecollection"])
def test_the_webhook_has_no_right_on_secrets(product, kubectl, verb):
    """Nor has whoever forges reviews to it."""
    for where in (NAMESPACE, "fuseml", "default"):
        done = kubectl.run("auth", "can-i", verb, "secrets", "-n", where, f"--as={WEBHOOK}")
        assert done.stdout.strip() == "no"


@pytest.mark.parametrize(("role", "may"), [("admin", READ + WRITE), ("edit", READ + WRITE), ("view", READ)])
def test_roles_of_kubernetes_reach_extensions_of_their_namespace(product, kubectl, namespace, wait_for, role, may):
    user = f"--as=e2e-{role}"
    kubectl("create", "rolebinding", role, f"--clusterrole={role}", f"--user=e2e-{role}", "-n", namespace)
    wait_for(lambda: kubectl("auth", "can-i", "get", "ext", user, "-n", namespace), 30, "the role")

    for verb in READ + WRITE:
        here = kubectl.run("auth", "can-i", verb, "extensions.fuseml.org", user, "-n", namespace).stdout.strip()
        there = kubectl.run("auth", "can-i", verb, "extensions.fuseml.org", user, "-n", "fuseml").stdout.strip()
        everyones = "yes" if verb in READ else "no"
        assert (here, there) == ("yes" if verb in may else "no", everyones), verb
    for verb in ("patch", "update"):
        status = kubectl.run("auth", "can-i", verb, "ext", "--subresource=status", user, "-n", namespace)
        assert status.stdout.strip() == "no", "only the controller says whether an Extension works"


def test_pods_of_the_product_meet_the_standard_that_its_namespace_enforces(product):
    root = {"name": "x", "image": "x", "securityContext": {"runAsUser": 0}}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "root"}, "spec": {"containers": [root]}}

    refusal = product.kubectl.fails("create", "--dry-run=server", "-f", "-", stdin=pod)
    pods = product.kubectl.json("get", "pods", "-l", "app.kubernetes.io/name=fuseml-extensions")["items"]

    assert 'violates PodSecurity "restricted' in refusal
    assert len(pods) >= 3


def test_roles_name_what_the_cluster_has(product, kubectl):
    """Kubernetes accepts a role that names an unknown resource: it just grants nothing."""
    known = set(kubectl("api-resources", "-o", "name", "--no-headers").split())
    roles = kubectl.json("get", "roles,clusterroles", "-A", "-l", "app.kubernetes.io/part-of=fuseml-extensions")[
        "items"
    ]
    named = {
        f"{resource.partition('/')[0]}.{group}" if group else resource
        for role in roles for rule in role["rules"] for group in rule["apiGroups"] for resource in rule["resources"]
    }  # fmt: skip

    assert named
    assert named <= known


def test_the_webhooks_rules_name_what_the_cluster_has(product, kubectl):
    configuration = kubectl.json("get", "mutatingwebhookconfiguration", "extensions.fuseml.org")
    for webhook in configuration["webhooks"]:
        for rule in webhook["rules"]:
            for group in rule["apiGroups"]:
                root = f"/apis/{group}" if group else "/api"
                served = {
                    resource["name"]
                    for version in rule["apiVersions"]
                    for resource in json.loads(kubectl("get", "--raw", f"{root}/{version}"))["resources"]
                }
                assert set(rule["resources"]) <= served
