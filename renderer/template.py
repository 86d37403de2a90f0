"""A text taken apart into literal parts and expressions. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from renderer import scanner
from renderer.grammar import Expression, read
from renderer.sandbox import Extensions, evaluate


class Piece(NamedTuple):
    """What stands in a result in the place of something else.

    Attributes:
        start: Where it begins in the result, in characters.
        length: Its length there; 0 where only the backslash of an escape is missing.
        was: What stood there in the text.
    """

    start: int
    length: int
    was: str


@dataclass(frozen=True, slots=True)
class Template:
    """A text as a series of literal parts, their escapes removed, and expressions.

    No literal part is empty and no two follow each other; but a text without expressions is always one part.

    Attributes:
        candidates: What the scanner found in the text, escaped or not.
    """

    parts: tuple[str | Expression, ...]
    candidates: Sequence[scanner.Candidate] = field(default=(), compare=False, repr=False)

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """The expressions alone, in their order."""
        return tuple(part for part in self.parts if isinstance(part, Expression))

    def pieces(self, text: str, lengths: Sequence[int]) -> Iterator[Piece]:
        """What differs between *text*, of which this is the template, and a result of it.

        Args:
            lengths: How long the value of each expression is in the result.
        """
        left = iter(lengths)
        start = done = 0
        for candidate in self.candidates:
            if candidate.escaped:
                start += candidate.start - 1 - done
                done = candidate.start
                yield Piece(start, 0, "\\")
            else:
                start += candidate.start - done
                done = candidate.end
                yield Piece(start, length := next(left), text[candidate.start : candidate.end])
                start += length


def parse(text: str, *, braces: bool = False) -> Template:
    """Take *text* apart; with *braces*, as in FuseML workflow documents, ``{{ extension… }}`` counts as well.

    Raises:
        ExpressionError: The grammar refuses a candidate.
    """
    parts: list[str | Expression] = []
    literal: list[str] = []
    done = 0
    candidates = scanner.find(text, braces=braces)
    for candidate in candidates:
        if candidate.escaped:
            literal.append(text[done : candidate.start - 1])
            done = candidate.start
            continue
        before = "".join([*literal, text[done : candidate.start]])
        expression = read(text[candidate.start : candidate.end], nested=candidate.nested)
        parts.extend([before, expression] if before else [expression])
        literal.clear()
        done = candidate.end
    rest = "".join([*literal, text[done:]])
    return Template((*parts, rest) if rest or not parts else tuple(parts), candidates)


def contains(text: str, *, braces: bool = False) -> bool:
    """True if *text* holds a candidate, even an escaped one or one that the grammar refuses."""
    return bool(scanner.find(text, braces=braces))


def expand(text: str, extensions: Extensions) -> str:
    """Put the values of *extensions* in the place of all ``<< extension… >>`` of *text*.

    All expressions are checked before the first is evaluated. Values are not looked at again: what looks like
    an expression in a value stays text.

    Raises:
        ExpressionError: An expression is refused or has no value.
    """
    parts = parse(text).parts
    return "".join(part if isinstance(part, str) else evaluate(part, extensions) for part in parts)
