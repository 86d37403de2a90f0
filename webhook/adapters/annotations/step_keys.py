"""Which steps are meant by the keys of an annotation. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Protocol

from registry.suggestions import closest, did_you_mean, there_are
from webhook.adapters.layout import ReferencedSteps
from webhook.adapters.step import Step
from webhook.objects.walk import Pointer

EVERY = "*"
_MAX_LISTED = 10
_BY_NAME = "name it, and set inject: false, if its texts use expressions"


class UnknownKeyError(ValueError):
    """A key names no step, or several that cannot all be meant."""


class KeyReader(Protocol):
    """How to read the keys of one annotation."""

    def steps_of(self, key: str) -> Sequence[Step]:
        """The steps that *key* means; none if they are elsewhere.

        Raises:
            UnknownKeyError: It says what would be right.
        """


class Keys:
    """The steps of an object by key: ``train/main``, ``train`` for all of a task's, ``*`` for all of the run's.

    Args:
        pointer: Where the annotation is.
        key_of: Gives what the annotation calls a step.
    """

    def __init__(
        self,
        steps: Iterable[Step],
        pointer: Pointer,
        *,
        referenced: Sequence[ReferencedSteps] = (),
        key_of: Callable[[Step], str] = attrgetter("key"),
    ) -> None:
        self._pointer = pointer
        self._referenced = referenced
        # There may be thousands of them and of keys: hence by their own key, and by every prefix of it.
        self._referenced_at: dict[str, list[ReferencedSteps]] = defaultdict(list)
        self._referenced_below: dict[str, list[ReferencedSteps]] = defaultdict(list)
        for there in referenced:
            self._referenced_at[there.key].append(there)
            for above in _prefixes(there.key):
                self._referenced_below[above].append(there)
        self._steps: dict[str, list[Step]] = defaultdict(list)
        self._groups: dict[str, list[Step]] = defaultdict(list)
        for step in steps:
            key = key_of(step)
            self._steps[key].append(step)
            if not step.only_if_named:
                self._groups[EVERY].append(step)
                for group in _prefixes(key):
                    self._groups[group].append(step)

    def steps_of(self, key: str) -> Sequence[Step]:
        """See ``KeyReader``."""
        if key not in self._steps:
            group = group_of(key)
            here = self._groups.get(group, [])
            there = [
                step_of_later_pods(k, self._pointer)
                for k in dict.fromkeys(self._keys_of_referenced(key, is_here=bool(here)))
            ]
            if not here and not there:
                if key == EVERY and any(self.unreached()):
                    return []
                raise UnknownKeyError(f"no step is {key[:100]!r}; {self._meant(key)}")
            return [*here, *there]
        if len(self._steps[key]) > 1:
            places = " and ".join(step.where for step in self._steps[key][:3])
            raise UnknownKeyError(f"{key[:100]!r} means {places}; give one of them another name")
        return self._steps[key]

    def unreached(self) -> Iterator[str]:
        """The referenced steps that ``*`` does not reach, each with what would help."""
        return (f"{there.why}; {there.unreached}" for there in self._referenced if there.unreached)

    def _keys_of_referenced(self, key: str, *, is_here: bool) -> Iterator[str]:
        """The keys by which the pods of referenced steps will understand *key*."""
        group = group_of(key)
        for there in self._near(key):
            is_below = f"{there.key}/".startswith(f"{group}/") and bool(there.key)
            is_within = key.startswith(f"{there.key}/") and group != there.key
            if there.advice and (is_below or is_within or (not there.key and not is_here)):
                raise UnknownKeyError(f"{there.why}; {there.advice}")
            if group == EVERY:
                if not there.unreached:
                    yield EVERY if there.has_tasks or there.is_open or not there.key else f"{there.key}/{EVERY}"
            elif there.advice:
                continue
            elif there.has_tasks and there.key and is_below:
                # A pod does not say to which task of an outer pipeline its own pipeline belongs.
                raise UnknownKeyError(f"{there.why}; name its tasks, as '{there.key}/TASK/*'")
            elif there.has_tasks and there.key and is_within and key.count("/") == there.key.count("/") + 1:
                # Else it would mean a step of that name in any run whose name ends in that of the outer task.
                raise UnknownKeyError(f"{there.why}; write '{key[:100]}/*' for all steps of a task")
            elif is_within or (not there.key and not is_here):
                yield key
            elif is_below:
                yield f"{there.key}/{EVERY}"

    def _near(self, key: str) -> Iterable[ReferencedSteps]:
        """The referenced steps that *key* may be about."""
        if group_of(key) == EVERY:
            return self._referenced
        above = (there for prefix in _prefixes(key) for there in self._referenced_at.get(prefix, ()))
        below = self._referenced_below.get(group_of(key), ())
        return dict.fromkeys([*self._referenced_at.get("", ()), *above, *below])

    def _meant(self, key: str) -> str:
        """The keys that there are, or the closest to *key*; for every step, why none is meant."""
        known = [step for steps in self._steps.values() for step in steps]
        if key == EVERY and known:
            return _why_none(known)
        of_a_task = next((known for known in self._steps if known.endswith(f"/{key}")), "")
        names = (there.key for there in self._referenced if there.key and not there.advice)
        close = of_a_task or closest(key, list(dict.fromkeys([*self._steps, *self._groups, *names])))
        if close:
            return f"did you mean {close!r}?"
        listed = there_are(list(dict.fromkeys([*self._steps, *names])), show=repr, most=_MAX_LISTED)
        beyond = next((there.why for there in self._referenced if there.is_open), "")
        return f"{listed}; {beyond}: only '*' names every step that they have" if beyond else listed


def _why_none(steps: Sequence[Step]) -> str:
    """Why ``*`` means none of *steps*: templates without a container of the author's, sidecars, init containers."""
    without = next((step for step in steps if step.no_env), None)
    if without is not None:
        return f"{without.where} cannot be given variables: {without.no_env}; {_BY_NAME}"
    names = there_are([step.key for step in steps], show=repr, most=_MAX_LISTED)
    return f"sidecars and init containers are meant by their own names only; {names}"


