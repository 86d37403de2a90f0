"""EDGE: follows a collection of the API server: lists it in pages, then watches it, for ever.

The client's own informer lists everything at once, takes no bookmarks, never times out on a silent connection and
does not work with custom objects; this does what is needed here, and no more.
"""

import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeAlias, TypeVar
from urllib.parse import urlencode

import msgspec
from kubernetes.client import ApiClient
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from registry.kube import backoff
from registry.kube.reading import message_of, readable
from registry.reporting import OngoingProblem

PAGE: Final = 500
# Everything is listed again after this time, so that a change that was missed is found at last.
RESYNC: Final = 1800.0
# The API server sends a bookmark about once a minute; after a longer silence the connection is dead.
SILENCE: Final = 100.0
WATCH: Final = 300
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 15.0
_CONNECT: Final = 5.0
_GONE: Final = 410

# Spreads the retries of replicas. It has no state that others could depend on.
_JITTER: Final = random.SystemRandom()

_log = logging.getLogger(__name__)


V = TypeVar("V")
Key: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Listed(Generic[V]):
    """All that there is, by namespace and name, as of *version*."""

    found: dict[Key, V]
    version: str


@dataclass(frozen=True, slots=True)
class Changed(Generic[V]):
    """One object that was added or changed, or deleted if *value* is None."""

    key: Key
    value: V | None


class _GoneError(Exception):
    """The API server no longer knows the requested version; all must be listed again."""


class Collection(Generic[V]):
    """The objects at *path*.

    Args:
        path: ``/apis/GROUP/VERSION/PLURAL``.
        read: Gives what to keep of an object; the objects themselves would take several times the memory.
        metadata_only: Request objects without spec and status, which may be large.
        label: Only objects that have this label, whatever its value; "" = all objects.
    """

    def __init__(
        self,
        api: ApiClient,
        path: str,
        read: Callable[[Mapping[str, Any]], V],
        *,
        metadata_only: bool = False,
        label: str = "",
    ) -> None:
        self._api = api
        self._path = path
        self._read = read
        self._accept = ";as=PartialObjectMetadata{};g=meta.k8s.io;v=v1" if metadata_only else ""
        self._selected = {"labelSelector": label} if label else {}
        self._failures = 0
        self._problem = OngoingProblem(_log)
        self._heard_at = time.monotonic()

    def age(self) -> float:
        """Seconds since the API server last sent anything; while a watch works, it does so about once a minute."""
        return time.monotonic() - self._heard_at

    @property
    def is_failing(self) -> bool:
        """True while the collection cannot be followed."""
        return bool(self._problem)

    def follow(self) -> Iterator[Listed[V] | Changed[V]]:
        """Yield all objects, then every change. Never ends or raises: what fails is logged and tried again."""
        while True:
            try:
                listed = self._list()
                yield listed
                yield from self._watch(listed.version)
            except _GoneError:
                _log.info("%s: listed again, the version that was followed is too old", self._path)
            except Exception as e:  # No answer, however malformed, may end the thread that follows.
                self._pause(e)

    def list(self) -> Listed[V]:
        """List all objects once.

        Raises:
            ForbiddenError: The caller may not list them.
            NotServedError: The API server knows no such collection.
            UnreadableError: The API server cannot be reached.
        """
        with self._listable():
            return self._list()

    def each(self, page: int) -> Iterator[V]:
        """What is read of all objects, once and one after the other: no more than a *page* of them is held.

        Raises:
            ForbiddenError, NotServedError, UnreadableError: As ``list``; also after some objects have been read.
        """
        with self._listable():
            for content in self._pages(page):
                yield from map(self._read, content.get("items") or ())

    @contextmanager
    def _listable(self) -> Iterator[None]:
        with readable(self._api, self._path):
            try:
                yield
            except _GoneError as e:
                raise ApiException(status=_GONE, reason="the list changed while it was read; try again") from e

    def _list(self) -> Listed[V]:
        found: dict[Key, V] = {}
        version = ""
        for page in self._pages(PAGE):
            found |= {key_of(obj): self._read(obj) for obj in page.get("items") or ()}
            version = page["metadata"]["resourceVersion"]
        self._is_well()
        return Listed(found, version)

    def _pages(self, limit: int) -> Iterator[dict[str, Any]]:
        query = {"limit": str(limit), **self._selected}
        while True:
            response = self._get(query, accept="List", read_timeout=30.0)
            page = msgspec.json.decode(response.data)
            yield page
            more = page["metadata"].get("continue")
            if not more:
                return
            query["continue"] = more

    def _watch(self, version: str) -> Iterator[Changed[V]]:
        """Every change after *version*, until it is time to list again."""
        end = time.monotonic() + RESYNC * _JITTER.uniform(0.8, 1.2)
        while time.monotonic() < end:
            try:
                for event in self._events(version):
                    obj = event["object"]
                    version = obj["metadata"]["resourceVersion"]
                    if event["type"] != "BOOKMARK":
                        yield Changed(key_of(obj), self._read(obj) if event["type"] != "DELETED" else None)
            except (ApiException, HTTPError, OSError, ValueError) as e:
                # What is known stays valid; the watch resumes from the same version.
                self._pause(e)

    def _events(self, version: str) -> Iterator[dict[str, Any]]:
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(WATCH),
            **self._selected,
        }
        response = self._get(query, accept="", read_timeout=SILENCE)
        self._is_well()
        try:
            for line in _lines(response):
                self._heard_at = time.monotonic()
                event = msgspec.json.decode(line)
                if event["type"] == "ERROR":
                    _check(event["object"].get("code", 0), event["object"].get("message", ""))
                yield event
        finally:
            # The rest of the answer is not worth reading, so the connection is closed instead of reused.
            response.close()

    def _get(self, query: Mapping[str, str], *, accept: str, read_timeout: float) -> Any:
        headers = {"Accept": f"application/json{self._accept.format(accept)}"}
        self._api.update_params_for_auth(headers, [], ["BearerToken"], self._path, "GET", None)
        url = f"{self._api.configuration.host}{self._path}?{urlencode(query)}"
        response = self._api.rest_client.request(
            "GET", url, headers=headers, _request_timeout=(_CONNECT, read_timeout)
        ).response
        if response.status != 200:
            _check(response.status, message_of(response.data))
        return response

    def _is_well(self) -> None:
        self._problem.over(f"{self._path}: followed again")
        self._failures = 0
        self._heard_at = time.monotonic()

    def _pause(self, error: Exception) -> None:
        """Wait, longer with each failure in a row, and log why."""
        if self._failures:
            # The first failure may be no more than a server that restarts.
            why = f"{error.status} {error.reason}" if isinstance(error, ApiException) else type(error).__name__
            self._problem.report(f"{self._path}: cannot be followed, what is known stays: {why}")
        pause = backoff.pause(self._failures, first=_FIRST_PAUSE, longest=_LONGEST_PAUSE)
        self._failures += 1
        time.sleep(pause * _JITTER.uniform(0.5, 1.0))


def key_of(obj: Mapping[str, Any]) -> Key:
    """Namespace and name; the namespace of a cluster-wide object is ""."""
    metadata = obj["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


def _check(status: int, message: str) -> None:
    if status == _GONE:
        raise _GoneError
    raise ApiException(status=status, reason=message)


def _lines(response: Any) -> Iterator[bytes]:
    rest = b""
    for chunk in response.stream(65536):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from filter(None, lines)
