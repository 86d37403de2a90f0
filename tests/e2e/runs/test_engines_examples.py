"""The engines' own example runs, with selectors in every step: admitted, and ending as they do without."""

import json
import time
from copy import deepcopy

import pytest

from tests.e2e.support.api import Api
from tests.e2e.support.canary import marker
from tests.e2e.workloads.runs import outcome
from webhook.adapters import layout_of
from webhook.objects import manifests
from webhook.objects.walk import at

SELECTOR = {"name": "e2e-store", "product": "e2e-minio"}
# The commands of the image that replaces all others.
COMMANDS = {"sh", "bash", "python", "python3", "echo", "cat", "true", "false", "sleep", "env", "/bin/sh", "/bin/bash"}
AT_ONCE = 6
# Seconds without progress after which a run is given up, and the most that one gets.
PATIENCE = 40.0
LONGEST = 240.0


@pytest.fixture
def here(product, kubectl, namespace):
    here = kubectl.within(namespace)
    credentials = [{"id": "c", "secretRef": {"name": "minio"}, "configuration": {"E2E_KEY": "key"}}]
    endpoint = {"url": "http://minio", "type": "internal", "configuration": {"E2E_URL": "http://minio"}}
    spec = {"product": "e2e-minio", "services": [{"id": "s3", "endpoints": [endpoint], "credentials": credentials}]}
    here("create", "-f", "-", stdin=[
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "minio"}, "stringData": {"key": marker()}},
        {"apiVersion": "fuseml.org/v1alpha1", "kind": "Extension", "metadata": {"name": "minio"}, "spec": spec},
    ])  # fmt: skip
    return here


@pytest.fixture
def api(here, cluster):
    return Api(cluster, here.namespace)


def examples(node, engine):
    """Every example run of the engine that has inline steps."""
    files = [f for f in sorted(node.examples(engine).rglob("*")) if f.suffix in (".yaml", ".yml", ".json")]
    for file in files:
        for document in manifests.load(file.read_text()):
            obj = document.content
            if isinstance(obj, dict) and obj.get("kind") in ("PipelineRun", "TaskRun", "Workflow"):
                layout = layout_of(obj)
                if layout and any(step.env for step in layout.steps):
                    obj["metadata"] = {"generateName": "ex-", **{
                        key: value for key, value in obj["metadata"].items() if key in ("labels", "annotations")
                    }}  # fmt: skip
                    yield f"{file.parent.name}/{file.name}", obj


def asking(obj):
    """*obj* with a selector for every step that has variables: blocks in Tekton, the annotation in Argo."""
    obj = deepcopy(obj)
    steps = [step for step in layout_of(obj).steps if step.env]
    if obj["kind"] == "Workflow":
        selectors = {step.key: {"extensions": [SELECTOR]} for step in steps}
        annotations = obj["metadata"].get("annotations") or {}
        annotations["extensions.fuseml.org/run-selectors"] = json.dumps(selectors)
        obj["metadata"]["annotations"] = annotations
    else:
        for step in steps:
            at(obj, step.pointer)["extensions"] = [SELECTOR]
    return obj


@pytest.mark.parametrize("engine", ["tekton", "argo"])
def test_no_run_that_is_admitted_as_it_is_is_refused_when_it_asks(node, api, engine, tell):
    admitted, wrong = 0, {}
    for name, obj in examples(node, engine):
        status, _ = api.create(obj, dry_run=True)
        if status != 201:
            continue
        status, text = api.create(asking(obj), dry_run=True)
        admitted += 1
        if status != 201 or '"E2E_URL"' not in text or '"extensions"' in json.dumps(json.loads(text).get("spec")):
            wrong[name] = f"{status} {text[:500]}"

    tell(f"{engine}: {admitted} runs admitted with and without selectors")
    assert wrong == {}
    assert admitted > 80


def runnable(obj, image):
    """*obj* with an image that the cluster has in every container; None if that image lacks a command."""
    obj = deepcopy(obj)
    for step in layout_of(obj).steps:
        container = at(obj, step.pointer)
        if not isinstance(container, dict) or not container.get("image"):
            return None
        command = container.get("command") or ([] if "script" in container else [""])
        if command and command[0] not in COMMANDS:
            return None
        container["image"] = image
    return obj


@pytest.mark.parametrize(
    ("engine", "one_in", "least"),
    [
        pytest.param("tekton", 9, 2, id="some of Tekton's"),
        pytest.param("argo", 20, 2, id="some of Argo's"),
        pytest.param("tekton", 1, 8, id="all of Tekton's", marks=pytest.mark.full),
        pytest.param("argo", 1, 8, id="all of Argo's", marks=pytest.mark.full),
    ],
)
def test_runs_that_ask_end_as_they_do_without(node, here, api, images, tell, engine, one_in, least):
    chosen = {}
    for name, obj in examples(node, engine):
        run = runnable(obj, images.python)
        if run and all(api.create(o, dry_run=True)[0] == 201 for o in (run, asking(run))):
            chosen[name] = run
    # The selection changes with the engine's release, not from run to run.
    chosen = dict(list(chosen.items())[::one_in])
    ends = _ended(here, api, chosen)

    both = {name: pair for name, pair in ends.items() if all(pair)}
    succeeded = [name for name, pair in both.items() if pair == ("Succeeded", "Succeeded")]
    tell(f"{engine}: {len(chosen)} run twice, {len(both)} pairs ended in time, {len(succeeded)} of them well")
    differing = [name for name, pair in both.items() if pair[0] != pair[1]]
    # Some examples race with their own time limits: those are run again without others beside them.
    alone = {name: _ended(here, api, {name: chosen[name]})[name] for name in differing}
    assert {name: pair for name, pair in alone.items() if pair[0] != pair[1]} == {}
    assert len(succeeded) >= least


def _ended(here, api, runs):
    """How each of *runs* has ended, without selectors and with; empty if it took too long.

    Some examples sleep, or wait for something that the cluster lacks. Others run meanwhile: the next one begins
    whenever one ends or its time is up.
    """
    waiting, under_way, ends = list(runs), {}, {}
    while waiting or under_way:
        while waiting and len(under_way) < AT_ONCE:
            name = waiting.pop(0)
            under_way[name] = _Pair(_start(api, runs[name]), _start(api, asking(runs[name])))
        time.sleep(1)
        found = [run for kind in ("pipelineruns", "taskruns", "workflows") for run in api.get(kind)["items"]]
        states = {run["metadata"]["name"]: run for run in found}
        for name, pair in list(under_way.items()):
            found = [states.get(obj["metadata"]["name"]) for obj in pair.objects]
            # Some runs are deleted when they end, as their spec says.
            ended = tuple(outcome(run).partition(" ")[0] if run else "gone" for run in found)
            if all(ended) or not pair.moves(found):
                ends[name] = ended
                del under_way[name]
                for obj in pair.objects:
                    api.delete(obj["apiVersion"], obj["kind"], obj["metadata"]["name"])
    return ends


class _Pair:
    """The same run without selectors and with them."""

    def __init__(self, *objects):
        self.objects = objects
        self.began = self.moved = time.monotonic()
        self.states = []

    def moves(self, states):
        """True while the runs make progress; *states* are the present ones."""
        now = time.monotonic()
        if states != self.states:
            self.states, self.moved = states, now
        return now < min(self.moved + PATIENCE, self.began + LONGEST)


def _start(api, obj):
    status, text = api.create(obj)
    assert status == 201, text
    return json.loads(text)
