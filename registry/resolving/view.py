"""What the runs of one namespace see of the registry. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

from registry.records.model import Extension
from registry.resolving.answers import Answers
from registry.resolving.offers import EXACT, Offer


class View(Protocol):
    """What ``resolve`` needs to know of a registry: the extensions that a run sees, and ways to find them.

    All extensions and offers are in the order of their ids.
    """

    @property
    def extensions(self) -> tuple[Extension, ...]:
        """The extensions that the run sees."""

    @property
    def offers(self) -> tuple[Offer, ...]:
        """Their services."""

    @property
    def broken(self) -> Mapping[str, str]:
        """Extensions that the run would see if their records could be read, and why they cannot."""

    @property
    def answers(self) -> Answers[Any]:
        """What has been resolved before in this view."""

    def is_small(self, limit: int) -> bool:
        """Whether there are at most *limit* offers."""

    def narrowed(self, criteria: Mapping[str, str]) -> Sequence[Offer]:
        """The offers that fulfil the rarest of *criteria*; all of them if none compares for equality."""

    def sharing(self, criteria: Mapping[str, str], limit: int) -> list[Offer]:
        """At most *limit* offers that fulfil any of *criteria*, those with the rarest criterion first."""

    def values(self, field: str) -> Collection[str]:
        """Every value of the criterion *field*."""


class Views(Protocol):
    """Who knows what the runs of each namespace see."""

    def seen_from(self, namespace: str) -> View:
        """What the runs of *namespace* see."""


class NamespaceView:
    """What is registered in one namespace, laid over what is for everyone. Copies little."""

    def __init__(self, common: View, own: View) -> None:
        self._common = common
        self._own = own
        # A record that cannot be read hides as well: the run was meant to get it, not the other one.
        self._hidden = {e.id for e in own.extensions} | own.broken.keys()
        self.answers: Answers[Any] = Answers()

    @property
    def extensions(self) -> tuple[Extension, ...]:  # noqa: D102  # see View, as all that follows
        seen = [e for e in self._common.extensions if e.id not in self._hidden]
        return tuple(sorted((*seen, *self._own.extensions), key=lambda e: e.id))

    @property
    def offers(self) -> tuple[Offer, ...]:  # noqa: D102
        return tuple(self._merged(self._common.offers, self._own.offers))

    @property
    def broken(self) -> Mapping[str, str]:  # noqa: D102
        common = {id_: why for id_, why in self._common.broken.items() if id_ not in self._hidden}
        return {**common, **self._own.broken}

    def is_small(self, limit: int) -> bool:  # noqa: D102
        return self._common.is_small(limit) and self._own.is_small(limit) and len(self.offers) <= limit

    def narrowed(self, criteria: Mapping[str, str]) -> Sequence[Offer]:  # noqa: D102
        return self._merged(self._common.narrowed(criteria), self._own.narrowed(criteria))

    def sharing(self, criteria: Mapping[str, str], limit: int) -> list[Offer]:  # noqa: D102
        both = self._merged(self._common.sharing(criteria, limit), self._own.sharing(criteria, limit))
        return both[:limit]

    def values(self, field: str) -> Collection[str]:  # noqa: D102
        if self._hidden.isdisjoint(self._common.values("extension_id")):
            return {*self._common.values(field), *self._own.values(field)}
        return {EXACT[field](offer) for offer in self.offers}

    def _merged(self, common: Iterable[Offer], own: Iterable[Offer]) -> list[Offer]:
        seen = [o for o in common if o.extension.id not in self._hidden]
        return sorted((*seen, *own), key=lambda o: o.place)
