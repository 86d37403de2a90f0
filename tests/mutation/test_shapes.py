"""Whatever stands where, an object is answered or refused; it is never a defect of ours."""

from copy import deepcopy
from pathlib import Path

import jsonpatch
import pytest

from registry.resolving.selectors import Consumer
from registry.stores.folder import FolderStore
from webhook.errors import RefusedError
from webhook.mutation.mutate import mutate
from webhook.objects import manifests
from webhook.objects.walk import at

GOLDEN = Path(__file__).parents[1] / "golden"
CASES = sorted(p.parent for p in GOLDEN.glob("*/input.yaml"))
ME = Consumer(zone="cluster-alpha", project="default", user="ann")
JUNK = (None, 7, True, "x", "", [], [None], ["x"], [[]], {}, {"name": 7}, {"x": []})


@pytest.fixture(scope="module")
def index():
    return FolderStore(GOLDEN / "registry").snapshot


def places(node, pointer=()):
    yield pointer
    for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from places(value, (*pointer, key))


def tried(obj, index, old=None):
    before = deepcopy(obj)
    try:
        mutation = mutate(obj, index, ME, old=old)
    except RefusedError as e:
        assert all(problem.strip() for problem in e.problems)
        result = None
    else:
        result = jsonpatch.apply_patch(obj, [dict(op) for op in mutation.ops])
    assert obj == before
    return result


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_any_value_anywhere(case, index):
    (document,) = manifests.load((case / "input.yaml").read_text())
    stored = tried(document.content, index)
    for i, pointer in enumerate(places(document.content)):
        if not pointer:
            continue
        for junk in (JUNK[i % len(JUNK)], JUNK[(i * 7 + 3) % len(JUNK)]):
            obj = deepcopy(document.content)
            at(obj, pointer[:-1])[pointer[-1]] = junk
            result = tried(obj, index)
            tried(obj, index, old=obj)
            if stored is not None:
                tried(obj, index, old=stored)
                tried(stored, index, old=obj)
            if result is not None and "kind" in obj:
                assert tried(result, index) == result, (pointer, junk, "a second run must add nothing")
