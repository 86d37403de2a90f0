"""EDGE: the Extensions of all namespaces, as of now. They are followed in a thread of their own."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from kubernetes.client import ApiClient

from registry.errors import InvalidRecordsError, Problem
from registry.kube.watch import Changed, Collection, Key, Listed, key_of
from registry.records import extension_objects
from registry.records.model import Extension
from webhook.controller.api_calls import ClusterError

PATH: Final = f"/apis/{extension_objects.API_VERSION}/extensions"

# What an Extension holds, or what is wrong with it.
Record: TypeAlias = Extension | tuple[Problem, ...]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """One version of an Extension. Two of them are never equal, so that any change is seen at once.

    Attributes:
        version: Its resourceVersion.
        status: What the object says about itself.
    """

    uid: str
    generation: int
    version: str
    record: Record
    status: Mapping[str, Any]


News: TypeAlias = Listed[Observed] | Changed[Observed]


class FollowedExtensions:
    """Follows the Extensions of a cluster, once it is started. Whatever needs them shares one.

    Args:
        allowed: Variables that control a loader or an interpreter and may be registered all the same.
    """

    def __init__(self, api: ApiClient, *, allowed: frozenset[str] = frozenset()) -> None:
        self._collection = Collection(api, PATH, self._read)
        self._allowed = allowed
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._found: dict[Key, Observed] | None = None
        self._listeners: list[Callable[[News], None]] = []

    def listen(self, listener: Callable[[News], None]) -> None:
        """Let *listener* hear all news, in the thread that follows; only before it is started."""
        self._listeners.append(listener)

    def start(self) -> None:
        """Follow the Extensions from now on, in this process; does nothing when called again."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._follow, name="extensions", daemon=True)
            self._thread.start()

    @property
    def is_failing(self) -> bool:
        """True while they cannot be followed."""
        return self._collection.is_failing

    def current(self) -> dict[Key, Observed] | None:
        """All Extensions by namespace and name; None until they have been listed.

        Raises:
            ClusterError: They cannot be followed now.
        """
        if self.is_failing:
            raise ClusterError(
                "Extensions: cannot be followed, the log says why; this service account needs get, list, watch"
            )
        with self._lock:
            return None if self._found is None else dict(self._found)

    def _follow(self) -> None:
        for news in self._collection.follow():
            self._take(news)

    def _take(self, news: News) -> None:
        with self._lock:
            if isinstance(news, Listed):
                self._found = news.found
            elif self._found is not None:
                if news.value is None:
                    self._found.pop(news.key, None)
                else:
                    self._found[news.key] = news.value
        for listener in self._listeners:
            listener(news)

    def _read(self, obj: Mapping[str, Any]) -> Observed:
        metadata = obj["metadata"]
        uid, generation, version = metadata["uid"], metadata["generation"], metadata["resourceVersion"]
        known = (self._found or {}).get(key_of(obj))
        if known and known.version == version:
            return known
        is_same = known is not None and (known.uid, known.generation) == (uid, generation)
        record = known.record if known and is_same else self._decode(obj)
        status = obj.get("status")
        return Observed(uid, generation, version, record, status if isinstance(status, Mapping) else {})

    def _decode(self, obj: Mapping[str, Any]) -> Record:
        try:
            return extension_objects.decode(obj, allowed=self._allowed)
        except InvalidRecordsError as e:
            return e.problems
        except Exception as e:  # One object must not keep the others from being followed.
            _log.error("extension %s cannot be read: defect: %s", "/".join(key_of(obj)), type(e).__name__)
            return (Problem(f"defect in reading it: {type(e).__name__}"),)
