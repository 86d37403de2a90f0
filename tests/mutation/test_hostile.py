"""What someone would try who wants more than what is theirs, or a webhook that does not answer in time."""

import time
from copy import deepcopy

import jsonpatch
import pytest

from registry.resolving.index import Index
from tests.fakes.pods import argo_pod, container_of, tekton_pod
from tests.plausible_runs import INDEX, ME
from webhook.adapters.annotations.names import LEVELS, PIPELINE_SELECTORS, RUN_SELECTORS, TASK_SELECTORS
from webhook.errors import RefusedError
from webhook.mutation.mutate import mutate
from webhook.objects import manifests

ASKS = "{extensions: [{name: s3, product: minio}]}"
RESULT = "{{inputs.parameters.result}}"


def stored(obj, old=None):
    return jsonpatch.apply_patch(obj, [dict(op) for op in mutate(obj, INDEX, ME, old=old).ops])


def problems(obj, old=None):
    with pytest.raises(RefusedError) as refused:
        mutate(obj, INDEX, ME, old=old)
    return list(refused.value.problems)


def argo(kind, annotations=None, **spec):
    metadata = {"name": "demo", "annotations": annotations or {}}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}


def tekton(kind, annotations=None, **spec):
    metadata = {"name": "demo", "annotations": annotations or {}}
    return {"apiVersion": "tekton.dev/v1", "kind": kind, "metadata": metadata, "spec": spec}


# What Argo fills in could hold an expression, and whoever put it out would read by it what is not theirs.

HOLES = [
    pytest.param(f"t: {{env: [{{name: A, value: '{RESULT}'}}]}}", id="variable"),
    pytest.param(f"t: {{extensions: [{{name: s3, product: '{RESULT}'}}]}}", id="selector"),
    pytest.param(r't: {env: [{name: A, value: "\x7b\u007binputs.parameters.result}}"}]}', id="escaped"),
    pytest.param('t: {env: [{name: A, value: "{\\\n{inputs.parameters.result}}"}]}', id="over-two-lines"),
    pytest.param(f"'*': {{env: [{{name: A, value: '{RESULT}'}}]}}", id="every-step"),
]
TEMPLATE = {"name": "t", "container": {"image": "i"}}


@pytest.mark.parametrize("text", HOLES)
@pytest.mark.parametrize(
    "obj",
    [
        pytest.param(argo("Workflow", workflowTemplateRef={"name": "x"}), id="left-for-pods"),
        pytest.param(argo("WorkflowTemplate", templates=[TEMPLATE]), id="shared"),
        pytest.param(argo("CronWorkflow", workflowSpec={"templates": [TEMPLATE]}), id="shared-of-a-cronworkflow"),
    ],
)
def test_nothing_that_argo_would_fill_in_gets_into_a_spec(obj, text):
    obj = deepcopy(obj)
    level = RUN_SELECTORS if obj["kind"] == "Workflow" else PIPELINE_SELECTORS
    obj["metadata"]["annotations"][level] = text

    assert [p for p in problems(obj) if "holds '{{', which Argo would expand" in p]


# What is refused when it is made is refused when it is changed to that, too.


@pytest.mark.parametrize(
    ("kind", "spec", "level"),
    [
        ("Pipeline", {"tasks": [{"name": "t", "taskSpec": {"steps": [{"name": "a"}]}}]}, PIPELINE_SELECTORS),
        ("Task", {"steps": [{"name": "t"}]}, TASK_SELECTORS),
    ],
)
@pytest.mark.parametrize(
    "wrong",
    [
        "nobody: {}",
        "x: [",
        "t2: {extension: []}",
        "t: {extensions: 7}",
        "'*': {env: [{name: A, value: '<< extension.nobody.url >>'}]}",
    ],
)
def test_what_is_wrong_with_a_new_annotation_is_reported_though_the_definition_asked_before(kind, spec, level, wrong):
    before = stored(tekton(kind, {level: f"t: {ASKS}"}, **spec))
    after = tekton(kind, {level: wrong if wrong.startswith("t:") else f"t: {ASKS}\n{wrong}"}, **spec)

    assert problems(after, old=before) == problems(after)


def test_a_definition_that_was_stored_wrong_can_still_be_labelled():
    wrong = tekton("Pipeline", {PIPELINE_SELECTORS: "nobody: {}"}, tasks=[])
    labelled = deepcopy(wrong)
    labelled["metadata"]["labels"] = {"team": "ml"}

    assert not mutate(labelled, INDEX, ME, old=wrong).ops


def task_with(value, annotations=None):
    env = [{"name": "URL", "value": value}, {"name": "PLAIN", "value": "x"}]
    return tekton(
        "Task", annotations or {TASK_SELECTORS: f"a: {ASKS}"}, steps=[{"name": "a", "image": "i", "env": env}]
    )


