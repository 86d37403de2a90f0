"""EDGE: what a request says: its body, its query, its conditions."""

from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import request

from registry.service import conditions, formats
from registry.service.conditions import Conditions
from registry.service.problems import RequestError, unreadable

# A query has at most nine criteria, and each of them once.
_MAX_ARGUMENTS = 20


def body() -> Any:
    """What the body says.

    Raises:
        RequestError: It says nothing, or cannot be read.
    """
    return body_of(content())


def body_of(found: bytes) -> Any:
    """What a body says whose bytes were *found*.

    Raises:
        RequestError: As ``body``.
    """
    return formats.read(found, request.environ.get("CONTENT_TYPE", ""))


def content() -> bytes:
    """The bytes of the body.

    Raises:
        RequestError: There are too many.
    """
    length = request.environ.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdecimal()):
        raise unreadable("Content-Length: expected a number")
    # A number of more digits than that is not even converted.
    if len(length) > 9 or int(length) > formats.MAX_BODY_BYTES:
        raise _too_large()
    is_chunked = "chunked" in request.environ.get("HTTP_TRANSFER_ENCODING", "").lower()
    most = formats.MAX_BODY_BYTES + 1 if is_chunked else int(length)
    try:
        found: bytes = request.environ["wsgi.input"].read(most) if most else b""
    except Exception as e:
        # Each server has exceptions of its own for a body that is broken or cut off.
        raise unreadable("the body cannot be read to its end") from e
    if len(found) > formats.MAX_BODY_BYTES:
        raise _too_large()
    if not is_chunked and len(found) < most:
        raise unreadable("the body ends before the Content-Length that was announced")
    return found


def arguments() -> list[tuple[str, str]]:
    """The names and values in the query of the URL.

    Raises:
        RequestError: It cannot be read.
    """
    try:
        return parse_qsl(
            request.environ.get("QUERY_STRING", ""),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MAX_ARGUMENTS,
        )
    except ValueError as e:
        raise unreadable(f"the query of the URL is no UTF-8, or has more than {_MAX_ARGUMENTS} fields") from e


def next_page(after: str) -> str:
    """The path of the page that begins after *after*, with the criteria of this one's URL."""
    given = [(name, value) for name, value in arguments() if name != "continue"]
    return f"/extensions?{urlencode([*given, ('continue', after)])}"


def demanded() -> Conditions:
    """The conditions on the revision of the record.

    Raises:
        RequestError: They cannot be read.
    """
    return conditions.parse(request.headers.get("If-Match"), request.headers.get("If-None-Match"))


def is_of_fuseml() -> bool:
    """True if FuseML's own client asks, which refuses fields that it does not know.

    It sends what Go's client sends if nothing is said, and no other client that is known leaves out ``Accept`` so.
    """
    agent = request.headers.get("User-Agent", "")
    return "Accept" not in request.headers and agent.startswith("Go-http-client")


def _too_large() -> RequestError:
    return RequestError(413, "PayloadTooLarge", f"the body is larger than {formats.MAX_BODY_BYTES >> 20} MiB")
