"""An expression that names a selector which another step has is refused with where that is and what to write."""

import pytest

from registry.records import codec
from registry.resolving.index import Index
from registry.resolving.selectors import Consumer
from webhook.adapters.annotations.names import RUN_SELECTORS, TASK_SELECTORS
from webhook.errors import RefusedError
from webhook.mutation.mutate import mutate
from webhook.objects import manifests
from webhook.preview import lint

INDEX = Index(
    [codec.decode({"id": "minio", "product": "minio", "services": [{"id": "s", "configuration": {"A": "b"}}]})]
)
BLOCK = [{"name": "t", "product": "minio"}]
TEXT = "<< extension.t.product >>"
EVERY = f"under '*' in the annotation {RUN_SELECTORS}"


def tekton(kind, spec):
    return {"apiVersion": "tekton.dev/v1", "kind": kind, "metadata": {"name": "demo"}, "spec": spec}


def argo(*templates, **annotations):
    metadata, spec = {"name": "demo", "annotations": annotations}, {"templates": list(templates)}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": metadata, "spec": spec}


def pipeline(kind, *, text):
    tasks = [
        {"name": "one", "taskSpec": {"steps": [{"name": "a", "image": "i", "extensions": BLOCK}]}},
        {"name": "two", "taskSpec": {"steps": [{"name": "b", "image": "i", "env": [{"name": "V", "value": text}]}]}},
    ]
    return tekton(kind, {"tasks": tasks} if kind == "Pipeline" else {"pipelineSpec": {"tasks": tasks}})


OBJECTS = [
    pytest.param(
        tekton("TaskRun", {"taskSpec": {"steps": [
            {"name": "a", "image": "i", "extensions": BLOCK}, {"name": "b", "image": "i", "script": TEXT},
        ]}}),
        f"steps[b].script: \"{TEXT}\": no selector is named 't' here, but steps[a] has it; write it here as well, or "
        f"for all steps in taskSpec.extensions or {EVERY}",
        id="another-step",
    ),
    pytest.param(
        pipeline("PipelineRun", text=TEXT),
        f"tasks[two].steps[b].env[0].value: \"{TEXT}\": no selector is named 't' here, but tasks[one].steps[a] has it; "
        f"write it here as well, or for all steps in taskSpec.extensions or {EVERY}",
        id="another-task",
    ),
    pytest.param(
        pipeline("Pipeline", text=TEXT),
        f"tasks[two].steps[b].env[0].value: \"{TEXT}\": no selector is named 't' here, but tasks[one].steps[a] has it; "
        f"write it here as well, or for all steps under '*' in the annotation {TASK_SELECTORS}",
        id="another-task-of-a-definition",
    ),
    pytest.param(
        argo(
            {"name": "a", "container": {"image": "i", "extensions": BLOCK}},
            {"name": "b", "script": {"image": "i", "extensions": BLOCK, "source": "true"}},
            {"name": "c", "container": {"image": "i", "args": [TEXT]}},
        ),
        f"templates[c].args[0]: \"{TEXT}\": no selector is named 't' here, but templates[a] and templates[b] have it; "
        f"write it here as well, or for all steps {EVERY}",
        id="two-templates",
    ),
    pytest.param(
        {"name": "demo", "steps": [
            {"name": "a", "extensions": BLOCK}, {"name": "b", "env": [{"name": "V", "value": TEXT}]},
        ]},
        f"steps[b].env[0].value: \"{TEXT}\": no selector is named 't' here, but steps[a] has it; write it in this step "
        "as well",
        id="document",
    ),
    pytest.param(
        tekton("TaskRun", {"taskSpec": {"steps": [{"name": "b", "image": "i", "script": TEXT}]}}),
        f"steps[b].script: \"{TEXT}\": no selector is named 't' here; there are no selectors",
        id="nowhere",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("obj", "message"), OBJECTS)
def test_it_is_said_which_step_has_it_and_where_to_move_it(obj, message):
    with pytest.raises(RefusedError) as refused:
        mutate(obj, INDEX, Consumer())

    assert refused.value.problems == (message,)


@pytest.mark.parametrize(("obj", "message"), OBJECTS)
def test_lint_says_the_same(obj, message):
    problems = lint.check(manifests.dump(obj), "demo.yaml").problems

    assert [problem.message for problem in problems] == [message]


NO_CONTAINER = "cannot be given variables: {}; name it, and set inject: false, if its texts use expressions"
BESIDE = "sidecars and init containers are meant by their own names only; there are {}"


@pytest.mark.parametrize(
    ("obj", "why"),
    [
        *(
            pytest.param(argo({"name": "main", kind: {}}), f"templates[main] {NO_CONTAINER.format(why)}", id=kind)
            for kind, why in (
                ("http", "an http template has no container"),
                ("plugin", "a plugin template has no container"),
                ("resource", "a resource template has no env"),
                ("data", "a data template has no env"),
            )
        ),
        pytest.param(
            tekton("TaskRun", {"taskSpec": {"sidecars": [{"name": "x", "image": "i"}]}}),
            BESIDE.format("'sidecar-x'"),
            id="sidecars-only",
        ),
        pytest.param(argo({"name": "main", "suspend": {}}), "there are none", id="no-step-at-all"),
    ],
)
def test_it_is_said_why_every_step_means_none(obj, why):
    obj["metadata"].setdefault("annotations", {})[RUN_SELECTORS] = manifests.dump({"*": {"extensions": BLOCK}})

    with pytest.raises(RefusedError) as refused:
        mutate(obj, INDEX, Consumer())

    assert refused.value.problems == (f"annotation {RUN_SELECTORS}:1:1: no step is '*'; {why}",)


def inline(depth, template):
    for i in range(depth):
        template = {"name": f"t{depth - i}", "steps": [[{"name": "s", "inline": template}]]}
    return template


def test_templates_that_are_written_inline_too_deep_to_be_read_are_refused_if_they_ask():
    step = {"container": {"image": "i", "extensions": BLOCK}}

    mutate(argo(inline(8, step)), INDEX, Consumer())
    with pytest.raises(RefusedError, match="templates are written inline in each other 8 deep at most"):
        mutate(argo(inline(9, step)), INDEX, Consumer())

    assert not mutate(argo(inline(9, {"container": {"image": "i"}})), INDEX, Consumer()).ops
