"""The API server sends to the webhook all that asks, and nothing else, whatever an object holds."""

import json
import os
import time
from copy import deepcopy

import pytest

from tests.cluster.build import ARGO, TEKTON, module
from tests.e2e import shapes
from tests.e2e.asked import BASE, Asked
from tests.e2e.askers import (
    ARGO_KINDS,
    ASKING,
    ASKING_PODS,
    ASKING_WORKLOADS,
    PIPELINE_SELECTORS,
    POD_SELECTORS,
    PREFIX,
    RUN_SELECTORS,
    SILENT,
    SILENT_PODS,
    SILENT_WORKLOADS,
    TASK_SELECTORS,
    TEKTON_KINDS,
    argo,
    deployment,
    pipeline_run,
    pod,
    step,
    tekton,
    template,
)
from tests.e2e.bare import Bare
from tests.e2e.echo import Echo
from tests.e2e.kubectl import Kubectl
from tests.e2e.shapes import BLOCK
from tests.e2e.waiting import wait_for
from webhook.adapters import layout_of
from webhook.mutation.mutate import ask
from webhook.objects import manifests
from webhook.objects.walk import at

KINDS = [*TEKTON_KINDS, "StepAction", *ARGO_KINDS]
GATE = f"{PREFIX}injection"
VERSIONS = ["tekton.dev/v1", "tekton.dev/v1beta1", "argoproj.io/v1alpha1"]


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """An API server without other webhooks."""
    if os.environ.get("E2E_KUBECONFIG"):
        pytest.skip("needs an API server that reaches this machine: E2E_KUBECONFIG names another cluster")
    bare = Bare(tmp_path_factory.mktemp("bare"))
    try:
        bare.start()
        yield bare
    finally:
        bare.stop()


@pytest.fixture(scope="module")
def asked(bare, tmp_path_factory):
    """The product's configuration there."""
    echo = Echo(tmp_path_factory.mktemp("echo"))
    asked = Asked(bare, echo)
    asked.install()
    yield asked
    echo.stop()


@pytest.fixture
def kubectl(bare):
    return Kubectl(bare.kubeconfig, "runs")


@pytest.mark.parametrize("obj", ASKING.values(), ids=ASKING)
def test_what_asks_is_sent(asked, obj):
    assert asked.send(obj) == (True, 201, "")


@pytest.mark.parametrize("obj", SILENT.values(), ids=SILENT)
def test_what_does_not_ask_is_not_sent(asked, obj):
    assert asked.send(obj) == (False, 201, "")


@pytest.mark.parametrize("obj", ASKING_PODS.values(), ids=ASKING_PODS)
def test_a_pod_that_asks_is_sent_bound_or_not(asked, obj):
    assert asked.send(obj) == (True, 201, "")

    bound = deepcopy(obj)
    bound["spec"] |= {"nodeName": "n", "schedulingGates": []}
    assert asked.send(bound) == (True, 201, "")


@pytest.mark.parametrize("obj", SILENT_PODS.values(), ids=SILENT_PODS)
def test_a_pod_that_does_not_ask_is_not_sent(asked, obj):
    assert asked.send(obj) == (False, 201, "")


def test_what_a_kubelet_runs_from_a_file_is_not_sent(asked):
    mirror = {POD_SELECTORS: "", "kubernetes.io/config.mirror": "x"}

    assert asked.send(pod(mirror, nodeName="n")) == (False, 201, "")


@pytest.mark.parametrize("obj", ASKING_WORKLOADS.values(), ids=ASKING_WORKLOADS)
def test_what_makes_pods_that_ask_is_sent(asked, obj):
    assert asked.send(obj) == (True, 201, "")


@pytest.mark.parametrize("obj", SILENT_WORKLOADS.values(), ids=SILENT_WORKLOADS)
def test_what_makes_pods_that_do_not_ask_is_not_sent(asked, obj):
    assert asked.send(obj) == (False, 201, "")


