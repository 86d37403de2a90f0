"""What is read from YAML and JSON text, what is refused, and on which line a value is said to be."""

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from yaml.events import ScalarEvent

from registry.documents import events, reader
from registry.documents.events import is_plain
from registry.documents.reader import Document, read
from registry.errors import Problem


@pytest.fixture(params=[yaml.CBaseLoader, yaml.BaseLoader], ids=["libyaml", "without-libyaml"])
def any_loader(request, monkeypatch):
    """Where the wheel has no libyaml, PyYAML's own parser does the work."""
    monkeypatch.setattr(events, "LOADER", request.param)


def content_of(text):
    (document,) = read(text)
    assert document.problems == ()
    assert document.repeated == ()
    return document.content


@pytest.mark.usefixtures("any_loader")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a: False", {"a": "False"}, id="boolean"),
        pytest.param("a: yes", {"a": "yes"}, id="boolean-word"),
        pytest.param("a: 1.10", {"a": "1.10"}, id="version-ending-in-zero"),
        pytest.param("a: 09000", {"a": "09000"}, id="leading-zero"),
        pytest.param("a: 0x1F", {"a": "0x1F"}, id="hexadecimal"),
        pytest.param("a: 1_000", {"a": "1_000"}, id="underscore-in-a-number"),
        pytest.param("a: 1e3", {"a": "1e3"}, id="exponent"),
        pytest.param("a: 12:30:45", {"a": "12:30:45"}, id="base-60"),
        pytest.param("a: 2026-11-23", {"a": "2026-11-23"}, id="date"),
        pytest.param("a: ~", {"a": "~"}, id="tilde"),
        pytest.param("a: null", {"a": "null"}, id="null"),
        pytest.param("a:", {"a": ""}, id="nothing"),
        pytest.param("a: '1.10'", {"a": "1.10"}, id="single-quotes"),
        pytest.param('a: "1\\t2"', {"a": "1\t2"}, id="double-quotes"),
        pytest.param('a: "x\ty"', {"a": "x\ty"}, id="tab-in-quotes"),
        pytest.param('{a: "x\ty"}', {"a": "x\ty"}, id="tab-in-quotes-in-flow-style"),
        pytest.param("a: |\n  1\n   2\n", {"a": "1\n 2\n"}, id="literal-block"),
        pytest.param("a: >-\n  1\n  2\n", {"a": "1 2"}, id="folded-block"),
        pytest.param("a: !!int 5", {"a": "5"}, id="tag"),
        pytest.param("a: x # no more", {"a": "x"}, id="comment"),
        pytest.param("a: x#y", {"a": "x#y"}, id="no-comment-without-a-space"),
        pytest.param("1: x\ntrue: y\n1.10: z", {"1": "x", "true": "y", "1.10": "z"}, id="keys"),
        pytest.param("? a\n: b", {"a": "b"}, id="explicit-key"),
        pytest.param("ключ: é😀", {"ключ": "é😀"}, id="unicode"),
        pytest.param("a: {b: [c, {d: e}], f: []}", {"a": {"b": ["c", {"d": "e"}], "f": []}}, id="nested"),
        pytest.param("just text", "just text", id="text-alone"),
        pytest.param("a: b\r\nc: d\r\n", {"a": "b", "c": "d"}, id="windows-line-ends"),
        pytest.param('"<<": x', {"<<": "x"}, id="merge-key-in-quotes-is-a-key"),
    ],
)
def test_value_is_the_text_that_was_typed(text, expected):
    assert content_of(text) == expected


@pytest.mark.usefixtures("any_loader")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param('{"a":1.10,"b":true,"c":null}', {"a": "1.10", "b": "true", "c": "null"}, id="as-typed"),
        pytest.param(
            '\t{\n\t\t"a"\t:\t"b"\t,\n\t"c":\t[\t1\t]\t}\n\t', {"a": "b", "c": ["1"]}, id="tabs-between-tokens"
        ),
        pytest.param("\r\n\t [1]", ["1"], id="white-space-before"),
        pytest.param('{"a": "x\\ty"}', {"a": "x\ty"}, id="escaped-tab"),
        pytest.param('{"a": "\\ud83d\\ude00\\u00e9"}', {"a": "😀é"}, id="escapes-of-one-character-in-two"),
        pytest.param('{"a": "\\\\ud83d\\\\ude00"}', {"a": "\\ud83d\\ude00"}, id="escaped-backslashes"),
        pytest.param('{"a": "\\/\\b\\f\\n\\r\\"\\\\"}', {"a": '/\b\f\n\r"\\'}, id="every-other-escape"),
        pytest.param('{"a": "\x7f\x85\u2028\u2029\ufeff\uffff"}', {"a": "\x7f\x85\u2028\u2029\ufeff\uffff"}, id="odd"),
        pytest.param('{"<<": {"a": 1}}', {"<<": {"a": "1"}}, id="no-merging"),
        pytest.param('{"a":\n\n  "b"}', {"a": "b"}, id="lines"),
        pytest.param('{"n": ' + "9" * 5000 + "}", {"n": "9" * 5000}, id="longer-number-than-python-reads"),
    ],
)
def test_json_is_read_as_json(text, expected):
    assert content_of(text) == expected


