"""Files are text in UTF-8, or in UTF-16 with its mark; anything else is an error that says where and what helps."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.documents.encoding import decode, decoded_lines
from registry.errors import UnreadableError

TEXT = "id: caf\u00e9 \U0001f600\r\nb\n\n c"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(TEXT.encode(), id="utf-8"),
        pytest.param(TEXT.encode("utf-8-sig"), id="utf-8-with-mark"),
        pytest.param(TEXT.encode("utf-16"), id="utf-16"),
        pytest.param(b"\xff\xfe" + TEXT.encode("utf-16-le"), id="utf-16-le"),
        pytest.param(b"\xfe\xff" + TEXT.encode("utf-16-be"), id="utf-16-be"),
    ],
)
def test_text_is_read_in_every_encoding_that_kubectl_reads(content):
    assert decode(content) == TEXT
    assert list(decoded_lines(io.BytesIO(content))) == ["id: caf\u00e9 \U0001f600\r\n", "b\n", "\n", " c"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(b"a: 1\nb: caf\xe9\n", "is not UTF-8: byte 11, line 2; save it as UTF-8", id="latin-1"),
        pytest.param(b"\x89PNG\r\n\x1a\n\0\0", "is not UTF-8: byte 0, line 1; save it as UTF-8", id="image"),
        pytest.param(b"a: 1\nb: \0\n", "is no text: byte 8, line 2, is NUL", id="nul"),
        pytest.param(
            "id: x".encode("utf-16-le"),
            "looks like UTF-16 or UTF-32 without a byte order mark, or is no text; save it as UTF-8",
            id="utf-16-without-mark",
        ),
        pytest.param("id".encode("utf-32"), "is UTF-32; save it as UTF-8", id="utf-32"),
        pytest.param(
            b"\xff\xfea\0b",
            "is not UTF-16, as its byte order mark says: byte 4; save it as UTF-8",
            id="utf-16-cut-off",
        ),
        pytest.param(b"\xff\xfea\0\n\0\0\0", "is no text: line 2 holds NUL", id="nul-in-utf-16"),
        pytest.param(b"a: \xf0\x9f\x98", "is not UTF-8: byte 3, line 1; save it as UTF-8", id="cut-off"),
        pytest.param(b"\x7fELF\x02\x01\0", "is no text: byte 6, line 1, is NUL", id="program"),
    ],
)
def test_what_is_no_text_says_where_and_what_would_help(content, problem):
    for read in (decode, lambda content: list(decoded_lines(io.BytesIO(content)))):
        with pytest.raises(UnreadableError) as error:
            read(content)

        assert str(error.value) == problem


def test_lines_before_what_is_no_text_are_read():
    lines = decoded_lines(io.BytesIO(b"a: 1\n\xff\n"))

    assert next(lines) == "a: 1\n"


@given(st.binary(max_size=40))
def test_any_bytes_are_text_or_an_error(content):
    try:
        text = decode(content)
    except UnreadableError:
        return

    assert "\0" not in text
    assert "".join(decoded_lines(io.BytesIO(content))) == text
