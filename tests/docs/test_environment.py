"""docs/selectors.md says where an author's own variable is known: each row of its table is tried."""

from copy import deepcopy
from pathlib import Path

import jsonpatch
import pytest

from registry.records import codec
from registry.resolving.index import Index
from registry.resolving.selectors import Consumer
from webhook.adapters.annotations.names import POD_SELECTORS, RUN_SELECTORS
from webhook.errors import RefusedError
from webhook.mutation.mutate import mutate
from webhook.objects import manifests
from webhook.objects.walk import at, env_names

PAGE = (Path(__file__).parents[2] / "docs" / "selectors.md").read_text()
ME = Consumer(project="default")
SERVICE = {"id": "s", "configuration": {"MINE": "injected", "OTHER": "injected"}}
INDEX = Index([codec.decode({"id": "minio", "product": "minio", "services": [SERVICE]})])
BLOCK = [{"name": "store", "product": "minio"}]
ENV = [{"name": "MINE", "value": "my own"}]
ENV_FROM = [{"secretRef": {"name": "my-secret"}}]
CONTAINER = {"name": "main", "image": "i"}
ASKING = {**CONTAINER, "extensions": BLOCK}


def tekton(kind, spec, version="v1"):
    return {"apiVersion": f"tekton.dev/{version}", "kind": kind, "metadata": {"name": "demo"}, "spec": spec}


def argo(**spec):
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": "demo"}, "spec": spec}


def pod(section):
    annotations = {POD_SELECTORS: manifests.dump({"main": {"extensions": BLOCK}})}
    metadata = {"name": "demo", "annotations": annotations}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {section: [CONTAINER]}}


TASK_RUN = tekton("TaskRun", {"taskSpec": {"steps": [ASKING]}})
SIDECAR = tekton("TaskRun", {"taskSpec": {"steps": [CONTAINER], "sidecars": [ASKING]}})
PIPELINE_RUN = tekton(
    "PipelineRun",
    {
        "pipelineSpec": {"tasks": [{"name": "t", "taskSpec": {"steps": [ASKING]}}]},
        "taskRunSpecs": [{"pipelineTaskName": "t"}],
    },
)
IN_TASK_RUN = ("spec", "taskSpec", "steps", 0)
IN_PIPELINE_RUN = ("spec", "pipelineSpec", "tasks", 0, "taskSpec", "steps", 0)
TEMPLATE = ("spec", "templates", 0)
WORKFLOWS = {
    "container": (argo(templates=[{"name": "t", "container": ASKING}]), ("container",)),
    "script": (argo(templates=[{"name": "t", "script": ASKING}]), ("script",)),
    "containerSet.containers[]": (
        argo(templates=[{"name": "t", "containerSet": {"containers": [ASKING]}}]), ("containerSet", "containers", 0)
    ),
    "initContainers[]": (
        argo(templates=[{"name": "t", "container": {}, "initContainers": [ASKING]}]), ("initContainers", 0)
    ),
    "sidecars[]": (argo(templates=[{"name": "t", "container": {}, "sidecars": [ASKING]}]), ("sidecars", 0)),
}  # fmt: skip


def patch(**container):
    return manifests.dump({"containers": [{"name": "main", **container}]})


# Engine and place -> the object, where its step is, and where in it what is put.
PLACES = {
    ("Tekton", "steps[].env"): (TASK_RUN, IN_TASK_RUN, (*IN_TASK_RUN, "env"), ENV),
    ("Tekton", "steps[].envFrom"): (TASK_RUN, IN_TASK_RUN, (*IN_TASK_RUN, "envFrom"), ENV_FROM),
    ("Tekton", "stepTemplate.env"): (TASK_RUN, IN_TASK_RUN, ("spec", "taskSpec", "stepTemplate"), {"env": ENV}),
    ("Tekton", "stepTemplate.envFrom"): (
        TASK_RUN, IN_TASK_RUN, ("spec", "taskSpec", "stepTemplate"), {"envFrom": ENV_FROM}
    ),
    ("Tekton", "podTemplate.env"): (TASK_RUN, IN_TASK_RUN, ("spec", "podTemplate"), {"env": ENV}),
    ("Tekton", "taskRunTemplate.podTemplate.env"): (
        PIPELINE_RUN, IN_PIPELINE_RUN, ("spec", "taskRunTemplate"), {"podTemplate": {"env": ENV}}
    ),
    **{
        ("Tekton", f"taskRunSpecs[].{name}.env"): (
            PIPELINE_RUN, IN_PIPELINE_RUN, ("spec", "taskRunSpecs", 0, name), {"env": ENV}
        )
        for name in ("podTemplate", "taskPodTemplate")
    },
    **{
        ("Tekton", f"sidecars[].{field}"): (
            SIDECAR, ("spec", "taskSpec", "sidecars", 0), ("spec", "taskSpec", "sidecars", 0, field), value
        )
        for field, value in (("env", ENV), ("envFrom", ENV_FROM))
    },
    **{
        ("Argo", f"{place}.{field}"): (obj, (*TEMPLATE, *step), (*TEMPLATE, *step, field), value)
        for place, (obj, step) in WORKFLOWS.items()
        for field, value in (("env", ENV), ("envFrom", ENV_FROM))
    },
    **{
        ("Argo", f"templateDefaults.{place}.{field}"): (
            WORKFLOWS[place][0],
            (*TEMPLATE, *WORKFLOWS[place][1]),
            ("spec", "templateDefaults"),
            {place.removesuffix("[]"): [{"name": "main", field: value}] if place.endswith("[]") else {field: value}},
        )
        for place in WORKFLOWS if place != "containerSet.containers[]"
        for field, value in (("env", ENV), ("envFrom", ENV_FROM))
    },
    **{
        ("Argo", name): (WORKFLOWS["container"][0], (*TEMPLATE, "container"), pointer, value)
        for name, pointer, value in (
            ("podSpecPatch", ("spec", "podSpecPatch"), patch(env=ENV)),
            ("podSpecPatch` with `envFrom", ("spec", "podSpecPatch"), patch(envFrom=ENV_FROM)),
            ("podSpecPatch` with a parameter", ("spec", "podSpecPatch"), patch(env="{{inputs.parameters.env}}")),
            ("podSpecPatch` that replaces `env", ("spec", "podSpecPatch"), patch(env=[{"$patch": "replace"}, *ENV])),
            ("templates[].podSpecPatch", (*TEMPLATE, "podSpecPatch"), patch(env=ENV)),
            ("templateDefaults.podSpecPatch", ("spec", "templateDefaults"), {"podSpecPatch": patch(env=ENV)}),
            ("env` with a parameter for a name", (*TEMPLATE, "container", "env"), [{"name": "{{workflow.name}}"}]),
        )
    },
    **{
        ("Pod", f"{section}[].{field}"): (pod(section), ("spec", section, 0), ("spec", section, 0, field), value)
        for section in ("containers", "initContainers")
        for field, value in (("env", ENV), ("envFrom", ENV_FROM))
    },
    ("FuseML", "steps[].env"): ({"name": "demo", "steps": [ASKING]}, ("steps", 0), ("steps", 0, "env"), ENV),
}  # fmt: skip