JSON = st.recursive(
    st.text() | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)


def with_text_for_scalars(value):
    if isinstance(value, dict):
        return {key: with_text_for_scalars(item) for key, item in value.items()}
    if isinstance(value, list):
        return [with_text_for_scalars(item) for item in value]
    return value if isinstance(value, str) else json.dumps(value)


@given(st.dictionaries(st.text(max_size=9), JSON), st.booleans(), st.sampled_from([None, "\t", 2]))
def test_any_json_comes_back_with_text_for_its_scalars(value, ascii_only, indent):
    assert content_of(json.dumps(value, ensure_ascii=ascii_only, indent=indent)) == with_text_for_scalars(value)


@pytest.mark.usefixtures("any_loader")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a: &x 1\nb: *x", {"a": "1", "b": "1"}, id="of-text"),
        pytest.param("a: &x [1, 2]\nb: *x", {"a": ["1", "2"], "b": ["1", "2"]}, id="of-a-list"),
        pytest.param("&x a: b\nc: *x", {"a": "b", "c": "a"}, id="of-a-key"),
        pytest.param("a: &x k\n*x : v", {"a": "k", "k": "v"}, id="as-a-key"),
        pytest.param("a: &x 1\nb: &x 2\nc: *x", {"a": "1", "b": "2", "c": "2"}, id="of-the-last-anchor"),
        pytest.param(
            "a: &x {b: &y 1, c: *y}\nd: *x", {"a": {"b": "1", "c": "1"}, "d": {"b": "1", "c": "1"}}, id="nested"
        ),
        pytest.param("a: &x {b: 1}\nc: {<<: *x}", {"a": {"b": "1"}, "c": {"b": "1"}}, id="merged"),
        pytest.param(
            "a: &x {b: 1, c: 2}\nd: {b: own, <<: *x}",
            {"a": {"b": "1", "c": "2"}, "d": {"b": "own", "c": "2"}},
            id="own-key-wins",
        ),
        pytest.param(
            "- &x {a: 1}\n- &y {a: 2, b: 3}\n- {<<: [*x, *y]}",
            [{"a": "1"}, {"a": "2", "b": "3"}, {"a": "1", "b": "3"}],
            id="earlier-of-several-wins",
        ),
    ],
)
def test_alias_has_the_value_of_its_anchor(text, expected):
    assert content_of(text) == expected


def test_alias_and_anchor_can_be_changed_independently():
    content = content_of("a: &x {b: [c]}\nd: *x")

    content["d"]["b"].append("more")

    assert content == {"a": {"b": ["c"]}, "d": {"b": ["c", "more"]}}


def test_anchor_of_one_document_is_unknown_in_the_next():
    _, second = read("a: &x 1\n---\nb: *x")

    assert second.problems == (
        Problem("an alias refers to no anchor; put text that begins with '*' in quotes", line=3),
    )


def test_scalar_function_gives_the_values():
    (document,) = read("a: 1\nb: '1'", lambda event: (event.value, is_plain(event)))

    assert document.content == {"a": ("1", True), "b": ("1", False)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", [], id="no-text"),
        pytest.param("# nothing\n", [], id="comment-only"),
        pytest.param("---\n---\n# x\n---\n", [], id="nothing-but-separators"),
        pytest.param("~\n---\nnull\n---\nNull\n---\nNULL", [], id="null-in-every-spelling"),
        pytest.param("a: 1\n", [({"a": "1"}, 1, 0)], id="one"),
        pytest.param("# x\n\na: 1\n...\n", [({"a": "1"}, 3, 0)], id="one-after-a-comment"),
        pytest.param("a: 1\n---\nb: 2\n", [({"a": "1"}, 1, 0), ({"b": "2"}, 3, 1)], id="two"),
        pytest.param("---\na: 1\n---\n---\nb: 2", [({"a": "1"}, 2, 0), ({"b": "2"}, 5, 2)], id="empty-one-between"),
        pytest.param("--- {a: 1}\n--- [b]\n", [({"a": "1"}, 1, 0), (["b"], 2, 1)], id="on-the-separators-lines"),
        pytest.param("--- ''\n", [("", 1, 0)], id="empty-text-in-quotes-is-not-empty"),
        pytest.param("%YAML 1.1\n---\na: 1\n", [({"a": "1"}, 3, 0)], id="directive"),
    ],
)
def test_stream_gives_each_document_that_is_not_empty(text, expected):
    assert [(d.content, d.line, d.number) for d in read(text)] == expected


