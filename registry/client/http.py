"""EDGE: sends requests to a registry's REST API. An answer that is an error becomes one of ours, with its message."""

import json
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NoReturn
from urllib.parse import quote, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import HTTPError, SSLError

from registry.client import TIMEOUT
from registry.client.changes import Request
from registry.errors import (
    AlreadyExistsError,
    ChangedError,
    ForbiddenError,
    InvalidRecordsError,
    NotFoundError,
    Problem,
    ReadOnlyError,
    RegistryError,
    UnavailableError,
    UnreadableError,
)

# Seconds for the connection alone: a host that is there accepts it at once.
_CONNECTING: Final = 10.0
# Ten thousand records take a tenth of it.
_MAX_ANSWER: Final = 256 * 1024 * 1024
_JSON: Final = "application/json"
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server has answered.

    Attributes:
        content: The body as plain data; None if there is none.
        etag: "" if there is none.
        is_original: True if it comes from FuseML's original server, which keeps no order and knows no ETags.
    """

    content: Any
    etag: str
    is_original: bool


class Api:
    """The REST API of one registry. No request is sent twice, and no redirection is followed.

    Args:
        url: Its address, such as ``https://fuseml.example.org``; may have a path.
        timeout: Seconds to wait for each answer.
        authority: A PEM file of those who may sign the server's certificate; "" = those whom this system trusts.
        token: Who asks; sent over TLS only, or to this machine.
        log: Called with a line about each request: method, address, status, milliseconds.

    Raises:
        UnreadableError: The address, the file or the token cannot be used.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout: float = TIMEOUT,
        authority: str = "",
        token: str = "",
        log: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.url = _checked(url, token)
        self._timeout = timeout
        self._log = log
        self._headers = {"Accept": _JSON, "User-Agent": "fuseml"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._pool = _pool(self.url, authority)

    def send(self, request: Request, *, if_match: str = "") -> Answer:
        """Send *request* and wait for the answer.

        Args:
            if_match: The ETag that what is written must have; "" = any.

        Raises:
            NotFoundError, AlreadyExistsError, ChangedError, InvalidRecordsError: The server says so.
            ReadOnlyError, ForbiddenError: Who asks may not do that.
            UnavailableError: There is no answer, or none that such a server would give.
        """
        address = f"{self.url}/{'/'.join(map(_segment, request.path))}"
        headers = dict(self._headers)
        body = None
        if request.body is not None:
            headers["Content-Type"] = _JSON
            body = json.dumps(request.body).encode()
        if if_match:
            headers["If-Match"] = if_match
        started = time.monotonic()
        try:
            response = self._pool.request(
                request.method,
                address,
                body=body,
                headers=headers,
                timeout=urllib3.Timeout(connect=min(_CONNECTING, self._timeout), read=self._timeout),
                retries=False,
                redirect=False,
                preload_content=False,
            )
            data = self._read(response, started)
        except (HTTPError, OSError) as e:
            self._log(f"{request.method} {address}: {type(e).__name__}")
            raise UnavailableError(self._why(e, is_write=request.method != "GET")) from None
        self._log(f"{request.method} {address}: {response.status}, {(time.monotonic() - started) * 1000:.0f} ms")
        return self._answer(request, response, data)

    def _read(self, response: urllib3.BaseHTTPResponse, started: float) -> bytes:
        parts, size = [], 0
        for part in response.stream(2**16):
            parts.append(part)
            size += len(part)
            if size > _MAX_ANSWER:
                response.close()
                raise UnavailableError(f"{self.url}: the answer is larger than {_MAX_ANSWER // 1024**2} MiB")
            if time.monotonic() - started > self._timeout:
                response.close()
                raise UnavailableError(f"{self.url}: the answer has taken longer than {self._timeout:g} s")
        response.release_conn()
        return b"".join(parts)

    def _why(self, error: Exception, *, is_write: bool) -> str:
        """Why there is no answer. What ``urllib3`` says holds object addresses and repeats itself."""
        reason = getattr(error, "reason", None) or error
        if isinstance(error, SSLError) or isinstance(reason, (ssl.SSLError, SSLError)):
            return f"{self.url}: {_tls_trouble(error)}"
        if "timed out" in str(error):
            lost = "; what was asked for may have been done" if is_write else ""
            return f"{self.url}: no answer within {self._timeout:g} s{lost}"
        cause: BaseException | None = error
        while cause is not None and not (isinstance(cause, OSError) and cause.strerror):
            cause = cause.__cause__ or cause.__context__
        what = cause.strerror if isinstance(cause, OSError) else type(error).__name__
        return f"{self.url}: cannot be reached: {what}"

    def _answer(self, request: Request, response: urllib3.BaseHTTPResponse, data: bytes) -> Answer:
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip()
        content = None
        try:
            content = json.loads(data) if data else None
        except (ValueError, RecursionError):
            if response.status < 300:
                raise UnavailableError(
                    f"{self.url}: the answer is no JSON; is this the address of a registry?"
                ) from None
        if response.status >= 300:
            self._refuse(request, response, content)
        # The original labels its JSON application/json+json.
        return Answer(content, response.headers.get("ETag", ""), is_original=bool(kind) and kind != _JSON)

    def _refuse(self, request: Request, response: urllib3.BaseHTTPResponse, content: Any) -> NoReturn:
        status = response.status
        said = content.get("message") if isinstance(content, dict) else None
        name = content.get("name") if isinstance(content, dict) else None
        if isinstance(said, str) and said:
            raise _meant(request.method, status, str(name), said)
        if status in (401, 403):
            raise _forbidden(request.method, f"{self.url}: {_NO_TOKEN if status == 401 else 'forbidden'}")
        if 300 <= status < 400:
            where = urlsplit(response.headers.get("Location", ""))
            target = f"{where.scheme}://{where.hostname}" if where.hostname else "elsewhere"
            raise UnavailableError(f"{self.url}: redirects to {target}; give the address of the registry itself")
        if status == 404:
            raise UnavailableError(f"{self.url}: there is no registry at this address")
        raise UnavailableError(f"{self.url}: answered {status}, not as a registry does")


_NO_TOKEN: Final = "wants to know who asks; give a token by --token-file, or in FUSEML_TOKEN"  # noqa: S105 - no token


def _meant(method: str, status: int, name: str, said: str) -> RegistryError:
    """What an error of the API means, with its own message."""
    if status == 404 and name != "fault":
        return NotFoundError(said)
    if status == 409 and method == "POST":
        return AlreadyExistsError(said)
    if status in (409, 412):
        return ChangedError(said)
    if status in (400, 413, 415, 422):
        return InvalidRecordsError([Problem(said)])
    if status in (401, 403):
        return _forbidden(method, said)
    return UnavailableError(said)


def _forbidden(method: str, message: str) -> RegistryError:
    return ForbiddenError(message) if method == "GET" else ReadOnlyError(message)


def _segment(text: str) -> str:
    """*text* as one segment of a path, as FuseML's client writes it: ``http:%2F%2Fe:80%2Fa%20b``."""
    return {".": "%2E", "..": "%2E%2E"}.get(text) or quote(text, safe=":")


def _checked(url: str, token: str) -> str:
    """*url* without a slash at its end.

    Raises:
        UnreadableError: It is no address of a server, or *token* must not be sent there.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as e:
        raise UnreadableError(f"{url!r} is no address: {e}") from None
    if parts.username is not None or parts.password is not None:
        raise UnreadableError("the address of the registry must hold no login; give a token by --token-file")
    if parts.scheme not in ("http", "https") or not host or not url.isprintable() or " " in url:
        raise UnreadableError(f"{url!r} is no address of a registry; write http://HOST:PORT or https://HOST")
    if parts.query or parts.fragment:
        raise UnreadableError(f"{url!r} has more than an address and a path; leave out what begins with '?' or '#'")
    if token and not (token.isascii() and token.isprintable() and " " not in token):
        raise UnreadableError("the token holds a character that no token has, such as a space or a line break")
    if token and parts.scheme == "http" and host not in _LOOPBACK:
        raise UnreadableError(f"{url}: a token is sent over TLS only; give an address that begins with https://")
    return url.rstrip("/")


def _pool(url: str, authority: str) -> urllib3.PoolManager:
    """Connections to *url*, through the proxy that the environment names for it, as FuseML's client does."""
    context = None
    if url.startswith("https:"):
        try:
            context = ssl.create_default_context(cafile=authority or None)
        except (OSError, ssl.SSLError) as e:
            raise UnreadableError(f"{authority}: cannot be read as PEM certificates: {e.strerror or e}") from None
    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme)
    if proxy and parts.hostname not in _LOOPBACK and not proxy_bypass(parts.netloc):
        return urllib3.ProxyManager(proxy, ssl_context=context, retries=False)
    return urllib3.PoolManager(ssl_context=context, retries=False)


def _tls_trouble(error: Exception) -> str:
    text = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in text:
        why = text.partition("certificate verify failed: ")[2].partition(" (_ssl")[0] or "not trusted"
        return f"the certificate is not accepted: {why}; --certificate-authority names a file of who may have signed it"
    return "no TLS there; is it http://?" if "WRONG_VERSION_NUMBER" in text else "the TLS handshake fails"
