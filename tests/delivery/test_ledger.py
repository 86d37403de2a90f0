"""What the ledger of a namespace says: it survives being written, and is never more certain than it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.delivery import ledger
from registry.delivery.copies import Copy
from registry.delivery.ledger import Entry, Lack, Ledger, State

WORDS = st.from_regex(r"[a-z0-9-]*", fullmatch=True)
ENTRIES = st.builds(Entry, st.sampled_from(State), WORDS, WORDS, WORDS, WORDS, st.integers(0, 2**40))
COPY = Copy("fuseml-credentials-mlflow-x", "shape")


@given(st.dictionaries(WORDS, ENTRIES))
def test_a_ledger_is_read_as_it_was_written(entries):
    assert ledger.decode(ledger.encode(Ledger(entries))).entries == entries


@given(st.text())
def test_an_entry_that_cannot_be_read_means_a_copy_that_may_be_there(text):
    entry = ledger.parse(text)

    assert entry.may_be_there or text.split()[0] in ("waiting", "removed")


def test_the_name_of_a_ledger_holds_the_uid():
    assert ledger.uid_in(ledger.name_for("u-1")) == "u-1"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        pytest.param(None, "has not delivered them to this namespace yet", id="never-heard-of"),
        pytest.param(Entry(State.DELIVERED, "shape", uid="u"), "", id="delivered"),
        pytest.param(Entry(State.DELIVERED, "older", uid="u"), "has not delivered", id="delivered-for-another-record"),
        pytest.param(Entry(State.WRITING, "shape"), "has not delivered", id="being-written"),
        pytest.param(Entry(State.REMOVED, "shape"), "has not delivered", id="removed"),
        pytest.param(Entry(State.WAITING, why=Lack.SOURCE), "the Secret that their record names is", id="no-source"),
        pytest.param(Entry(State.WAITING, why=Lack.TAKEN), "has the name 'fuseml-credentials-mlflow-x'", id="taken"),
        pytest.param(Entry(State.WAITING, why="unheard-of"), "has not delivered", id="a-reason-of-a-later-version"),
    ],
)
def test_what_is_said_of_a_copy(entry, said):
    lack = Ledger({COPY.name: entry} if entry else {}).lack(COPY)

    assert said in lack
    assert bool(lack) == bool(said)


def test_every_reason_has_words():
    for why in Lack:
        assert "has not delivered" not in Ledger({COPY.name: Entry(State.WAITING, why=why)}).lack(COPY)
