"""An immutable snapshot of the registry, with look-up by the criteria of selectors. Pure.

A registry in a cluster holds what is for everyone, and what is for one namespace only. An index is itself the view of
a run in a namespace without extensions of its own; ``Index.seen_from`` gives the view of any namespace.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from copy import copy
from typing import Any, TypeAlias, TypeVar

from registry.records.model import Extension
from registry.resolving.answers import Answers
from registry.resolving.offers import EXACT, Offer, offers_of
from registry.resolving.view import NamespaceView, View

T = TypeVar("T")
# An extension's record as it is now, or why it cannot be read; None if it is gone.
Change: TypeAlias = Extension | str | None


class Index:
    """The extensions of one revision of the registry, in the order of their ids.

    Args:
        extensions: Those that are for everyone.
        namespace: Where they are registered; "" for a registry in files.
        broken: By id, why a record cannot be read.
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
        self._offers = tuple(offer for e in self._extensions for offer in offers_of(e, namespace))
        self._equal: dict[str, dict[str, tuple[Offer, ...]]] = {}
        for field, value_of in EXACT.items():
            equal: dict[str, list[Offer]] = defaultdict(list)
            for offer in self._offers:
                equal[value_of(offer)].append(offer)
            self._equal[field] = {value: tuple(offers) for value, offers in equal.items()}
        self._private = {index.namespace: index for index in private}
        self._views: dict[str, View] = {}
        self.answers: Answers[Any] = Answers()

    def __len__(self) -> int:
        """How many extensions there are, those of other namespaces included."""
        return len(self._extensions) + sum(map(len, self._private.values()))

    def updated(self, changes: Mapping[tuple[str, str], Change], revision: str) -> "Index":
        """The same registry after *changes*, by namespace and id.

        What did not change is shared, so the time that this takes grows with the changes and hardly with the registry.
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
        """The same with maps of its own, and without views and answers."""
        index = copy(self)
        index._broken, index._private = dict(self._broken), dict(self._private)
        index._equal = {field: dict(equal) for field, equal in self._equal.items()}
        index._views, index.answers = {}, Answers()
        return index

    def _put(self, id_: str, extension: Extension | None) -> None:
        """Replace the extension *id_* in place, which only an index that nobody else has seen yet allows."""
        self._extensions = _spliced(self._extensions, id_, [extension] if extension else [], _extension_id)
        old = self.narrowed({"extension_id": id_})
        new = offers_of(extension, self.namespace) if extension else []
        self._offers = _spliced(self._offers, id_, new, _owner_id)
        for field, value_of in EXACT.items():
            for value in {value_of(offer) for offer in (*old, *new)}:
                of_value = [offer for offer in new if value_of(offer) == value]
                offers = _spliced(self._equal[field].get(value, ()), id_, of_value, _owner_id)
                if offers:
                    self._equal[field][value] = offers
                else:
                    del self._equal[field][value]

    def seen_from(self, namespace: str) -> View:
        """What a run in *namespace* sees: what is for everyone, and what is registered there.

        An extension that is registered there hides one of the same id that is for everyone.
        """
        own = self._private.get(namespace)
        if own is None:
            return self
        if namespace not in self._views:
            self._views[namespace] = NamespaceView(self._common(), own)
        return self._views[namespace]

    def _common(self) -> "Index":
        """The same without what is private. A view that led back here would be a cycle, and outlive the snapshot."""
        common = copy(self)
        common._private, common._views = {}, {}
        return common

    def registered(self, namespace: str, id_: str) -> Extension | None:
        """The extension *id_* that is registered in *namespace*, whoever sees it; None if none can be read."""
        index = self if namespace == self.namespace else self._private.get(namespace)
        extensions = index._extensions if index else ()
        at = bisect_left(extensions, id_, key=_extension_id)
        return extensions[at] if at < len(extensions) and extensions[at].id == id_ else None

    @property
    def extensions(self) -> tuple[Extension, ...]:
        """Those that are for everyone."""
        return self._extensions

    @property
    def offers(self) -> tuple[Offer, ...]:
        """Their services."""
        return self._offers

    @property
    def broken(self) -> Mapping[str, str]:
        """Extensions whose records cannot be read, and why they cannot."""
        return self._broken

    def is_small(self, limit: int) -> bool:
        """Whether there are at most *limit* offers."""
        return len(self._offers) <= limit

    def narrowed(self, criteria: Mapping[str, str]) -> Sequence[Offer]:
        """The offers that fulfil the rarest of *criteria*; all of them if none compares for equality."""
        found = [self._equal[f].get(v, ()) for f, v in criteria.items() if f in EXACT]
        return min(found, key=len) if found else self._offers

    def sharing(self, criteria: Mapping[str, str], limit: int) -> list[Offer]:
        """At most *limit* offers that fulfil any of *criteria*, those with the rarest criterion first."""
        found: dict[tuple[str, str], Offer] = {}
        for offers in sorted((self._equal[f].get(v, ()) for f, v in criteria.items() if f in EXACT), key=len):
            found |= {offer.place: offer for offer in offers[: limit - len(found)]}
        return [found[place] for place in sorted(found)]

    def values(self, field: str) -> Collection[str]:
        """Every value of the criterion *field*."""
        return self._equal[field].keys()


def _extension_id(extension: Extension) -> str:
    return extension.id


def _owner_id(offer: Offer) -> str:
    return offer.extension.id


def _spliced(items: tuple[T, ...], id_: str, new: Sequence[T], id_of: Callable[[T], str]) -> tuple[T, ...]:
    """*items*, which are in the order of their ids, with *new* in the place of those with *id_*."""
    start = bisect_left(items, id_, key=id_of)
    return (*items[:start], *new, *items[bisect_right(items, id_, lo=start, key=id_of) :])
