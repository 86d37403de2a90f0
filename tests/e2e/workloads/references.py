"""For tests of referenced steps: what is registered, how objects ask for it, what containers were given."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.e2e.support.canary import marker
from tests.e2e.support.kubectl import Kubectl, KubectlError
from tests.e2e.support.waiting import wait_for
from tests.e2e.workloads.runs import printed_environment

PREFIX = "extensions.fuseml.org/"
RUN, PIPELINE, TASK, POD = (f"{PREFIX}{level}-selectors" for level in ("run", "pipeline", "task", "pod"))
RESOLVED = f"{PREFIX}resolved"
WAITING = f"{PREFIX}waiting"

VALUES = {
    "QUOTES": "'single' \"double\" `back` \\ back\\\\slash",
    "DOLLARS": "$(HOME) $$(HOME) ${HOME} $$$(X) a$",
    "BRACES": "{{y}} {{=1+1}} {{workflow.name}}",
    "PARAMS": "$(params.x) $(context.taskRun.name)",
    "LINES": "first\nsecond\ttabbed\n",
    "UNICODE": "Zürich 東京 🚀 e\u0301",
    "EXPRESSION": "<< extension.odd.cfg.QUOTES >>",
}
IN_SECRET = {"LOGIN": f"{marker()} $(HOME) {{{{y}}}} $(params.x) 'ü'"}
# The variables of a container that asks for the product `odd`.
ODD = {**VALUES, **IN_SECRET}
SELECTOR = {"name": "odd", "product": "odd"}
# Another product, for selectors of the same name.
SECOND = {"SECOND": "second"}
ASKS_FOR_SECOND = {"name": "odd", "product": "second"}
ASKS = {"extensions": [SELECTOR]}
# For a Workflow's own templates, whose values stand in its spec: those of `odd` hold braces, which Argo would expand.
ASKS_SECOND = {"extensions": [ASKS_FOR_SECOND]}
# Part of the name of a node of Argo.
_NUMBER_OF_STEP = re.compile(r"\[\d+\]")

# Prints the arguments and a variable as one line.
PRINT_ARGUMENTS = (
    "import base64, json, os, sys; printed = [sys.argv[1:], os.environ['FROM']]; "
    "print('PRINTED', base64.b64encode(json.dumps(printed).encode()).decode())"
)
# The text comes in hexadecimal digits, so that nothing expands it before it is a result.
PUT = "import sys; open(sys.argv[2], 'w').write(bytes.fromhex(sys.argv[1]).decode())"
ATTACK = "<< extension.odd.cfg.LOGIN >> << extension.odd.cfg.QUOTES >> << extension.odd.url >>"


def selectors(entries: Mapping[str, Any]) -> str:
    """The value of an annotation."""
    return json.dumps(entries)


def metadata(name: str, **annotations: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata of an object that asks: selectors by level, as in `task={"main": ASKS}`."""
    noted = {f"{PREFIX}{level}-selectors": selectors(entries) for level, entries in annotations.items()}
    return {"name": name, "annotations": noted} if noted else {"name": name}


def extension(name: str, configuration: Mapping[str, str], **service: Any) -> dict[str, Any]:
    """An Extension of a product of the same name."""
    endpoint = {"url": f"http://{name}:80", "type": "internal"}
    spec = {
        "product": name,
        "configuration": dict(configuration),
        "services": [{"id": "api", "endpoints": [endpoint], **service}],
    }
    return {"apiVersion": "fuseml.org/v1alpha1", "kind": "Extension", "metadata": {"name": name}, "spec": spec}


def register(kubectl: Kubectl) -> None:
    """Register both products in one namespace."""
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login"}, "stringData": IN_SECRET}
    credentials = [{"id": "login", "secretRef": {"name": "login"}, "configuration": {"LOGIN": "LOGIN"}}]
    odd = extension("odd", VALUES, credentials=credentials)
    kubectl("apply", "--server-side", "-f", "-", stdin=[secret, odd, extension("second", SECOND)])
    known(kubectl, "odd")
    known(kubectl, "second")


def known(kubectl: Kubectl, product: str, *, value: str = "") -> None:
    """Wait until the webhook resolves *product*, with *value* among its variables."""

    def is_given() -> bool:
        status, text = kubectl.api.create(_asking_for(product), dry_run=True)
        env = json.loads(text)["spec"]["containers"][0].get("env", []) if status == 201 else []
        return bool(env) and value in json.dumps(env, ensure_ascii=False)

    wait_for(is_given, 30, f"the webhook to know {product}")


def forgotten(kubectl: Kubectl, product: str) -> None:
    """Wait until the webhook no longer resolves *product*."""

    def is_refused() -> bool:
        status, text = kubectl.api.create(_asking_for(product), dry_run=True)
        return status != 201 and "nothing fits" in text

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


def unresolved(kubectl: Kubectl, run: str) -> list[str]:
    """The pods of a run that still have the product's gate, or selectors beside their resolution."""
    return [
        unit
        for unit, pod in pods(kubectl, run)
        for annotations in [pod["metadata"].get("annotations", {})]
        if pod["spec"].get("schedulingGates")
        or (RESOLVED in annotations and any(key.endswith("-selectors") for key in annotations))
    ]


def arguments_of(kubectl: Kubectl, pod: str, container: str) -> list[Any]:
    """What a container has printed with PRINT_ARGUMENTS."""
    (line,) = [line for line in kubectl("logs", pod, "-c", container).splitlines() if line.startswith("PRINTED ")]
    printed: list[Any] = json.loads(base64.b64decode(line.removeprefix("PRINTED ")))
    return printed


def _printed(kubectl: Kubectl, pod: str, container: str) -> dict[str, str] | None:
    try:
        return printed_environment(kubectl("logs", pod, "-c", container))
    except KubectlError:
        return None  # It was never started.
