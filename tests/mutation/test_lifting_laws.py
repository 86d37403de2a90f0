"""Laws of lifting: what a definition asks for is moved once, stays what it is, and reaches the pods."""

from copy import deepcopy

import jsonpatch
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.resolving.index import Index
from tests.fakes.pods import argo_pod, container_of, tekton_pod
from tests.plausible_runs import INDEX, ME, SELECTORS_OF, pipelines, workflow_templates
from webhook.adapters import layout_of
from webhook.adapters.annotations.names import PIPELINE_SELECTORS, TASK_SELECTORS
from webhook.errors import RefusedError
from webhook.mutation import expressions
from webhook.mutation.mutate import mutate
from webhook.objects import manifests
from webhook.objects.walk import at


def lifted(obj, old=None):
    return jsonpatch.apply_patch(obj, [dict(op) for op in mutate(obj, INDEX, ME, old=old).ops])


def lifted_or_refused(obj):
    try:
        return lifted(obj)
    except RefusedError as e:
        assert all(problem.strip() for problem in e.problems)
        return None


@given(pipelines | workflow_templates)
def test_nothing_of_ours_is_left_but_annotations(obj):
    original = deepcopy(obj)
    result = lifted_or_refused(obj)

    assert obj == original, "the object itself must not be touched"
    if result is None:
        return
    layout = layout_of(result)
    assert not [b for step in layout.steps for b in step.blocks if layout.annotations.at(b.pointer) is None]
    assert not expressions.find(result, layout)
    assert not mutate(result, Index(), ME).ops, "a second run must add nothing"
    for step in layout_of(obj).steps:
        before, after = at(obj, step.env) or [], at(result, step.env) or []
        assert after == [entry for entry in before if entry in after], "what stays, stays in order"


@given(pipelines | workflow_templates)
def test_applied_again_it_comes_out_as_it_is_stored(obj):
    stored = lifted_or_refused(obj)
    if stored is None:
        return

    assert lifted(obj, old=stored) == stored
    assert lifted(stored, old=stored) == stored


@given(pipelines)
def test_a_pod_gets_what_the_same_blocks_in_a_run_give(obj):
    """But for strings that only runs expand, and what refers to variables that come after it."""
    run = {**obj, "kind": "PipelineRun", "spec": {"pipelineSpec": obj["spec"]}}
    definition = lifted_or_refused(obj)
    if definition is None:
        return
    try:
        given_in_run = lifted(run)
    except RefusedError:
        given_in_run = None
    for section, i in (("tasks", 0), ("tasks", 1), ("finally", 0)):
        task = definition["spec"][section][i]
        annotations = task["taskSpec"].get("metadata", {}).get("annotations")
        pod = tekton_pod(task["taskSpec"], annotations, task=task["name"])
        try:
            result = lifted(pod)
        except RefusedError:
            assert given_in_run is None
            continue
        if given_in_run is None:
            continue
        own = at(given_in_run, ("spec", "pipelineSpec", section, i, "taskSpec"))
        for step in own["steps"]:
            template = {entry["name"] for entry in own.get("stepTemplate", {}).get("env", [])}
            assert values(container_of(result, f"step-{step['name']}"), template) == values(step, template)


def values(container, but):
    """The variables of *container*, but for those that it may have from elsewhere."""
    return {e["name"]: e for e in container.get("env", []) if e["name"] not in but}


@given(SELECTORS_OF, st.booleans())
def test_an_annotation_of_a_task_that_is_accepted_is_understood_by_its_pod(asked, is_argo):
    asked = {("main" if key == "a" else key): entry for key, entry in asked.items()} if is_argo else asked
    annotations = {TASK_SELECTORS: manifests.dump(asked)}
    if is_argo:
        template = {"name": "t", "container": {"image": "i"}, "sidecars": [{"name": "side", "image": "i"}]}
        template["metadata"] = {"annotations": annotations}
        obj = {"apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowTemplate", "spec": {"templates": [template]}}
        pod = argo_pod(template, annotations)
    else:
        spec = {"steps": [{"name": "a"}, {"name": "b"}], "sidecars": [{"name": "side"}]}
        obj = {"apiVersion": "tekton.dev/v1", "kind": "Task", "metadata": {"annotations": annotations}, "spec": spec}
        pod = tekton_pod(spec, annotations)
    if lifted_or_refused(obj) is None:
        return

    try:
        mutate(pod, INDEX, ME)
    except RefusedError as e:
        # Only what the registry decides, or two selectors that differ.
        known = ("both give", "nothing fits", "found nothing", "two selectors", "needs a variable", "another value")
        assert all(any(word in problem for word in known) for problem in e.problems), e.problems


def workflow_template(annotation="", share=""):
    template = {"name": "t", "container": {"image": "i"}}
    if share:
        template["metadata"] = {"annotations": {PIPELINE_SELECTORS: share}}
    metadata = {"annotations": {PIPELINE_SELECTORS: annotation}} if annotation else {}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "WorkflowTemplate",
        "metadata": metadata,
        "spec": {"templates": [template]},
    }


def test_a_share_follows_the_annotation_that_it_is_of():
    before = lifted(workflow_template("t: {extensions: [{name: s3, product: minio}]}"))
    changed = deepcopy(before)
    changed["metadata"]["annotations"][PIPELINE_SELECTORS] = "t: {env: [{name: A, value: b}]}"
    after = lifted(changed, old=before)
    gone = deepcopy(after)
    del gone["metadata"]["annotations"][PIPELINE_SELECTORS]

    share = after["spec"]["templates"][0]["metadata"]["annotations"][PIPELINE_SELECTORS]
    assert "name: A" in share
    assert "minio" not in share
    assert not lifted(gone, old=after)["spec"]["templates"][0]["metadata"]["annotations"]


def test_a_block_that_is_edited_replaces_what_was_lifted_from_it():
    def pipeline(product):
        step = {"name": "s", "image": "i", "extensions": [{"name": "x", "product": product}]}
        spec = {"tasks": [{"name": "t", "taskSpec": {"steps": [step]}}]}
        return {"apiVersion": "tekton.dev/v1", "kind": "Pipeline", "metadata": {"name": "demo"}, "spec": spec}

    stored = lifted(pipeline("minio"))

    assert lifted(pipeline("odd"), old=stored) == lifted(pipeline("odd"))


@pytest.mark.parametrize("text", ["t: {", "nobody: {}"], ids=["no-yaml", "unknown"])
def test_a_share_that_nobody_needs_is_taken_away_though_it_is_broken(text):
    """Only the webhook writes it; but anyone can."""
    try:
        result = lifted(workflow_template(share=text))
    except RefusedError as e:
        assert PIPELINE_SELECTORS in e.problems[0]
    else:
        assert not at(result, ("spec", "templates", 0, "metadata", "annotations"))
