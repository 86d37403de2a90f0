"""Stored runs keep what they were given; what is still to come of them does not."""

from copy import deepcopy
from dataclasses import replace

import jsonpatch
import pytest

from registry.records import codec
from registry.resolving.index import Index
from tests.preview.impact.objects import OBJECTS, STEP, STORE, TASKS, argo, pod_template, tekton
from tests.preview.impact.world import BEFORE, ME, MINIO, OTHER, changes, judge_of, judged, with_login
from webhook.mutation.mutate import mutate
from webhook.mutation.note import resolved
from webhook.preview.impact.judge import Place
from webhook.preview.impact.plan import Outcome
from webhook.preview.impact.text import as_text
from webhook.preview.subjects import Subject

RUNS = ["PipelineRun", "TaskRun", "Workflow"]
BY_REFERENCE = ["PipelineRun-by-reference", "TaskRun-by-reference"]
DELETED = changes(deleted=["minio"])
ENDED = {
    "PipelineRun": {"conditions": [{"type": "Succeeded", "status": "False"}]},
    "TaskRun": {"conditions": [{"type": "Succeeded", "status": "True"}]},
    "Workflow": {"phase": "Succeeded"},
    "Job": {"conditions": [{"type": "Complete", "status": "True"}]},
}
GOING_ON = {
    "PipelineRun": {"conditions": [{"type": "Succeeded", "status": "Unknown"}]},
    "TaskRun": {},
    "Workflow": {"phase": "Running"},
    "Job": {"conditions": [{"type": "Suspended", "status": "True"}]},
}


def stored(kind, *, index=BEFORE, consumer=ME, status=None):
    obj = deepcopy(OBJECTS[kind])
    ops = mutate(obj, index, consumer).ops
    return {**jsonpatch.apply_patch(obj, [dict(op) for op in ops]), "status": status or {}}


@pytest.mark.parametrize("kind", RUNS)
def test_run_keeps_what_it_was_given_and_would_be_refused_if_it_were_sent_again(kind):
    found = judged(stored(kind), DELETED, stored=True)

    assert (found.outcome, found.is_kept, found.is_refused) == (Outcome.REFUSED, True, False)
    assert found.given == ("store: minio/s3/everyone",)


@pytest.mark.parametrize("kind", RUNS)
def test_run_of_a_file_that_has_a_note_is_stored_as_well(kind):
    assert judged(stored(kind), DELETED).is_kept


@pytest.mark.parametrize("kind", RUNS)
def test_run_is_listed_by_what_it_was_given_even_if_it_would_get_something_else_now(kind):
    better = {**MINIO, "id": "better", "version": "1.9.0"}
    index = Index(map(codec.decode, [MINIO, better]))

    found = judged(stored(kind), {}, index=index, stored=True)

    assert (found.outcome, found.is_kept, found.given) == (Outcome.UNCHANGED, True, ("store: minio/s3/everyone",))
    assert found.parts[0].selectors == ()


@pytest.mark.parametrize("kind", BY_REFERENCE)
@pytest.mark.parametrize(("status", "is_kept"), [(GOING_ON, False), (ENDED, True)], ids=["going-on", "ended"])
def test_pods_that_are_still_to_come_of_a_run_are_refused(kind, status, is_kept):
    obj = stored(kind, status=status[kind.partition("-")[0]])

    found = judged(obj, DELETED, stored=True)

    assert (found.outcome, found.is_kept, found.is_refused, found.is_finished) == (
        Outcome.REFUSED, is_kept, not is_kept, is_kept,
    )  # fmt: skip


@pytest.mark.parametrize(("status", "is_kept"), [(GOING_ON, False), (ENDED, True)], ids=["going-on", "ended"])
def test_pods_of_a_job_come_until_it_ends(status, is_kept):
    found = judged({**OBJECTS["Job"], "status": status["Job"]}, DELETED, stored=True)

    assert (found.is_finished, found.is_kept) == (is_kept, is_kept)


