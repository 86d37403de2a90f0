"""Which steps are meant by the keys of an annotation. Pure."""

from collections import defaultdict
from difflib import get_close_matches

from webhook.adapters.step import Layout, Step

EVERY = "*"
_MAX_LISTED = 10


class UnknownKeyError(ValueError):
    """A key names no step, or more than can be given anything."""


class Keys:
    """The steps of an object by key: ``train/main``, ``train`` for all of a task's, ``*`` for all of the run's."""

    def __init__(self, layout: Layout) -> None:
        self._behind = layout.behind
        self._steps: dict[str, list[Step]] = defaultdict(list)
        self._groups: dict[str, list[Step]] = defaultdict(list)
        for step in (*layout.steps, *layout.spare):
            self._steps[step.key].append(step)
            if not step.beside:
                self._groups[EVERY].append(step)
                parts = step.key.split("/")
                for end in range(1, len(parts) + 1):
                    self._groups["/".join(parts[:end])].append(step)

    def steps_of(self, key: str) -> list[Step]:
        """The steps that *key* means.

        Raises:
            UnknownKeyError: Saying what would be right.
        """
        if key not in self._steps:
            group = key if key == EVERY else key.removesuffix("/*")
            self._check_reach(group)
            if group not in self._groups:
                raise UnknownKeyError(f"no step is {key[:100]!r}; {self._meant(key)}")
            return self._groups[group]
        if len(self._steps[key]) > 1:
            places = " and ".join(step.where for step in self._steps[key][:3])
            raise UnknownKeyError(f"{key[:100]!r} means {places}; give one of them another name")
        return self._steps[key]

    def _check_reach(self, group: str) -> None:
        """Refuse what means steps that are not in the object."""
        for behind in self._behind:
            if group == EVERY and behind.is_meant:
                advice = f"{behind.advice}, or name the steps that are in this object"
                raise UnknownKeyError(f"'*' means every step, and {behind.why}; {advice}")
            is_below = behind.is_meant and behind.key.startswith(f"{group}/")
            is_around = not behind.key or f"{group}/".startswith(f"{behind.key}/")
            if is_below or (is_around and group not in self._groups):
                raise UnknownKeyError(f"{behind.why}; {behind.advice}")

    def _meant(self, key: str) -> str:
        """What there is, or the closest to *key*."""
        known = list(dict.fromkeys([*self._steps, *self._groups]))
        close = [k for k in self._steps if k.endswith(f"/{key}")] or get_close_matches(key[:100], known, n=1)
        if close:
            return f"did you mean {close[0]!r}?"
        if not self._steps:
            return "there are none"
        listed = ", ".join(map(repr, list(self._steps)[:_MAX_LISTED]))
        return f"there are {listed}" + (", …" if len(self._steps) > _MAX_LISTED else "")
