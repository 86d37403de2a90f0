"""One rule across levels: the upper selector replaces the one of the same name below it, and the run has the last word.

Run, pipeline, task or template, step; Argo's defaults of templates come last. Each level asks for another product here.
"""

from copy import deepcopy

import jsonpatch
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.records import codec
from registry.resolving.index import Index
from registry.resolving.selectors import Consumer
from webhook.adapters.annotations.names import PIPELINE_SELECTORS, POD_SELECTORS, RUN_SELECTORS, TASK_SELECTORS
from webhook.errors import RefusedError
from webhook.mutation.mutate import mutate
from webhook.mutation.note.resolved import RESOLVED
from webhook.mutation.settings import Settings
from webhook.objects import manifests
from webhook.objects.walk import at, env_names
from webhook.preview.definitions import Definitions
from webhook.preview.explain import as_text, explain
from webhook.preview.previewer import Previewer

ME = Consumer(project="ml")
PRODUCTS = ("run", "pipeline", "task", "step", "default")
INDEX = Index(
    [
        codec.decode(
            {
                "id": product,
                "product": product,
                "services": [
                    {"id": "s", "configuration": {product.upper(): "x"}, "endpoints": [{"url": f"http://{product}"}]}
                ],
            }
        )
        for product in PRODUCTS
    ]
)
TEXT = "echo << extension.t.url >>"


def block(product):
    return [{"name": "t", "product": product}]


def annotation(key, step, product):
    return {key: manifests.dump({step: {"extensions": block(product)}})}


def asking(obj, levels, places):
    """*obj* with a selector at each of *levels*: each place is a pointer, and what to put there for a product."""
    obj = deepcopy(obj)
    for level in levels:
        pointer, content = places[level]
        target = at(obj, pointer)
        target.update(deepcopy(content))
    return obj


def tekton(kind, spec):
    return {"apiVersion": "tekton.dev/v1", "kind": kind, "metadata": {"name": "demo", "annotations": {}}, "spec": spec}


def argo(spec):
    metadata = {"name": "demo", "annotations": {}}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": metadata, "spec": spec}


RUN = ("metadata", "annotations")
TASK = ("spec", "pipelineSpec", "tasks", 0, "taskSpec")
STEPS = [{"name": "main", "image": "i", "script": TEXT}]
PIPELINE_RUN = tekton(
    "PipelineRun",
    {"pipelineSpec": {"tasks": [{"name": "train", "taskSpec": {"metadata": {"annotations": {}}, "steps": STEPS}}]}},
)
TASK_RUN = tekton("TaskRun", {"taskSpec": {"steps": STEPS}})
CONTAINER = {"name": "main", "image": "i", "args": [TEXT]}
WORKFLOW = argo(
    {
        "templateDefaults": {"container": {}},
        "templates": [{"name": "train", "metadata": {"annotations": {}}, "container": CONTAINER}],
    }
)
SET = argo(
    {"templates": [{"name": "train", "metadata": {"annotations": {}}, "containerSet": {"containers": [CONTAINER]}}]}
)
INLINE = argo(
    {
        "templates": [
            {
                "name": "all",
                "steps": [[{"name": "call", "inline": {"metadata": {"annotations": {}}, "container": CONTAINER}}]],
            }
        ]
    }
)
IN_INLINE = ("spec", "templates", 0, "steps", 0, 0, "inline")
TEMPLATE = ("spec", "templates", 0)
# Object, where its step is, and for each level a place for a selector.
WAYS = {
    "pipeline-run": (
        PIPELINE_RUN,
        (*TASK, "steps", 0),
        {
            "run": (RUN, annotation(RUN_SELECTORS, "train/main", "run")),
            "pipeline": (RUN, annotation(PIPELINE_SELECTORS, "train", "pipeline")),
            "task": ((*TASK, "metadata", "annotations"), annotation(TASK_SELECTORS, "*", "task")),
            "step": ((*TASK, "steps", 0), {"extensions": block("step")}),
        },
    ),
    "pipeline-run-with-a-block-of-the-task": (
        PIPELINE_RUN,
        (*TASK, "steps", 0),
        {
            "run": (RUN, annotation(RUN_SELECTORS, "*", "run")),
            "pipeline": (RUN, annotation(PIPELINE_SELECTORS, "*", "pipeline")),
            "task": (TASK, {"extensions": block("task")}),
            "step": ((*TASK, "steps", 0), {"extensions": block("step")}),
        },
    ),
    "pipeline-run-with-all-in-its-metadata": (
        PIPELINE_RUN,
        (*TASK, "steps", 0),
        {
            "run": (RUN, annotation(RUN_SELECTORS, "*", "run")),
            "pipeline": (RUN, annotation(PIPELINE_SELECTORS, "train/main", "pipeline")),
            "task": (RUN, annotation(TASK_SELECTORS, "main", "task")),
            "step": (RUN, annotation(POD_SELECTORS, "step-main", "step")),
        },
    ),
    "task-run": (
        TASK_RUN,
        ("spec", "taskSpec", "steps", 0),
        {
            "run": (RUN, annotation(RUN_SELECTORS, "main", "run")),
            "pipeline": (RUN, annotation(PIPELINE_SELECTORS, "main", "pipeline")),
            "task": (("spec", "taskSpec"), {"extensions": block("task")}),
            "step": (("spec", "taskSpec", "steps", 0), {"extensions": block("step")}),
        },
    ),
    "workflow": (
        WORKFLOW,
        (*TEMPLATE, "container"),
        {
            "run": (RUN, annotation(RUN_SELECTORS, "*", "run")),
            "pipeline": ((*TEMPLATE, "metadata", "annotations"), annotation(PIPELINE_SELECTORS, "train", "pipeline")),
            "task": ((*TEMPLATE, "metadata", "annotations"), annotation(TASK_SELECTORS, "main", "task")),
            "step": ((*TEMPLATE, "container"), {"extensions": block("step")}),
            "default": (("spec", "templateDefaults", "container"), {"extensions": block("default")}),
        },
    ),
    "workflow-with-a-block-of-the-template": (
        WORKFLOW,
        (*TEMPLATE, "container"),
        {
            "run": (RUN, annotation(RUN_SELECTORS, "train", "run")),
            "task": (TEMPLATE, {"extensions": block("task")}),
            "step": ((*TEMPLATE, "container"), {"extensions": block("step")}),
            "default": (("spec", "templateDefaults"), {"extensions": block("default")}),
        },
    ),
    "container-set": (
        SET,
        (*TEMPLATE, "containerSet", "containers", 0),
        {
            "run": (RUN, annotation(RUN_SELECTORS, "train/main", "run")),
            "task": ((*TEMPLATE, "containerSet"), {"extensions": block("task")}),
            "step": ((*TEMPLATE, "containerSet", "containers", 0), {"extensions": block("step")}),
        },
    ),
    "template-written-inline": (
        INLINE,
        (*IN_INLINE, "container"),
        {
            "run": (RUN, annotation(RUN_SELECTORS, "all/call", "run")),
            "task": ((*IN_INLINE, "metadata", "annotations"), annotation(TASK_SELECTORS, "main", "task")),
            "step": ((*IN_INLINE, "container"), {"extensions": block("step")}),
        },
    ),
}


