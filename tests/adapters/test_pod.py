"""Pods: what has come down to them is merged, only their own containers get it, and nothing else is touched."""

from copy import deepcopy

import jsonpatch
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.resolving.index import Index
from tests.fakes.pods import argo_pod, container_of, tekton_pod
from tests.plausible_runs import INDEX, ME, SELECTORS_OF, TEXTS
from webhook.adapters.annotations.names import (
    GATE,
    LEVELS,
    PIPELINE_SELECTORS,
    POD_SELECTORS,
    PREFIX,
    RUN_SELECTORS,
    TASK_SELECTORS,
)
from webhook.errors import RefusedError
from webhook.mutation.mutate import mutate
from webhook.objects import manifests


def given_to(pod):
    return jsonpatch.apply_patch(pod, [dict(op) for op in mutate(pod, INDEX, ME).ops])


def value_of(pod, container, name):
    return next((e.get("value") for e in container_of(pod, container).get("env", []) if e["name"] == name), None)


TASK = {"steps": [{"name": "a", "image": "i"}, {"name": "b", "image": "i"}], "sidecars": [{"name": "side"}]}
TEMPLATE = {
    "name": "t",
    "container": {"image": "i"},
    "sidecars": [{"name": "side"}],
    "initContainers": [{"name": "in"}],
}


@st.composite
def pods(draw):
    is_argo = draw(st.booleans())
    annotations = {"other": "x", PREFIX + "resolved": "{}"}
    for level in draw(st.sets(st.sampled_from(LEVELS[1:]))):
        asked = draw(SELECTORS_OF)
        own = {"a": "main", "b": "main"} if is_argo else {}
        if level == PIPELINE_SELECTORS:
            asked = {(k if k == "*" else f"{'t' if is_argo else 'task'}/{own.get(k, k)}"): v for k, v in asked.items()}
        elif level == POD_SELECTORS:
            names = {"*": "*", "sidecar-side": "side" if is_argo else "sidecar-side"}
            asked = {names.get(k, own.get(k, f"step-{k}")): v for k, v in asked.items()}
        else:
            asked = {own.get(k, k): v for k, v in asked.items()}
        annotations[level] = manifests.dump(asked)
    env = [{"name": "OWN", "value": draw(TEXTS)}]
    if is_argo:
        pod = argo_pod({**TEMPLATE, "container": {"image": "i", "env": env}}, annotations)
    else:
        steps = [{**TASK["steps"][0], "env": env}, TASK["steps"][1]]
        pod = tekton_pod({**TASK, "steps": steps}, annotations, task="task")
    pod["spec"]["schedulingGates"] = draw(st.permutations([{"name": "other"}, {"name": GATE}]))
    return pod


def without_what_may_change(pod, own):
    pod = deepcopy(pod)
    for key in [key for key in pod["metadata"]["annotations"] if key.startswith(PREFIX)]:
        del pod["metadata"]["annotations"][key]
    pod["spec"]["schedulingGates"] = [g for g in pod["spec"]["schedulingGates"] if g["name"] != GATE]
    for container in (*pod["spec"]["containers"], *pod["spec"]["initContainers"]):
        if container["name"] in own:
            container["env"] = [e for e in container.get("env", []) if e["name"] == "OWN"]
    return pod


OWN = {"step-a", "step-b", "sidecar-side", "main", "side", "in"}


@given(pods())
def test_only_what_is_asked_for_is_changed(pod):
    original = deepcopy(pod)
    try:
        result = given_to(pod)
    except RefusedError as e:
        assert all(problem.strip() for problem in e.problems)
        return
    finally:
        assert pod == original, "the object itself must not be touched"

    assert without_what_may_change(result, OWN) == without_what_may_change(pod, OWN)
    assert not any(level in result["metadata"]["annotations"] for level in LEVELS)
    assert not mutate(result, Index(), ME).ops, "a second run must add nothing"
    for container in (*result["spec"]["containers"], *result["spec"]["initContainers"]):
        names = [entry["name"] for entry in container.get("env", [])]
        assert len(names) == len(set(names)), "no name twice"


@given(st.lists(st.sampled_from(LEVELS), unique=True, min_size=1), st.sampled_from(["*", "step"]))
def test_the_upper_level_wins_whatever_the_order_of_the_annotations(levels, key):
    keys = {RUN_SELECTORS: "task/a", PIPELINE_SELECTORS: "task/a", TASK_SELECTORS: "a", POD_SELECTORS: "step-a"}
    annotations = {
        level: manifests.dump(
            {
                keys[level] if key == "step" else "*": {
                    "extensions": [{"name": "s", "product": "minio", "env_prefix": f"L{LEVELS.index(level)}_"}],
                    "env": [{"name": "WHO", "value": str(LEVELS.index(level))}],
                }
            }
        )
        for level in levels
    }

    result = given_to(tekton_pod(TASK, annotations, task="task"))

    first = min(LEVELS.index(level) for level in levels)
    names = [entry["name"] for entry in container_of(result, "step-a")["env"]]
    assert value_of(result, "step-a", "WHO") == str(first)
    assert [name for name in names if name.startswith("L")] == [
        f"L{first}_{key}" for key in ("REGION", "S3_URL", "S3_KEY")
    ]


