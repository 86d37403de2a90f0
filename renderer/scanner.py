r"""Find the places in a text that are meant as expressions. Pure; linear in the length of the text.

The text around an expression is somebody's code, so what is not clearly an expression stays as it is.
A *candidate* is

- an opener: exactly two ``<``, any number of spaces or tabs, ``extension`` or ``extensions``, ``.`` or ``[``;
- closed by exactly two ``>`` on the same line (CR and LF end one), after at most 512 bytes of UTF-8 in all;
- with no other ``<<`` in between.

A quoted string may hold ``>>`` and ``<<``, but no opener. If the quotes leave nothing to close a candidate,
they are ordinary characters: a forgotten quote is then refused by the grammar, and not passed over as text.

A candidate that begins within another makes the outer one *nested*. The grammar refuses that one: half of it
must not expand.

A backslash directly before the opener of a candidate escapes it. Only that one backslash is special, and it
speaks for its own opener only.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

MAX_BYTES = 512
"""How long an expression may be, delimiters included."""


class Candidate(NamedTuple):
    """Where an expression stands: ``text[start:end]``, delimiters included."""

    start: int
    end: int
    escaped: bool = False
    nested: bool = False


@dataclass(frozen=True, slots=True)
class _Delimiters:
    """One way to write an expression.

    A body is what may stand before the closer: first with strings, then with quotes as ordinary characters.
    Nothing follows the repetition in these patterns, so they never step back.
    """

    opening: str
    closing: str
    closer: re.Pattern[str]
    bodies: tuple[re.Pattern[str], re.Pattern[str]]


def _delimiters(opening: str, closing: str) -> _Delimiters:
    o, c = re.escape(opening[0]), re.escape(closing[0])
    # Alone they delimit nothing; three or more closing ones do not either.
    loose = rf"{o}(?!{o})|{c}(?!{c})|{c}{{3,}}"
    strings = r""""[^"\r\n]*"|'[^'\r\n]*'"""
    return _Delimiters(
        opening,
        closing,
        closer=re.compile(rf"{c}{{2}}(?!{c})"),
        bodies=(
            re.compile(rf"""(?:[^"'{o}{c}\r\n]+|{strings}|["']|{loose})*"""),
            re.compile(rf"(?:[^{o}{c}\r\n]+|{loose})*"),
        ),
    )


_ANGLES = _delimiters("<<", ">>")
_BRACES = _delimiters("{{", "}}")

_HEAD = r"[ \t]*extensions?(?=[.\[])"
_OPENER = re.compile(rf"<<(?<!<<<){_HEAD}")
_OPENER_OR_BRACES = re.compile(rf"(?:<<(?<!<<<)|\{{\{{(?<!\{{\{{\{{)){_HEAD}")


def find(text: str, *, braces: bool = False) -> list[Candidate]:
    """All candidates of *text* by their start; with *braces*, also those written ``{{ … }}``."""
    if "<<" not in text and not (braces and "{{" in text):
        return []
    opener = _OPENER_OR_BRACES if braces else _OPENER
    found: list[Candidate] = []
    following, inner = len(text), None
    # From right to left each stretch between two openers is read once, whatever the text holds.
    for start in reversed([match.start() for match in opener.finditer(text)]):
        inner = _candidate(text, start, following, inner)
        if inner:
            found.append(inner)
        following = start
    found.reverse()
    return found


def _candidate(text: str, start: int, following: int, inner: Candidate | None) -> Candidate | None:
    """What the opener at *start* begins, if anything. The next opener, at *following*, begins *inner*."""
    escaped = text[start - 1 : start] == "\\"
    delimiters = _ANGLES if text[start] == "<" else _BRACES
    stop = min(following, start + MAX_BYTES)
    if not inner and text.find(delimiters.closing, start, stop) < 0:
        return None
    for body in delimiters.bodies:
        at = body.match(text, start + 2, stop).end()  # type: ignore[union-attr]  # matches no character, too
        closer = delimiters.closer.match(text, at)
        if closer and _fits(text, start, closer.end()):
            return Candidate(start, closer.end(), escaped)
        if at == following and inner and _fits(text, start, inner.end):
            return Candidate(start, inner.end, escaped, nested=True)
        if at < stop and text.startswith(delimiters.opening, at):
            return None
    return None


def _fits(text: str, start: int, end: int) -> bool:
    # A string from JSON may hold half a surrogate pair, which strict UTF-8 cannot encode.
    return len(text[start:end].encode("utf-8", "surrogatepass")) <= MAX_BYTES