def rows():
    """Engine, place and outcome of each row."""
    lines = PAGE[PAGE.index("| place | a variable") :].split("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    engine = ""
    for place, outcome in cells:
        if outcome:
            yield pytest.param(engine, place.replace("`", "", 1).removesuffix("`"), outcome, id=f"{engine}-{place}")
        else:
            engine = place.strip("*")


def test_the_table_has_each_place_once():
    named = [tuple(row.values[:2]) for row in rows()]

    normal = [(engine, place.replace("`", "")) for engine, place in PLACES]
    assert sorted((engine, place.replace("`", "")) for engine, place in named) == sorted(normal)


@pytest.mark.parametrize(("engine", "place", "expected"), list(rows()))
def test_what_is_set_there_is_known(engine, place, expected):
    found = {(e, p.replace("`", "")): way for (e, p), way in PLACES.items()}
    obj, step, pointer, value = found[engine, place.replace("`", "")]
    obj = deepcopy(obj)
    at(obj, pointer[:-1])[pointer[-1]] = deepcopy(value)

    try:
        mutation = mutate(obj, INDEX, ME)
    except RefusedError as e:
        assert expected == "is refused"
        assert "podSpecPatch replaces all of its variables" in str(e)
        return

    result = at(jsonpatch.apply_patch(obj, [dict(op) for op in mutation.ops]), step)
    values = {entry["name"]: entry.get("value") for entry in result["env"]}
    assert values["OTHER"] == "injected"
    if expected == "is not injected":
        assert values.get("MINE", "my own") == "my own"
        assert mutation.warnings == ()
    else:
        assert expected == "is injected, with a warning"
        assert values["MINE"] == "injected"
        (warning,) = mutation.warnings
        assert "(MINE, OTHER)" in warning


@pytest.mark.parametrize(
    ("prefix", "is_warned"),
    [("", True), ("MI", True), ("OTHER", True), ("MY_", False), ("{{x}}", True), ("MY_{{x}}", False)],
)
def test_a_prefix_that_excludes_it_spares_the_warning(prefix, is_warned):
    obj = deepcopy(WORKFLOWS["container"][0])
    obj["spec"]["templates"][0]["container"]["envFrom"] = [{"prefix": prefix, "configMapRef": {"name": "c"}}]

    assert bool(mutate(obj, INDEX, ME).warnings) is is_warned


def test_an_env_from_of_a_step_replaces_that_of_its_template():
    obj = deepcopy(TASK_RUN)
    obj["spec"]["taskSpec"]["stepTemplate"] = {"envFrom": ENV_FROM}
    obj["spec"]["taskSpec"]["steps"][0]["envFrom"] = [{"configMapRef": {"name": "c"}}]

    assert mutate(obj, INDEX, ME).warnings == (
        "steps[main]: envFrom: ConfigMap 'c' is not read here; an injected variable would replace one of the same name "
        "from it (MINE, OTHER)",
    )


def test_a_variable_of_an_annotation_gives_way_too():
    obj = argo(templates=[{"name": "t", "container": CONTAINER}], podSpecPatch=patch(env=ENV))
    asked = {"t": {"extensions": BLOCK, "env": [{"name": "MINE", "value": "the annotation's"}]}}
    obj["metadata"]["annotations"] = {RUN_SELECTORS: manifests.dump(asked)}

    mutation = mutate(obj, INDEX, ME)

    result = jsonpatch.apply_patch(obj, [dict(op) for op in mutation.ops])
    assert env_names(at(result, (*TEMPLATE, "container"))) == {"OTHER"}
    assert mutation.warnings == ("templates[t]: its own 'MINE' is kept, not the annotation's",)
