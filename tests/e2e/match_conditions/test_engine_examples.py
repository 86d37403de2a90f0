"""None of the engines' own examples is sent to the webhook until its steps ask."""

from copy import deepcopy

import pytest

from tests.cluster.build import ARGO, TEKTON, module
from tests.e2e.match_conditions.asking_objects import ARGO_KINDS, RUN_SELECTORS, TEKTON_KINDS
from tests.e2e.match_conditions.random_objects import BLOCK
from webhook.adapters import layout_of
from webhook.objects import manifests
from webhook.objects.walk import at

KINDS = [*TEKTON_KINDS, "StepAction", *ARGO_KINDS]
VERSIONS = ["tekton.dev/v1", "tekton.dev/v1beta1", "argoproj.io/v1alpha1"]


def examples(engine):
    """Every example of the engine whose kind the webhook is registered for."""
    folder = module(engine, {"tekton": TEKTON, "argo": ARGO}[engine]) / "examples"
    for file in sorted(f for f in folder.rglob("*") if f.suffix in (".yaml", ".yml", ".json")):
        for document in manifests.load(file.read_text()):
            obj = document.content
            if isinstance(obj, dict) and obj.get("kind") in KINDS and obj["apiVersion"] in VERSIONS:
                yield f"{file.name}: {obj['kind']}", obj


def with_blocks(obj):
    """*obj* with a block in each of its steps; None if it has no inline steps, or its schema allows no blocks."""
    obj = deepcopy(obj)
    layout = layout_of(obj)
    steps = layout.steps if layout and obj["kind"] != "Task" else ()
    for found in steps:
        at(obj, found.pointer)["extensions"] = deepcopy(BLOCK)
    return obj if steps else None


@pytest.mark.parametrize(("engine", "least"), [("tekton", 90), ("argo", 150)])
def test_no_example_of_the_engines_is_sent_until_its_steps_ask(submitter, engine, least):
    with_steps = 0
    for name, obj in examples(engine):
        outcome = submitter.create(obj)
        assert not outcome.sent, name
        assert "fuseml" not in outcome.message, name

        changed = with_blocks(obj)
        if changed:
            with_steps += 1
            assert submitter.create(changed).sent, name

    assert with_steps > least


@pytest.fixture
def full_crds(submitter):
    """Argo's CRDs with their schemas, which know no blocks."""
    submitter.use_argo_crds("full")
    yield
    submitter.use_argo_crds("minimal")


def test_with_argos_full_crds_no_example_is_sent_until_it_asks_by_annotation(submitter, full_crds):
    count = 0
    for name, obj in examples("argo"):
        outcome = submitter.create(obj)
        assert not outcome.sent, name
        assert "fuseml" not in outcome.message, name

        obj["metadata"].setdefault("annotations", {})[RUN_SELECTORS] = ""
        assert submitter.create(obj).sent, name
        count += 1

    assert count > 200