RESULT = "<< extension.s3.url >>"


@pytest.mark.parametrize("engine", ["Tekton", "Argo"])
def test_what_another_step_has_put_out_is_never_expanded(engine):
    asked = {"extensions": [{"name": "s3", "product": "minio"}], "env": [{"name": "URL", "value": RESULT}]}
    step = {"image": RESULT, "env": [{"name": "R", "value": RESULT}], "args": [RESULT]}
    if engine == "Tekton":
        pod = tekton_pod({"steps": [{"name": "a", **step}]}, {TASK_SELECTORS: manifests.dump({"a": asked})})
        pod["metadata"]["annotations"]["tekton.dev/result"] = RESULT
        container = "step-a"
    else:
        pod = argo_pod({"name": "t", "container": step}, {TASK_SELECTORS: manifests.dump({"main": asked})})
        container = "main"

    result = given_to(pod)

    assert value_of(result, container, "URL") == "http://minio:9000"
    assert value_of(result, container, "R") == RESULT
    assert container_of(result, container)["args"] == [RESULT]
    assert container_of(result, container)["image"] == RESULT


def bare(annotations, labels=None):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "annotations": annotations, "labels": labels or {}},
        "spec": {"containers": [{"name": "one", "image": "i"}, {"name": "step-two", "image": "i"}]},
    }


ASKS = "{extensions: [{name: s3, product: minio}]}"


@pytest.mark.parametrize(
    ("labels", "given_names"),
    [
        pytest.param({}, ["one", "step-two"], id="no-engine"),
        pytest.param({"tekton.dev/taskRun": "x"}, ["step-two"], id="tekton"),
        pytest.param({"workflows.argoproj.io/workflow": "x"}, ["one", "step-two"], id="argo"),
        pytest.param(
            {"workflows.argoproj.io/workflow": "x", "workflows.argoproj.io/component": "agent"}, [], id="argos-agent"
        ),
        pytest.param({"tekton.dev/taskRun": 7, "tekton.dev/pipelineTask": ["x"]}, ["step-two"], id="no-text"),
    ],
)
def test_labels_say_whose_containers_they_are(labels, given_names):
    result = given_to(bare({TASK_SELECTORS: f'"*": {ASKS}'}, labels))

    assert [c["name"] for c in result["spec"]["containers"] if "env" in c] == given_names


@pytest.mark.parametrize(
    ("key", "task", "run", "is_meant"),
    [
        pytest.param("train/a", "train", "demo", True, id="own"),
        pytest.param("train", "train", "demo", True, id="task"),
        pytest.param("train/*", "train", "demo", True, id="all-of-the-task"),
        pytest.param("other/a", "train", "demo", False, id="other-task"),
        pytest.param("a", "train", "demo", False, id="no-task"),
        pytest.param("outer/train/a", "train", "demo-outer", True, id="nested"),
        pytest.param("outer/train/*", "train", "demo-outer", True, id="task-of-nested"),
        pytest.param("outer/train", "train", "demo-outer", False, id="step-of-outer"),
        pytest.param("outer/train/a", "train", "demo", False, id="not-nested"),
        pytest.param("outer/train/a", "train", "demo-other", False, id="nested-elsewhere"),
        pytest.param("very/outer/train/a", "train", "demo-very-outer", True, id="nested-twice"),
        pytest.param("train/a/b", "train", "demo", False, id="too-long"),
        pytest.param("*", "train", "demo", True, id="all"),
        pytest.param("/a", "train", "demo", False, id="nothing-before-the-slash"),
    ],
)
def test_keys_of_a_pipeline_are_read_by_the_pods_labels(key, task, run, is_meant):
    pod = tekton_pod(TASK, {RUN_SELECTORS: f'"{key}": {ASKS}'}, task=task, run=run)

    assert ("env" in container_of(given_to(pod), "step-a")) is is_meant


@pytest.mark.parametrize("entry", ["7", "[]", "x", "{extensions: 7}", "{nothing: []}"])
def test_what_is_wrong_in_the_part_of_another_task_does_not_pass_unseen(entry):
    """It would have been refused where it was written, had that been asked about."""
    pod = tekton_pod(TASK, {PIPELINE_SELECTORS: f"other: {entry}"}, task="task")

    try:
        assert "env" not in container_of(given_to(pod), "step-a")
    except RefusedError as e:
        assert f"{PIPELINE_SELECTORS}:1:" in e.problems[0]


def test_a_pod_that_does_not_ask_is_left_alone():
    assert not mutate(bare({"other": "x", PREFIX + "resolved": "{}", PREFIX + "waiting": "x"}), INDEX, ME).ops


@pytest.mark.parametrize("size", [40_000, 10_000_000])
def test_a_huge_annotation_is_refused(size):
    with pytest.raises(RefusedError, match="longer than 32 KiB"):
        mutate(bare({POD_SELECTORS: "# " + "x" * size}), INDEX, ME)
