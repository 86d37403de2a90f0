"""Clients that decode objects into types before they submit them, by the marks that they leave or read. Pure.

From their sources: pipelines-as-code decodes with the scheme's deserializer, puts a Pipeline's spec into the run, and
copies of the annotations of what it puts there only a Task's (pkg/resolve/resolve.go, remote.go). Kubeflow Pipelines
decodes Workflows into Argo's types (backend/src/common/util/workflow.go).
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from webhook.adapters.annotations.names import PIPELINE_SELECTORS, RUN_SELECTORS
from webhook.adapters.layout import Finding
from webhook.objects.walk import annotations_of, as_map
from webhook.preview.expected_pods.expected import FindDefinition

_PAC: Final = "pipelines-as-code"
_MARKS: Final = {"pipelinesascode.tekton.dev/": _PAC, "pipelines.kubeflow.org/": "Kubeflow Pipelines"}


def client_of(obj: Mapping[str, Any]) -> str:
    """The client whose mark *obj* has as a label or annotation; "" if it has none."""
    metadata = as_map(obj.get("metadata"))
    keys = [str(key) for part in ("annotations", "labels") for key in as_map(metadata.get(part))]
    return next((client for mark, client in _MARKS.items() if any(key.startswith(mark) for key in keys)), "")


def lost_annotations(obj: Mapping[str, Any], find: FindDefinition) -> Iterator[Finding]:
    """The annotation of a Pipeline that pipelines-as-code puts into the run *obj* without its annotations."""
    name = as_map(as_map(obj.get("spec")).get("pipelineRef")).get("name")
    if obj.get("kind") != "PipelineRun" or not isinstance(name, str) or client_of(obj) != _PAC:
        return
    namespace = str(as_map(obj.get("metadata")).get("namespace") or "default")
    if PIPELINE_SELECTORS in annotations_of(find("Pipeline", name, namespace)):
        message = (
            f"{_PAC} puts the Pipeline {name!r} into the run without its annotation {PIPELINE_SELECTORS}; "
            f"write it into the annotation {RUN_SELECTORS} of the run"
        )
        yield Finding("spec.pipelineRef", message, ("spec", "pipelineRef"))
