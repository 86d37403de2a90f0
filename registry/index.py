"""An immutable snapshot of the registry, with look-up by what selectors name. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.records import Extension, Service

_EMPTY: Sequence[int] = ()
# Answers are kept for as long as the snapshot lives; a registry in use is asked the same few things.
_MAX_ANSWERS = 4096


@dataclass(frozen=True, slots=True)
class Offer:
    """A service of an extension: what a selector can choose."""

    extension: Extension
    service: Service

    @property
    def id(self) -> str:
        """``EXTENSION/SERVICE``."""
        return f"{self.extension.id}/{self.service.id}"


# The criteria of a selector that a value of the record must equal.
EXACT: Mapping[str, Callable[[Offer], str]] = {
    "extension_id": lambda o: o.extension.id,
    "service_id": lambda o: o.service.id,
    "zone": lambda o: o.extension.zone,
    "product": lambda o: o.extension.product,
    "service_category": lambda o: o.service.category,
    "service_resource": lambda o: o.service.resource,
}


class Index:
    """The extensions of one revision of the registry, in the order of their ids."""

    def __init__(self, extensions: Iterable[Extension] = (), revision: str = "") -> None:
        self.extensions = tuple(sorted(extensions, key=lambda e: e.id))
        self.revision = revision
        self.offers = tuple(Offer(e, s) for e in self.extensions for s in sorted(e.services, key=lambda s: s.id))
        self._positions: dict[str, dict[str, list[int]]] = {}
        for field, value_of in EXACT.items():
            positions: dict[str, list[int]] = defaultdict(list)
            for i, offer in enumerate(self.offers):
                positions[value_of(offer)].append(i)
            self._positions[field] = dict(positions)
        self._answers: dict[Any, Any] = {}

    def __len__(self) -> int:
        """How many extensions there are."""
        return len(self.extensions)

    def narrowed(self, criteria: Mapping[str, str]) -> Sequence[Offer]:
        """The offers that equal in the rarest of *criteria*; all of them if none is exact."""
        found = [self._positions[f].get(v, _EMPTY) for f, v in criteria.items() if f in EXACT]
        return [self.offers[i] for i in min(found, key=len)] if found else self.offers

    def sharing(self, criteria: Mapping[str, str], limit: int) -> list[Offer]:
        """At most *limit* offers that equal in any of *criteria*, rarest criterion first."""
        lists = sorted((self._positions[f].get(v, _EMPTY) for f, v in criteria.items() if f in EXACT), key=len)
        positions: dict[int, None] = {}
        for found in lists:
            positions.update(dict.fromkeys(found[: limit - len(positions)]))
        return [self.offers[i] for i in sorted(positions)]

    def values(self, field: str) -> Iterable[str]:
        """Every value of the criterion *field* in the registry."""
        return self._positions[field]

    def remember(self, question: Any, answer: Callable[[], Any]) -> Any:
        """The answer to *question*, worked out once."""
        try:
            return self._answers[question]
        except KeyError:
            if len(self._answers) >= _MAX_ANSWERS:
                self._answers.clear()
            return self._answers.setdefault(question, answer())
