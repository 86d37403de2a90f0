"""A text taken apart into literal parts and expressions. Pure."""

from dataclasses import dataclass

from renderer import scanner
from renderer.grammar import Expression, read
from renderer.sandbox import Extensions, evaluate


@dataclass(frozen=True, slots=True)
class Template:
    """A text as a series of literal parts, their escapes removed, and expressions.

    No literal part is empty and no two follow each other; but a text without expressions is always one part.
    """

    parts: tuple[str | Expression, ...]

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """The expressions alone, in their order."""
        return tuple(part for part in self.parts if isinstance(part, Expression))


def parse(text: str, *, braces: bool = False) -> Template:
    """Take *text* apart; with *braces*, as in FuseML workflow documents, ``{{ extension… }}`` counts as well.

    Raises:
        ExpressionError: The grammar refuses a candidate.
    """
    parts: list[str | Expression] = []
    literal: list[str] = []
    done = 0
    for candidate in scanner.find(text, braces=braces):
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
    return Template((*parts, rest) if rest or not parts else tuple(parts))


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
