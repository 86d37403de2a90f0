"""A stream is cut into its documents where Kubernetes' own decoder cuts it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.documents import streams
from registry.documents.encoding import lines_of
from webhook.objects import manifests

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
    chunks = list(streams.chunks(lines_of(STREAM)))

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

    assert "".join(chunk.text for chunk in streams.chunks(lines_of(text))) == text


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
    assert streams.head(text) == head


def test_a_stream_is_not_read_further_than_it_is_shown():
    read = []

    def endless():
        while True:
            read.append("line")
            yield "---\n"
            yield "a: 1\n"

    stream = streams.chunks(endless())
    for _ in range(3):
        next(stream)

    assert len(read) == 4


JSONS = ['{"a": 1}', '{"b": "}{ \\" {"}', json.dumps({"c": [{"d": {}}, "e"]}, indent=2), "{}"]


@pytest.mark.parametrize("between", ["\n", "", " ", "\n\n\t"], ids=["lines", "nothing", "space", "blank-lines"])
def test_json_objects_follow_each_other(between):
    stream = between.join(JSONS)

    found = list(streams.chunks(lines_of(stream)))

    assert "".join(chunk.text for chunk in found) == stream
    assert [json.loads(chunk.text) for chunk in found] == [json.loads(text) for text in JSONS]
    assert [chunk.follows_directly for chunk in found] == [False, True, True, True]


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param("{a: 1}\n{b: 2}\n", id="flow-maps-of-yaml"),
        pytest.param('{"a": 1}: b\n', id="json-as-a-key"),
        pytest.param("{a: '}'}\n", id="bracket-in-single-quotes"),
        pytest.param('{"a": 1} # c\n', id="comment"),
        pytest.param('[{"a": 1}]\n[{"b": 1}]\n', id="lists"),
        pytest.param('a: 1\n{"b": 1}\n', id="yaml-first"),
        pytest.param('{"a": [}\n{"b": 1}\n', id="broken-json"),
    ],
)
def test_what_is_no_sequence_of_json_objects_stays_whole(stream):
    assert [chunk.text for chunk in streams.chunks(lines_of(stream))] == [stream]


def test_json_objects_are_not_read_further_than_they_are_shown():
    read = []

    def endless():
        while True:
            read.append("line")
            yield '{"a": 1}\n'

    stream = streams.chunks(endless())
    for _ in range(3):
        next(stream)

    assert len(read) == 4