@pytest.mark.parametrize("kind", [*RUNS, "Job"])
def test_runs_that_have_ended_can_be_left_out(kind):
    judge = judge_of(DELETED)
    judge.skips_ended = True
    of_kind = OBJECTS[kind]

    ended = judge.judge(Subject({**of_kind, "status": ENDED[kind]}), Place())
    others = judge.judge(Subject({**of_kind, "status": GOING_ON[kind]}), Place())

    assert (ended, others.outcome) == (None, Outcome.REFUSED)
    assert (judge.summary.left_out, judge.summary.seen, judge.summary.listed) == (1, 1, 1)


def test_run_without_the_way_back_keeps_its_values_if_its_sender_may_have_them():
    obj = stored("TaskRun")
    note = resolved.shortened(resolved.read(obj))
    obj["metadata"]["annotations"][resolved.RESOLVED] = resolved.text_of(note)

    outcomes = {
        name: judged(obj, change, stored=True).outcome
        for name, change in {
            "value": changes(with_login(configuration={"S3_KEY": "new"})),
            "deleted": DELETED,
        }.items()
    }

    assert outcomes == {"value": Outcome.UNCHANGED, "deleted": Outcome.REFUSED}


def test_who_submitted_a_stored_run_is_taken_from_what_it_was_given():
    anns = with_login(scope="user", users=["ann"])
    index = Index([codec.decode(anns)])
    ann = replace(ME, user="ann")
    obj = stored("TaskRun", index=index, consumer=ann)
    rotated = changes(with_login(scope="user", users=["ann"], configuration={"S3_KEY": "new"}))

    of_ann = judged(obj, rotated, index=index, stored=True)
    of_nobody = judged(OBJECTS["TaskRun"], rotated, index=index)

    assert (of_ann.outcome, of_ann.given) == (Outcome.VALUES, ("store: minio/s3/everyone",))
    assert of_nobody.outcome is Outcome.UNCHANGED


def test_who_asks_here_is_not_who_submitted_a_stored_run():
    index = Index([codec.decode(with_login(scope="user", users=["op"]))])
    operator = replace(ME, user="op")
    obj = stored("TaskRun", index=index)

    found = judged(obj, {}, index=index, consumer=operator, stored=True)

    assert found.parts[0].selectors[0].after.credentials == ""


@pytest.mark.parametrize(
    "obj",
    [
        pytest.param(tekton("TaskRun", {"taskSpec": {"steps": [{**STEP, "extensions": [STORE]}]}}), id="task-run"),
        pytest.param({**OBJECTS["Job"]}, id="job"),
        pytest.param({**OBJECTS["Deployment"], "kind": "ReplicaSet"}, id="replica-set"),
    ],
)
def test_what_a_controller_created_is_judged_where_it_comes_from(obj):
    owner = {"apiVersion": "tekton.dev/v1", "kind": "PipelineRun", "controller": True}
    judge = judge_of(DELETED)

    found = judge.judge(Subject({**obj, "metadata": {**obj["metadata"], "ownerReferences": [owner]}}), Place())

    assert (found, judge.summary.seen) == (None, 0)


def test_workflow_of_a_schedule_is_judged_itself():
    owner = {"apiVersion": "argoproj.io/v1alpha1", "kind": "CronWorkflow", "controller": True}
    obj = stored("Workflow")
    obj["metadata"]["ownerReferences"] = [owner]

    assert judged(obj, DELETED, stored=True).outcome is Outcome.REFUSED


def test_pods_that_cannot_be_predicted_are_counted():
    judge = judge_of(DELETED)
    unknown = {"pipelineRef": {"resolver": "git", "params": []}}
    status = {"conditions": [{"type": "Succeeded", "status": "True"}]}

    for _ in range(2):
        judge.judge(Subject(tekton("PipelineRun", unknown)), Place("a:1"))
    judge.judge(Subject({**tekton("PipelineRun", unknown), "status": status}), Place())

    assert (judge.summary.seen, judge.summary.unknown) == (3, 2)
    assert judge.summary.first_unknown == (
        "PipelineRun/demo pipelineRef: what Tekton's resolver 'git' fetches is unknown; only 'cluster' is followed"
    )