def applied(obj, mutation):
    return jsonpatch.apply_patch(obj, [dict(op) for op in mutation.ops])


def given_to(obj, step):
    """The names of the variables of *step*, and its text, once *obj* is admitted; and nothing is left for its pod."""
    result = applied(obj, mutate(obj, INDEX, ME))
    note = result["metadata"]["annotations"].pop(RESOLVED)
    assert "-selectors" not in manifests.dump(result)
    assert note
    container = at(result, step)
    return env_names(container), container.get("script") or container["args"][0]


@pytest.mark.parametrize(("obj", "step", "places"), WAYS.values(), ids=WAYS)
def test_the_upper_level_wins_whichever_levels_ask(obj, step, places):
    for first, top in enumerate(places):
        for others in (places, [top]):
            levels = [level for level in list(places)[first:] if level in others]

            given = given_to(asking(obj, levels, places), step)

            assert given == ({top.upper()}, f"echo http://{top}"), levels


@given(st.sampled_from(sorted(WAYS)), st.data())
def test_it_wins_and_what_is_applied_again_stays(way, data):
    obj, _, places = WAYS[way]
    levels = data.draw(st.lists(st.sampled_from(list(places)), min_size=1, unique=True))
    asked = asking(obj, levels, places)

    admitted = applied(asked, mutate(asked, INDEX, ME))

    assert applied(asked, mutate(asked, INDEX, ME, old=admitted)) == admitted
    assert mutate(admitted, INDEX, ME).ops == ()
    assert mutate(admitted, INDEX, ME, old=admitted).ops == ()


@pytest.mark.parametrize(("obj", "step", "places"), WAYS.values(), ids=WAYS)
def test_explain_says_which_replaced_which(obj, step, places):
    explained = explain(asking(obj, places, places), INDEX, ME, settings=Settings())

    ((selector,),) = [step["selectors"] for step in explained["steps"]]
    top, *lower = places
    assert selector["criteria"] == {"product": top}
    assert [other["criteria"] for other in selector["replaces"]] == [{"product": level} for level in lower]
    text = as_text(explained)
    assert f"replaces that of {selector['replaces'][-1]['where']} (product={lower[-1]})" in text


