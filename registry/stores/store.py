"""What a store offers: to those who read the registry, and to those who change it. The protocols, and nothing else."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from registry.delivery.ledger import Ledger
from registry.errors import Problem
from registry.records.model import Extension
from registry.resolving.index import Index
from registry.resolving.view import Views
from registry.stores.namespaces import NamespaceFacts


@dataclass(frozen=True, slots=True)
class Known:
    """All that a decision about an object of one namespace depends on, apart from the object.

    Attributes:
        index: The registry; None while there is none.
        facts: None if the namespace is not known.
        delivered: The shared credentials that are there; None = that is not checked.
    """

    index: Index | None
    facts: NamespaceFacts | None
    delivered: Ledger | None


class VisibleRegistry(Views, Protocol):
    """What a person may see of the registry, for previews."""

    def index_for(self, namespace: str) -> Index:
        """The registry as far as it is known, with all that the runs of *namespace* see."""

    def read_all(self) -> None:
        """Read at once what all namespaces see, as it is going to be needed; else each is read when it is."""

    def facts_of(self, namespace: str) -> NamespaceFacts | None:
        """What *namespace* says of itself; None if there is no such namespace."""

    def delivered_to(self, namespace: str) -> Ledger | None:
        """The shared credentials that are in *namespace*; None if that is not checked."""


class RegistryReader(Protocol):
    """What is known at this moment."""

    @property
    def snapshot(self) -> Index | None:
        """The last good state of the registry, None before the first."""

    def facts_of(self, namespace: str) -> NamespaceFacts | None:
        """What *namespace* says of itself; None if it is not known."""

    def delivered_to(self, namespace: str) -> Ledger | None:
        """The shared credentials that are in *namespace*; None if that is not followed."""

    def known_in(self, namespace: str) -> Known:
        """All of these."""

    def settle(self) -> None:
        """Return when the snapshot shows every change that has been received so far, at the latest after moments."""

    def newer(self, namespace: str, than: Known, seconds: float) -> Known | None:
        """What is known in *namespace* when that differs from *than*; None if it does not within *seconds*.

        If too many wait already, it returns at once.
        """


class RegistryFeed(RegistryReader, Protocol):
    """Where the registry comes from: snapshots of it, each newer than the one before."""

    def start(self) -> None:
        """Begin to follow changes, in this process."""

    def wait(self, seconds: float) -> None:
        """Return when something may have changed, at the latest after *seconds*."""

    def refresh(self) -> None:
        """Take up what changed. Never raises, and costs little if nothing did."""

    def age(self) -> float:
        """Seconds since the source was last heard of: what is known may be that old."""

    @property
    def load_errors(self) -> int:
        """How many problems keep records or changes from being served now."""


class Stored(NamedTuple):
    """A record as it is kept.

    Attributes:
        revision: Differs from that of any other state of the record; what it is made from is the store's affair. It
            tells nothing of the values in the record.
        registered: When it was created; None in a store that does not know.
        updated: When it was last written; None likewise.
    """

    record: Extension
    revision: str
    registered: datetime | None = None
    updated: datetime | None = None


class Listing(NamedTuple):
    """All records that can be read, by id, and what is wrong with the others."""

    records: tuple[Stored, ...]
    problems: tuple[Problem, ...] = ()


class RecordStore(Protocol):
    """Whole records, to read and to write. Who writes says which revision he has read: no change is lost.

    All methods may also raise UnavailableError, if the store cannot be used now, and UnreadableError.
    """

    def get(self, extension_id: str) -> Stored:
        """The record *extension_id*.

        Raises:
            NotFoundError: There is none.
            KeptRecordsError: It is there, but cannot be read.
        """

    def list(self) -> Listing:
        """All records."""

    def put(self, record: Extension, expected: str | None) -> Stored:
        """Keep *record*. When this returns, it survives a crash of the machine.

        Args:
            expected: The revision that is to be replaced; None = there must be no record with this id.

        Raises:
            AlreadyExistsError: There is one, and none was expected.
            NotFoundError: There is none, and one was expected.
            ChangedError: There is another revision than that expected.
            InvalidRecordsError: This store cannot keep such a record.
            KeptRecordsError: What it holds must be corrected first.
            NotEditableError: It stands where only a person can change it.
            ReadOnlyError: It must not be written.
        """

    def delete(self, extension_id: str, expected: str) -> None:
        """Delete the record *extension_id*, if its revision is *expected*.

        Raises:
            NotFoundError, ChangedError, NotEditableError, ReadOnlyError: As ``put``.
        """
