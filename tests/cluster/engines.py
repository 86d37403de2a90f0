"""Install Tekton and Argo from their modules' own manifests, and run their controllers on the host."""

import hashlib
import json
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.build import ARGO, TEKTON, binaries, module
from tests.cluster.kubectl import kubectl
from tests.cluster.paths import GO, KUBECONFIG, STATE
from tests.cluster.processes import start, wait

APPLY = ("apply", "--server-side", "--force-conflicts")  # the CRDs are too large for an annotation
SERVICE = "tekton-pipelines-webhook"
PORT = 18443
COMMON = {
    "SYSTEM_NAMESPACE": "tekton-pipelines",
    "KUBERNETES_MIN_VERSION": "v1.28.0",
    "CONFIG_LOGGING_NAME": "config-logging",
    "CONFIG_OBSERVABILITY_NAME": "config-observability",
    "CONFIG_FEATURE_FLAGS_NAME": "feature-flags",
    "CONFIG_DEFAULTS_NAME": "config-defaults",
    "METRICS_DOMAIN": "tekton.dev/pipeline",
    "POD_NAME": "local",
}
WEBHOOK = {
    "PROBES_PORT": "18081",
    "METRICS_PROMETHEUS_PORT": "18082",
    "PROFILING_PORT": "18083",
    "WEBHOOK_PORT": str(PORT),
    "WEBHOOK_SERVICE_NAME": SERVICE,
    "WEBHOOK_SECRET_NAME": "webhook-certs",
    "WEBHOOK_ADMISSION_CONTROLLER_NAME": "webhook.pipeline.tekton.dev",
    "CONFIG_LEADERELECTION_NAME": "config-leader-election-webhook",
}
CONTROLLER = {
    "PROBES_PORT": "18084",
    "METRICS_PROMETHEUS_PORT": "18085",
    "PROFILING_PORT": "18086",
    "CONFIG_LEADERELECTION_NAME": "config-leader-election-controller",
    "CONFIG_SPIRE": "config-spire",
}


def install() -> None:
    """Apply the manifests, unless these were applied before."""
    for group, apply in {"tekton": _install_tekton, "argo": _install_argo}.items():
        digest = hashlib.sha256(Path(__file__).read_bytes() + (GO / group / "go.mod").read_bytes()).hexdigest()
        marker = STATE / f"{group}-installed"
        if not marker.exists() or marker.read_text() != digest:
            apply()
            marker.write_text(digest)


def run() -> None:
    """Start the controllers, and wait until Tekton's webhook has registered itself and answers."""
    tekton = binaries("tekton")
    flags = (f"-kubeconfig={KUBECONFIG}", "-disable-ha")
    images = {"shell": "busybox"} | {
        name: f"tekton-{name}" for name in ("entrypoint", "nop", "sidecarlogresults", "workingdirinit")
    }
    options = [f"-{name}-image=docker.io/local/{image}:1" for name, image in images.items()]
    start("tekton-webhook", tekton / "webhook", *flags, env=COMMON | WEBHOOK)
    start(
        "tekton-controller", tekton / "controller", *flags, *options, "-shell-image-win=none", env=COMMON | CONTROLLER
    )
    start(
        "workflow-controller", binaries("argo") / "workflow-controller", "--kubeconfig", KUBECONFIG,
        "--namespace", "argo", "--executor-image", "docker.io/local/argoexec:1",
        "--executor-image-pull-policy", "Never", env={"LEADER_ELECTION_DISABLE": "true"},
    )  # fmt: skip
    wait("tekton-webhook", _admits)


def _admits() -> bool:
    """A dry run alone proves nothing: it succeeds as well while the configuration has no rules."""
    path = "jsonpath={.webhooks[0].rules}{.webhooks[0].clientConfig.caBundle}"
    shown = kubectl("get", "mutatingwebhookconfiguration", "webhook.pipeline.tekton.dev", "-o", path, check=False)
    if "operations" not in shown.stdout or "LS0t" not in shown.stdout:
        return False
    task = {
        "apiVersion": "tekton.dev/v1",
        "kind": "Task",
        "metadata": {"name": "probe"},
        "spec": {"steps": [{"image": "x", "command": ["x"]}]},
    }
    create = ("create", "--dry-run=server", "-n", "default", "-f", "-")
    return kubectl(*create, stdin=yaml.safe_dump(task), check=False).returncode == 0


def _install_tekton() -> None:
    config = module("tekton", TEKTON) / "config"
    files = [*(config / "100-namespace").glob("*.yaml"), *sorted((config / "300-crds").glob("*.yaml"))]
    files += [config / "500-webhooks.yaml", *sorted(config.glob("config-*.yaml"))]
    documents = [document for file in files for document in _documents(file)]
    ports = [{"name": "https-webhook", "port": PORT}]
    spec = {"type": "ExternalName", "externalName": "localhost", "ports": ports}
    metadata = {"name": SERVICE, "namespace": "tekton-pipelines"}
    documents.append({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
    _apply(documents)


def argo_crds(variant: str) -> None:
    """Install Argo's CRDs with all fields (`full`, as it ships them today) or without (`minimal`, as before)."""
    folder = module("argo", ARGO) / "manifests/base/crds" / variant
    kubectl(*APPLY, *(f"--filename={file}" for file in sorted(folder.glob("argoproj.io_*.yaml"))))


def _install_argo() -> None:
    """Argo's CRDs, its configuration, and what the pods of a Workflow in the namespace `default` may do."""
    argo_crds("full")
    rules = [{"apiGroups": ["argoproj.io"], "resources": ["workflowtaskresults"], "verbs": ["create", "patch"]}]
    metadata = {"name": "workflow-pods", "namespace": "default"}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "workflow-pods"}
    account = {"kind": "ServiceAccount", "name": "default", "namespace": "default"}
    rbac = "rbac.authorization.k8s.io/v1"
    settings = {"name": "workflow-controller-configmap", "namespace": "argo"}
    _apply([
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "argo"}},
        {"apiVersion": rbac, "kind": "Role", "metadata": metadata, "rules": rules},
        {"apiVersion": rbac, "kind": "RoleBinding", "metadata": metadata, "roleRef": role, "subjects": [account]},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": settings, "data": {"metricsConfig": "enabled: false\n"}},
    ])  # fmt: skip


def _documents(file: Path) -> list[dict[str, Any]]:
    """A manifest's documents, with the port on which Tekton's webhook listens on the host."""
    documents = [document for document in yaml.load_all(file.read_text(), yaml.CSafeLoader) if document]
    for document in documents:
        conversion = document.get("spec", {}).get("conversion", {}).get("webhook")
        for client in [conversion] if conversion else document.get("webhooks", []):
            client["clientConfig"]["service"]["port"] = PORT
    return documents


def _apply(documents: list[dict[str, Any]]) -> None:
    kubectl(*APPLY, "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": documents}))
