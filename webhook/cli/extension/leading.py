"""EDGE: options of FuseML's client that stand before a command, as in ``fuseml --url URL extension list``."""

from collections.abc import Sequence
from typing import Final

import click

# Those that FuseML's client takes anywhere, and whether a value follows.
_LEADING: Final = {"-u": True, "--url": True, "--timeout": True, "-v": False, "--verbose": False}
_GROUP: Final = "extension"


class LeadingOptions(click.Group):
    """A group that passes such options on to the command of ``fuseml extension`` that follows them."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the command line."""
        is_root = _GROUP in self.commands
        return super().parse_args(ctx, moved(args, before=_GROUP if is_root else ""))


def moved(args: Sequence[str], *, before: str) -> list[str]:
    """*args*, in which the options before the first word stand behind all words, if that word is *before* or "" is."""
    leading: list[str] = []
    rest = list(args)
    while rest and (name := rest[0].partition("=")[0]) in _LEADING:
        number = 2 if _LEADING[name] and "=" not in rest[0] else 1
        leading += rest[:number]
        del rest[:number]
    if not rest or rest[0].startswith("-") or before not in ("", rest[0]):
        return list(args)
    end = rest.index("--") if "--" in rest else len(rest)
    return [*rest[:end], *leading, *rest[end:]]
