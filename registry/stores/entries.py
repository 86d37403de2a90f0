"""EDGE: the ``Extension`` objects of a cluster as they were last received, and the index made of them. Logs."""

import hashlib
import logging
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from registry.errors import InvalidRecordsError
from registry.kube.watch import Changed, Key, Listed, key_of
from registry.records import extension_objects
from registry.records.model import Extension
from registry.resolving.index import Index

# With more changes than this, it is faster to rebuild the index than to update it.
_MANY: Final = 200

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """What one object holds: an extension, or what is wrong with it.

    Attributes:
        mark: Tells this record from any other, and from what it was before; the marks of all together make the
            revision.
    """

    mark: int
    content: Extension | str

    @property
    def is_unreadable(self) -> bool:
        """True if it holds no extension, but what is wrong with the object."""
        return not isinstance(self.content, Extension)


class Entries:
    """The entries of all objects. Not safe for threads, apart from ``read``.

    Args:
        namespace: An Extension there is for everyone; one elsewhere is for the runs of its own namespace.
        allowed: Variables that control a loader or an interpreter and may be registered all the same.

    Attributes:
        unreadable: How many objects cannot be read.
    """

    def __init__(self, namespace: str, allowed: frozenset[str]) -> None:
        self._namespace = namespace
        self._allowed = allowed
        self._entries: dict[Key, Entry] = {}
        self._mark = 0
        # What has changed since the last index.
        self._pending: set[Key] = set()
        self.unreadable = 0

    def read(self, obj: Mapping[str, Any]) -> Entry:
        """The entry of *obj*; the known one if it has not changed."""
        key = key_of(obj)
        name = "/".join(key)
        metadata = obj["metadata"]
        # Unlike the resourceVersion, the generation stays the same if only status, labels or annotations change. It
        # begins again with each object, hence the uid.
        version = f"{name}@{metadata['uid']}.{metadata['generation']}"
        mark = int.from_bytes(hashlib.sha256(version.encode()).digest()[:6])
        known = self._entries.get(key)
        if known is not None and known.mark == mark:
            return known
        try:
            return Entry(mark, extension_objects.decode(obj, allowed=self._allowed))
        except InvalidRecordsError as e:
            # One broken record must not take away all others; a run that needs it is told.
            wrong, problems = str(e.problems[0]), str(e)
        except Exception as e:  # Nor may a defect of ours.
            wrong = problems = f"defect in reading it: {type(e).__name__}"
        _log.error("extension %s cannot be read: %s", name, problems)
        return Entry(mark, wrong)

    def take(self, news: Listed[Entry] | Changed[Entry]) -> None:
        """Take up what the API server sent."""
        if isinstance(news, Listed):
            gone = dict.fromkeys(self._entries.keys() - news.found.keys())
            for key, entry in (*news.found.items(), *gone.items()):
                self._put(key, entry)
        else:
            self._put(news.key, news.value)

    def next_index(self, before: Index | None) -> Callable[[], Index]:
        """A function that makes the index of this moment from the one *before*: it takes long, and may run later."""
        revision = f"{self._mark:012x}"
        changes = {key: entry.content if (entry := self._entries.get(key)) else None for key in self._pending}
        self._pending.clear()
        if before is None or len(changes) > _MANY:
            entries = dict(self._entries)
            return lambda: _index(entries, revision, self._namespace)
        return lambda: before.updated(changes, revision) if changes else before

    def _put(self, key: Key, entry: Entry | None) -> None:
        known = self._entries.pop(key, None)
        if known is not entry:
            self._pending.add(key)
        self._mark ^= (known.mark if known else 0) ^ (entry.mark if entry else 0)
        if entry:
            self._entries[key] = entry
        self.unreadable += (entry is not None and entry.is_unreadable) - (known is not None and known.is_unreadable)


def _index(entries: Mapping[Key, Entry], revision: str, everyones: str) -> Index:
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
