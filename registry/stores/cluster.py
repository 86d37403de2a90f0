"""The registry as ``Extension`` objects of a cluster. EDGE: follows the API server, logs.

Answers come from memory; no request waits for the API server. While it cannot be reached, what is known is served.
"""

import hashlib
import logging
import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from kubernetes.client import ApiClient

from registry.errors import InvalidRecordsError
from registry.kube.watch import Changed, Collection, Key, Listed, key_of
from registry.records import extension_objects
from registry.records.model import Extension
from registry.resolving.index import Index

EXTENSIONS: Final = f"/apis/{extension_objects.API_VERSION}/extensions"
NAMESPACES: Final = "/api/v1/namespaces"
# Seconds for which a request that finds no service waits for one that may have been registered just before.
PATIENCE: Final = 0.4
# So many requests may wait at a time; threads must be left for those that need not.
_WAITING: Final = 2
# With more changes than this, it is faster to rebuild the index than to update it.
_MANY: Final = 200

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Entry:
    """What one object holds: an extension, or what is wrong with it.

    Attributes:
        mark: Tells this version of the object from any other; the marks of all objects together make the revision.
    """

    mark: int
    content: Extension | str

    @property
    def is_unreadable(self) -> bool:
        """True if it holds no extension, but what is wrong with the object."""
        return not isinstance(self.content, Extension)


