"""What tests of steps behind references share: what is registered, how it is asked for, what containers were given."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.e2e.kubectl import Kubectl, KubectlError
from tests.e2e.runs import visible
from tests.e2e.waiting import wait_for

PREFIX = "extensions.fuseml.org/"
RUN, PIPELINE, TASK, POD = (f"{PREFIX}{level}-selectors" for level in ("run", "pipeline", "task", "pod"))
RESOLVED = f"{PREFIX}resolved"
SUBMITTER = f"{PREFIX}submitter"

VALUES = {
    "QUOTES": "'single' \"double\" `back` \\ back\\\\slash",
    "DOLLARS": "$(HOME) $$(HOME) ${HOME} $$$(X) a$",
    "BRACES": "{{y}} {{=1+1}} {{workflow.name}}",
    "PARAMS": "$(params.x) $(context.taskRun.name)",
    "LINES": "first\nsecond\ttabbed\n",
    "UNICODE": "Zürich 東京 🚀 e\u0301",
    "EXPRESSION": "<< extension.odd.cfg.QUOTES >>",
}
IN_SECRET = {"LOGIN": "$(HOME) {{y}} $(params.x) 'ü'"}
# What a container has that asks for the product `odd`.
ODD = {**VALUES, **IN_SECRET}
SELECTOR = {"name": "odd", "product": "odd"}
# Another one, under the same name in a step.
SECOND = {"SECOND": "second"}
ASKS_FOR_SECOND = {"name": "odd", "product": "second"}
ASKS = {"extensions": [SELECTOR]}
# In the name of a node of Argo.
_NUMBER_OF_STEP = re.compile(r"\[\d+\]")

# Arguments and a variable as one line.
TELL = (
    "import base64, json, os, sys; told = [sys.argv[1:], os.environ['FROM']]; "
    "print('TOLD', base64.b64encode(json.dumps(told).encode()).decode())"
)
# In digits, so that nobody reads it before it is a result.
PUT = "import sys; open(sys.argv[2], 'w').write(bytes.fromhex(sys.argv[1]).decode())"
ATTACK = "<< extension.odd.cfg.LOGIN >> << extension.odd.cfg.QUOTES >> << extension.odd.url >>"


def selectors(entries: Mapping[str, Any]) -> str:
    """The text of an annotation."""
    return json.dumps(entries)


def metadata(name: str, **annotations: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata of an object that asks; what for, by level: `task={"main": ASKS}`."""
    noted = {f"{PREFIX}{level}-selectors": selectors(entries) for level, entries in annotations.items()}
    return {"name": name, "annotations": noted} if noted else {"name": name}


def extension(name: str, configuration: Mapping[str, str], **service: Any) -> dict[str, Any]:
    """An Extension whose product has its name."""
    endpoint = {"url": f"http://{name}:80", "type": "internal"}
    spec = {
        "product": name,
        "configuration": dict(configuration),
        "services": [{"id": "api", "endpoints": [endpoint], **service}],
    }
    return {"apiVersion": "fuseml.org/v1alpha1", "kind": "Extension", "metadata": {"name": name}, "spec": spec}


def register(kubectl: Kubectl) -> None:
    """Register both, for the runs of one namespace."""
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login"}, "stringData": IN_SECRET}
    credentials = [{"id": "login", "secretRef": {"name": "login"}, "configuration": {"LOGIN": "LOGIN"}}]
    odd = extension("odd", VALUES, credentials=credentials)
    kubectl("apply", "--server-side", "-f", "-", stdin=[secret, odd, extension("second", SECOND)])
    known(kubectl, "odd")
    known(kubectl, "second")


def known(kubectl: Kubectl, product: str, *, value: str = "") -> None:
    """Wait until the webhook knows *product*, and *value* in what it gives."""

    def is_given() -> bool:
        shown = kubectl.json("create", "--dry-run=server", "-f", "-", stdin=_asking_for(product))
        return value in json.dumps(shown["spec"]["containers"][0].get("env", []), ensure_ascii=False)

    wait_for(is_given, 30, f"the webhook to know {product}")


def forgotten(kubectl: Kubectl, product: str) -> None:
    """Wait until the webhook knows no *product* any more."""

    def is_refused() -> bool:
        return "nothing fits" in kubectl.fails("create", "--dry-run=server", "-f", "-", stdin=_asking_for(product))

    wait_for(is_refused, 30, f"the webhook to forget {product}")


def _asking_for(product: str) -> dict[str, Any]:
    asks = {"main": {"extensions": [{"name": "x", "product": product}]}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "probe", "annotations": {POD: selectors(asks)}},
        "spec": {"containers": [{"name": "main", "image": "x"}]},
    }


def pods(kubectl: Kubectl, run: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The pods of a run of Tekton or Argo, under short names: `task`, `task-retry1`, `node`, `node(0)`."""
    labels = ("tekton.dev/pipelineRun", "tekton.dev/taskRun", "workflows.argoproj.io/workflow")
    for label in labels:
        found = kubectl.json("get", "pods", "-l", f"{label}={run}")["items"]
        for pod in found:
            node = pod["metadata"].get("annotations", {}).get("workflows.argoproj.io/node-name")
            name = pod["metadata"]["name"].removeprefix(f"{run}-").replace("-pod", "")
            yield _NUMBER_OF_STEP.sub("", node).removeprefix(run).lstrip(".") if node else name, pod
        if found:
            return


def printed(kubectl: Kubectl, run: str) -> dict[str, dict[str, str]]:
    """By `pod/container`, the environment that each container of a run's pods has printed with SHOW."""
    found = {}
    for unit, pod in pods(kubectl, run):
        for container in (*pod["spec"]["containers"], *pod["spec"].get("initContainers", ())):
            name = container["name"]
            env = _printed(kubectl, pod["metadata"]["name"], name)
            if env is not None:
                found[f"{unit}/{name.removeprefix('step-')}"] = env
    return found


def given(kubectl: Kubectl, run: str, names: Mapping[str, object] = ODD) -> set[str]:
    """The containers of a run's pods, the engine's own among them, in whose env is any of *names*."""
    return {
        f"{unit}/{container['name'].removeprefix('step-')}"
        for unit, pod in pods(kubectl, run)
        for container in (*pod["spec"]["containers"], *pod["spec"].get("initContainers", ()))
        if any(entry["name"] in names for entry in container.get("env", ()))
    }


def asking_still(kubectl: Kubectl, run: str) -> list[str]:
    """The pods of a run that have our gate, or a question beside its answer."""
    return [
        unit
        for unit, pod in pods(kubectl, run)
        for annotations in [pod["metadata"].get("annotations", {})]
        if pod["spec"].get("schedulingGates")
        or (RESOLVED in annotations and any(key.endswith("-selectors") for key in annotations))
    ]


def told_by(kubectl: Kubectl, pod: str, container: str) -> list[Any]:
    """What a container printed with TELL."""
    (line,) = [line for line in kubectl("logs", pod, "-c", container).splitlines() if line.startswith("TOLD ")]
    told: list[Any] = json.loads(base64.b64decode(line[5:]))
    return told


def _printed(kubectl: Kubectl, pod: str, container: str) -> dict[str, str] | None:
    try:
        lines = kubectl("logs", pod, "-c", container).splitlines()
    except KubectlError:
        return None  # It was never started.
    for line in lines:
        if line.startswith("ENV "):
            return visible(json.loads(base64.b64decode(line[4:])))
    return None
