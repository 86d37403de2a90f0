"""What becomes of objects when the registry changes, as values. Pure."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from registry.resolving.selectors import Selector


class Outcome(StrEnum):
    """What a change means for a selector, or for an object; the worst comes first."""

    REFUSED = "refused"
    SERVICE = "other service"
    VALUES = "other values"
    RESOLVED = "can be resolved"
    UNCHANGED = "unchanged"


_ORDER = {outcome: i for i, outcome in enumerate(Outcome)}


def worst(outcomes: "list[Outcome]") -> Outcome:
    """The worst of *outcomes*; UNCHANGED of none."""
    return min(outcomes, key=_ORDER.__getitem__, default=Outcome.UNCHANGED)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a selector gets.

    Attributes:
        namespace: Where the extension is registered; "" for a registry in files.
        endpoint: ``URL (TYPE)``; "" for a service that has none.
        credentials: Their id; "" = none.
    """

    namespace: str
    extension: str
    service: str
    endpoint: str = ""
    credentials: str = ""

    @property
    def id(self) -> str:
        """``EXTENSION/SERVICE``."""
        return f"{self.extension}/{self.service}"


@dataclass(frozen=True, slots=True)
class Difference:
    """A value that is another one, or is there with one of both registries only.

    Attributes:
        name: Of a variable; or of a field that an expression reads, such as ``url`` or ``cfg.BUCKET``.
        before, after: The value, or the Secret that it is in; None = there is none, or it is the value of a credential,
            which is never shown.
    """

    name: str
    is_there_before: bool
    is_there_after: bool
    is_field: bool = False
    is_credential: bool = False
    before: str | None = field(default=None, repr=False)
    after: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SelectorImpact:
    """What a change means for one selector of a step.

    Attributes:
        step: Where the step stands.
        before, after: None if nothing is chosen.
        why: Why that one is chosen after the change, or why none is.
        rivals: Services that it might as well mean after the change, if that is new.
        differences: Of the variables that it gives, and of what expressions read of it.
    """

    step: str
    selector: Selector
    outcome: Outcome
    before: Chosen | None
    after: Chosen | None
    why: str = ""
    rivals: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """What a change means for something that is resolved by itself: an object, or a pod that will come of it.

    Attributes:
        where: The part of the object that the pod comes of; "" for the object itself.
        is_kept: True if it has been resolved for good: what is said holds if the object is sent again.
        problems: Why it is refused after the change.
    """

    where: str
    outcome: Outcome
    selectors: tuple[SelectorImpact, ...] = ()
    is_kept: bool = False
    problems: tuple[str, ...] = ()

    @property
    def is_ambiguous(self) -> bool:
        """True if a selector might mean several services after the change, and did not before."""
        return any(selector.rivals for selector in self.selectors)


@dataclass(frozen=True, slots=True)
class ObjectImpact:
    """What a change means for an object.

    Attributes:
        title: ``PipelineRun/train``.
        namespace: "" for an object of the whole cluster.
        place: ``FILE:LINE``; "" for an object of the cluster.
        is_finished: True for a run that has ended.
        given: What it was given when it was created, as its note says.
    """

    title: str
    namespace: str
    place: str
    parts: tuple[Part, ...]
    is_finished: bool = False
    given: tuple[str, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """The worst of what becomes of its parts."""
        return worst([part.outcome for part in self.parts])

    @property
    def is_kept(self) -> bool:
        """True if nothing comes of the change unless the object is sent again."""
        return all(part.is_kept for part in self.parts)

    @property
    def is_ambiguous(self) -> bool:
        """True if a selector of it might mean several services, and did not before."""
        return any(part.is_ambiguous for part in self.parts)

    @property
    def is_refused(self) -> bool:
        """True if something of it is refused because of the change, without being sent again."""
        return any(part.outcome is Outcome.REFUSED and not part.is_kept for part in self.parts)


@dataclass(slots=True)
class Summary:
    """Counts objects.

    Attributes:
        seen: All that were looked at.
        kept: Those of the listed to which nothing comes of the change unless they are sent again.
        ambiguous: Those with a selector that is newly ambiguous.
        refused: Those of which something is refused without being sent again.
        left_out: Runs that were not looked at because they have ended.
        unknown: Those whose pods cannot be predicted, and why the first one cannot.
    """

    seen: int = 0
    kept: int = 0
    ambiguous: int = 0
    refused: int = 0
    left_out: int = 0
    unknown: int = 0
    first_unknown: str = ""
    outcomes: Counter[Outcome] = field(default_factory=Counter)

    @property
    def listed(self) -> int:
        """How many objects the change concerns."""
        return sum(self.outcomes.values())

    def add(self, found: ObjectImpact) -> None:
        """Count an object that the change concerns."""
        self.outcomes[found.outcome] += 1
        self.kept += found.is_kept
        self.ambiguous += found.is_ambiguous
        self.refused += found.is_refused