def test_a_workload_is_sent_again_if_what_it_asks_for_changed_and_not_otherwise(asked):
    obj = asked.store(deployment(POD_SELECTORS) | {"metadata": {"name": "demo"}})
    obj["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "1"}
    obj["spec"]["replicas"] = 3
    assert asked.update(obj) == (False, 200, "")

    obj["spec"]["template"]["metadata"]["annotations"][POD_SELECTORS] = "{}"
    assert asked.update(obj) == (True, 200, "")


def test_no_namespace_is_excepted(asked):
    assert asked.send(pipeline_run(**step(extensions=BLOCK)), "fuseml") == (True, 201, "")


@pytest.mark.parametrize("seed", range(4))
def test_no_condition_fails_whatever_stands_wherever(asked, seed):
    for obj in shapes.odd(100, seed):
        outcome = asked.send(obj)

        assert "resulted in error" not in outcome.message, json.dumps(obj)
        if obj["kind"] in ("PipelineRun", "TaskRun", "Workflow") and isinstance(obj["spec"], dict):
            if obj["kind"] != "Workflow":
                obj["spec"].pop("extensions", None)  # As the API server does with what Tekton's schema does not know.
            asks = ask({"metadata": {}, **obj}) is not None
            # Of a key that is called as a block is and where one may be, only the adapters know that it is none.
            assert outcome.sent == asks or (outcome.sent and '"extensions"' in json.dumps(obj)), json.dumps(obj)


BIG = {
    "200 steps with 7 KB of script": [{"image": "x", "script": "echo a\n" * 1000}] * 200,
    "200 steps with 1 KB of our name": [{"image": "x", "script": "x extensions.fuseml.example.com\n" * 45}] * 200,
    "200 steps with 7 KB of heredocs": [{"image": "x", "script": "cat <<EOF\n" * 700}] * 200,
    "8000 steps": [{"image": "x", "name": f"s{i}", "script": "echo " * 10} for i in range(8000)],
}


@pytest.mark.parametrize("steps", BIG.values(), ids=BIG)
def test_big_runs_that_do_not_ask_are_not_sent(asked, steps):
    assert asked.send(tekton("TaskRun", {"taskSpec": {"steps": steps}})) == (False, 201, "")
    assert asked.send(tekton("TaskRun", {"taskSpec": {"steps": [*steps, {"extensions": BLOCK}]}})).sent


KEY_ELSEWHERE = {"key": {"extensions": 1}}
COSTLY = {
    "heredocs and the word": template(script={"source": "cat <<EOF extension\n" * 75_000}),
    "our name": template(script={"source": "echo extensions.fuseml.org/x\n" * 50_000}),
    "just short enough to be searched for our name": template(
        script={"source": "echo extensions.fuseml.org/x\n" * 13_000}
    ),
    "just short enough to be searched": template(script={"source": "cat <<EOF extension\n" * 18_900}),
    "templates": argo(KEY_ELSEWHERE | {"templates": [{}] * 4050}),
    "dag tasks": argo(KEY_ELSEWHERE | {"templates": [{"dag": {"tasks": [{}] * 4050}}]}),
    "steps": argo(KEY_ELSEWHERE | {"templates": [{"steps": [[{}]] * 2700}]}),
    "tasks": tekton("PipelineRun", {"pipelineSpec": KEY_ELSEWHERE | {"tasks": [{}] * 4050}}),
    "pipelines": tekton("PipelineRun", {"pipelineSpec": KEY_ELSEWHERE | {"tasks": [{"pipelineSpec": {}}] * 800}}),
}


@pytest.mark.parametrize("obj", COSTLY.values(), ids=COSTLY)
def test_no_condition_costs_more_than_the_api_server_allows(asked, obj):
    outcome = asked.send(obj)

    assert (outcome.status, outcome.message) == (201, "")


def stored(asked, obj):
    """*obj* as it is after the webhook was away when it was made: with its question in it."""
    asked.call("DELETE", f"/apis/{obj['apiVersion']}/namespaces/runs/{obj['kind'].lower()}s/demo")
    obj = deepcopy(obj)
    obj["metadata"]["name"] = "demo"
    return asked.store(obj)


@pytest.fixture(params=["step", "container", "annotation run-selectors of a Workflow", "expression in env"])
def stored_asking(asked, request):
    return stored(asked, ASKING[request.param])


def test_writing_to_what_was_stored_asking_is_not_sent(asked, stored_asking):
    stored_asking["metadata"].setdefault("annotations", {})["example.com/note"] = "x"
    stored_asking["metadata"]["labels"] = {"workflows.argoproj.io/completed": "true"}
    stored_asking["metadata"]["finalizers"] = ["example.com/done"]
    stored_asking["status"] = {"phase": "Running"}

    assert asked.update(stored_asking) == (False, 200, "")


def test_changing_the_spec_of_what_was_stored_asking_is_sent(asked, stored_asking):
    stored_asking["spec"]["timeouts" if "tekton" in stored_asking["apiVersion"] else "shutdown"] = {}

    assert asked.update(stored_asking).sent


def test_applying_a_manifest_again_is_sent(asked):
    obj = stored(asked, pipeline_run(**step(image="y")))
    obj["spec"] = pipeline_run(**step(image="y", extensions=BLOCK))["spec"]

    assert asked.update(obj) == (True, 200, "")


def test_adding_an_annotation_is_sent(asked):
    obj = stored(asked, template(container={"image": "x"}))
    obj["metadata"]["annotations"] = {RUN_SELECTORS: ""}

    assert asked.update(obj) == (True, 200, "")


RUNS = [pipeline_run(**step(image="y")), tekton("TaskRun", {"taskRef": {"name": "x"}}, version="v1beta1")]


@pytest.mark.parametrize("obj", RUNS, ids=lambda obj: obj["kind"])
def test_what_tekton_adds_to_a_run_from_behind_its_references_is_not_sent(asked, obj):
    """It does so once, and forgets it if that fails."""
    obj = stored(asked, obj)
    obj["metadata"]["annotations"] = {PIPELINE_SELECTORS: "", TASK_SELECTORS: "", POD_SELECTORS: "", "a/b": "c"}
    assert asked.update(obj) == (False, 200, "")

    obj["metadata"]["annotations"][RUN_SELECTORS] = ""
    assert asked.update(obj) == (True, 200, "")


@pytest.mark.parametrize("obj", RUNS, ids=lambda obj: obj["kind"])
def test_a_run_can_be_cancelled_whatever_its_pods_ask_for(asked, obj):
    annotations = dict.fromkeys([RUN_SELECTORS, PIPELINE_SELECTORS, TASK_SELECTORS, f"{PREFIX}resolved"], "")
    obj = stored(asked, obj | {"metadata": {"annotations": annotations}})
    obj["spec"]["status"] = "Cancelled"
    obj["metadata"]["annotations"] |= {f"{PREFIX}resolved": "{}"}

    assert asked.update(obj) == (False, 200, "")


@pytest.mark.parametrize("kind", ["Pipeline", "Task"])
def test_an_annotation_that_is_added_to_a_definition_is_sent(asked, kind):
    obj = stored(asked, tekton(kind, {}))
    obj["metadata"]["annotations"] = {TASK_SELECTORS: ""}

    assert asked.update(obj) == (True, 200, "")


@pytest.mark.parametrize("key", [PIPELINE_SELECTORS, TASK_SELECTORS])
@pytest.mark.parametrize("obj", [
    tekton("PipelineRun", {"pipelineRef": {"name": "x"}}), tekton("TaskRun", {"taskRef": {"name": "x"}}),
], ids=lambda obj: obj["kind"])  # fmt: skip
def test_what_tekton_copies_from_a_definition_onto_its_run_is_not_sent(asked, obj, key):
    obj = stored(asked, obj)
    obj["metadata"]["annotations"] = {key: "x"}
    assert asked.update(obj) == (False, 200, "")

    obj["metadata"]["annotations"] = {key: "x", RUN_SELECTORS: ""}
    assert asked.update(obj) == (True, 200, "")


def test_what_asks_in_a_definition_anew_is_sent(asked):
    obj = stored(asked, tekton("Pipeline", {"tasks": [{"name": "t", "taskRef": {"name": "x"}}]}))
    obj["metadata"]["annotations"] = {PIPELINE_SELECTORS: ""}

    assert asked.update(obj) == (True, 200, "")


def test_changing_what_does_not_ask_is_not_sent(asked):
    obj = stored(asked, template(container={"image": "x"}))
    obj["spec"]["suspend"] = True
    obj["metadata"]["annotations"] = {f"{PREFIX}resolved": "{}"}

    assert asked.update(obj) == (False, 200, "")


EMPTIED = [
    pipeline_run(**step(image="y")), tekton("Pipeline", {"tasks": [step(image="y")]}, version="v1beta1"),
    template(container={"image": "x"}), argo({"templates": []}, "WorkflowTemplate"),
]  # fmt: skip


@pytest.mark.parametrize("obj", EMPTIED, ids=lambda obj: obj["kind"])
def test_maps_that_server_side_apply_has_emptied_fail_no_condition(asked, kubectl, obj):
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "1"}
    full = {"name": "emptied", "annotations": {"a": "b"}, "labels": {"a": "b"}, "ownerReferences": [owner]}
    empty = {"name": "emptied", "annotations": {}, "labels": {}, "ownerReferences": []}
    apply = ["apply", "--server-side", "--validate=false", "-f", "-"]
    kubectl(*apply, stdin=obj | {"metadata": full})

    kubectl(*apply, stdin=obj | {"metadata": empty})

    left = kubectl.json("get", obj["kind"], "emptied")["metadata"]
    assert not {"annotations", "labels", "ownerReferences"} & set(left)


