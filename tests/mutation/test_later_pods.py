"""Objects that are admitted although their pods will be refused: one verdict, said at admission."""

from copy import deepcopy

import pytest

from registry.delivery.ledger import Ledger
from registry.resolving.index import Index
from tests.plausible_runs import INDEX, ME
from webhook.adapters.annotations.names import PIPELINE_SELECTORS, POD_SELECTORS, RUN_SELECTORS, TASK_SELECTORS
from webhook.errors import RefusedError
from webhook.mutation.mutate import mutate
from webhook.mutation.settings import Settings
from webhook.preview.explain import as_text, explain

NOWHERE = "'*': {extensions: [{name: x, product: nowhere}]}"
FITS = "'*': {extensions: [{name: x, product: minio}]}"
CONTAINERS = {"containers": [{"name": "a", "image": "i"}]}


def with_pods(kind, text, spec=None):
    template = {"metadata": {"annotations": {POD_SELECTORS: text}}, "spec": spec or deepcopy(CONTAINERS)}
    if kind == "CronJob":
        return {"apiVersion": "batch/v1", "kind": kind, "spec": {"jobTemplate": {"spec": {"template": template}}}}
    group = {"Job": "batch/v1", "ReplicationController": "v1"}.get(kind, "apps/v1")
    return {"apiVersion": group, "kind": kind, "metadata": {"name": "demo"}, "spec": {"template": template}}


def definition(version, kind, annotation, text, spec):
    metadata = {"name": "demo", "annotations": {annotation: text}}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}


STEPS = {"steps": [{"name": "a", "image": "i"}]}
TEMPLATES = {"templates": [{"name": "a", "container": {"image": "i"}}]}
WORKLOADS = ("Job", "CronJob", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController")
DEFINITIONS = {
    "Task": lambda text: definition("tekton.dev/v1", "Task", TASK_SELECTORS, text, STEPS),
    "Pipeline": lambda text: definition(
        "tekton.dev/v1", "Pipeline", PIPELINE_SELECTORS, text, {"tasks": [{"name": "t", "taskSpec": STEPS}]}
    ),
    "WorkflowTemplate": lambda text: definition(
        "argoproj.io/v1alpha1", "WorkflowTemplate", PIPELINE_SELECTORS, text, TEMPLATES
    ),
    "CronWorkflow": lambda text: definition(
        "argoproj.io/v1alpha1", "CronWorkflow", PIPELINE_SELECTORS, text, {"workflowSpec": TEMPLATES}
    ),
    "CronWorkflow for its Workflows": lambda text: {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "CronWorkflow",
        "spec": {"workflowMetadata": {"annotations": {RUN_SELECTORS: text}}, "workflowSpec": TEMPLATES},
    },
}


def warnings(obj, **how):
    return list(mutate(obj, INDEX, ME, **how).warnings)


@pytest.mark.parametrize("old", [None, {}], ids=["created", "changed"])
@pytest.mark.parametrize("kind", WORKLOADS)
def test_a_workload_whose_pods_will_be_refused_says_so(kind, old):
    said = warnings(with_pods(kind, NOWHERE), old=old)

    assert len(said) == 1
    assert said[0].startswith("its pods will be refused: container a: selector 'x' (product=nowhere): nothing fits")
    assert warnings(with_pods(kind, FITS), old=old) == []


@pytest.mark.parametrize("old", [None, {}], ids=["created", "changed"])
@pytest.mark.parametrize("name", DEFINITIONS)
def test_a_definition_that_nothing_fits_says_so(name, old):
    said = warnings(DEFINITIONS[name](NOWHERE), old=old)

    assert len(said) == 1
    assert said[0].startswith("pods that come of it in this namespace would be refused: ")
    assert "selector 'x' (product=nowhere): nothing fits" in said[0]
    assert warnings(DEFINITIONS[name](FITS), old=old) == []


def test_a_definition_for_all_namespaces_is_judged_in_none():
    obj = definition("argoproj.io/v1alpha1", "ClusterWorkflowTemplate", PIPELINE_SELECTORS, NOWHERE, TEMPLATES)

    assert warnings(obj) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param(
            "b: {extensions: [{name: x, product: minio}]}", "no step is 'b'", id="a container that is not there"
        ),
        pytest.param(
            "a: {extensions: [{name: x, product: minio}, {name: z, product: minio, version: '>9'}]}",
            "selector 'z'",
            id="one of two",
        ),
        pytest.param(
            "a: {env: [{name: U, value: '<< extension.x.cfg.NOPE >>'}], extensions: [{name: x, product: minio}]}",
            "NOPE",
            id="an unknown value",
        ),
    ],
)
def test_every_reason_for_which_a_pod_is_refused_is_said_of_its_job(text, reason):
    obj = with_pods("Job", text)
    try:
        said = "\n".join(warnings(obj))
    except RefusedError as e:  # What is wrong without a registry is refused at once.
        said = str(e)

    assert reason in said


def test_many_reasons_are_counted():
    text = "'*': {extensions: [" + ", ".join(f"{{name: x{i}, product: nowhere}}" for i in range(9)) + "]}"

    said = warnings(with_pods("Job", text))

    assert len(said) == 6
    assert said[-1] == "its pods will be refused, for 4 more reasons"


def test_credentials_on_their_way_are_no_reason():
    assert warnings(with_pods("Job", FITS), delivered=Ledger()) == []


def test_what_is_optional_is_no_reason():
    text = "'*': {extensions: [{name: x, product: nowhere, optional: true}]}"

    assert warnings(with_pods("Job", text)) == []
    assert warnings(DEFINITIONS["Task"](text)) == []


@pytest.mark.parametrize(
    ("obj", "verdict"),
    [
        (with_pods("Job", NOWHERE), "admitted; its pods will be refused"),
        (DEFINITIONS["Task"](NOWHERE), "admitted; pods that come of it in this namespace would be refused"),
        (with_pods("Job", FITS), "admitted"),
    ],
)
def test_explain_gives_one_verdict(obj, verdict):
    explanation = explain(obj, INDEX, ME, settings=Settings())

    assert explanation["allowed"]
    assert explanation["verdict"] == verdict
    lines = as_text(explanation).splitlines()
    assert lines[-1] == verdict
    assert not any(line.strip().startswith("refused") for line in lines)


def test_an_empty_registry_is_no_error():
    said = mutate(with_pods("Deployment", FITS), Index(), ME).warnings

    assert "nothing fits" in said[0]