class KeysInEachTask:
    """Keys that name the steps of a task, or of the run, in an annotation of a run that may have several tasks."""

    def __init__(self, steps: Iterable[Step], *, key_of: Callable[[Step], str]) -> None:
        self._steps: dict[str, list[Step]] = defaultdict(list)
        every = []
        for step in steps:
            for key in {key_of(step), step.key}:
                self._steps[key].append(step)
            every += [] if step.only_if_named else [step]
        self._every = every

    def steps_of(self, key: str) -> Sequence[Step]:
        """See ``KeyReader``."""
        found = self._every if key == EVERY else self._steps.get(key)
        if not found:
            meant = did_you_mean(key, list(self._steps), show=repr, most=_MAX_LISTED)
            raise UnknownKeyError(f"no step is {key[:100]!r}; {meant}")
        return found


class KeysOfLaterPods:
    """The keys of an annotation that propagates to pods, and is resolved there.

    Args:
        known: The steps that it may name; None if they are not known here.
    """

    def __init__(self, pointer: Pointer, known: Keys | None) -> None:
        self._pointer = pointer
        self._known = known

    def steps_of(self, key: str) -> Sequence[Step]:
        """See ``KeyReader``."""
        steps = self._known.steps_of(key) if self._known is not None else ()
        if steps and all(step.no_env for step in steps):
            raise UnknownKeyError(f"nothing can be given to {steps[0].where}: {steps[0].no_env}")
        return [step_of_later_pods(key, self._pointer)]


def group_of(key: str) -> str:
    """``train`` for ``train/*``."""
    return key if key == EVERY else key.removesuffix(f"/{EVERY}")


def _prefixes(key: str) -> Iterator[str]:
    """``a``, ``a/b`` and ``a/b/c`` of ``a/b/c``."""
    parts = key.split("/")
    return ("/".join(parts[:end]) for end in range(1, len(parts) + 1))


def by_group(steps: Iterable[Step]) -> Mapping[str, Sequence[Step]]:
    """*steps* by what their keys mean."""
    groups = defaultdict(list)
    for step in steps:
        groups[group_of(step.key)].append(step)
    return groups


def wider_than(step: Step, groups: Mapping[str, Sequence[Step]]) -> Iterator[Step]:
    """The steps of *groups* whose keys include all that the key of *step* means, and more."""
    for group in (EVERY, *_prefixes(step.key.rpartition("/")[0])):
        yield from (other for other in groups.get(group, ()) if other.key != step.key)


def step_of_later_pods(key: str, pointer: Pointer) -> Step:
    """A step that stands for whatever *key*, in the annotation at *pointer*, will mean in a pod.

    Raises:
        UnknownKeyError: It can mean nothing in any.
    """
    *above, last = key.split("/")
    if not all((*above, last)) or EVERY in above:
        raise UnknownKeyError(f"{key[:100]!r} can name no step; write '*', TASK, TASK/STEP or the like")
    return Step(key, f"step {key[:100]!r}", (*pointer, key), by_reference=True)
