"""Laws of shared credentials: no patch refers to what is not there, and no answer says where an original is."""

import json

import jsonpatch
from hypothesis import given
from hypothesis import strategies as st

from registry.delivery.copies import PREFIX, copy_of
from registry.delivery.ledger import Entry, Lack, Ledger, State
from registry.records import codec
from registry.resolving.index import Index
from registry.resolving.selectors import Consumer
from tests.plausible_runs import BLOCKS, RECORDS, pipeline_runs, workflows
from webhook.adapters.annotations.names import GATE, POD_SELECTORS, WAITING
from webhook.errors import Reason, RefusedError
from webhook.mutation.mutate import mutate
from webhook.objects import manifests

# The names of the original Secret, and of its key.
SOURCE, KEY = "canary-source", "canary-key"
INDEX = Index(
    map(codec.decode, json.loads(json.dumps(RECORDS).replace('"login"', f'"{SOURCE}"').replace('"key"', f'"{KEY}"'))),
    namespace="fuseml",
)
(LOGIN,) = (c for e in INDEX.extensions for s in e.services for c in s.credentials)
COPY = copy_of("minio", "s3", LOGIN)

ENTRIES = st.builds(
    Entry,
    st.sampled_from(State),
    shape=st.sampled_from([COPY.shape, "another"]),
    why=st.sampled_from(["", *Lack, "unheard-of"]),
)
LEDGERS = st.dictionaries(st.sampled_from([COPY.name, f"{PREFIX}other"]), ENTRIES).map(Ledger)
CONSUMERS = st.builds(
    Consumer,
    zone=st.just("here"),
    namespace=st.just("team-a"),
    project=st.sampled_from(["", "alpha"]),
    owner=st.sampled_from(["", "ann"]),
)


def is_there(ledger):
    entry = ledger.entries.get(COPY.name)
    return entry is not None and entry.state is State.DELIVERED and entry.shape == COPY.shape


def answered(obj, consumer, ledger):
    """All that the answer to *obj* says, as text; the mutation, or None; the reasons of a refusal."""
    try:
        mutation = mutate(obj, INDEX, consumer, delivered=ledger)
    except RefusedError as e:
        return str(e), None, e.reasons
    return json.dumps([mutation.ops, mutation.warnings, mutation.audit]), mutation, set()


def pod(block):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "annotations": {POD_SELECTORS: manifests.dump({"main": {"extensions": block}})}},
        "spec": {"schedulingGates": [{"name": GATE}], "containers": [{"name": "main", "image": "i"}]},
    }


@given(pipeline_runs | workflows | BLOCKS.map(pod), CONSUMERS, LEDGERS)
def test_no_patch_refers_to_a_copy_that_is_not_there_and_no_answer_names_an_original(obj, consumer, ledger):
    answer, mutation, reasons = answered(obj, consumer, ledger)

    assert SOURCE not in answer
    assert KEY not in answer
    if mutation is not None and "secretKeyRef" in answer:
        assert COPY.name in answer
        assert is_there(ledger)
        assert consumer.project or consumer.owner
    if is_there(ledger):
        assert Reason.UNDELIVERED not in reasons


@given(BLOCKS.map(pod), CONSUMERS, LEDGERS)
def test_a_gated_pod_waits_for_a_copy_or_starts_with_it(obj, consumer, ledger):
    _, mutation, reasons = answered(obj, consumer, ledger)

    assert reasons <= {Reason.VARIABLES, Reason.NO_MATCH}
    if mutation is None:
        return
    result = jsonpatch.apply_patch(obj, list(mutation.ops))
    waits_for = result["metadata"].get("annotations", {}).get(WAITING, "")
    assert bool(waits_for) == bool(result["spec"]["schedulingGates"])
    if waits_for:
        assert waits_for == COPY.name
        assert not is_there(ledger)
        assert "env" not in result["spec"]["containers"][0]
