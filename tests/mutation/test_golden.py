"""Each folder of golden/ is one case: an object, or several, and what becomes of it."""

import os
from copy import deepcopy
from pathlib import Path

import jsonpatch
import pytest
import yaml

from registry.resolving.selectors import Consumer
from registry.stores.folder import FolderStore
from webhook.errors import RefusedError
from webhook.mutation.mutate import mutate
from webhook.mutation.settings import Settings
from webhook.objects import manifests

GOLDEN = Path(__file__).parents[1] / "golden"
CASES = sorted(p.parent for p in GOLDEN.glob("*/input.yaml"))
ME = Consumer(zone="cluster-alpha", project="default", user="ann")


@pytest.fixture(scope="module")
def index():
    return FolderStore(GOLDEN / "registry").snapshot


def outcome(obj, index, settings):
    try:
        mutation = mutate(obj, index, ME, settings=settings)
    except RefusedError as e:
        return {"refused": list(e.problems)}
    return {"ops": [dict(op) for op in mutation.ops]} | (
        {"warnings": list(mutation.warnings)} if mutation.warnings else {}
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_golden(case, index):
    (document,) = manifests.load((case / "input.yaml").read_text())
    obj = document.content
    settings_file = case / "settings.yaml"
    settings = Settings(zone=ME.zone, **(yaml.safe_load(settings_file.read_text()) if settings_file.exists() else {}))
    before = deepcopy(obj)

    got = outcome(obj, index, settings)

    assert obj == before, "the object itself must not be touched"
    expected = case / "expected.yaml"
    if os.environ.get("UPDATE_GOLDEN"):
        expected.write_text(yaml.safe_dump(got, sort_keys=False, allow_unicode=True, width=100))
    assert got == yaml.safe_load(expected.read_text())
    if got.get("ops"):
        mutated = jsonpatch.apply_patch(obj, got["ops"])
        assert not mutate(mutated, index, ME, settings=settings).ops, "a second run must add nothing"
        if obj.get("kind", "Pod") != "Pod":  # Of pods we are asked when they are made only.
            restored = mutate(obj, index, ME, settings=settings, old=mutated)
            assert jsonpatch.apply_patch(obj, list(restored.ops)) == mutated, "applied again, it must come out the same"


def test_every_expectation_has_an_input():
    assert sorted(p.parent for p in GOLDEN.glob("*/expected.yaml")) == CASES
