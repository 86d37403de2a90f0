"""Objects are read as kubectl reads them, and what is written is read back the same."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from webhook.objects import manifests

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=20)
tricky = st.sampled_from(
    ["y", "No", "1.10", "0o17", "1e3", "~", "", "<<", "=", "2020-01-01", "1:30", " x ", "a: b", "- x"]
)
objects = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
    | tricky,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts | tricky, inner, max_size=4),
    max_leaves=15,
)


@given(st.dictionaries(texts, objects, max_size=4))
def test_what_is_written_is_read_back_the_same(obj):
    (document,) = manifests.load(manifests.dump(obj)) if obj else [None]

    if document is not None:
        assert document.problems == ()
        assert document.content == obj


@given(st.dictionaries(texts, texts | tricky, min_size=1, max_size=4))
def test_other_readers_of_yaml_find_the_same_text(obj):
    assert yaml.safe_load(manifests.dump(obj)) == obj


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("y", True), ("Off", False), ("~", None), ("", None), ("null", None),
        ("0644", 420), ("0o17", 15), ("0x1F", 31), ("0b101", 5), ("1_000", 1000), ("-012", -10), ("+3", 3),
        ("1.10", 1.1), (".5", 0.5), ("1e3", 1000.0), ("08", 8.0),
        ("18446744073709551615", 2**64 - 1), ("18446744073709551616", 2.0**64),
        ("0x10000000000000000", "0x10000000000000000"),
        ("1e999", "1e999"), pytest.param("9" * 5000, "9" * 5000, id="5000-digits"),
        ("1.2.3", "1.2.3"), ("2020-01-01", "2020-01-01"), ("1:30", "1:30"), ("yes ", True), ("yEs", "yEs"),
        ("0xZ", "0xZ"),
        ("'y'", "y"), ('"1.10"', "1.10"), ("!!str 7", "7"), ('!!int "7"', 7), ("!custom 7", "7"),
    ],
)  # fmt: skip
def test_scalars_have_the_types_that_kubectl_gives_them(text, value):
    (document,) = manifests.load(f"key: {text}\n")

    assert document.content == {"key": value}
    assert type(document.content["key"]) is type(value)


STREAM = """\
%YAML 1.1
# license
---
a: 1
---

---
# comment
b: |
  --- not a separator
  x
--- # here
c: 3
... # end
--- {d: 4}
---
"""


def test_a_stream_is_cut_into_its_documents_and_nothing_is_lost():
    chunks = list(manifests.chunks(STREAM.splitlines(keepends=True)))

    assert "".join(chunk.text for chunk in chunks) == STREAM
    assert [[d.content for d in manifests.load(chunk.text)] for chunk in chunks] == [
        [{"a": 1}],
        [{"b": "--- not a separator\nx\n"}],
        [{"c": 3}],
        [{"d": 4}],
        [],
    ]
    assert [chunk.line for chunk in chunks] == [1, 5, 12, 15, 16]


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
@given(st.lists(st.sampled_from(["---", "--- # c", "a: 1", "# c", "", "...", "  - x", "%YAML 1.1"])))
def test_all_chunks_together_are_the_stream(end, lines):
    text = end.join(lines)

    assert "".join(chunk.text for chunk in manifests.chunks(text.splitlines(keepends=True))) == text


@pytest.mark.parametrize(
    ("text", "head"),
    [
        pytest.param("a: 1\n", "", id="nothing-before"),
        pytest.param("# one\n\n---\n# two\na: 1\n", "# one\n\n---\n# two\n", id="comments-and-separator"),
        pytest.param("--- {a: 1}\n", "---\n", id="content-after-the-separator"),
        pytest.param("---   # note\na: 1\n", "---   # note\n", id="comment-after-the-separator"),
    ],
)
def test_what_stands_before_the_content_is_kept(text, head):
    assert manifests.head(text) == head


def test_a_stream_is_not_read_further_than_it_is_shown():
    read = []

    def endless():
        while True:
            read.append("line")
            yield "---\n"
            yield "a: 1\n"

    stream = manifests.chunks(endless())
    for _ in range(3):
        next(stream)

    assert len(read) == 4
