"""An immutable snapshot of the registry, with look-up by what selectors name. Pure.

A registry in a cluster holds what is for everyone, and what is for one namespace only: ``Index.seen_from`` gives what
a run in that namespace sees.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from registry.records.model import Extension, Service

T = TypeVar("T")
# Answers are kept for as long as the snapshot lives; a registry in use is asked the same few things.
_MAX_ANSWERS = 4096


@dataclass(frozen=True, slots=True)
class Offer:
    """A service of an extension: what a selector can choose.

    Attributes:
        namespace: Where it is registered and its Secrets are; "" = wherever the run is.
    """

    extension: Extension
    service: Service
    namespace: str = ""

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


# What became of an extension: its record, why its record cannot be read, or None: it is gone.
Change: TypeAlias = Extension | str | None


class Index:
    """The extensions of one revision of the registry, in the order of their ids.

    Args:
        extensions: Those that are for everyone.
        namespace: Where they are registered; "" for a registry in files.
        broken: Records that cannot be read, and why, by their ids.
        private: What is registered in other namespaces, for the runs there only.
    """

    def __init__(
        self,
        extensions: Iterable[Extension] = (),
        revision: str = "",
        *,
        namespace: str = "",
        broken: Mapping[str, str] | None = None,
        private: Iterable["Index"] = (),
    ) -> None:
        self.revision = revision
        self.namespace = namespace
        self._broken = dict(broken or {})
        self._extensions = tuple(sorted(extensions, key=_extension_id))
        self._offers = tuple(offer for e in self._extensions for offer in _offers_of(e, namespace))
        self._equal: dict[str, dict[str, tuple[Offer, ...]]] = {}
        for field, value_of in EXACT.items():
            equal: dict[str, list[Offer]] = defaultdict(list)
            for offer in self._offers:
                equal[value_of(offer)].append(offer)
            self._equal[field] = {value: tuple(offers) for value, offers in equal.items()}
        self._private = {index.namespace: index for index in private}
        self._views: dict[str, Index] = {}
        self._answers: dict[Any, Any] = {}

    def __len__(self) -> int:
        """How many extensions there are, those of other namespaces included."""
        return len(self._extensions) + sum(map(len, self._private.values()))

    def updated(self, changes: Mapping[tuple[str, str], Change], revision: str) -> "Index":
        """The same registry after *changes*, by namespace and id.

        What did not change is shared, so this takes a time that grows with the changes and hardly with the registry.
        """
        by_namespace: dict[str, dict[str, Change]] = defaultdict(dict)
        for (namespace, id_), change in changes.items():
            by_namespace[namespace][id_] = change
        index = self._changed(by_namespace.pop(self.namespace, {}))
        index.revision = revision
        for namespace, own in by_namespace.items():
            index._private[namespace] = index._private.get(namespace, Index(namespace=namespace))._changed(own)
        return index

    def _changed(self, changes: Mapping[str, Change]) -> "Index":
        index = self._copy()
        for id_, change in changes.items():
            extension = change if isinstance(change, Extension) else None
            index._put(id_, extension)
            index._broken.pop(id_, None)
            if isinstance(change, str):
                index._broken[id_] = change
        return index

    def _copy(self) -> "Index":
        """The same with maps of its own, and nothing remembered."""
        index = copy(self)
        index._broken, index._private = dict(self._broken), dict(self._private)
        index._equal = {field: dict(equal) for field, equal in self._equal.items()}
        index._views, index._answers = {}, {}
        return index

    def _put(self, id_: str, extension: Extension | None) -> None:
        """Put *extension* in the place of that with the same id; only what is being made may be changed."""
        self._extensions = _spliced(self._extensions, id_, [extension] if extension else [], _extension_id)
        old = self.narrowed({"extension_id": id_})
        new = _offers_of(extension, self.namespace) if extension else []
        self._offers = _spliced(self._offers, id_, new, _owner_id)
        for field, value_of in EXACT.items():
            for value in {value_of(offer) for offer in (*old, *new)}:
                of_value = [offer for offer in new if value_of(offer) == value]
                offers = _spliced(self._equal[field].get(value, ()), id_, of_value, _owner_id)
                if offers:
                    self._equal[field][value] = offers
                else:
                    del self._equal[field][value]

    def seen_from(self, namespace: str) -> "Index":
        """What a run in *namespace* sees: what is for everyone, and what is registered there.

        An extension that is registered there hides one of the same id that is for everyone.
        """
        own = self._private.get(namespace)
        if own is None:
            return self
        if namespace not in self._views:
            self._views[namespace] = _View(self._common(), own)
        return self._views[namespace]

    def _common(self) -> "Index":
        """The same without what is private: a view that led back here would be a cycle, and outlive the snapshot."""
        common = copy(self)
        common._private, common._views = {}, {}
        return common

    @property
    def extensions(self) -> tuple[Extension, ...]:
        """Those that are seen."""
        return self._extensions

    @property
    def offers(self) -> tuple[Offer, ...]:
        """The services of these."""
        return self._offers

    @property
    def broken(self) -> Mapping[str, str]:
        """Extensions that would be seen if their records could be read, and why they cannot."""
        return self._broken

    def is_small(self, limit: int) -> bool:
        """Whether there are at most *limit* offers."""
        return len(self._offers) <= limit

    def narrowed(self, criteria: Mapping[str, str]) -> Sequence[Offer]:
        """The offers that equal in the rarest of *criteria*; all of them if none is exact."""
        found = [self._equal[f].get(v, ()) for f, v in criteria.items() if f in EXACT]
        return min(found, key=len) if found else self._offers

    def sharing(self, criteria: Mapping[str, str], limit: int) -> list[Offer]:
        """At most *limit* offers that equal in any of *criteria*, rarest criterion first."""
        found: dict[tuple[str, str], Offer] = {}
        for offers in sorted((self._equal[f].get(v, ()) for f, v in criteria.items() if f in EXACT), key=len):
            found |= {_place(offer): offer for offer in offers[: limit - len(found)]}
        return [found[place] for place in sorted(found)]

    def values(self, field: str) -> Collection[str]:
        """Every value of the criterion *field* in the registry."""
        return self._equal[field].keys()

    def remember(self, question: Any, answer: Callable[[], Any]) -> Any:
        """The answer to *question*, worked out once."""
        try:
            return self._answers[question]
        except KeyError:
            if len(self._answers) >= _MAX_ANSWERS:
                self._answers.clear()
            return self._answers.setdefault(question, answer())


def _extension_id(extension: Extension) -> str:
    return extension.id


def _owner_id(offer: Offer) -> str:
    return offer.extension.id


def _place(offer: Offer) -> tuple[str, str]:
    """What the order of offers goes by."""
    return offer.extension.id, offer.service.id


def _offers_of(extension: Extension, namespace: str) -> list[Offer]:
    return [Offer(extension, s, namespace) for s in sorted(extension.services, key=lambda s: s.id)]


def _spliced(items: tuple[T, ...], id_: str, new: Sequence[T], id_of: Callable[[T], str]) -> tuple[T, ...]:
    """The *items*, which are in the order of their ids, with *new* in the place of those of *id_*."""
    start = bisect_left(items, id_, key=id_of)
    return (*items[:start], *new, *items[bisect_right(items, id_, lo=start, key=id_of) :])


class _View(Index):
    """What is registered in one namespace, laid over what is for everyone; little is copied."""

    def __init__(self, common: Index, own: Index) -> None:
        super().__init__(revision=common.revision, namespace=own.namespace)
        self._below = common
        self._own = own
        # A record that cannot be read hides, too: the run was meant to get it, not the other one.
        self._hidden = {e.id for e in own.extensions} | own.broken.keys()

    def __len__(self) -> int:
        return len(self.extensions)

    @property
    def extensions(self) -> tuple[Extension, ...]:
        seen = [e for e in self._below.extensions if e.id not in self._hidden]
        return tuple(sorted((*seen, *self._own.extensions), key=lambda e: e.id))

    @property
    def offers(self) -> tuple[Offer, ...]:
        return tuple(self._laid_over(self._below.offers, self._own.offers))

    @property
    def broken(self) -> Mapping[str, str]:
        common = {id_: why for id_, why in self._below.broken.items() if id_ not in self._hidden}
        return {**common, **self._own.broken}

    def is_small(self, limit: int) -> bool:
        return self._below.is_small(limit) and self._own.is_small(limit) and len(self.offers) <= limit

    def narrowed(self, criteria: Mapping[str, str]) -> Sequence[Offer]:
        return self._laid_over(self._below.narrowed(criteria), self._own.narrowed(criteria))

    def sharing(self, criteria: Mapping[str, str], limit: int) -> list[Offer]:
        both = self._laid_over(self._below.sharing(criteria, limit), self._own.sharing(criteria, limit))
        return both[:limit]

    def values(self, field: str) -> Collection[str]:
        if self._hidden.isdisjoint(self._below.values("extension_id")):
            return {*self._below.values(field), *self._own.values(field)}
        return {EXACT[field](offer) for offer in self.offers}

    def _laid_over(self, common: Iterable[Offer], own: Iterable[Offer]) -> list[Offer]:
        seen = [o for o in common if o.extension.id not in self._hidden]
        return sorted((*seen, *own), key=_place)