def test_list_says_where_its_items_are():
    (document,) = read("# x\n- a: [1,\n  2]\n\n-\n- - b\n  - c\n- {d: e}\n")

    assert document.item_lines == (2, 5, 6, 8)


def test_map_has_no_items():
    (document,) = read("a:\n- b\n- c\n")

    assert document.item_lines == ()


def test_repr_of_a_document_does_not_show_what_it_holds():
    (document,) = read("password: hunter2")

    assert repr(document) == "Document(line=1, number=0, problems=(), repeated=(), item_lines=())"


def chain(levels, width=1):
    """Documents of *levels* lines that each repeat the one before *width* times."""
    first = "- &a0 [" + ",".join("x" * width) + "]\n"
    return first + "".join(f"- &a{i} [{','.join([f'*a{i - 1}'] * width)}]\n" for i in range(1, levels))


NOTHING = "an alias refers to no anchor; put text that begins with '*' in quotes"


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        pytest.param("a: [1\n", "invalid YAML: did not find expected ',' or ']'", 1, id="unclosed"),
        pytest.param("a: b: c", "invalid YAML: mapping values are not allowed in this context", 1, id="two-colons"),
        pytest.param(
            "a: 1\n\tb: 2", "invalid YAML: found a tab character that violates indentation", 2, id="tab-to-indent"
        ),
        pytest.param("a: 1\n  b: 2", "invalid YAML: mapping values are not allowed in this context", 2, id="indented"),
        pytest.param("a: %x", "invalid YAML: found character that cannot start any token", 1, id="percent"),
        pytest.param("a: 'b", "invalid YAML: found unexpected end of stream", 1, id="unclosed-quote"),
        pytest.param("%YAML 9.0\n---\na", "invalid YAML: found incompatible YAML document", 1, id="directive"),
        pytest.param("é: é\nb: \0", "invalid YAML: control characters are not allowed", 2, id="nul-after-unicode"),
        pytest.param('{"a": "\0"}', "invalid YAML: control characters are not allowed", 1, id="nul-in-json"),
        pytest.param(
            '{"a": "\\ud800"}', "invalid YAML: found invalid Unicode character escape code", 1, id="half-a-pair"
        ),
        pytest.param("a: \ud800", "invalid YAML: surrogates not allowed", 0, id="lone-surrogate"),
        pytest.param("a: 1\nb: *x", NOTHING, 2, id="alias-of-nothing"),
        pytest.param("a: &x [*x]", NOTHING, 1, id="alias-of-itself"),
        pytest.param("a: 1\n? [b]\n: c", "a key must be text", 2, id="list-as-a-key"),
        pytest.param("? {a: b}\n: c", "a key must be text", 1, id="map-as-a-key"),
        pytest.param("a: &x [1]\n*x : c", "a key must be text", 2, id="list-as-a-key-by-alias"),
        pytest.param("a: 1\n<<: b", "'<<' merges maps only", 2, id="text-merged"),
        pytest.param("<<: [{a: b}, c]", "'<<' merges maps only", 1, id="text-among-the-merged"),
        pytest.param("[" * 100_000, "nested deeper than 64 levels", 1, id="100-000-lists"),
        pytest.param("{a: " * 100_000, "nested deeper than 64 levels", 1, id="100-000-maps"),
        pytest.param("- " * 100_000, "nested deeper than 64 levels", 1, id="100-000-dashes"),
        pytest.param("? " * 100_000, "nested deeper than 64 levels", 1, id="100-000-keys"),
        pytest.param('{"a":' * 100_000 + "1" + "}" * 100_000, "nested deeper than 64 levels", 1, id="100-000-in-json"),
        pytest.param(
            "".join(" " * i + "a:\n" for i in range(500)), "nested deeper than 64 levels", 65, id="indented-deep"
        ),
        pytest.param(chain(20, width=9), "aliases make it too large", 7, id="billion-laughs"),
        pytest.param(chain(500), "aliases nest it deeper than 64 levels", 64, id="aliases-nested-deep"),
    ],
)
def test_what_cannot_be_read_is_a_problem_with_its_line(text, message, line):
    *_, document = read(text)

    assert document.problems == (Problem(message, line=line),)