@pytest.fixture
def policies(asked, kubectl):
    """What the API server does by itself."""
    files = [word for name in ("pods", "notes") for word in ("-f", BASE / f"policy-{name}.yaml")]
    kubectl("create", *files)
    asking = pod({POD_SELECTORS: "", f"{PREFIX}resolved": ""})

    def work():
        made = made_of(kubectl, asking)
        return made["metadata"]["annotations"] == {POD_SELECTORS: ""} and gates(made) == [GATE]

    wait_for(work, 30, "policies")
    yield
    kubectl("delete", *files)
    wait_for(lambda: not gates(made_of(kubectl, asking)), 30, "the end of the policies")


def made_of(kubectl, obj):
    """What would be stored if *obj* were created."""
    named = obj | {"metadata": obj["metadata"] | {"generateName": "x-"}}
    return kubectl.json("create", "--dry-run=server", "-f", "-", stdin=named)


def gates(obj):
    return [gate["name"] for gate in obj["spec"].get("schedulingGates", ())]


def test_the_pods_that_are_sent_are_gated_and_no_others(kubectl, policies):
    for name, obj in ASKING_PODS.items():
        assert gates(made_of(kubectl, obj)) == list(dict.fromkeys([*gates(obj), GATE])), name
        bound = obj["spec"] | {"nodeName": "n", "schedulingGates": []}
        assert gates(made_of(kubectl, obj | {"spec": bound})) == [], name
    for name, obj in SILENT_PODS.items():
        assert gates(made_of(kubectl, obj)) == [], name


