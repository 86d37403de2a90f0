"""What can go wrong in the renderer, and how texts appear in its messages. Pure.

RendererError
├── ExpressionError     an expression is refused, or asks for what is missing: for its author to fix
└── UnfitValueError     a value that a filter cannot take; leaves this package as an ExpressionError only

No message holds a value of a field: names, keys, types and the expression as written are all they say.
"""

from collections.abc import Iterable

_EXPRESSION_LENGTH = 80
_WORD_LENGTH = 40
_LISTED = 10


class RendererError(Exception):
    """Base of all errors of this package."""


class ExpressionError(RendererError, ValueError):
    """An expression is refused, or what it asks for is missing.

    Attributes:
        source: The expression as written, delimiters included; may be long and hold control characters.
        problem: What is wrong with it, and what would help.
    """

    def __init__(self, source: str, problem: str) -> None:
        super().__init__(source, problem)
        self.source = source
        self.problem = problem

    def __str__(self) -> str:
        return f'"{shown(self.source)}": {self.problem}'


class UnfitValueError(RendererError, ValueError):
    """A value is not what a filter needs. Its text never holds the value."""


def shown(text: str, limit: int = _EXPRESSION_LENGTH) -> str:
    r"""*text* for a message: invisible characters as escapes (``\t``), at most *limit* characters."""
    start = text[: limit + 1]
    visible = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in start)
    return visible if len(visible) <= limit else visible[: limit - 1] + "…"


def quoted(word: str) -> str:
    """*word* between single quotes, for a message."""
    return f"'{shown(word, _WORD_LENGTH)}'"


def listed(words: Iterable[str]) -> str:
    """The first ten of *words* in order, for a message."""
    ordered = sorted(words)
    more = ", …" if len(ordered) > _LISTED else ""
    return ", ".join(quoted(word) for word in ordered[:_LISTED]) + more
