"""What has been delivered to one namespace, and what has not and why. Pure.

The controller keeps a ledger for each namespace: a ConfigMap in the namespace of its own processes, called after the
namespace's uid, so that a namespace that is deleted and created again has another one. The webhook reads it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from registry.delivery.copies import Copy

LABEL: Final = "extensions.fuseml.org/ledger"
# The annotation that names the namespace, for people: its uid counts.
NAMESPACE_ANNOTATION: Final = "extensions.fuseml.org/namespace"
_NAME_PREFIX: Final = "fuseml-delivered-"


class State(StrEnum):
    """What is known of a copy."""

    WRITING = "writing"  # it may be there or not: the entry is written before the copy is
    DELIVERED = "delivered"
    WAITING = "waiting"  # it is due and cannot be there; the entry says why
    REMOVED = "removed"  # it is removed once more after some time, as a late request may have brought it back


class Lack(StrEnum):
    """Why a copy that is due cannot be delivered."""

    SOURCE = "source"
    TAKEN = "taken"
    QUOTA = "quota"
    FORBIDDEN = "forbidden"
    REFUSED = "refused"


# In one word, as Kubernetes writes reasons.
REASONS: Final[Mapping[Lack, str]] = {
    Lack.SOURCE: "SecretMissing",
    Lack.TAKEN: "NameTaken",
    Lack.QUOTA: "QuotaExceeded",
    Lack.FORBIDDEN: "DeliveryForbidden",
    Lack.REFUSED: "DeliveryRefused",
}
_WHY: Final[Mapping[str, str]] = {
    Lack.SOURCE: "the Secret that their record names is missing, lacks a key or is not labelled for it; the operator "
    "sees which by kubectl describe extension",
    Lack.TAKEN: "another Secret of this namespace has the name {name!r}; delete it, and they are delivered",
    Lack.QUOTA: "the namespace's quota of Secrets is used up",
    Lack.FORBIDDEN: "fuseml controller may not write Secrets in this namespace; the cluster's administrators can allow "
    "it",
    Lack.REFUSED: "the API server refuses the Secret {name!r}; the log of fuseml controller says why",
}
_NOT_YET: Final = "fuseml controller has not delivered them to this namespace yet; if that lasts, it does not run"


@dataclass(frozen=True, slots=True)
class Entry:
    """What the ledger says of one copy.

    Attributes:
        shape: What it was written for; see ``Copy``.
        source: The version of the source Secret that it holds.
        uid: The copy's own; "" if not known.
        why: A ``Lack``, if it could not be written.
        since: When it was removed, in seconds of Unix time.
    """

    state: State
    shape: str = ""
    source: str = ""
    uid: str = ""
    why: str = ""
    since: int = 0

    @property
    def may_be_there(self) -> bool:
        """True unless it is known that the copy is not there."""
        return self.state in (State.WRITING, State.DELIVERED)

    def __str__(self) -> str:
        """``delivered shape=… source=… uid=…``."""
        fields = {name: getattr(self, name) for name in _FIELDS}
        return " ".join([self.state, *(f"{name}={value}" for name, value in fields.items() if value)])


_FIELDS: Final = ("shape", "source", "uid", "why", "since")


def parse(text: str) -> Entry:
    """Read an entry. What cannot be read may mean a copy that is there, so that it is written or removed again."""
    state, *words = text.split() or [""]
    entry = Entry(State(state)) if state in set(State) else Entry(State.WRITING)
    fields: dict[str, Any] = {}
    for word in words:
        name, _, value = word.partition("=")
        if name == "since":
            fields[name] = int(value) if value.isdecimal() else 0
        elif name in _FIELDS:
            fields[name] = value
    return replace(entry, **fields)


def in_words(why: str, name: str) -> str:
    """Why the copy *name* is not there, for the people of its namespace.

    Args:
        why: A ``Lack``, or empty if nothing is known yet.
    """
    return _WHY.get(why, _NOT_YET).format(name=name)


class Ledger:
    """The entries of one namespace, by the names of copies."""

    def __init__(self, entries: Mapping[str, Entry] | None = None) -> None:
        self.entries = dict(entries or {})

    def lack(self, copy: Copy) -> str:
        """Why *copy* is not there, in words for the author of a run; "" if it is."""
        entry = self.entries.get(copy.name)
        if entry is None or (entry.state is State.DELIVERED and entry.shape != copy.shape):
            return _NOT_YET
        if entry.state is State.DELIVERED:
            return ""
        return in_words(entry.why, copy.name)


class CopiesSeen(Ledger):
    """The copies that somebody has seen in their namespace who may not read its ledger.

    What they were written for does not show on them. But a copy keeps its name, and soon follows its record.
    """

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__({name: Entry(State.DELIVERED) for name in names})

    def lack(self, copy: Copy) -> str:
        """As for a ledger; a copy of that name counts."""
        return "" if copy.name in self.entries else _NOT_YET


NOTHING_DELIVERED: Final = Ledger()


def name_for(namespace_uid: str) -> str:
    """The name of the ledger's ConfigMap."""
    return f"{_NAME_PREFIX}{namespace_uid}"


def uid_in(name: str) -> str:
    """The uid of the namespace whose ledger is called *name*."""
    return name.removeprefix(_NAME_PREFIX)


def decode(data: Mapping[str, str] | None) -> Ledger:
    """Read the ``data`` of a ledger's ConfigMap."""
    return Ledger({name: parse(text) for name, text in (data or {}).items()})


def encode(ledger: Ledger) -> dict[str, str]:
    """The ``data`` of a ledger's ConfigMap."""
    return {name: str(entry) for name, entry in sorted(ledger.entries.items())}
