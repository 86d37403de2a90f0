"""What is to be done with one copy, by what is due, what its source holds and what the ledger says."""

import pytest

from registry.delivery.copies import Copy
from registry.delivery.ledger import Entry, Lack, Ledger, State
from webhook.controller.credentials.facts import Due, Source
from webhook.controller.credentials.plan import LATE, Steps, plan

NAME = "fuseml-credentials-mlflow-x"
DUE = Due(Copy(NAME, "shape"), "mlflow", "minio", {"USER": "user"})
SOURCE = Source("mlflow", "7", {"user": "dQ=="})
THERE = Entry(State.DELIVERED, "shape", "7", "u-1")
NOW = 1_000

ADD, REFRESH, REMOVE = Steps(add=[DUE]), Steps(refresh=[DUE]), Steps(remove=[NAME])
WAIT, FORGET, UNREAD = Steps(waiting={NAME: Lack.SOURCE}), Steps(forget=[NAME]), Steps(unread={"minio"})
REMOVE_AND_WAIT = Steps(remove=[NAME], waiting={NAME: Lack.SOURCE})


def entry(state, **fields):
    return Entry(state, **fields)


@pytest.mark.parametrize(
    ("due", "source", "known", "expected"),
    [
        pytest.param(True, SOURCE, None, ADD, id="new"),
        pytest.param(True, SOURCE, entry(State.WRITING), ADD, id="perhaps-there"),
        pytest.param(True, SOURCE, entry(State.WAITING, why=Lack.SOURCE), ADD, id="its-source-has-come"),
        pytest.param(True, SOURCE, entry(State.REMOVED, since=NOW), ADD, id="due-again"),
        pytest.param(True, SOURCE, THERE, Steps(), id="there"),
        pytest.param(True, SOURCE, entry(State.DELIVERED, shape="other", source="7"), REFRESH, id="of-another-record"),
        pytest.param(True, SOURCE, entry(State.DELIVERED, shape="shape", source="6"), REFRESH, id="of-an-older-source"),
        pytest.param(True, None, None, WAIT, id="no-source"),
        pytest.param(True, None, THERE, REMOVE_AND_WAIT, id="its-source-is-gone"),
        pytest.param(True, None, entry(State.WRITING), REMOVE_AND_WAIT, id="its-source-is-gone-while-it-was-written"),
        pytest.param(True, None, entry(State.WAITING, why=Lack.SOURCE), Steps(), id="still-no-source"),
        pytest.param(True, None, entry(State.WAITING, why=Lack.QUOTA), WAIT, id="no-source-any-more"),
        pytest.param(True, Source("", "7", {"user": ""}), THERE, REMOVE_AND_WAIT, id="unlabelled"),
        pytest.param(True, Source("other", "7", {"user": ""}), THERE, REMOVE_AND_WAIT, id="labelled-for-another"),
        pytest.param(True, Source("mlflow", "7", {"name": ""}), THERE, REMOVE_AND_WAIT, id="without-the-key"),
        pytest.param(True, "not read", None, UNREAD, id="source-not-read"),
        pytest.param(True, "not read", THERE, UNREAD, id="there-and-its-source-not-read"),
        pytest.param(False, SOURCE, None, Steps(), id="not-due"),
        pytest.param(False, SOURCE, THERE, REMOVE, id="no-longer-due"),
        pytest.param(False, None, THERE, REMOVE, id="no-longer-due-and-no-source"),
        pytest.param(False, SOURCE, entry(State.WRITING), REMOVE, id="perhaps-there-and-no-longer-due"),
        pytest.param(False, SOURCE, entry(State.WAITING, why=Lack.TAKEN), FORGET, id="waited-and-no-longer-due"),
        pytest.param(False, SOURCE, entry(State.REMOVED, since=NOW - LATE + 1), Steps(), id="just-removed"),
        pytest.param(False, SOURCE, entry(State.REMOVED, since=NOW - LATE), REMOVE, id="removed-long-ago"),
    ],
)
def test_plan(due, source, known, expected):
    sources = {} if source == "not read" else {"minio": source}

    steps = plan([NAME], {NAME: DUE} if due else {}, sources, Ledger({NAME: known} if known else {}), now=NOW)

    assert steps == expected
    assert bool(steps) == (expected not in (Steps(), UNREAD))


def test_a_sweep_writes_what_is_there_and_adds_nothing_else():
    def swept(known, **due):
        return plan([NAME], due, {"minio": SOURCE}, Ledger(known), now=NOW, sweep=True)

    assert swept({NAME: THERE}, **{NAME: DUE}) == REFRESH
    assert swept({}) == Steps()
    assert swept({NAME: THERE}) == REMOVE
