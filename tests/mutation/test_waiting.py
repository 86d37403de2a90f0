"""A pod at our gate waits for credentials that are not there yet; every other object is refused."""

from copy import deepcopy

import jsonpatch
import pytest

from registry.delivery.copies import copy_of
from registry.delivery.ledger import NOTHING_DELIVERED, Entry, Ledger, State
from registry.records import codec
from registry.resolving.index import Index
from registry.resolving.selectors import Consumer
from webhook.adapters.annotations.names import GATE, POD_SELECTORS, WAITING
from webhook.errors import Reason, RefusedError
from webhook.mutation.mutate import mutate

ME = Consumer(namespace="team-a", project="alpha")
RECORDS = [
    codec.decode(
        {
            "id": product,
            "product": product,
            "services": [
                {"id": "s3", "credentials": [{"id": "c", "secretRef": {"name": "x"}, "configuration": {key: "k"}}]}
            ],
        }
    )
    for product, key in (("minio", "MINIO"), ("ceph", "CEPH"))
]
INDEX = Index(RECORDS, namespace="fuseml")
MINIO, CEPH = (copy_of(record.id, "s3", record.services[0].credentials[0]) for record in RECORDS)
ALL = Ledger({copy.name: Entry(State.DELIVERED, shape=copy.shape) for copy in (MINIO, CEPH)})
ASKS = "main: {extensions: [{name: a, product: minio}, {name: b, product: ceph}]}"


def pod(asks=ASKS, *, gates=(GATE,), **annotations):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "annotations": {POD_SELECTORS: asks, **annotations}},
        "spec": {"schedulingGates": [{"name": g} for g in gates], "containers": [{"name": "main", "image": "i"}]},
    }


def mutated(obj, delivered):
    """*obj* after it was admitted."""
    return jsonpatch.apply_patch(obj, list(mutate(obj, INDEX, ME, delivered=delivered).ops))


def test_a_gated_pod_is_noted_with_the_copies_that_are_not_there_and_changed_in_nothing_else():
    obj = pod()
    mutation = mutate(obj, INDEX, ME, delivered=NOTHING_DELIVERED)

    expected = deepcopy(obj)
    expected["metadata"]["annotations"][WAITING] = f"{CEPH.name} {MINIO.name}"
    assert jsonpatch.apply_patch(obj, list(mutation.ops)) == expected
    assert mutation.warnings[0] == f"waits at a gate for {CEPH.name} {MINIO.name}"
    assert "credentials 'c' of minio/s3 are not in namespace 'team-a'" in mutation.warnings[1]
    assert mutation.audit == {}


def test_it_waits_only_for_what_is_not_there():
    some = Ledger({MINIO.name: ALL.entries[MINIO.name]})

    assert mutated(pod(), some)["metadata"]["annotations"][WAITING] == CEPH.name


def test_a_second_look_changes_nothing_and_a_look_at_other_copies_changes_the_note():
    noted = mutated(pod(), NOTHING_DELIVERED)

    assert mutated(noted, NOTHING_DELIVERED) == noted
    assert mutated(noted, Ledger({MINIO.name: ALL.entries[MINIO.name]})) == mutated(
        pod(), Ledger({MINIO.name: ALL.entries[MINIO.name]})
    )


def test_when_they_are_there_the_note_goes_with_the_gate():
    noted = mutated(pod(), NOTHING_DELIVERED)

    assert mutated(noted, ALL) == mutated(pod(), ALL)
    assert WAITING not in mutated(noted, ALL)["metadata"]["annotations"]


@pytest.mark.parametrize(
    ("obj", "reasons"),
    [
        pytest.param(pod(gates=()), {Reason.UNDELIVERED}, id="without-a-gate"),
        pytest.param(pod(gates=("example.com/quota",)), {Reason.UNDELIVERED}, id="gate-of-another"),
        pytest.param(
            pod("main: {extensions: [{name: a, product: minio}, {name: b, product: none}]}"),
            {Reason.UNDELIVERED, Reason.NO_MATCH},
            id="something-else-is-wrong",
        ),
    ],
)
def test_any_other_pod_is_refused(obj, reasons):
    with pytest.raises(RefusedError) as refused:
        mutate(obj, INDEX, ME, delivered=NOTHING_DELIVERED)

    assert refused.value.reasons == reasons


def test_an_expression_of_the_annotation_waits_as_well():
    asks = (
        "main: {extensions: [{name: a, product: minio, inject: false}], "
        "env: [{name: X, value: '<< extension.a.cfg.MINIO >>'}]}"
    )

    assert mutated(pod(asks), NOTHING_DELIVERED)["metadata"]["annotations"][WAITING] == MINIO.name
