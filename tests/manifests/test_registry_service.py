"""The component registry-service: what its objects say of each other and of the command is true."""

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest
import yaml

from webhook.cli.main import commands
from webhook.registry_server import server

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(not shutil.which("kubectl"), reason="kustomize comes with kubectl, which is not here")


@cache
def written(name):
    folder = ROOT / "manifests/components/registry-service"
    return list(yaml.safe_load_all((folder / name).read_text()))


@pytest.fixture(scope="module", params=["self-managed-certs", "cert-manager", "hardened"])
def built(request, tmp_path_factory):
    """The objects of an overlay with the component in it, by kind and name."""
    folder = tmp_path_factory.mktemp(request.param)
    shutil.copytree(ROOT / "manifests", folder / "manifests")
    (folder / "own").mkdir()
    own = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [f"../manifests/overlays/{request.param}"],
        "components": ["../manifests/components/registry-service"],
    }
    (folder / "own/kustomization.yaml").write_text(yaml.safe_dump(own))
    done = subprocess.run(
        ["kubectl", "kustomize", str(folder / "own")], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return {(obj["kind"], obj["metadata"]["name"]): obj for obj in yaml.safe_load_all(done.stdout)}


@pytest.fixture
def pod(built):
    return built["Deployment", "fuseml-registry"]["spec"]["template"]


@pytest.fixture
def container(pod):
    (only,) = pod["spec"]["containers"]
    return only


def test_service_and_policy_lead_to_the_pods(built, pod, container):
    service, policy = built["Service", "fuseml-registry"]["spec"], built["NetworkPolicy", "fuseml-registry"]["spec"]
    (port,) = container["ports"]

    for selector in (service["selector"], policy["podSelector"]["matchLabels"]):
        assert selector.items() <= pod["metadata"]["labels"].items()
    assert service["ports"][0]["targetPort"] == policy["ingress"][0]["ports"][0]["port"] == port["name"]
    assert f"--listen=:{port['containerPort']}" in container["args"]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"]["port"] == port["name"]


def test_webhook_s_service_and_policies_do_not_lead_there(built, pod):
    labels = pod["metadata"]["labels"].items()

    assert not built["Service", "fuseml-webhook"]["spec"]["selector"].items() <= labels
    assert not built["NetworkPolicy", "fuseml-webhook"]["spec"]["podSelector"]["matchLabels"].items() <= labels


def test_command_takes_the_arguments_and_reads_the_settings(built, container):
    name, *args = container["args"]
    command = commands.get_command(None, name)
    known = {word: option.envvar for option in command.params for word in option.opts}
    settings = built["ConfigMap", container["envFrom"][0]["configMapRef"]["name"]]["data"]

    assert {arg.partition("=")[0] for arg in args} <= known.keys()
    assert settings[known["--registry-namespace"]] == built["Role", "fuseml-registry"]["metadata"]["namespace"]


def test_certificate_is_where_it_is_looked_for(pod, container):
    (volume,) = pod["spec"]["volumes"]
    (mount,) = container["volumeMounts"]

    paths = [f"{mount['mountPath']}/{item['path']}" for item in volume["secret"]["items"]]
    assert [f"--tls-cert={paths[0]}", f"--tls-key={paths[1]}"] == container["args"][1:3]


def test_account_may_what_the_service_does_and_no_more(built, pod):
    account = {"kind": "ServiceAccount", "name": pod["spec"]["serviceAccountName"], "namespace": "fuseml-system"}
    page = (ROOT / "docs/registry-service.md").read_text()

    for kind in ("Role", "ClusterRole"):
        binding = built[f"{kind}Binding", "fuseml-registry"]
        assert binding["subjects"] == [account]
        assert (binding["roleRef"]["kind"], binding["roleRef"]["name"]) == (kind, "fuseml-registry")
    assert [(rule["resources"], rule["verbs"]) for rule in built["Role", "fuseml-registry"]["rules"]] == [
        (["extensions"], ["get", "list", "create", "update", "delete"]),
        (["secrets"], ["get", "list", "create", "delete"]),
    ]
    assert [(rule["resources"], rule["verbs"]) for rule in built["ClusterRole", "fuseml-registry"]["rules"]] == [
        (["tokenreviews"], ["create"]),
        (["subjectaccessreviews"], ["create"]),
    ]
    assert "`get`, `list`, `create` and `delete` for Secrets" in page


def test_pod_meets_the_restricted_standard_and_has_the_time_to_end(pod, container):
    security = pod["spec"]["securityContext"]
    user = re.findall(r"^USER (\d+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)[0]

    assert (security["runAsNonRoot"], security["runAsUser"]) == (True, int(user))
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    before = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert before + server.GRACE + 5 <= pod["spec"]["terminationGracePeriodSeconds"]


def test_every_object_bears_the_label_by_which_all_are_found():
    for name in ("rbac.yaml", "network-policy.yaml", "registry.yaml"):
        for obj in written(name):
            assert obj["metadata"]["labels"]["app.kubernetes.io/part-of"] == "fuseml-extensions"