def test_every_problem_of_a_document_is_reported():
    (document,) = read("a: *x\n? [b]\n: c\n<<: d")

    assert document.problems == (
        Problem(NOTHING, line=1),
        Problem("a key must be text", line=2),
        Problem("'<<' merges maps only", line=4),
    )


@pytest.mark.usefixtures("any_loader")
@pytest.mark.parametrize("text", ["[" * 100_000, chain(500), chain(20, width=9), "a: *x", "a: \ud800", "é: \0\n"])
def test_every_loader_refuses_what_could_crash(text):
    *_, document = read(text)

    assert len(document.problems) == 1


def test_documents_before_a_broken_one_are_read():
    first, second, third = read("a: 1\n---\n? [x]\n: y\n---\na: [")

    assert (first.content, first.problems) == ({"a": "1"}, ())
    assert second.problems == (Problem("a key must be text", line=3),)
    assert third == Document(None, 6, 2, (Problem("invalid YAML: did not find expected node content", line=6),))


def test_64_levels_are_not_too_deep():
    assert content_of("[" * 64 + "]" * 64) == content_of("&a " + "[" * 64 + "]" * 64)


@pytest.mark.parametrize(("inside", "is_fine"), [(63, True), (64, False)])
def test_alias_may_nest_as_deep_as_text_may(inside, is_fine):
    (document,) = read(f"- &a {'[' * 32}{']' * 32}\n- {'[' * (inside - 32)}*a{']' * (inside - 32)}\n")

    assert (document.problems == ()) == is_fine


def test_large_document_may_use_an_alias(monkeypatch):
    monkeypatch.setattr(reader, "MAX_COPIED", 3)

    assert len(content_of("- &a [1, 2]\n- *a\n" + "- 1\n" * 100)) == 102


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a: 1\nb: 2\na: 3", [("'a' occurs twice in this map", 3)], id="at-the-top"),
        pytest.param("x:\n- {a: 1,\n   a: 2}", [("'a' occurs twice in this map", 3)], id="in-flow-style"),
        pytest.param("a: 1\n'a': 2\n\"a\": 3", [("'a' occurs twice in this map", n) for n in (2, 3)], id="quoted"),
        pytest.param('{"a": 1, "b": {"c": 1, "c": 2}}', [("'c' occurs twice in this map", 1)], id="in-json"),
        pytest.param("1: a\n'1': b", [("'1' occurs twice in this map", 2)], id="number-and-text"),
        pytest.param("a: 1\nb: {a: 2}", [], id="on-different-levels"),
        pytest.param("- &x {a: 1}\n- {<<: *x, a: 2}", [], id="merged-and-own"),
        pytest.param("a: 1\n---\na: 1", [], id="in-different-documents"),
    ],
)
def test_key_that_occurs_twice_in_a_map_is_reported(text, expected):
    found = [problem for document in read(text) for problem in document.repeated]

    assert found == [Problem(message, line=line) for message, line in expected]


def test_last_of_two_equal_keys_counts():
    (document,) = read("a: 1\na: 2")

    assert document.content == {"a": "2"}


@given(st.text() | st.text("\t\n -:?[]{}#&*!|>'\"%@,<a1~"))
def test_any_text_is_read_or_is_a_problem(text):
    for document in read(text):
        assert document.problems or isinstance(document.content, (str, list, dict))


@given(st.text())
def test_plain_is_what_has_neither_quotes_nor_tag(text):
    quoted = ScalarEvent(None, None, (False, True), text, style='"')
    plain = ScalarEvent(None, None, (True, False), text)

    assert (is_plain(quoted), is_plain(plain)) == (False, True)
    assert reader.as_typed(quoted) == reader.as_typed(plain) == text


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        pytest.param("password: !hunter2", "!", id="tag"),
        pytest.param("password: !hunter2 x", "!", id="tag-with-text"),
        pytest.param("password: &hunter2", "&", id="anchor-of-nothing"),
    ],
)
def test_text_that_yaml_would_not_keep_is_a_problem_and_is_not_shown(text, sign):
    (document,) = reader.read(text)

    (problem,) = document.problems
    assert problem.message.startswith(f"YAML reads what begins with '{sign}' as a")
    assert "hunter2" not in str(problem)


def test_a_tag_that_says_text_is_fine():
    (document,) = reader.read("a: !!str 7\nb: ! 8\nc: &x 9\nd: *x")

    assert (document.content, document.problems) == ({"a": "7", "b": "8", "c": "9", "d": "9"}, ())
