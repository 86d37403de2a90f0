"""What people's tools make of a stored run when they send it again."""

import copy
import json
import subprocess
from typing import Any

from tests.cluster.build import binaries

_SYSTEM = "tekton.dev/"
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def resent_by_argo(stored: dict[str, Any]) -> dict[str, Any]:
    """What `argo resubmit` makes of a Workflow, and `argo submit --from` of a definition, by Argo's own functions."""
    made = subprocess.run(
        [binaries("resend") / "resend"],
        input=json.dumps(stored),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    workflow: dict[str, Any] = json.loads(made.stdout)
    # Argo's typed client sets these.
    return {**workflow, "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow"}


def rerun(stored: dict[str, Any]) -> dict[str, Any]:
    """What *Rerun* in Tekton's dashboard makes of a run.

    As generateNewPipelineRunPayload and generateNewTaskRunPayload do, in src/api of github.com/tektoncd/dashboard.
    """
    run = copy.deepcopy(stored)
    metadata = run["metadata"]
    name, annotations, labels = metadata["name"], metadata.get("annotations", {}), metadata.get("labels", {})
    if run["kind"] == "TaskRun":
        annotations = {key: value for key, value in annotations.items() if not key.startswith(_SYSTEM)}
    run["metadata"] = {
        "annotations": {key: value for key, value in annotations.items() if key != _APPLIED},
        "generateName": f"{name}-r-",
        "labels": {key: value for key, value in labels.items() if not key.startswith(_SYSTEM)}
        | {"dashboard.tekton.dev/rerunOf": name},
        "namespace": metadata["namespace"],
    }
    run.pop("status", None)
    run["spec"].pop("status", None)
    return run


def exported(stored: dict[str, Any]) -> dict[str, Any]:
    """The output of `kubectl get -o yaml`, under another name, and without its end, which Argo would believe."""
    run = copy.deepcopy(stored)
    run["metadata"]["generateName"] = f"{run['metadata'].pop('name')}-copy-"
    run["metadata"].pop("labels", None)
    run.pop("status", None)
    return run