def test_a_task_whose_variable_is_edited_can_be_applied_again():
    before = stored(task_with("<< extension.s3.url >>/old"))
    # kubectl sends the annotation as it is stored: its author has not changed that.
    sent = task_with("<< extension.s3.url >>/new", before["metadata"]["annotations"])

    after = stored(sent, old=before)

    assert after == stored(task_with("<< extension.s3.url >>/new"))
    assert stored(after, old=before) == after


def test_what_its_author_writes_into_both_places_is_refused_all_the_same():
    before = stored(task_with("<< extension.s3.url >>/old"))
    both = task_with("<< extension.s3.url >>", {TASK_SELECTORS: f"a: {ASKS[:-1]}, env: [{{name: URL, value: x}}]}}"})

    assert problems(both, old=before) == problems(both)


def test_more_than_an_annotation_may_hold_is_not_moved_into_it():
    env = [{"name": f"V{i}", "value": "<< extension.s3.url >>/" + "x" * 50} for i in range(400)]
    task = tekton("Task", {TASK_SELECTORS: f"a: {ASKS}"}, steps=[{"name": "a", "env": env}])

    assert problems(task) == [
        f"annotation {TASK_SELECTORS}: with what is moved into it, it is longer than 32 KiB; say once, under "
        "'*' or a task, what several steps get"
    ]


# Pods that are not a step's.


@pytest.mark.parametrize("key", ["'*'", "other", "other/main"])
def test_an_inline_template_of_argos_gets_what_is_for_every_step_and_nothing_else(key):
    inline = {"container": {"image": "i"}}

    result = stored(argo_pod(inline, {RUN_SELECTORS: f"{key}: {ASKS}"}))

    assert ("env" in container_of(result, "main")) is (key == "'*'")


def test_a_pod_that_does_not_say_its_template_is_refused_what_only_some_get():
    pod = argo_pod({"name": "t", "container": {"image": "i"}}, {RUN_SELECTORS: f"t: {ASKS}"})
    for container in (*pod["spec"]["containers"], *pod["spec"]["initContainers"]):
        for entry in container.get("env", []):
            entry["value"] = "offloaded"

    assert "the pod does not say which template it was created from" in problems(pod)[0]


@pytest.mark.parametrize("name", ["1", "true", "null", "~", "1e3", "on", "no", "0x1f", "=", "a.b", "-", "ä", "x y"])
def test_a_task_of_any_name_is_found_again_in_its_pod(name):
    spec = {"pipelineSpec": {"tasks": [{"name": name, "taskRef": {"name": "x"}}]}}
    annotations = {RUN_SELECTORS: manifests.dump({f"{name}/*": {"env": [{"name": "A", "value": name}]}, "*": {}})}
    run = stored(tekton("PipelineRun", annotations, **spec))

    pod = stored(tekton_pod({"steps": [{"name": "a"}]}, run["metadata"]["annotations"], task=name))

    assert container_of(pod, "step-a")["env"] == [{"name": "A", "value": name}]


def test_forged_notes_on_a_pod_change_nothing():
    note = '{"asked": "x", "literals": 99, "steps": {"a": {"s3": {"variables": ["S3_KEY"]}}}}'
    pod = tekton_pod({"steps": [{"name": "a"}]}, {TASK_SELECTORS: f"a: {ASKS}"})
    forged = deepcopy(pod)
    forged["metadata"]["annotations"]["extensions.fuseml.org/resolved"] = note

    assert stored(forged) == stored(pod)


# What takes long.

MANY = 3000


def many(make):
    return [make(i) for i in range(MANY)]


LARGE = [
    pytest.param(
        argo(
            "WorkflowTemplate",
            templates=many(
                lambda i: {**TEMPLATE, "name": f"t{i}", "metadata": {"annotations": {TASK_SELECTORS: f"main: {ASKS}"}}}
            ),
        ),
        id="templates-that-ask",
    ),
    pytest.param(
        tekton(
            "PipelineRun",
            {RUN_SELECTORS: "\n".join(f"t{i}: {{}}" for i in range(MANY))},
            pipelineSpec={"tasks": many(lambda i: {"name": f"t{i}", "taskRef": {"name": "x"}})},
        ),
        id="keys-and-references",
    ),
    pytest.param(
        tekton("PipelineRun", {RUN_SELECTORS: "\n".join(f"t{i}: {{}}" for i in range(MANY))}, pipelineRef={}),
        id="keys",
    ),
    pytest.param(
        tekton_pod(
            {"steps": many(lambda i: {"name": f"s{i}"})}, {LEVELS[2]: "'*': {}", LEVELS[1]: "'*': {}"}, task="t"
        ),
        id="containers",
    ),
]


@pytest.mark.parametrize("obj", LARGE)
def test_large_objects_take_a_time_that_grows_with_their_size(obj):
    """Had each of its parts been compared with each other, it would be many times that."""
    start = time.process_time()
    mutate(obj, Index(), ME)

    assert time.process_time() - start < 5
