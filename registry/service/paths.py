"""Paths as clients send them: an endpoint's URL is one percent-encoded segment, slashes included. Pure."""

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias
from urllib.parse import quote, unquote, unquote_plus, urlsplit

from pydantic import TypeAdapter, ValidationError

from registry.records.model import Id, Url
from registry.service.problems import RequestError, unknown_path

_Wsgi: TypeAlias = Callable[[dict[str, Any], Any], Iterable[bytes]]
_IDS = TypeAdapter[str](Id)
_URLS = TypeAdapter[str](Url)
_NAMES = {"string_too_long": "invalid_length", "string_too_short": "invalid_length"}


class RawPaths:
    """Gives a WSGI application the path as it was sent; WSGI itself decodes it, and takes ``%2F`` for a slash."""

    def __init__(self, app: _Wsgi) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request."""
        path = raw_path(environ.get("RAW_URI", ""), environ.get("PATH_INFO", ""))
        # Werkzeug passes over slashes at the beginning; what a proxy in front has not recognized must lead nowhere.
        environ["PATH_INFO"] = f"/%2F{path[2:]}" if path.startswith("//") else path
        return self._app(environ, start_response)


def raw_path(target: str, decoded: str) -> str:
    """The path of a request *target*; made of the *decoded* one where a server does not give the target."""
    if target.startswith("/"):
        return target.partition("?")[0].partition("#")[0]
    try:
        # A proxy is sent the whole URL (RFC 9112, 3.2.2).
        return urlsplit(target).path or "/" if target else quote(decoded, encoding="latin-1")
    except ValueError:
        return "/"


def extension_id(segment: str) -> str:
    """The id in a *segment* of a path; likewise of services and credentials.

    Raises:
        RequestError: It cannot be an id.
    """
    return _checked(_IDS, "id", segment)


def endpoint_urls(segment: str) -> list[str]:
    """The URL of an endpoint in a *segment* of a path, and what else may be meant, the likeliest first.

    FuseML's command line encodes a URL as a part of a query, with ``+`` for a space, and then encodes all of that.

    Raises:
        RequestError: It cannot be one.
    """
    once = _decoded(segment)
    twice = [text for text in dict.fromkeys((unquote_plus(once), unquote(once))) if text != once and _is_url(text)]
    if not twice:
        return [_valid(_URLS, "url", once)]
    if "://" in once and _is_url(once):
        return [once, *twice]
    return [*twice, once] if _is_url(once) else twice


def _checked(adapter: TypeAdapter[str], name: str, segment: str) -> str:
    return _valid(adapter, name, _decoded(segment))


def _decoded(segment: str) -> str:
    try:
        return unquote(segment, errors="strict")
    except UnicodeDecodeError:
        raise unknown_path() from None


def _is_url(text: str) -> bool:
    try:
        _URLS.validate_python(text)
    except ValidationError:
        return False
    return True


def _valid(adapter: TypeAdapter[str], name: str, text: str) -> str:
    try:
        return adapter.validate_python(text)
    except ValidationError as e:
        error = e.errors(include_url=False)[0]
        message = str(error.get("ctx", {}).get("error", error["msg"]))
        raise RequestError(400, _NAMES.get(error["type"], "invalid_pattern"), f"{name}: {message}") from None
