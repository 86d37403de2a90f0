"""Two objects -> the operations that turn one into the other. Pure."""

from collections.abc import Iterator
from typing import Any

import msgspec

from webhook.objects.patch import Op, add, remove, replace
from webhook.objects.walk import Pointer


def difference(before: Any, after: Any, path: Pointer = ()) -> Iterator[Op]:
    """The operations that turn *before*, which is at *path*, into *after*: what is the same in both is not named."""
    if type(before) is dict and type(after) is dict:
        yield from (remove((*path, key)) for key in before if key not in after)
        for key, value in after.items():
            if key not in before:
                yield add((*path, key), value)
            else:
                yield from difference(before[key], value, (*path, key))
    elif type(before) is list and type(after) is list:
        yield from _of_lists(before, after, path)
    elif before != after or type(before) is not type(after):
        yield replace(path, after)


def _of_lists(before: list[Any], after: list[Any], path: Pointer) -> Iterator[Op]:
    """Items that are put before others, or taken out, move those that follow."""
    shorter = min(len(before), len(after))
    first = next((i for i in range(shorter) if not _same(before[i], after[i])), shorter)
    last = next((i for i in range(shorter - first) if not _same(before[-1 - i], after[-1 - i])), shorter - first)
    common = shorter - first - last
    for i in range(first, first + common):
        yield from difference(before[i], after[i], (*path, i))
    for i in reversed(range(first + common, len(before) - last)):
        yield remove((*path, i))
    for i in range(first + common, len(after) - last):
        yield add((*path, i), after[i])


def _same(one: Any, other: Any) -> bool:
    """Like ``==``, which takes 1 for True. Not by ``difference``, whose cost would double with each level."""
    return bool(one == other) and msgspec.json.encode(one) == msgspec.json.encode(other)
