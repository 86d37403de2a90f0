"""manifests/ builds, and what its objects say of each other and of the commands is true."""

import base64
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from registry.stores.cluster import SETTLING
from webhook.adapters.annotations.names import GATE, NOTES
from webhook.cli.environment import options_of
from webhook.cli.installed import ASSUMED, INSTALLED, NAMESPACE
from webhook.cli.installed import SETTINGS_NAME as SETTINGS
from webhook.cli.main import commands
from webhook.controller.pods.waiting import JOB_TRACKING
from webhook.serving.reviewer import DELIVERY_PATIENCE
from webhook.serving.worker import GRACE

ROOT = Path(__file__).parents[2]
MANIFESTS = ROOT / "manifests"
OVERLAYS = sorted(path.parent.name for path in MANIFESTS.glob("overlays/*/kustomization.yaml"))
IN_PODS = [name for name in OVERLAYS if name != "local-process"]
LAST_APPLIED = 256 * 1024  # what the annotation of a client-side apply may hold, with all others

pytestmark = pytest.mark.skipif(not shutil.which("kubectl"), reason="kustomize comes with kubectl, which is not here")


@cache
def built(overlay: str) -> list[dict[str, Any]]:
    """The objects of an overlay."""
    return built_in(MANIFESTS / "overlays" / overlay)


