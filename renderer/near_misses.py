"""What is written almost as an expression, and stays as it is: for warnings, with the right spelling. Pure.

Other languages come close: shells (``cat <<EOF``), C++ (``out << extension.size``), Argo and Helm (``{{ item.x }}``),
Tekton (``$(params.x)``), JavaScript (``${extension.id}``). So something counts as a near miss only if it has the shape
of a whole path: an opener, a word like ``extension``, a name, and a field that there is. The less of that is there, the
more a known name of a selector must make up for it. All repetitions are bounded: the time is linear in the text.
"""

import re
from collections.abc import Collection, Iterator
from difflib import SequenceMatcher, get_close_matches
from functools import lru_cache
from typing import Final, NamedTuple

from renderer import scanner
from renderer.grammar import CFG, FIELDS

_WORDS: Final = ("extension", "extensions")
_NEAR: Final = 0.8
# By opener, what closes it; an opener that begins with another one comes first.
_CLOSERS: Final = {
    "&lt;": r"(?:[ \t]?&gt;){1,2}",
    "<%": r"%>",
    "<": r">(?:\s{0,2}>){0,2}",
    "${{": r"\}\}",
    "{{": r"\}\}",
    "${": r"\}",
    "$(": r"\)",
    "[[": r"\]\]",
    "«": r"»",
}
_OPENER: Final = re.compile(
    r"&lt;(?:[ \t]?&lt;)?|<%=?|<(?:[ \t]{0,2}<){0,2}(?!<)|\$\{\{|\{\{|\$\{|\$\(|\[\[|«"  # as in _CLOSERS
)
_QUOTE: Final = r"""["']?"""
# An opener with the beginning of a path after it: in other languages' brackets, only words like ours count.
_SHAPE: Final = re.compile(
    r"""(?:(?:<|&lt;|<%=?|\[\[|«)\s{0,20}[-~=.$]?\s{0,4}["']?[A-Za-z0-9_-]{1,100}"""
    r"""|(?:\{\{|\$[{(])\s{0,20}[-~=.$]?\s{0,4}["']?[eExX][A-Za-z]{2,19})["']?\s{0,4}[.:/\[_-]"""
)
_NAME: Final = r"[A-Za-z0-9_-]{1,100}"
_HEAD: Final = re.compile(r"\s{0,20}[-~=.$]?\s{0,4}")
_WORD: Final = re.compile(rf"{_QUOTE}([A-Za-z]{{3,20}}){_QUOTE}\s{{0,4}}([.:/\[_-])\s{{0,4}}")
_PATH: Final = re.compile(
    rf"{_QUOTE}({_NAME}){_QUOTE}\]?\s{{0,4}}[.:/\[]\s{{0,4}}{_QUOTE}([A-Za-z_]{{2,24}}){_QUOTE}\]?"
    rf"(?:\s{{0,4}}[.:/\[]\s{{0,4}}{_QUOTE}([^\s\"'<>|\]{{}}()]{{1,100}}){_QUOTE}\]?)?"
    r"((?:[ \t]{0,4}\|[ \t]{0,4}[a-z0-9]{2,12}(?:\(\"[^\"\r\n]{0,60}\"\))?){0,8})\s{0,20}"
)


class NearMiss(NamedTuple):
    """A stretch of a text that was probably meant as an expression.

    Attributes:
        written: As it stands there.
        meant: The expression that it was probably meant to be.
    """

    start: int
    written: str
    meant: str


def may_be_near(text: str) -> bool:
    """False if *text* holds no near miss, whatever selectors there are: a first look that takes little time."""
    return ("." in text or ":" in text or "/" in text) and _SHAPE.search(text) is not None


def find(text: str, names: Collection[str], *, braces: bool = False) -> Iterator[NearMiss]:
    """The near misses in *text*; *names* are those of the selectors that there are.

    Args:
        braces: As in ``scanner.find``.
    """
    if not may_be_near(text):
        return
    candidates = scanner.find(text, braces=braces)
    number = done = 0
    for opener in _OPENER.finditer(text):
        start = opener.start()
        while number < len(candidates) and candidates[number].start <= start:
            done = max(done, candidates[number].end)
            number += 1
        if start < done or text[start - 1 : start] == "\\":
            continue
        found = _near_miss(text, opener, names)
        if found:
            done = start + len(found.written)
            yield found


def _near_miss(text: str, opener: "re.Match[str]", names: Collection[str]) -> NearMiss | None:
    at = _end(_HEAD, text, opener.end())
    # Go's templates and shells begin names of their own with one of these.
    is_marked = not text[opener.end() : at].isspace() and at > opener.end()
    word = _WORD.match(text, at)
    kind = _likeness(word[1]) if word else 0.0
    if word and kind >= _NEAR and (path := _PATH.match(text, word.end())):
        return _judged(text, opener, path, names, kind, is_odd=is_marked or word[2] in "_-")
    if word and word[2] not in "_-" and (path := _PATH.match(text, word.end())) and path[1] in names:
        # Another word than ours before a selector's name.
        return _judged(text, opener, path, names, kind)
    path = _PATH.match(text, at)
    return _judged(text, opener, path, names, None) if path and path[1] in names else None


def _judged(
    text: str,
    opener: "re.Match[str]",
    path: "re.Match[str]",
    names: Collection[str],
    likeness: float | None,
    *,
    is_odd: bool = False,
) -> NearMiss | None:
    """The near miss, if enough speaks for it.

    Args:
        likeness: How much its word is like ours; None if there is none.
        is_odd: True if its word and its name are joined as one word, or a sign is before it.
    """
    is_known = path[1] in names
    field = _field(path[2], near=is_known)
    if not field or (field == CFG and not path[3] and not is_known) or (field != CFG and path[3]):
        return None
    closer = re.compile(_closing(opener[0])).match(text, path.end())
    is_double = opener[0].count("<") == 2 or opener[0].count("&lt;") == 2 or opener[0] == "«"
    if likeness is None or likeness < _NEAR:
        fits = is_known and is_double and closer is not None
    elif is_odd or closer is None or opener[0].count("<") > 2 or opener[0] == "${":
        fits = is_known
    else:
        # Of another language's brackets, only our very word makes it ours.
        fits = is_known or is_double or likeness == 1.0
    if not fits:
        return None
    end = closer.end() if closer else len(text[: path.end()].rstrip())
    key = f".{path[3] or 'KEY'}" if field == CFG else ""
    filters = "".join(f" | {part.strip()}" for part in path[4].split("|") if part.strip())
    return NearMiss(opener.start(), text[opener.start() : end], f"<< extension.{path[1]}.{field}{key}{filters} >>")


def _closing(opener: str) -> str:
    return next(closer for start, closer in _CLOSERS.items() if opener.startswith(start))


def _end(pattern: "re.Pattern[str]", text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at


@lru_cache(1024)
def _likeness(word: str) -> float:
    """1 if *word* is ours, in lower case; less if it is only like it."""
    if word in _WORDS:
        return 1.0
    return max(SequenceMatcher(None, word.lower(), one).ratio() * 0.99 for one in _WORDS)


def _field(word: str, *, near: bool) -> str:
    """The field that *word* is, or that it is meant to be if *near* ones count; else ""."""
    if word in FIELDS or not near:
        return word if word in FIELDS else ""
    return next(iter(get_close_matches(word.lower(), FIELDS, n=1, cutoff=0.65)), "")
