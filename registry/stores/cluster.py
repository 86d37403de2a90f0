"""The registry as ``Extension`` objects of a cluster. EDGE: follows the API server, logs.

Answers come from memory; no request waits for the API server. While it cannot be reached, what is known is served.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from kubernetes.client import ApiClient

from registry.delivery import ledger
from registry.delivery.ledger import Ledger
from registry.kube.watch import Changed, Collection, Key, Listed
from registry.records import extension_objects
from registry.resolving.index import Index
from registry.stores.entries import Entries
from registry.stores.namespaces import NamespaceFacts, NamespaceKeys
from registry.stores.store import Known

EXTENSIONS: Final = f"/apis/{extension_objects.API_VERSION}/extensions"
NAMESPACES: Final = "/api/v1/namespaces"
# Seconds for which a request waits until the snapshot shows what has been received.
SETTLING: Final = 0.4
# So many requests may wait at a time for what has not been received; threads must be left for those that need not.
_WAITING: Final = 2

V = TypeVar("V")
_NO_KEYS: Final = NamespaceKeys()
_log = logging.getLogger(__name__)


def ledgers_of(namespace: str) -> str:
    """The path of the collection that holds the ledgers in *namespace*."""
    return f"/api/v1/namespaces/{namespace}/configmaps"


@dataclass(slots=True)
class _Source(Generic[V]):
    """A collection, and who takes up what it sends."""

    collection: Collection[V]
    take: Callable[[Listed[V] | Changed[V]], None]
    is_listed: bool = False


class _Kept(dict[Key, V]):
    """What a collection holds, by namespace and name."""

    def take(self, news: Listed[V] | Changed[V]) -> None:
        """Take up what the API server sent."""
        if isinstance(news, Listed):
            for key in self.keys() - news.found.keys():
                del self[key]
            self.update(news.found)
        elif news.value is None:
            self.pop(news.key, None)
        else:
            self[news.key] = news.value


class KubernetesStore:
    """Serves the Extensions of a cluster, and what is known of its namespaces.

    Args:
        namespace: An Extension there is for everyone; one elsewhere is for the runs of its own namespace.
        allowed: Variables that control a loader or an interpreter and may be registered all the same.
        keys: The label and the annotation by which namespaces say their project and owner.
        ledger_namespace: Where the ledgers are; "" = whether shared credentials have been delivered is not checked.
    """

    def __init__(
        self,
        api: ApiClient,
        *,
        namespace: str,
        allowed: frozenset[str] = frozenset(),
        keys: NamespaceKeys = _NO_KEYS,
        ledger_namespace: str = "",
    ) -> None:
        self._entries = Entries(namespace, allowed)
        self._namespaces: _Kept[NamespaceFacts] = _Kept()
        self._ledgers: _Kept[Ledger] = _Kept()
        self._ledger_namespace = ledger_namespace
        self._may_wait = threading.BoundedSemaphore(_WAITING)
        self._snapshot: Index | None = None
        # Guards what follows and all that is kept, and is notified when any of it changes.
        self._changed = threading.Condition()
        # How many changes have been received, and how many of them the snapshot shows.
        self._received = self._shown = 0
        extensions = _Source(Collection(api, EXTENSIONS, self._entries.read), self._entries.take)
        namespaces = _Source(Collection(api, NAMESPACES, keys.facts, metadata_only=True), self._namespaces.take)
        # Nothing is served before these have been listed.
        self._sources: list[_Source[Any]] = [extensions, namespaces]
        labelled = Collection(api, ledgers_of(ledger_namespace), _ledger, label=ledger.LABEL)
        self._ledger_source = _Source(labelled, self._ledgers.take)

    @property
    def snapshot(self) -> Index | None:
        """The newest state; None until all that is followed has been listed."""
        return self._snapshot

    def start(self) -> None:
        """Follow the API server from now on, in this process."""
        if self._ledger_namespace:
            self._sources.append(self._ledger_source)
        for source in self._sources:
            threading.Thread(target=self._follow, args=(source,), daemon=True).start()

    def wait(self, seconds: float) -> None:
        """Return when there are changes to take up, at the latest after *seconds*."""
        with self._changed:
            self._changed.wait_for(lambda: self._received > self._shown, seconds)

    def refresh(self) -> None:
        """Take up all changes that have been received. Never raises."""
        with self._changed:
            if self._received == self._shown or not all(source.is_listed for source in self._sources):
                return
            received, before = self._received, self._snapshot
            make_index = self._entries.next_index(before)
        index = make_index()
        if before is None:
            _log.info("registry loaded, revision %s, %d extensions", index.revision, len(index))
        with self._changed:
            self._snapshot, self._shown = index, received
            self._changed.notify_all()

    def settle(self) -> None:
        """Return when the snapshot shows every change received so far, at the latest after ``SETTLING``."""
        received = self._received
        if self._shown < received:
            with self._changed:
                self._changed.wait_for(lambda: self._shown >= received, SETTLING)

    def newer(self, namespace: str, than: Known, seconds: float) -> Known | None:
        """What is known in *namespace* when that differs from *than*; None if it does not within *seconds*."""
        if self.known_in(namespace) == than and self._may_wait.acquire(blocking=False):
            try:
                with self._changed:
                    self._changed.wait_for(lambda: self.known_in(namespace) != than, seconds)
            finally:
                self._may_wait.release()
        known = self.known_in(namespace)
        return known if known != than else None

    def known_in(self, namespace: str) -> Known:
        """All that a decision about an object of *namespace* depends on."""
        return Known(self._snapshot, self.facts_of(namespace), self.delivered_to(namespace))

    def facts_of(self, namespace: str) -> NamespaceFacts | None:
        """What *namespace* says of itself; None if it is not known here."""
        return self._namespaces.get(("", namespace))

    def delivered_to(self, namespace: str) -> Ledger | None:
        """The ledger of *namespace*, which is found by its uid; None if ledgers are not read."""
        if not self._ledger_source.is_listed:
            return None
        facts = self.facts_of(namespace)
        name = ledger.name_for(facts.uid) if facts else ""
        return self._ledgers.get((self._ledger_namespace, name), ledger.NOTHING_DELIVERED)

    def age(self) -> float:
        """Seconds since the API server was last heard of."""
        return max(source.collection.age() for source in self._sources)

    @property
    def load_errors(self) -> int:
        """How many Extensions cannot be read, and collections cannot be followed."""
        return self._entries.unreadable + sum(source.collection.is_failing for source in self._sources)

    def _follow(self, source: _Source[Any]) -> None:
        for news in source.collection.follow():
            self._receive(source, news)

    def _receive(self, source: _Source[V], news: Listed[V] | Changed[V]) -> None:
        with self._changed:
            source.take(news)
            source.is_listed = True
            self._received += 1
            self._changed.notify_all()


def _ledger(obj: Mapping[str, Any]) -> Ledger:
    return ledger.decode(obj.get("data"))