def built_in(folder: Path) -> list[dict[str, Any]]:
    command = ["kubectl", "kustomize", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return list(yaml.safe_load_all(done.stdout))


def objects(overlay: str, kind: str) -> dict[str, dict[str, Any]]:
    return {obj["metadata"]["name"]: obj for obj in built(overlay) if obj["kind"] == kind}


def pod(deployment: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = deployment["spec"]["template"]["spec"]
    return spec


def container(deployment: dict[str, Any]) -> dict[str, Any]:
    (only,) = pod(deployment)["containers"]
    return only


def option(deployment: dict[str, Any], name: str) -> str:
    (value,) = [arg.partition("=")[2] for arg in container(deployment)["args"] if arg.startswith(f"{name}=")]
    return value


def settings(overlay: str) -> dict[str, str]:
    """The environment variables that both processes are started with."""
    data: dict[str, str] = objects(overlay, "ConfigMap")[SETTINGS]["data"]
    return data


def secrets(overlay: str) -> set[str]:
    """The Secrets that are there, or that cert-manager makes."""
    certificates = objects(overlay, "Certificate").values()
    return {*objects(overlay, "Secret"), *(certificate["spec"]["secretName"] for certificate in certificates)}


def conditions(webhook: dict[str, Any]) -> str:
    """The CEL of its last condition, without comments."""
    lines = webhook["matchConditions"][-1]["expression"].splitlines()
    return "\n".join(line for line in lines if not line.strip().startswith("//"))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_object_is_small_enough_to_be_applied(overlay):
    for obj in built(overlay):
        assert len(yaml.safe_dump(obj)) < LAST_APPLIED / 2


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_object_bears_the_label_by_which_all_are_found(overlay):
    for obj in built(overlay):
        labels = obj["metadata"].get("labels", {})
        assert labels.get("app.kubernetes.io/part-of") == "fuseml-extensions" or obj["kind"] in (
            "PriorityClass", "Certificate", "Issuer",
        )  # fmt: skip


@pytest.mark.parametrize("overlay", IN_PODS)
def test_the_service_leads_to_the_webhook(overlay):
    service = objects(overlay, "Service")["fuseml-webhook"]
    deployment = objects(overlay, "Deployment")["fuseml-webhook"]
    (port,) = service["spec"]["ports"]
    own, metrics = container(deployment)["ports"]
    (configuration,) = objects(overlay, "MutatingWebhookConfiguration").values()

    assert service["spec"]["selector"].items() <= deployment["spec"]["template"]["metadata"]["labels"].items()
    assert port["targetPort"] == own["name"]
    assert option(deployment, "--listen") == f":{own['containerPort']}"
    assert option(deployment, "--metrics-listen") == f":{metrics['containerPort']}"
    for webhook in configuration["webhooks"]:
        assert webhook["clientConfig"]["service"] == {
            "name": service["metadata"]["name"], "namespace": service["metadata"]["namespace"],
            "path": "/mutate", "port": port["port"],
        }  # fmt: skip


@pytest.mark.parametrize("overlay", IN_PODS)
def test_policies_and_budgets_select_the_pods_and_name_their_ports(overlay):
    deployments = objects(overlay, "Deployment")
    budget = objects(overlay, "PodDisruptionBudget")["fuseml-webhook"]
    for name, obj in [*objects(overlay, "NetworkPolicy").items(), ("fuseml-webhook", budget)]:
        selector = obj["spec"].get("podSelector", obj["spec"].get("selector"))
        if name in deployments:
            labels = deployments[name]["spec"]["template"]["metadata"]["labels"]
            assert selector["matchLabels"].items() <= labels.items()
            ports = {port["name"] for port in container(deployments[name])["ports"]}
            assert {port["port"] for rule in obj["spec"].get("ingress", ()) for port in rule["ports"]} <= ports


@pytest.mark.parametrize("overlay", IN_PODS)
def test_the_webhook_may_read_the_ledgers_where_it_looks_for_them_and_nowhere_else(overlay):
    role, binding = (objects(overlay, kind)["fuseml-webhook"] for kind in ("Role", "RoleBinding"))

    assert {role["metadata"]["namespace"], binding["metadata"]["namespace"]} == {
        settings(overlay)["FUSEML_LEDGER_NAMESPACE"]
    }
    assert role["rules"] == [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}]
    assert [subject["name"] for subject in binding["subjects"]] == ["fuseml-webhook"]


def test_the_api_server_waits_longer_than_a_refusal_is_held_back():
    (configuration,) = objects("self-managed-certs", "MutatingWebhookConfiguration").values()

    # And so that what waits for a thread of the webhook before it is decided has a second.
    assert {w["timeoutSeconds"] for w in configuration["webhooks"] if not w["name"].startswith("near-misses")} == {5}
    assert SETTLING + DELIVERY_PATIENCE + 1 <= 5


@pytest.mark.parametrize("overlay", IN_PODS)
def test_the_webhook_finds_its_certificate(overlay):
    deployment = objects(overlay, "Deployment")["fuseml-webhook"]
    (volume,) = pod(deployment)["volumes"]
    (mount,) = container(deployment)["volumeMounts"]

    assert mount["name"] == volume["name"]
    assert volume["secret"]["secretName"] in secrets(overlay)
    paths = [f"{mount['mountPath']}/{item['path']}" for item in volume["secret"]["items"]]
    assert paths == [option(deployment, "--tls-cert"), option(deployment, "--tls-key")]


@pytest.mark.parametrize("overlay", IN_PODS)
def test_the_commands_take_the_arguments(overlay):
    for deployment in objects(overlay, "Deployment").values():
        name, *args = container(deployment)["args"]
        command = commands.get_command(None, name)  # type: ignore[arg-type]  # needs none
        known = {word for parameter in command.params for word in parameter.opts}

        assert {arg.partition("=")[0] for arg in args} <= known


@pytest.mark.parametrize("overlay", IN_PODS)
def test_probes_ask_at_a_port_of_the_container(overlay):
    for deployment in objects(overlay, "Deployment").values():
        ports = {port["name"] for port in container(deployment)["ports"]}
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            request = container(deployment)[probe]["httpGet"]
            assert request["port"] in ports
            assert (request.get("scheme") == "HTTPS") == (request["port"] == "https")


@pytest.mark.parametrize("overlay", IN_PODS)
def test_roles_name_objects_that_exist(overlay):
    there = {obj["metadata"]["name"] for obj in built(overlay)}
    for kind in ("Role", "ClusterRole"):
        for role in objects(overlay, kind).values():
            assert {name for rule in role["rules"] for name in rule.get("resourceNames", ())} <= there


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_bindings_lead_from_accounts_to_roles_that_exist(overlay):
    accounts = objects(overlay, "ServiceAccount")
    for kind in ("RoleBinding", "ClusterRoleBinding"):
        for binding in objects(overlay, kind).values():
            assert binding["roleRef"]["name"] in objects(overlay, binding["roleRef"]["kind"])
            subjects = [subject["name"] for subject in binding["subjects"] if subject["kind"] == "ServiceAccount"]
            assert set(subjects) <= set(accounts)


@pytest.mark.parametrize("overlay", IN_PODS)
def test_both_processes_are_started_from_the_settings_and_no_argument_hides_one(overlay):
    read = {option.envvar: option for _, option in options_of(commands)}

    assert settings(overlay).keys() <= set(INSTALLED) <= read.keys()
    for deployment in objects(overlay, "Deployment").values():
        assert container(deployment)["envFrom"] == [{"configMapRef": {"name": SETTINGS}}]
        given = {arg.partition("=")[0] for arg in container(deployment)["args"]}
        assert not given & {word for name in INSTALLED for word in read[name].opts}
    assert settings(overlay) == ASSUMED


@pytest.mark.parametrize("overlay", IN_PODS)
def test_everybody_may_read_the_records_for_everyone_and_the_settings_and_nothing_else(overlay):
    found = {
        (binding["kind"], binding["metadata"]["namespace"], binding["roleRef"]["name"])
        for kind in ("RoleBinding", "ClusterRoleBinding")
        for binding in objects(overlay, kind).values()
        if any(subject["kind"] != "ServiceAccount" for subject in binding["subjects"])
    }
    (role,) = (role for role in objects(overlay, "Role").values() if role["metadata"]["name"] == SETTINGS)

    assert found == {
        ("RoleBinding", settings(overlay)["FUSEML_REGISTRY_NAMESPACE"], "fuseml-extensions-view"),
        ("RoleBinding", NAMESPACE, SETTINGS),
    }
    assert (
        role["metadata"]["namespace"] == objects(overlay, "ConfigMap")[SETTINGS]["metadata"]["namespace"] == NAMESPACE
    )
    assert role["rules"] == [
        {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": [SETTINGS], "verbs": ["get"]}
    ]


@pytest.mark.parametrize("overlay", IN_PODS)
def test_pods_meet_the_restricted_standard(overlay):
    for namespace in ("fuseml", "fuseml-system"):
        labels = objects(overlay, "Namespace")[namespace]["metadata"]["labels"]
        assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    for deployment in objects(overlay, "Deployment").values():
        security = pod(deployment)["securityContext"]
        assert security["runAsNonRoot"]
        assert security["runAsUser"] == int(
            re.findall(r"^USER (\d+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)[0]
        )
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container(deployment)["securityContext"] == {
            "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
        }  # fmt: skip
        assert container(deployment)["resources"]["limits"]["memory"]


@pytest.mark.parametrize("overlay", IN_PODS)
def test_a_pod_has_the_time_to_end_in_order(overlay):
    deployment = objects(overlay, "Deployment")["fuseml-webhook"]
    before = container(deployment)["lifecycle"]["preStop"]["sleep"]["seconds"]

    # The server gives its worker five seconds more.
    assert before + float(option(deployment, "--drain")) + GRACE + 5 <= pod(deployment)["terminationGracePeriodSeconds"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_conditions_come_through_as_they_were_written(overlay):
    written = yaml.safe_load((MANIFESTS / "base/webhook-configuration.yaml").read_text())
    (configuration,) = objects(overlay, "MutatingWebhookConfiguration").values()

    for ours, theirs in zip(written["webhooks"], configuration["webhooks"], strict=True):
        assert {**ours, "clientConfig": 0} == {**theirs, "clientConfig": 0}


def test_tekton_and_argo_ask_by_the_same_words():
    tekton, argo = (conditions(w) for w in objects("self-managed-certs", "MutatingWebhookConfiguration")[
        "extensions.fuseml.org"]["webhooks"][:2])  # fmt: skip
    in_spec, where_blocks_are = "|| ['%s'.format", "(text.size() > 16384"

    words = [condition.partition(in_spec)[2].partition(where_blocks_are) for condition in (tekton, argo)]
    assert words[0][:2] == words[1][:2]
    assert where_blocks_are in words[0]


def named_conditions(obj: dict[str, Any]) -> dict[str, str]:
    """By name, the CEL of the conditions of a webhook or of a policy's spec, on one line."""
    return {condition["name"]: " ".join(condition["expression"].split()) for condition in obj["matchConditions"]}


def test_the_webhook_is_asked_about_the_pods_that_the_policy_gates_and_about_those_that_cannot_be():
    (configuration,) = objects("self-managed-certs", "MutatingWebhookConfiguration").values()
    webhooks = {webhook["name"].partition(".")[0]: webhook for webhook in configuration["webhooks"]}
    policy = objects("self-managed-certs", "MutatingAdmissionPolicy")["pods.extensions.fuseml.org"]["spec"]
    gated, bound = named_conditions(webhooks["pods"]), named_conditions(webhooks["bound-pods"])

    assert gated == named_conditions(policy)
    assert bound["asks"] == gated["asks"]
    assert bound["bound"] == gated["not-bound"].replace("==", "!=")
    assert webhooks["pods"]["rules"] == webhooks["bound-pods"]["rules"] == policy["matchConstraints"]["resourceRules"]


def test_what_may_wait_may_be_missed_and_nothing_else():
    (configuration,) = objects("self-managed-certs", "MutatingWebhookConfiguration").values()

    assert {webhook["name"].partition(".")[0]: webhook["failurePolicy"] for webhook in configuration["webhooks"]} == {
        "tekton": "Fail", "argo": "Fail", "pods": "Ignore", "bound-pods": "Fail", "workloads": "Ignore",
        "near-misses": "Ignore",
    }  # fmt: skip


def test_policies_name_the_gate_and_the_account_as_the_product_does():
    policies = {obj["metadata"]["name"]: obj for obj in built("self-managed-certs") if obj["kind"].endswith("Policy")}
    gate, controller = (yaml.safe_dump(policies[f"{name}.extensions.fuseml.org"]) for name in ("pods", "controller"))
    account = objects("self-managed-certs", "ServiceAccount")["fuseml-controller"]["metadata"]

    assert f"'{GATE}'" in yaml.safe_load(gate)["spec"]["mutations"][0]["applyConfiguration"]["expression"]
    assert GATE in controller
    assert JOB_TRACKING in controller
    assert f"system:serviceaccount:{account['namespace']}:{account['name']}" in controller
    notes = yaml.safe_dump(policies["notes.extensions.fuseml.org"])
    assert all(note in notes for note in NOTES)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_policy_is_bound(overlay):
    for kind in ("MutatingAdmissionPolicy", "ValidatingAdmissionPolicy"):
        bindings = objects(overlay, f"{kind}Binding").values()
        assert {binding["spec"]["policyName"] for binding in bindings} == set(objects(overlay, kind))


def own_overlays() -> list[dict[str, Any]]:
    """The overlays of an operator that docs/install.md shows, whole or as the part that differs."""
    blocks = re.findall(r"^```yaml\n(.*?)^```$", (ROOT / "docs/install.md").read_text(), re.MULTILINE | re.DOTALL)
    shown = [content for content in map(yaml.safe_load, blocks) if content.keys() & {"patches", "components"}]
    assert len(shown) > 3
    return shown


@pytest.mark.parametrize("content", own_overlays(), ids=lambda content: str(sorted(content)))
def test_overlay_that_is_shown_builds_and_changes_what_it_names(tmp_path, content):
    shutil.copytree(MANIFESTS, tmp_path / "manifests")
    (tmp_path / "own").mkdir()
    whole = {"resources": ["../manifests/overlays/self-managed-certs"], **content}
    (tmp_path / "own/kustomization.yaml").write_text(yaml.safe_dump(whole))

    assert built_in(tmp_path / "own") != built("self-managed-certs")


@pytest.fixture
def without_policies(tmp_path):
    """Builds an overlay with the component in it, as docs/install.md says."""

    def build(overlay: str) -> list[dict[str, Any]]:
        folder = tmp_path / overlay
        folder.mkdir()
        shutil.copytree(MANIFESTS, folder / "manifests")
        (folder / "own").mkdir()
        (folder / "own/kustomization.yaml").write_text(yaml.safe_dump({
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": [f"../manifests/overlays/{overlay}"],
            "components": ["../manifests/components/without-policies"],
        }))  # fmt: skip
        return built_in(folder / "own")

    return build


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_without_policies_no_pod_that_asks_may_be_missed_and_the_rest_is_the_same(without_policies, overlay):
    def without(objects):
        rest = {(o["kind"], o["metadata"]["name"]): o for o in objects if "MutatingAdmission" not in o["kind"]}
        hooks = rest.pop(("MutatingWebhookConfiguration", "extensions.fuseml.org"))["webhooks"]
        return rest, {hook["name"].partition(".")[0]: hook for hook in hooks}

    found = without_policies(overlay)
    rest, hooks = without(found)
    usual, usual_hooks = without(built(overlay))

    assert not any("MutatingAdmissionPolicy" in obj["kind"] for obj in found)
    assert rest == usual
    assert hooks == {**usual_hooks, "pods": {**usual_hooks["pods"], "failurePolicy": "Fail"}}


def test_applying_again_leaves_what_the_controller_wrote():
    configuration = objects("self-managed-certs", "MutatingWebhookConfiguration")["extensions.fuseml.org"]

    assert not any("caBundle" in webhook["clientConfig"] for webhook in configuration["webhooks"])
    assert not any({"data", "stringData"} & set(obj) for obj in objects("self-managed-certs", "Secret").values())
    assert "spec" not in objects("self-managed-certs", "Lease")["fuseml-controller"]


def test_who_makes_the_certificates_is_the_same_for_controller_and_secrets():
    for overlay, by, made_here in (("self-managed-certs", "self-managed", True), ("cert-manager", "external", False)):
        controller = objects(overlay, "Deployment")["fuseml-controller"]
        rights = [
            resource
            for rule in objects(overlay, "Role")["fuseml-controller"]["rules"]
            for resource in rule["resources"]
        ]

        assert option(controller, "--certificates") == by
        assert bool(objects(overlay, "Secret")) == ("secrets" in rights) == made_here
        assert bool(objects(overlay, "Certificate")) != made_here


def test_cert_managers_certificate_is_for_the_service():
    (configuration,) = objects("cert-manager", "MutatingWebhookConfiguration").values()
    source = configuration["metadata"]["annotations"]["cert-manager.io/inject-ca-from"]
    certificate = objects("cert-manager", "Certificate")[source.partition("/")[2]]

    assert source == f"{certificate['metadata']['namespace']}/{certificate['metadata']['name']}"
    assert certificate["spec"]["dnsNames"] == ["fuseml-webhook.fuseml-system.svc"]
    assert certificate["spec"]["secretName"] == "fuseml-webhook-tls"


def test_hardened_knows_the_control_plane_from_one_place():
    policies = objects("hardened", "NetworkPolicy")
    cidr = re.findall(r"^CIDR=(.*)", (MANIFESTS / "overlays/hardened/control-plane.env").read_text(), re.MULTILINE)

    assert [peer["ipBlock"]["cidr"] for peer in policies["fuseml-webhook"]["spec"]["ingress"][0]["from"]] == cidr
    assert [peer["ipBlock"]["cidr"] for peer in policies["fuseml-default"]["spec"]["egress"][0]["to"]] == cidr
    assert set(objects("hardened", "ConfigMap")) == {SETTINGS}
    for deployment in objects("hardened", "Deployment").values():
        assert pod(deployment)["priorityClassName"] in objects("hardened", "PriorityClass")


def test_a_local_process_leaves_nothing_to_run_in_the_cluster():
    (configuration,) = objects("local-process", "MutatingWebhookConfiguration").values()
    kinds = {obj["kind"] for obj in built("local-process")}

    policies = {"MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"}
    assert kinds == {
        "Namespace", "CustomResourceDefinition", "ClusterRole", "MutatingWebhookConfiguration", *policies
    }  # fmt: skip
    assert len(configuration["webhooks"]) == 6
    for webhook in configuration["webhooks"]:
        assert webhook["clientConfig"]["url"].endswith("/mutate")
        assert base64.b64decode(webhook["clientConfig"]["caBundle"])


def test_the_image_takes_only_what_the_context_sends():
    sent = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = re.findall(r"^COPY (?!--from)(\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)

    assert copied == sent


def test_every_overlay_is_documented():
    page = (ROOT / "docs/install.md").read_text()

    components = [path.parent.name for path in MANIFESTS.glob("components/*/kustomization.yaml")]
    assert all(f"`{name}`" in page for name in OVERLAYS + components)


def test_a_pod_monitor_scrapes_both_processes_where_policies_let_it():
    (monitor,) = yaml.safe_load_all((MANIFESTS / "components/pod-monitor/pod-monitor.yaml").read_text())
    deployments = objects("self-managed-certs", "Deployment")
    policies = objects("self-managed-certs", "NetworkPolicy")

    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    assert {name.removeprefix("fuseml-") for name in deployments} == {"webhook", "controller"}
    for name, deployment in deployments.items():
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        assert monitor["metadata"]["namespace"] == deployment["metadata"]["namespace"]
        assert monitor["spec"]["selector"]["matchLabels"].items() <= labels.items()
        assert endpoint["port"] in [port["name"] for port in container(deployment)["ports"]]
        open_ports = [port["port"] for rule in policies[name]["spec"]["ingress"] for port in rule["ports"]]
        assert endpoint["port"] in open_ports
