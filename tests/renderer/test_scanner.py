"""The scanner against a slow and plain one, and its cost."""

import contextlib
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import renderer
from renderer import ExpressionError, scanner

PAIRS = {"<": ">", "{": "}"}
LIMIT = 512


def slow_find(text, *, braces):
    """The rules of scanner.py read one character at a time, starting again at each opener."""
    openers = [i for i in range(len(text)) if is_opener(text, i, braces)]
    found = []
    for start in openers:
        end, nested = slow_end(text, start, braces)
        if end:
            found.append(scanner.Candidate(start, end, text[:start].endswith("\\"), nested))
    return found


def is_opener(text, i, braces):
    if text[i] not in ("<{" if braces else "<") or run(text, i) != 2 or text[:i].endswith(text[i]):
        return False
    rest = text[i + 2 :].lstrip(" \t")
    return rest.startswith(("extension.", "extension[", "extensions.", "extensions["))


def run(text, i):
    """How many times the character at *i* stands in a row."""
    return len(text) - i - len(text[i:].lstrip(text[i]))


def fits(text, start, end):
    return len(text[start:end].encode("utf-8", "surrogatepass")) <= LIMIT


def slow_end(text, start, braces):
    for with_strings in (True, False):
        end, nested, settled = walk(text, start, braces, with_strings=with_strings)
        if settled:
            return end, nested
    return None, False


def walk(text, start, braces, *, with_strings):
    stop = start + 2
    while stop < min(len(text), start + LIMIT) and text[stop] not in "\r\n" and not is_opener(text, stop, braces):
        stop += 1
    i = start + 2
    while i < stop:
        character = text[i]
        if with_strings and character in "\"'" and character in text[i + 1 : stop]:
            i = text.index(character, i + 1) + 1
        elif character == PAIRS[text[start]] and run(text, i) == 2:
            return (i + 2, False, True) if fits(text, start, i + 2) else (None, False, False)
        elif character == PAIRS[text[start]]:
            i += run(text, i)
        elif character == text[start] and run(text[:stop], i) > 1:
            return None, False, True
        else:
            i += 1
    if stop < len(text) and is_opener(text, stop, braces):
        inner, _ = slow_end(text, stop, braces)
        if inner and fits(text, start, inner):
            return inner, True, True
    return None, False, False


FRAGMENTS = [
    *"<>{}\\\"' \t\r\n.[]|x",
    "<<",
    ">>",
    "{{",
    "}}",
    "<<<",
    ">>>",
    "<< extension.",
    "{{ extension.",
    "<<\textensions[",
    "<< extension",
    "<< extension.a.url >>",
    "{{ extension.a.url }}",
    '"a"',
    "é" * 100,
    "x" * 200,
    " " * 250,
    "\ud83d",
]
TEXTS = st.lists(st.sampled_from(FRAGMENTS), max_size=25).map("".join)


@settings(max_examples=400)
@given(TEXTS, st.booleans())
@example('<< extension.a | default("x << extension.b.url >>', False)
@example("<< extension.a | 'x >>' << extension.b", False)
@example("<< extension.a | '>> ' << extension.b.url >>", False)
@example("<< extension." + "x" * 497 + ">>>", False)
@example("<< extension." + "x" * 496 + ">> << extension.b >>", False)
@example("<< extension." + "é" * 249 + ">>", False)
@example("<< extension.it's >>" + "x" * 600 + "it's << x", False)
@example("<< extension.a 'x << y' \" >>", False)
def test_the_scanner_finds_what_a_slow_one_finds(text, braces):
    assert scanner.find(text, braces=braces) == slow_find(text, braces=braces)


HOSTILE = [
    pytest.param("<< extension.", id="unclosed"),
    pytest.param('<< extension."', id="unclosed-string"),
    pytest.param("<< extension.'\" >", id="quotes-without-partners"),
    pytest.param('<< extension." >> ', id="closers-in-strings"),
    pytest.param("<< extension.a\n", id="one-a-line"),
    pytest.param("<< extension.a << ", id="shifts"),
    pytest.param("<<" + " " * 100, id="spaces"),
    pytest.param("<", id="angles"),
    pytest.param("<< extension.\"'" + "\"'" * 200, id="quotes"),
    pytest.param("<< extension.é'", id="not-ascii"),
    pytest.param("<< extension.a.url >>", id="expressions"),
    pytest.param("\\<< extension.a.url >>", id="escapes"),
    pytest.param("<< extension.a|default('", id="unclosed-defaults"),
]


def seconds(text):
    """The best of three, for a machine that does other things too."""
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        with contextlib.suppress(ExpressionError):
            renderer.parse(text)
        best = min(best, time.process_time() - start)
    return best


@pytest.mark.parametrize("piece", HOSTILE)
def test_four_times_the_text_takes_about_four_times_as_long(piece):
    size = 100 * 1024 // len(piece)
    text = piece * size

    # Quadratic work would be 16 times as long; retried, for the neighbours of this process make noise.
    assert any(seconds(text * 4) < 12 * seconds(text) for _ in range(5))


def test_416_kb_of_unclosed_openers_stay_as_they_are():
    text = "<< extension." * (416 * 1024 // 13)

    assert renderer.expand(text, {}) == text


def test_thousands_of_expressions_come_out():
    text = "".join(f"<< extension.s.cfg.K{i} | default('{i}') >>\n" for i in range(5000))

    assert renderer.expand(text, {"s": {}}) == "".join(f"{i}\n" for i in range(5000))