def test_a_note_stays_when_server_side_apply_empties_the_map(kubectl, request):
    """Its manager owns the note if there was no policy yet when it was written."""
    apply = ["apply", "--server-side", "--validate=false", "-f", "-"]
    annotations = {f"{PREFIX}resolved": "old", f"{PREFIX}submitter": "ada"}
    kubectl(*apply, stdin=[obj | {"metadata": {"name": "noted", "annotations": annotations}} for obj in EMPTIED])
    request.getfixturevalue("policies")

    kubectl(*apply, stdin=[obj | {"metadata": {"name": "noted", "annotations": {}}} for obj in EMPTIED])

    for obj in EMPTIED:
        assert kubectl.json("get", obj["kind"], "noted")["metadata"]["annotations"] == annotations


def examples(engine):
    """Every object that the engine ships as an example and that the webhook is registered for."""
    folder = module(engine, {"tekton": TEKTON, "argo": ARGO}[engine]) / "examples"
    for file in sorted(f for f in folder.rglob("*") if f.suffix in (".yaml", ".yml", ".json")):
        for document in manifests.load(file.read_text()):
            obj = document.content
            if isinstance(obj, dict) and obj.get("kind") in KINDS and obj["apiVersion"] in VERSIONS:
                yield f"{file.name}: {obj['kind']}", obj


