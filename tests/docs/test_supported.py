"""docs/supported.md says what works where: each cell of its tables is tried."""

import re
from pathlib import Path

import jsonpatch
import pytest

from registry.records import codec
from registry.resolving.index import Index
from registry.resolving.selectors import Consumer
from webhook.adapters import layout_of
from webhook.adapters.annotations.names import LEVELS, PREFIX
from webhook.errors import RefusedError
from webhook.mutation.mutate import mutate
from webhook.objects import manifests
from webhook.objects.patch import put
from webhook.objects.walk import at

PAGE = (Path(__file__).parents[2] / "docs" / "supported.md").read_text()
ME = Consumer(project="default")
INDEX = Index(
    [codec.decode({"id": "minio", "product": "minio", "services": [{"id": "s", "configuration": {"A": "b"}}]})]
)
BLOCK = [{"name": "store", "product": "minio"}]
EXPRESSION = "<< extension.store.product >>"
TASKS = {"tasks": [{"name": "task", "taskSpec": {"steps": [{"name": "step", "image": "i"}]}}]}
TEMPLATES = {"templates": [{"name": "template", "container": {"image": "i"}}]}
POD = {"containers": [{"name": "step", "image": "i"}]}
IN_TASKS = ("tasks", 0, "taskSpec", "steps", 0)
IN_TEMPLATES = ("templates", 0, "container")
# Kind -> its API, its spec, and where in that a step is.
KINDS = {
    "PipelineRun": ("tekton.dev/v1", {"pipelineSpec": TASKS, "taskRunSpecs": [{}]}, ("pipelineSpec", *IN_TASKS)),
    "TaskRun": ("tekton.dev/v1", {"taskSpec": {"steps": [{"name": "step"}]}}, ("taskSpec", "steps", 0)),
    "Pipeline": ("tekton.dev/v1", TASKS, IN_TASKS),
    "Task": ("tekton.dev/v1", {"steps": [{"name": "step", "image": "i"}]}, ("steps", 0)),
    "StepAction": ("tekton.dev/v1beta1", {"image": "i"}, ()),
    "Workflow": ("argoproj.io/v1alpha1", TEMPLATES, IN_TEMPLATES),
    "WorkflowTemplate": ("argoproj.io/v1alpha1", TEMPLATES, IN_TEMPLATES),
    "ClusterWorkflowTemplate": ("argoproj.io/v1alpha1", TEMPLATES, IN_TEMPLATES),
    "CronWorkflow": ("argoproj.io/v1alpha1", {"workflowSpec": TEMPLATES}, ("workflowSpec", *IN_TEMPLATES)),
    "Pod": ("v1", POD, ("containers", 0)),
    "Job": ("batch/v1", {"template": {"spec": POD}}, ("template", "spec", "containers", 0)),
    "CronJob": (
        "batch/v1",
        {"jobTemplate": {"spec": {"template": {"spec": POD}}}},
        ("jobTemplate", "spec", "template", "spec", "containers", 0),
    ),
    "Deployment": ("apps/v1", {"template": {"spec": POD}}, ("template", "spec", "containers", 0)),
}


def table(heading):
    """The rows of the table whose first line begins with *heading*, as lists of cells."""
    lines = PAGE[PAGE.index(heading) :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


WAYS = table("| object | `extensions` |")
PLACES = table("| object | place |")


def made(kind, **members):
    api, spec, step = KINDS[kind]
    obj = {"apiVersion": api, "kind": kind, "metadata": {"name": "demo"}, "spec": spec}
    for member, value in members.items():
        obj = with_member(obj, ("spec", *step, member), value)
    return obj


def with_member(obj, pointer, value):
    return jsonpatch.apply_patch(obj, [dict(put(obj, pointer, value))])


def asking(obj, place, name, key="step"):
    content = manifests.dump({key: {"extensions": BLOCK}})
    return with_member(obj, (*place, "annotations", PREFIX + name), content)


def own_place(kind):
    """Metadata whose annotation names the step, and what it is called there."""
    for row_kind, place, names, key in PLACES:
        if row_kind == kind and names:
            listed = re.findall(r"`(\S+?)`", names)
            return pointer_of(place), listed[-1] if kind == "Pod" else listed[0], key_of(key)
    return None


def pointer_of(place):
    parts = place.strip("`").replace("[]", ".0").split(".")
    return tuple(int(part) if part.isdigit() else part for part in parts)


def key_of(key):
    return {"`task/step`": "task/step", "`template`": "template", "`main`": "main"}.get(key, "step")


def tried(obj):
    """What becomes of *obj*: itself when it is made, or why not."""
    try:
        return jsonpatch.apply_patch(obj, [dict(op) for op in mutate(obj, INDEX, ME).ops]), ()
    except RefusedError as e:
        return obj, e.problems


def cells(column):
    return [pytest.param(row[0], row[column].split(" ")[0], id=row[0]) for row in WAYS]


def test_the_tables_name_all_kinds():
    assert {row[0] for row in WAYS} == set(KINDS) == {row[0] for row in PLACES}


@pytest.mark.parametrize(("kind", "cell"), cells(1))
def test_a_list_of_extensions(kind, cell):
    result, problems = tried(made(kind, extensions=BLOCK))

    if cell == "yes":
        assert not problems
        assert "extensions" not in at(result, ("spec", *KINDS[kind][2]))
    elif cell == "no":
        assert "'extensions' is not read in" in problems[0]
    else:
        assert cell == "dropped"


@pytest.mark.parametrize(("kind", "cell"), cells(2))
def test_an_expression_in_env(kind, cell):
    found = own_place(kind)
    obj = made(kind, env=[{"name": "V", "value": EXPRESSION}])
    result, problems = tried(asking(obj, *found) if found else obj)

    if cell == "yes":
        assert not problems
        env = at(result, ("spec", *KINDS[kind][2], "env")) or []
        # Expanded now, or moved to be expanded later.
        assert {"name": "V", "value": EXPRESSION} not in env
    elif cell == "no":
        assert "expressions are read in the env of steps only" in problems[0]
    else:
        assert cell == "stays"
        assert not problems
        assert {"name": "V", "value": EXPRESSION} in at(result, ("spec", *KINDS[kind][2], "env"))


@pytest.mark.parametrize("member", ["args", "script"])
@pytest.mark.parametrize(("kind", "cell"), cells(3))
def test_an_expression_elsewhere(kind, cell, member):
    value = [EXPRESSION] if member == "args" else EXPRESSION
    found = own_place(kind)
    obj = made(kind, **{member: value})
    result, problems = tried(asking(obj, *found) if found else obj)

    if cell == "yes":
        assert not problems
        assert at(result, ("spec", *KINDS[kind][2], member)) in ("minio", ["minio"])
    elif cell == "no":
        assert "expressions are read in the env of steps only" in problems[0]
    else:
        assert cell == "stays"
        assert not problems
        assert at(result, ("spec", *KINDS[kind][2], member)) == value


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    ("kind", "place", "names", "key"), [pytest.param(*row, id=f"{row[0]}-{row[1]}") for row in PLACES]
)
def test_an_annotation(kind, place, names, key, level):
    name = level.removeprefix(PREFIX)
    is_share = name == "pipeline-selectors" and key == "`main`"
    obj = asking(made(kind), pointer_of(place), name, "template" if is_share else key_of(key))

    result, problems = tried(obj)

    if name in re.findall(r"`(\S+?)`", names):
        assert not problems
        assert layout_of(result) is None or not layout_of(result).misplaced
    else:
        assert f"annotation {level} is not read here; " in problems[0]
