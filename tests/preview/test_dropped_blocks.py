"""Who asks where the API server drops it is told so, and what to write instead; where it is kept, nothing is said."""

# ruff: noqa: E501 - each case is one line

import pytest

from webhook.preview.dropped_blocks import findings, keeps

BLOCK = {"extensions": [{"name": "t", "product": "p"}]}
RUN, PIPELINE, TASK, POD = (f"extensions.fuseml.org/{name}-selectors" for name in ("run", "pipeline", "task", "pod"))
DROPPED = "'extensions' is dropped or refused by the API server"
FULL = f"{DROPPED}: Argo's full CRDs have no such field; write it into the annotation"
STEP = {"name": "a", "image": "i"}


def argo(kind, *templates, **spec):
    inner = {"templates": list(templates), **spec}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": kind,
        "metadata": {},
        "spec": {"workflowSpec": inner} if kind == "CronWorkflow" else inner,
    }


def tekton(kind, spec, version="v1"):
    return {"apiVersion": f"tekton.dev/{version}", "kind": kind, "metadata": {}, "spec": spec}


def container(**more):
    return {"name": "c", "image": "i", **more}


def pods(kind, version, spec):
    template = {"metadata": {}, "spec": spec}
    inner = spec if kind == "Pod" else {"template": template}
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {},
        "spec": {"jobTemplate": {"spec": inner}} if kind == "CronJob" else inner,
    }


