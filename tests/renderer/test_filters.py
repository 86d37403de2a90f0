"""What each filter makes of a value."""

import base64
import contextlib
import json
import shlex
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

import renderer
from renderer import ExpressionError


def apply(name, value):
    return renderer.expand(f"<< extension.s.cfg.KEY | {name} >>", {"s": {"cfg": {"KEY": value}}})


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        pytest.param("lower", "MinIO É", "minio é", id="lower"),
        pytest.param("upper", "MinIO ß", "MINIO SS", id="upper"),
        pytest.param("trim", " \t\r\n a b\u00a0\n", "a b", id="trim"),
        pytest.param("urlencode", "a/b c&d=é~-_.+", "a%2Fb%20c%26d%3D%C3%A9~-_.%2B", id="urlencode"),
        pytest.param("b64encode", "user:pässword", "dXNlcjpww6Rzc3dvcmQ=", id="b64encode"),
        pytest.param("b64encode", "", "", id="b64encode-of-nothing"),
        pytest.param("tojson", 'a"b\\c\n\x00', '"a\\"b\\\\c\\n\\u0000"', id="tojson"),
        pytest.param("tojson", "é🎉\u2028", '"\\u00e9\\ud83c\\udf89\\u2028"', id="tojson-is-ascii"),
        pytest.param("tojson", "</script>'&", '"\\u003c/script\\u003e\\u0027\\u0026"', id="tojson-in-markup"),
        pytest.param("tojson", "\ud83d", '"\\ud83d"', id="tojson-of-half-a-pair"),
        pytest.param("quote", "it's $HOME", "'it'\"'\"'s $HOME'", id="quote"),
        pytest.param("quote", "plain-1.0", "plain-1.0", id="quote-only-if-needed"),
        pytest.param("quote", "", "''", id="quote-nothing"),
        pytest.param("host", "http://minio:9000/x", "minio", id="host"),
        pytest.param("host", "https://User:p@ss@MinIO.example?x=http://y", "MinIO.example", id="host-as-typed"),
        pytest.param("host", "http://[2001:db8::1]:80#x", "[2001:db8::1]", id="host-of-ipv6"),
        pytest.param("host", "http://[fe80::1%25eth0]/", "[fe80::1%25eth0]", id="host-with-interface"),
        pytest.param("host", "s3://bücket", "bücket", id="host-of-another-scheme"),
        pytest.param("port", "http://minio:9000/x", "9000", id="port"),
        pytest.param("port", "http://minio", "80", id="port-of-http"),
        pytest.param("port", "HTTPS://minio:/", "443", id="port-of-https"),
        pytest.param("port", "postgresql://db:05432", "5432", id="port-is-a-number"),
        pytest.param("hostport", "https://minio/x:1", "minio:443", id="hostport"),
        pytest.param("hostport", "grpc://[::1]:50051", "[::1]:50051", id="hostport-of-ipv6"),
        pytest.param("scheme", "HTTPS://minio", "https", id="scheme"),
        pytest.param("scheme", "git+ssh://x", "git+ssh", id="scheme-with-plus"),
    ],
)
def test_filters_give_the_documented_text(name, value, expected):
    assert apply(name, value) == expected


NO_URL = "the value is not a URL, such as http://host:port/path"


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        pytest.param("host", "canary:9000", NO_URL, id="no-scheme"),
        pytest.param("port", "//canary:9000", NO_URL, id="empty-scheme"),
        pytest.param("scheme", "1http://canary", NO_URL, id="scheme-that-starts-with-a-digit"),
        pytest.param("hostport", "", NO_URL, id="nothing"),
        pytest.param("host", "http://", NO_URL, id="no-host"),
        pytest.param("host", "http://:9000", NO_URL, id="no-host-but-a-port"),
        pytest.param("host", "http://canary:port", NO_URL, id="port-in-letters"),
        pytest.param("host", "http://canary:٩", NO_URL, id="port-in-other-digits"),
        pytest.param("host", "http://ca nary", NO_URL, id="space"),
        pytest.param("host", "http://canary\n", NO_URL, id="line-end"),
        pytest.param("host", "http://ca\x00nary", NO_URL, id="control-character"),
        pytest.param("host", "http://[canary]", NO_URL, id="brackets-around-a-name"),
        pytest.param("host", "http://::1", NO_URL, id="ipv6-without-brackets"),
        pytest.param(
            "port", "http://canary:65536", "the value is not a URL: its port is over 65535", id="port-too-high"
        ),
        pytest.param(
            "port",
            "s3://canary",
            "the value is a URL without a port, and only http and https have a default one",
            id="no-port",
        ),
        pytest.param(
            "hostport",
            "s3://canary",
            "the value is a URL without a port, and only http and https have a default one",
            id="no-port-for-hostport",
        ),
        pytest.param("b64encode", "canary\ud83d", "the value is not valid Unicode text", id="b64encode-half-a-pair"),
        pytest.param("urlencode", "canary\ud83d", "the value is not valid Unicode text", id="urlencode-half-a-pair"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_and_not_shown(name, value, problem):
    with pytest.raises(ExpressionError) as caught:
        apply(name, value)

    assert str(caught.value) == f"\"<< extension.s.cfg.KEY | {name} >>\": filter '{name}': {problem}"


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXTS)
def test_encodings_can_be_undone(value):
    assert unquote(apply("urlencode", value)) == value
    assert base64.b64decode(apply("b64encode", value)).decode() == value
    assert json.loads(apply("tojson", value)) == value
    assert shlex.split(apply("quote", value)) == [value]


@given(st.sampled_from(["host", "port", "hostport", "scheme"]), st.text(":/@[]?#.%a0 \t\n\x00é"))
def test_a_url_filter_answers_or_refuses(name, value):
    with contextlib.suppress(ExpressionError):
        assert apply(name, f"http://{value}")
