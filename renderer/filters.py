"""The filters of the language: the allow-list, as data and small pure functions from text to text."""

import base64
import re
import shlex
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import quote as percent_encode

from jinja2.utils import htmlsafe_json_dumps

from renderer.errors import UnfitValueError

DEFAULT = "default"
"""The one filter with an argument, and the one that acts when there is no value: see sandbox.py."""

_DEFAULT_PORTS = {"http": 80, "https": 443}
_AUTHORITY_END = re.compile(r"[/?#]")
_HOST_AND_PORT = re.compile(r"(\[[0-9A-Fa-f:.]+(?:%25[\w.~-]+)?\]|[\w.~%!$&'()*+,;=-]+)(?::([0-9]{0,5}))?")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")


class _Url(NamedTuple):
    scheme: str
    host: str
    port: int | None


def _url(value: str) -> _Url:
    """What the filters need of a URL (RFC 3986, 3.2): the host as typed, an IPv6 address in its brackets.

    urllib.parse.urlsplit is not used: it drops line ends and tabs, and its errors quote the value.
    """
    scheme, separator, rest = value.partition("://")
    authority = _AUTHORITY_END.split(rest, maxsplit=1)[0]
    match = _HOST_AND_PORT.fullmatch(authority.rpartition("@")[2])
    if not (separator and _SCHEME.fullmatch(scheme) and match):
        raise UnfitValueError("the value is not a URL, such as http://host:port/path")
    host, digits = match.groups()
    port = int(digits) if digits else _DEFAULT_PORTS.get(scheme.lower())
    if port is not None and port > 65_535:
        raise UnfitValueError("the value is not a URL: its port is over 65535")
    return _Url(scheme.lower(), host, port)


def _scheme(value: str) -> str:
    return _url(value).scheme


def _host(value: str) -> str:
    return _url(value).host


def _port(value: str) -> str:
    port = _url(value).port
    if port is None:
        raise UnfitValueError("the value is a URL without a port, and only http and https have a default one")
    return str(port)


def _hostport(value: str) -> str:
    return f"{_host(value)}:{_port(value)}"


def _b64encode(value: str) -> str:
    return base64.b64encode(_utf8(value)).decode("ascii")


def _urlencode(value: str) -> str:
    """Encode all but the unreserved characters of RFC 3986 (2.3), so ``/`` as well."""
    return percent_encode(_utf8(value), safe="")


def _utf8(value: str) -> bytes:
    try:
        return value.encode("utf-8")
    except UnicodeEncodeError:
        raise UnfitValueError("the value is not valid Unicode text") from None


def _tojson(value: str) -> str:
    """A JSON string as Jinja writes it: ASCII, with ``< > & '`` escaped too, so it fits HTML and shells."""
    return str(htmlsafe_json_dumps(value))


FILTERS: Mapping[str, Callable[[str], str]] = {
    "lower": str.lower,
    "upper": str.upper,
    "trim": str.strip,
    "urlencode": _urlencode,
    "b64encode": _b64encode,
    "tojson": _tojson,
    "quote": shlex.quote,
    "host": _host,
    "port": _port,
    "hostport": _hostport,
    "scheme": _scheme,
}