INLINE = {"name": "m", "dag": {"tasks": [{"name": "x", "inline": {"container": container(**BLOCK)}}]}}
OF_ARGO = {
    "in a container": (argo("Workflow", {"name": "m", "container": container(**BLOCK)}), f"templates[m]: {FULL} {RUN}, under 'm'"),
    "in a script": (argo("Workflow", {"name": "m", "script": container(**BLOCK)}), f"templates[m]: {FULL} {RUN}, under 'm'"),
    "in a template": (argo("Workflow", {"name": "m", "container": container(), **BLOCK}), f"templates[m]: {FULL} {RUN}, under 'm'"),
    "in a container set": (
        argo("Workflow", {"name": "m", "containerSet": {"containers": [container(**BLOCK)]}}),
        f"templates[m].containers[c]: {FULL} {RUN}, under 'm/c'",
    ),
    "in a sidecar": (
        argo("Workflow", {"name": "m", "container": container(), "sidecars": [container(**BLOCK)]}),
        f"templates[m].sidecars[c]: {FULL} {RUN}, under 'm/sidecar-c'",
    ),
    "in defaults": (
        argo("Workflow", *({"name": n, "container": container()} for n in "mn"), templateDefaults=BLOCK),
        f"spec.templateDefaults: {FULL} {RUN}, under 'm' and 'n'",
    ),
    "of a WorkflowTemplate": (
        argo("WorkflowTemplate", {"name": "m", "container": container(**BLOCK)}),
        f"templates[m]: {FULL} {PIPELINE}, under 'm'",
    ),
    "of a CronWorkflow": (
        argo("CronWorkflow", {"name": "m", "container": container(**BLOCK)}),
        f"templates[m]: {FULL} {PIPELINE}, under 'm'",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("obj", "expected"), OF_ARGO.values(), ids=OF_ARGO)
def test_argos_full_crds_drop_a_block(obj, expected):
    assert [str(finding) for finding in findings(obj, argo_crds="full")] == [expected]
    assert findings(obj, argo_crds="minimal") == []
    (guess,) = findings(obj)
    assert "if Argo's CRDs are the full ones, the default since Argo 4.0 (--argo-crds minimal, if not)" in guess.message


def test_of_an_unknown_cluster_one_block_is_enough():
    obj = argo("Workflow", *({"name": n, "container": container(**BLOCK)} for n in "abc"))

    assert [len(findings(obj, argo_crds=crds)) for crds in ("full", "unknown", "minimal")] == [3, 1, 0]


KEPT = {
    "inline in Argo's dag": argo("Workflow", INLINE),
    "an annotation": {**argo("Workflow", {"name": "m", "container": container()}), "metadata": {"annotations": {RUN: "m: {}"}}},
    "a TaskRun": tekton("TaskRun", {"taskSpec": {"steps": [{**STEP, **BLOCK}]}}),
    "a PipelineRun": tekton("PipelineRun", {"pipelineSpec": {"tasks": [{"name": "t", "taskSpec": {**BLOCK, "steps": [STEP]}}]}}),
    "a Pipeline": tekton("Pipeline", {"tasks": [{"name": "t", "taskSpec": {"steps": [{**STEP, **BLOCK}]}}]}),
    "a Task without": tekton("Task", {"steps": [STEP]}),
    "a Pod without": pods("Pod", "v1", {"containers": [container()]}),
    "another object": {"apiVersion": "v1", "kind": "ConfigMap", "data": BLOCK},
    "a document": {"steps": [{**STEP, **BLOCK}]},
}  # fmt: skip


@pytest.mark.parametrize("obj", KEPT.values(), ids=KEPT)
def test_nothing_is_said_of_what_is_kept(obj):
    assert findings(obj, argo_crds="full") == []


TEKTON = f"{DROPPED}: Tekton's schema of a Task has no such field since 0.70; write it into the annotation {TASK}"
OF_TASKS = {
    "in a step": ({"steps": [{**STEP, **BLOCK}]}, f"steps[a]: {TEKTON}, under 'a'"),
    "in a sidecar": (
        {"steps": [STEP], "sidecars": [{"name": "b", **BLOCK}]},
        f"sidecars[b]: {TEKTON}, under 'sidecar-b'",
    ),
    "for all": ({"steps": [STEP, {**STEP, "name": "b"}], **BLOCK}, f"spec: {TEKTON}, under '*'"),
}


@pytest.mark.parametrize(("spec", "expected"), OF_TASKS.values(), ids=OF_TASKS)
@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_tektons_tasks_drop_a_block(spec, expected, version):
    assert [str(finding) for finding in findings(tekton("Task", spec, version))] == [expected]


@pytest.mark.parametrize(
    ("kind", "version"),
    [
        ("Pod", "v1"),
        ("Job", "batch/v1"),
        ("CronJob", "batch/v1"),
        ("Deployment", "apps/v1"),
        ("ReplicationController", "v1"),
    ],
)
def test_kubernetes_own_kinds_drop_a_block(kind, version):
    obj = pods(kind, version, {"containers": [container(**BLOCK)]})

    (finding,) = findings(obj)
    place = "the pod's" if kind == "Pod" else "the pod template's"
    assert (
        str(finding)
        == f"containers[c]: {DROPPED}: Kubernetes has no such field; write it into {place} annotation {POD}, under 'c'"
    )


OPAQUE = {"x-kubernetes-preserve-unknown-fields": True}
STEPS = {"properties": {"steps": {"type": "array", "items": {"properties": {"name": {"type": "string"}}}}}}
SCHEMAS = {
    "a closed one": ({"properties": {"spec": {"properties": {"taskSpec": STEPS}}}}, False),
    "an opaque one at its root": (OPAQUE, True),
    "an opaque spec": ({"properties": {"spec": {"type": "object", **OPAQUE}}}, True),
    "an opaque part": ({"properties": {"spec": {"properties": {"taskSpec": OPAQUE}}}}, True),
    "an opaque root with known parts": ({**OPAQUE, "properties": {"spec": {"properties": {"taskSpec": STEPS}}}}, False),
    "one with the field": (
        {"properties": {"spec": {"properties": {"taskSpec": {"properties": {"steps": {"items": {"properties": {"extensions": {}}}}}}}}}},
        True,
    ),
    "any property": ({"properties": {"spec": {"additionalProperties": OPAQUE}}}, True),
    "any property without a schema": ({"properties": {"spec": {"additionalProperties": True}}}, True),
    "nothing": ({}, False),
}  # fmt: skip


@pytest.mark.parametrize(("schema", "is_kept"), SCHEMAS.values(), ids=SCHEMAS)
def test_schema_of_a_cluster_says_it_for_certain(schema, is_kept):
    obj = tekton("TaskRun", {"taskSpec": {"steps": [{**STEP, **BLOCK}]}})

    assert keeps(schema, ("spec", "taskSpec", "steps", 0, "extensions")) == is_kept
    found = [finding.message for finding in findings(obj, find_schema=lambda version, kind: schema)]
    why = (
        f"{DROPPED}: this cluster's schema of TaskRun has no such field; write it into the annotation {RUN}, under 'a'"
    )
    assert found == ([] if is_kept else [why])