def test_definitions_that_a_definition_refers_to_are_followed():
    asking = {**OBJECTS["Task"], "metadata": {**OBJECTS["Task"]["metadata"], "name": "asking"}}
    pipeline = tekton("Pipeline", {"tasks": [{"name": "t", "taskRef": {"name": "asking"}}]})

    found = judged(pipeline, DELETED, find=lambda kind, name, namespace: asking if name == "asking" else None)

    assert [(part.where, part.outcome) for part in found.parts] == [("tasks[t] (Task 'asking')", Outcome.REFUSED)]


def test_schedule_of_a_referenced_template_is_judged_by_its_workflows():
    cron = argo("CronWorkflow", {"schedule": "@daily", "workflowSpec": {"workflowTemplateRef": {"name": "demo"}}})
    template = OBJECTS["WorkflowTemplate"]
    lifted = jsonpatch.apply_patch(template, [dict(op) for op in mutate(template, Index(), ME).ops])

    found = judged(cron, DELETED, find=lambda kind, name, namespace: lifted)

    assert [(part.where, part.outcome) for part in found.parts] == [
        ("templates[t] (WorkflowTemplate 'demo')", Outcome.REFUSED)
    ]


def test_object_that_is_refused_in_any_case_is_listed_if_it_asks_for_the_extension():
    selectors = [STORE, {"name": "none", "product": "nothing"}]
    obj = tekton("TaskRun", {"taskSpec": {"steps": [{**STEP, "extensions": selectors}]}})

    found = judged(obj, DELETED)

    assert (found.outcome, found.is_refused) == (Outcome.UNCHANGED, False)
    assert [s.selector.name for s in found.parts[0].selectors] == ["store", "none"]
    assert found.parts[0].problems


@pytest.mark.parametrize("kind", ["Pipeline", "CronWorkflow"])
def test_definition_that_the_webhook_refuses_is_not_judged(kind):
    spec = {**TASKS, "params": [{"name": "p", "default": "<< extension.store.url >>"}]}
    if kind == "CronWorkflow":
        args = ["<< extension.store.url >>"]
        templates = [{"name": "t", "container": {"image": "i", "args": args}, "extensions": [STORE]}]
        obj = argo(kind, {"workflowSpec": {"templates": templates}})
    else:
        obj = tekton(kind, spec)

    assert judged(obj, DELETED) is None


def test_part_that_keeps_is_told_from_one_that_is_still_to_come():
    steps = {"name": "own", "taskSpec": {"steps": [{**STEP, "extensions": [STORE]}]}}
    referenced = {"name": "t", "taskRef": {"name": "plain"}}
    annotations = OBJECTS["PipelineRun-by-reference"]["metadata"]["annotations"]
    run = tekton("PipelineRun", {"pipelineSpec": {"tasks": [steps, referenced]}}, **annotations)
    both = jsonpatch.apply_patch(run, [dict(op) for op in mutate(run, BEFORE, ME).ops])

    found = judged(both, DELETED, stored=True)

    assert [(part.where, part.is_kept) for part in found.parts] == [("", True), ("tasks[t] (Task 'plain')", False)]
    lines = as_text(found, has_change=True).splitlines()
    assert lines[0] == "PipelineRun/demo, namespace team-a: refused"
    assert lines.index("  if it is sent again:") == 2


def test_parameters_of_triggers_are_not_judged():
    selector = {"name": "store", "product": "$(tt.params.product)"}
    run = tekton("TaskRun", {"taskSpec": {"steps": [{**STEP, "extensions": [selector]}]}})
    subject = Subject(run, within="TriggerTemplate/demo")

    assert judge_of(changes(OTHER)).judge(subject, Place("a:1")) is None


def test_workloads_in_all_their_kinds_are_judged_by_their_pods():
    for kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"):
        obj = {**OBJECTS["Deployment"], "kind": kind, "spec": {"template": pod_template()}}
        assert judged(obj, DELETED, stored=True).is_refused