def with_blocks(obj):
    """*obj* with a block in each of its steps; None if it has none inline, or its schema knows no blocks."""
    obj = deepcopy(obj)
    layout = layout_of(obj)
    steps = layout.steps if layout and obj["kind"] != "Task" else ()
    for found in steps:
        at(obj, found.pointer)["extensions"] = deepcopy(BLOCK)
    return obj if steps else None


@pytest.mark.parametrize(("engine", "least"), [("tekton", 90), ("argo", 150)])
def test_no_example_of_the_engines_is_sent_until_its_steps_ask(asked, engine, least):
    with_steps = 0
    for name, obj in examples(engine):
        outcome = asked.send(obj)
        assert not outcome.sent, name
        assert "fuseml" not in outcome.message, name

        changed = with_blocks(obj)
        if changed:
            with_steps += 1
            assert asked.send(changed).sent, name

    assert with_steps > least


@pytest.fixture
def outage(asked, tmp_path):
    """The webhook's port is closed, as it is when no pod of it runs."""
    gone = Echo(tmp_path)
    gone.stop()
    asked.reconfigure(gone.client_config)
    wait_for(lambda: asked.send(ASKING["step"]).status == asked.send(ASKING["container"]).status == 500, 30, "its end")
    yield
    asked.reconfigure(asked.echo.client_config)
    wait_for(lambda: asked.send(ASKING["step"]).sent and asked.send(ASKING["container"]).sent, 30, "its return")


def test_without_a_webhook_what_asks_is_refused_and_the_rest_is_not_delayed(asked, outage):
    began = time.monotonic()
    for obj in SILENT.values():
        assert asked.send(obj) == (False, 201, "")
    took = time.monotonic() - began
    for obj in ASKING.values():
        outcome = asked.send(obj)
        assert outcome.status == 500
        assert "failed calling webhook" in outcome.message
        assert "extensions.fuseml.org" in outcome.message

    assert took < len(SILENT) / 2


def test_without_a_webhook_pods_and_what_makes_them_can_be_made_unless_no_gate_can_hold_them(asked, outage):
    for obj in [*ASKING_PODS.values(), *ASKING_WORKLOADS.values()]:
        assert asked.send(obj) == (False, 201, "")

    outcome = asked.send(pod({POD_SELECTORS: ""}, nodeName="n"))
    assert outcome.status == 500
    assert 'failed calling webhook "bound-pods.extensions.fuseml.org"' in outcome.message


def test_with_argos_full_crds_no_example_is_sent_until_it_asks_by_annotation(asked):
    asked.use_full_crds()
    count = 0
    for name, obj in examples("argo"):
        outcome = asked.send(obj)
        assert not outcome.sent, name
        assert "fuseml" not in outcome.message, name

        obj["metadata"].setdefault("annotations", {})[RUN_SELECTORS] = ""
        assert asked.send(obj).sent, name
        count += 1

    assert count > 200
