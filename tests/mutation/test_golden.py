"""Each folder of golden/ is one case: an object, or several, and what becomes of it.

A case with a file namespace.yaml is one of a cluster: the registry is in another namespace, and its credentials are
shared. The file says what is known of the consumer's namespace, and which credentials have been delivered to it.
"""

import json
import os
from copy import deepcopy
from functools import partial
from pathlib import Path

import jsonpatch
import pytest
import yaml

from registry.delivery.copies import copy_of
from registry.delivery.ledger import Entry, Ledger, State
from registry.resolving.index import Index
from registry.resolving.selectors import Consumer
from registry.stores.folder import FolderStore
from webhook.adapters.annotations.names import GATE
from webhook.errors import RefusedError
from webhook.mutation.mutate import mutate
from webhook.mutation.note import resolved
from webhook.mutation.note.undo import undo
from webhook.mutation.settings import Settings
from webhook.objects import manifests

GOLDEN = Path(__file__).parents[1] / "golden"
CASES = sorted(p.parent for p in GOLDEN.glob("*/input.yaml"))
ME = Consumer(zone="cluster-alpha", project="default", user="ann")


@pytest.fixture(scope="module")
def registry():
    return FolderStore(GOLDEN / "registry").snapshot


class Case:
    """One folder.

    Attributes:
        mutate: ``mutate`` with all that the case fixes; it takes the object and what was stored before.
    """

    def __init__(self, folder, registry):
        settings = Settings(zone=ME.zone, **self._read(folder / "settings.yaml"))
        self.obj = next(iter(manifests.load((folder / "input.yaml").read_text()))).content
        index, consumer, delivered = registry, ME, None
        if namespace := self._read(folder / "namespace.yaml"):
            index, delivered = Index(registry.extensions, namespace="fuseml"), delivered_to(namespace, registry)
            consumer = Consumer(zone=ME.zone, user=ME.user, **namespace)
        self.mutate = partial(mutate, index=index, consumer=consumer, settings=settings, delivered=delivered)

    @staticmethod
    def _read(file):
        return yaml.safe_load(file.read_text()) if file.exists() else {}


def delivered_to(namespace, registry):
    """The ledger that has all credentials of the extensions in *namespace*'s list, which is taken from it."""
    ids = namespace.pop("delivered")
    entries = {}
    for extension in registry.extensions:
        for service in extension.services if extension.id in ids else ():
            copies = [copy_of(extension.id, service.id, credentials) for credentials in service.credentials]
            entries |= {copy.name: Entry(State.DELIVERED, shape=copy.shape) for copy in copies}
    return Ledger(entries)


def outcome(case):
    try:
        mutation = case.mutate(case.obj)
    except RefusedError as e:
        return {"refused": list(e.problems)}
    return {"ops": [dict(op) for op in mutation.ops]} | (
        {"warnings": list(map(str, mutation.warnings))} if mutation.warnings else {}
    )


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_golden(folder, registry):
    case = Case(folder, registry)
    obj = case.obj
    before = deepcopy(obj)

    got = outcome(case)

    assert obj == before, "the object itself must not be touched"
    expected = folder / "expected.yaml"
    if os.environ.get("UPDATE_GOLDEN"):
        expected.write_text(yaml.safe_dump(got, sort_keys=False, allow_unicode=True, width=100))
    assert got == yaml.safe_load(expected.read_text())
    if got.get("ops"):
        mutated = jsonpatch.apply_patch(obj, got["ops"])
        assert not case.mutate(mutated).ops, "a second run must add nothing"
        if (note := resolved.read(mutated)) is not None and not resolved.is_there(obj):
            assert comparable(undo(mutated, note).obj) == comparable(obj), "the note must lead back to the question"
        if obj.get("kind", "Pod") != "Pod":  # Of pods we are asked when they are made only.
            restored = case.mutate(obj, old=mutated)
            assert jsonpatch.apply_patch(obj, list(restored.ops)) == mutated, "applied again, it must come out the same"


def comparable(obj):
    """*obj* without its gate, which is put on again when it is created again, and without variables that are null."""
    text = json.dumps(obj).replace('"env": null, ', "").replace(', "env": null', "")
    found = json.loads(text)
    gates = found["spec"].get("schedulingGates", []) if "spec" in found else []
    gates[:] = [gate for gate in gates if gate["name"] != GATE]
    return found


def test_every_expectation_has_an_input():
    assert sorted(p.parent for p in GOLDEN.glob("*/expected.yaml")) == CASES
