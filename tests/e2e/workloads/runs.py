"""Submit runs, wait for their ends, and read the environments that their steps have printed."""

import base64
import json
from typing import Any

from tests.e2e.support.kubectl import Kubectl
from tests.e2e.support.waiting import wait_for

# Base64, so that neither the engines nor the logs change anything; in short lines, as other output may come into the
# middle of one that is longer than 16 KiB.
PRINT = (
    "import base64, json, os; "
    "text = base64.b64encode(json.dumps({os.fsdecode(k): os.fsdecode(v) for k, v in os.environb.items()})"
    ".encode()).decode(); "
    "[print('ENV', text[i:i + 4000]) for i in range(0, len(text), 4000)]"
)
SHOW = ["python3", "-c", PRINT]
# Variables that Kubernetes and the engines set in every container.
SET_EVERYWHERE = ("KUBERNETES_", "ARGO_", "TEKTON_")
PLAIN = {"PATH", "HOSTNAME", "HOME", "LC_CTYPE", "GODEBUG", "container"}


def submit(kubectl: Kubectl, obj: dict[str, Any]) -> str:
    """Create *obj*; return its name."""
    return kubectl.json("create", "-f", "-", stdin=obj)["metadata"]["name"]


def outcome(obj: dict[str, Any]) -> str:
    """How a run of Tekton or Argo has ended; empty while it runs."""
    status = obj.get("status") or {}
    if obj["apiVersion"].startswith("argoproj.io/"):
        phase = status.get("phase", "")
        return f"{phase} {status.get('message', '')}".strip() if phase in ("Succeeded", "Failed", "Error") else ""
    for condition in status.get("conditions", ()):
        if condition["type"] == "Succeeded" and condition["status"] != "Unknown":
            return "Succeeded" if condition["status"] == "True" else f"Failed {condition.get('message', '')}"
    return ""


def ended(kubectl: Kubectl, kind: str, name: str, *, timeout: float = 180) -> str:
    """Wait for the end of a run; return its outcome."""
    return wait_for(lambda: outcome(kubectl.api.get(f"{kind}s", name)), timeout, f"the end of {kind} {name}")


def environment(kubectl: Kubectl, pod: str, container: str) -> dict[str, str]:
    """The environment that a container has printed with SHOW, without what every container has."""
    env = printed_environment(kubectl("logs", pod, "-c", container))
    assert env is not None, f"{pod}/{container} printed no environment"
    return env


def printed_environment(log: str) -> dict[str, str] | None:
    """The environment that was printed with SHOW into *log*, without what every container has; None if none was."""
    text = "".join(line[4:] for line in log.splitlines() if line.startswith("ENV "))
    return visible(json.loads(base64.b64decode(text))) if text else None


def visible(env: dict[str, str]) -> dict[str, str]:
    """*env* without what every container has."""
    return {
        name: value
        for name, value in env.items()
        if name not in PLAIN and not name.startswith(SET_EVERYWHERE) and "_SERVICE_" not in name
    }


def environments(kubectl: Kubectl, selector: str) -> dict[str, dict[str, str]]:
    """What the steps of a run have printed, by `task/step` in Tekton, by `node` or `node/container` in Argo."""
    found = {}
    for pod in kubectl.json("get", "pods", "-l", selector)["items"]:
        labels, annotations = pod["metadata"].get("labels", {}), pod["metadata"].get("annotations", {})
        task = labels.get("tekton.dev/pipelineTask")
        node = annotations.get("workflows.argoproj.io/node-name", "").rpartition(".")[2]
        for container in pod["spec"]["containers"]:
            name = container["name"]
            if name.startswith("step-"):
                key = f"{task}/{name[5:]}" if task else name[5:]
            elif name == "wait":
                continue
            else:
                key = node if name == "main" else f"{node}/{name}"
            found[key] = environment(kubectl, pod["metadata"]["name"], name)
    return found