@pytest.mark.parametrize(
    ("obj", "pointers"),
    [
        pytest.param(
            PIPELINE_RUN,
            {
                TASK: {"extensions": block("task")},
                (*TASK, "metadata", "annotations"): annotation(TASK_SELECTORS, "main", "run"),
            },
            id="block-and-annotation-of-a-task",
        ),
        pytest.param(
            PIPELINE_RUN,
            {
                RUN: {
                    RUN_SELECTORS: manifests.dump(
                        {"*": {"extensions": block("run")}, "train": {"extensions": block("task")}}
                    )
                }
            },
            id="two-keys-of-the-run's",
        ),
        pytest.param(
            WORKFLOW,
            {
                TEMPLATE: {"extensions": block("task")},
                (*TEMPLATE, "metadata", "annotations"): annotation(TASK_SELECTORS, "main", "run"),
            },
            id="block-and-annotation-of-a-template",
        ),
        pytest.param(
            WORKFLOW,
            {
                ("spec", "templateDefaults"): {"extensions": block("run")},
                ("spec", "templateDefaults", "container"): {"extensions": block("task")},
            },
            id="two-defaults",
        ),
    ],
)
@pytest.mark.parametrize("is_replaced", [False, True])
def test_twice_at_one_level_is_refused_even_if_both_are_replaced(obj, pointers, is_replaced):
    obj = deepcopy(obj)
    for pointer, content in pointers.items():
        at(obj, pointer).update(content)
    if is_replaced:
        text = at(obj, RUN).get(RUN_SELECTORS, "")
        at(obj, RUN)[RUN_SELECTORS] = text or manifests.dump({"*": {"extensions": block("run")}})

    with pytest.raises(RefusedError, match="two selectors are named 't'; give one another name"):
        mutate(obj, INDEX, ME)


@pytest.mark.parametrize("asks_in", ["annotation", "block"])
def test_in_a_definition_the_task_replaces_its_steps(asks_in):
    spec = {"metadata": {"annotations": {}}, "steps": [{"name": "main", "image": "i", "extensions": block("step")}]}
    if asks_in == "annotation":
        spec["metadata"]["annotations"] = annotation(TASK_SELECTORS, "*", "task")
    else:
        spec["extensions"] = block("task")
    obj = tekton("Pipeline", {"tasks": [{"name": "train", "taskSpec": spec}]})

    stored = applied(obj, mutate(obj, INDEX, ME))

    (entry,) = manifests.load(at(stored, ("spec", "tasks", 0, "taskSpec", "metadata", "annotations", TASK_SELECTORS)))
    assert [item for said in entry.content.values() for item in said["extensions"]] == block("task")
    assert applied(obj, mutate(obj, INDEX, ME, old=stored)) == stored


LIBRARY = """
apiVersion: tekton.dev/v1
kind: Pipeline
metadata:
  name: library
  annotations: {extensions.fuseml.org/pipeline-selectors: "train: {extensions: [{name: t, product: pipeline}]}"}
spec:
  tasks:
    - name: train
      taskSpec:
        steps:
          - name: main
            image: i
            extensions: [{name: t, product: step}]
            env: [{name: URL, value: << extension.t.url >>}]
---
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata:
  name: demo
  annotations: {extensions.fuseml.org/run-selectors: "train/main: {extensions: [{name: t, product: run}]}"}
spec: {pipelineRef: {name: library}}
---
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: library}
spec:
  templates:
    - name: train
      container: {image: i, env: [{name: URL, value: << extension.t.url >>}], extensions: [{name: t, product: step}]}
---
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata:
  name: demo
  annotations: {extensions.fuseml.org/run-selectors: "train: {extensions: [{name: t, product: run}]}"}
spec: {workflowTemplateRef: {name: library}}
"""


def test_a_run_sends_a_librarys_pipeline_to_another_service_without_editing_it():
    definitions = Definitions(lambda _: "", None)
    definitions.add(LIBRARY.splitlines(keepends=True))
    previewer = Previewer(INDEX, lambda _: ME, Settings(), "env", definitions.seen_from)

    shown = [
        part
        for document in previewer.show(LIBRARY.splitlines(keepends=True), "x")
        for part in (document.text, document.errors)
    ]

    text = "".join(part for part in shown if isinstance(part, str))
    assert text.count("RUN=x") == text.count("URL=http://run") == 2
    assert "STEP" not in text
    assert "PIPELINE=" not in text


def test_what_would_be_another_one_in_the_pod_of_a_step_is_refused():
    # Beside a referenced task, the annotation goes on to the pods of all tasks.
    obj = asking(PIPELINE_RUN, ["run", "pipeline"], WAYS["pipeline-run"][2])
    obj["spec"]["pipelineSpec"]["tasks"].append({"name": "other", "taskRef": {"name": "x"}})

    with pytest.raises(RefusedError) as refused:
        mutate(obj, INDEX, ME)

    assert refused.value.problems == (
        f"annotation {PIPELINE_SELECTORS}:3:5: 't' is another selector of a step here; write all of them into "
        f"{RUN_SELECTORS}",
    )
