"""Steps in a note, in few words: ``*`` for all that ask, long lists by what each name does not share. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from webhook.adapters.layout import Layout
from webhook.adapters.step import Step
from webhook.mutation.note.resolved import StepList
from webhook.objects.patch import pointer as text_of
from webhook.objects.walk import Pointer

EVERY = "*"
# Shorter lists stay readable.
_LISTED = 16
_MOST_SHARED = 9_999
_MAX_SIZE = 1024 * 1024


def names_of(own: Sequence[Step]) -> Mapping[Pointer, str]:
    """The names of an object's own steps in a note: their keys, or their places where several have one key."""
    named = {step.pointer: step.key for step in own}
    if len(set(named.values())) == len(own):
        return named
    counted = Counter(step.key for step in own)
    return {step.pointer: step.key if counted[step.key] == 1 else f"#{text_of(step.pointer)}" for step in own}


def asking_in(layout: Layout, names: Mapping[Pointer, str]) -> list[str]:
    """The names of those that ask: what ``*`` means."""
    return [names[step.pointer] for step in layout.steps if step.asks and step.pointer in names]


def written(members: Sequence[str], asking: Sequence[str]) -> tuple[StepList, list[str]]:
    """*members* as a list, and those that are not meant by it; *asking* are all that ask."""
    there = set(members)
    others = [name for name in asking if name not in there]
    if there <= set(asking) and len(others) <= len(members) // 2 and len(others) <= _LISTED:
        return EVERY, others
    return listed(members), []


def listed(members: Sequence[str]) -> StepList:
    """*members*, whether or not they ask."""
    is_short = len(members) <= _LISTED or any("\n" in name for name in members)
    return list(members) if is_short else _packed(sorted(members))


def read(to: StepList, but: Collection[str], asking: Iterable[str]) -> list[str]:
    """The steps that a list means."""
    if to == EVERY:
        return [name for name in asking if name not in but]
    return to if isinstance(to, list) else _unpacked(to)


def _packed(names: Sequence[str]) -> str:
    """Each name in a line: how many characters it shares with the one above, and the rest."""
    lines, before = [], ""
    for name in names:
        shared = min(len(name), len(before), _MOST_SHARED)
        # From the end, as most names differ in their last characters.
        while not name.startswith(before[:shared]):
            shared -= 1
        lines.append(f"{shared} {name[shared:]}")
        before = name
    return "\n".join(lines)


def _unpacked(text: str) -> list[str]:
    names: list[str] = []
    size = 0
    for line in text.split("\n"):
        shared, space, rest = line.partition(" ")
        # Anyone may have written it: names that grow and grow are none of ours.
        if not space or not shared.isdecimal() or len(shared) > len(str(_MOST_SHARED)) or size > _MAX_SIZE:
            return names
        names.append((names[-1][: int(shared)] if names else "") + rest)
        size += len(names[-1])
    return names