class KubernetesStore:
    """Serves the Extensions of a cluster.

    Args:
        namespace: An Extension there is for everyone; one elsewhere is for the runs of its own namespace.
        allowed: Variables that control a loader or an interpreter and may be registered all the same.
    """

    def __init__(self, api: ApiClient, *, namespace: str, allowed: frozenset[str] = frozenset()) -> None:
        self._extensions = Collection(api, EXTENSIONS, self._entry)
        self._namespaces = Collection(api, NAMESPACES, _project, metadata_only=True)
        self._namespace = namespace
        self._allowed = allowed
        self._may_wait = threading.BoundedSemaphore(_WAITING)
        self._snapshot: Index | None = None
        # Guards what follows, and is notified when any of it changes.
        self._changed = threading.Condition()
        self._entries: dict[Key, _Entry] = {}
        self._unreadable = 0
        self._projects: dict[str, str] = {}
        self._listed: set[str] = set()
        self._mark = 0
        # What differs from the snapshot; how many changes have been received, and how many of them it shows.
        self._pending: set[Key] = set()
        self._received = self._shown = 0

    @property
    def snapshot(self) -> Index | None:
        """The newest state; None until both Extensions and namespaces have been listed."""
        return self._snapshot

    def load(self) -> None:
        """List everything once, without following it.

        Raises:
            UnreadableError: The API server cannot be reached, or denies access.
        """
        self._take_extensions(self._extensions.list())
        self._take_namespaces(self._namespaces.list())
        self.refresh()

    def start(self) -> None:
        """Follow the API server from now on, in this process."""
        for follow in (self._follow_extensions, self._follow_namespaces):
            threading.Thread(target=follow, daemon=True).start()

    def wait(self, seconds: float) -> None:
        """Return when there are changes to take up, at the latest after *seconds*."""
        with self._changed:
            self._changed.wait_for(lambda: self._received > self._shown, seconds)

    def refresh(self) -> None:
        """Take up all changes that have been received. Never raises."""
        with self._changed:
            if self._received == self._shown or len(self._listed) < 2:
                return
            received, before = self._received, self._snapshot
            revision = f"{self._mark:012x}"
            changes = {key: entry.content if (entry := self._entries.get(key)) else None for key in self._pending}
            self._pending.clear()
            entries = dict(self._entries) if before is None or len(changes) > _MANY else None
        if before is None or entries is not None:
            index = _index(entries or {}, revision, self._namespace)
        else:
            index = before.updated(changes, revision) if changes else before
        if before is None:
            _log.info("registry loaded, revision %s, %d extensions", revision, len(index))
        with self._changed:
            self._snapshot, self._shown = index, received
            self._changed.notify_all()

    def settle(self) -> None:
        """Return when the snapshot shows every change received so far, at the latest after ``PATIENCE``."""
        received = self._received
        if self._shown < received:
            with self._changed:
                self._changed.wait_for(lambda: self._shown >= received, PATIENCE)

    def newer(self, than: Index) -> Index | None:
        """A state newer than *than*, if there is one within ``PATIENCE``; else None."""
        if self._snapshot is than and self._may_wait.acquire(blocking=False):
            try:
                with self._changed:
                    self._changed.wait_for(lambda: self._snapshot is not than, PATIENCE)
            finally:
                self._may_wait.release()
        return self._snapshot if self._snapshot is not than else None

    def age(self) -> float:
        """Seconds since the API server was last heard of."""
        return max(self._extensions.age(), self._namespaces.age())

    @property
    def load_errors(self) -> int:
        """How many Extensions cannot be read, and collections cannot be followed."""
        return self._unreadable + self._extensions.is_failing + self._namespaces.is_failing

    def project_of(self, namespace: str) -> str | None:
        """The project of the runs in *namespace*; None if the namespace is not known here."""
        return self._projects.get(namespace)

    def _follow_extensions(self) -> None:
        for news in self._extensions.follow():
            self._take_extensions(news)

    def _follow_namespaces(self) -> None:
        for news in self._namespaces.follow():
            self._take_namespaces(news)

    def _take_extensions(self, news: Listed[_Entry] | Changed[_Entry]) -> None:
        with self._changed:
            if isinstance(news, Listed):
                gone = dict.fromkeys(self._entries.keys() - news.found.keys())
                for key, entry in (*news.found.items(), *gone.items()):
                    self._put(key, entry)
            else:
                self._put(news.key, news.value)
            self._tell(EXTENSIONS)

    def _take_namespaces(self, news: Listed[str] | Changed[str]) -> None:
        with self._changed:
            if isinstance(news, Listed):
                self._projects = {name: project for (_, name), project in news.found.items()}
            elif news.value is None:
                self._projects.pop(news.key[1], None)
            else:
                self._projects[news.key[1]] = news.value
            self._tell(NAMESPACES)

    def _put(self, key: Key, entry: _Entry | None) -> None:
        known = self._entries.pop(key, None)
        if known is not entry:
            self._pending.add(key)
        self._mark ^= (known.mark if known else 0) ^ (entry.mark if entry else 0)
        if entry:
            self._entries[key] = entry
        self._unreadable += (entry is not None and entry.is_unreadable) - (known is not None and known.is_unreadable)

    def _tell(self, listed: str) -> None:
        self._listed.add(listed)
        self._received += 1
        self._changed.notify_all()

    def _entry(self, obj: Mapping[str, Any]) -> _Entry:
        key = key_of(obj)
        name = "/".join(key)
        version = f"{name}@{obj['metadata']['resourceVersion']}"
        mark = int.from_bytes(hashlib.sha256(version.encode()).digest()[:6])
        known = self._entries.get(key)
        if known is not None and known.mark == mark:
            return known
        try:
            return _Entry(mark, extension_objects.decode(obj, allowed=self._allowed))
        except InvalidRecordsError as e:
            # One broken record must not take away all others; a run that needs it is told.
            wrong, problems = str(e.problems[0]), str(e)
        except Exception as e:  # Nor may a defect of ours.
            wrong = problems = f"defect in reading it: {type(e).__name__}"
        _log.error("extension %s cannot be read: %s", name, problems)
        return _Entry(mark, wrong)


def _project(namespace: Mapping[str, Any]) -> str:
    """The project that the label of a namespace names; without the label, the namespace's name."""
    metadata = namespace["metadata"]
    return str(metadata.get("labels", {}).get(extension_objects.PROJECT_LABEL) or metadata["name"])


def _index(entries: Mapping[Key, _Entry], revision: str, everyones: str) -> Index:
    extensions: dict[str, list[Extension]] = defaultdict(list)
    broken: dict[str, dict[str, str]] = defaultdict(dict)
    for (namespace, name), entry in entries.items():
        if isinstance(entry.content, Extension):
            extensions[namespace].append(entry.content)
        else:
            broken[namespace][name] = entry.content
    private = [
        Index(extensions[namespace], namespace=namespace, broken=broken[namespace])
        for namespace in {*extensions, *broken} - {everyones}
    ]
    return Index(extensions[everyones], revision, namespace=everyones, broken=broken[everyones], private=private)
