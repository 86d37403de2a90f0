"""EDGE: follows what decides about copies, to know when something has to be done. Values of Secrets are not kept."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from kubernetes.client import ApiClient

from registry.delivery import ledger
from registry.kube.watch import Changed, Collection, Listed
from registry.records import extension_objects
from webhook.controller.credentials.facts import Namespace, Rules, Source, namespace_of, source_of
from webhook.controller.followed_extensions import FollowedExtensions, News, Record


@dataclass(slots=True)
class Changes:
    """What has changed since it was last asked.

    Attributes:
        namespaces: Names of namespaces.
        extensions: Ids of Extensions whose records or sources have changed.
        ledgers: Uids of namespaces whose ledgers were deleted.
    """

    namespaces: set[str] = field(default_factory=set)
    extensions: set[str] = field(default_factory=set)
    ledgers: set[str] = field(default_factory=set)


class Caches:
    """The namespaces, the records for everyone, and their sources, as last heard.

    Args:
        registry: The namespace of the records and sources.
        system: The namespace of the ledgers.
    """

    def __init__(
        self, api: ApiClient, extensions: FollowedExtensions, *, registry: str, system: str, rules: Rules
    ) -> None:
        self._extensions = extensions
        self._registry = registry
        self._collections: dict[str, Collection[Any]] = {
            "namespaces": Collection(api, "/api/v1/namespaces", partial(namespace_of, rules=rules), metadata_only=True),
            "sources": Collection(
                api,
                f"/api/v1/namespaces/{registry}/secrets",
                lambda obj: source_of(obj).without_values,
                label=extension_objects.SOURCE_LABEL,
            ),
            "ledgers": Collection(
                api,
                f"/api/v1/namespaces/{system}/configmaps",
                lambda obj: True,
                metadata_only=True,
                label=ledger.LABEL,
            ),
        }
        extensions.listen(self._hear_of_extensions)
        self._found: dict[str, dict[str, Any]] = {}
        self._changes = Changes()
        self._lock = threading.Lock()

    def start(self) -> None:
        """Follow everything from now on, in this process."""
        self._extensions.start()
        for what in self._collections:
            threading.Thread(target=self._follow, args=(what,), name=f"follow {what}", daemon=True).start()

    @property
    def is_complete(self) -> bool:
        """True if everything has been listed at least once."""
        with self._lock:
            return self._found.keys() == {"extensions", *self._collections}

    @property
    def is_failing(self) -> bool:
        """True while anything cannot be followed."""
        return self._extensions.is_failing or any(one.is_failing for one in self._collections.values())

    @property
    def namespaces(self) -> Mapping[str, Namespace]:
        """All namespaces, by name."""
        return self._copy("namespaces")

    @property
    def records(self) -> Mapping[str, Record]:
        """All Extensions for everyone, by id."""
        return self._copy("extensions")

    @property
    def sources(self) -> Mapping[str, Source]:
        """All Secrets that are labelled as sources, by name, without values."""
        return self._copy("sources")

    def take(self) -> Changes:
        """What has changed since the last call."""
        with self._lock:
            changes, self._changes = self._changes, Changes()
            return changes

    def _copy(self, what: str) -> Mapping[str, Any]:
        with self._lock:
            return dict(self._found.get(what, {}))

    def _hear_of_extensions(self, news: News) -> None:
        """Take the records of those that are for everyone."""
        if isinstance(news, Listed):
            records = {key: seen.record for key, seen in news.found.items() if key[0] == self._registry}
            self._take("extensions", Listed(records, news.version))
        elif news.key[0] == self._registry:
            self._take("extensions", Changed(news.key, news.value and news.value.record))

    def _follow(self, what: str) -> None:
        for news in self._collections[what].follow():
            self._take(what, news)

    def _take(self, what: str, news: Listed[Any] | Changed[Any]) -> None:
        with self._lock:
            known = self._found.setdefault(what, {})
            if isinstance(news, Listed):
                found = {name: value for (_, name), value in news.found.items()}
                items = {**dict.fromkeys(known.keys() - found.keys()), **found}
            else:
                items = {news.key[1]: news.value}
            for name, value in items.items():
                before = known.pop(name, None)
                if value is not None:
                    known[name] = value
                if value != before:
                    self._note(what, name, (before, value))

    def _note(self, what: str, name: str, versions: tuple[Any, Any]) -> None:
        if what == "namespaces":
            self._changes.namespaces.add(name)
        elif what == "extensions":
            self._changes.extensions.add(name)
        elif what == "sources":
            self._changes.extensions |= {source.extension for source in versions if source}
        elif versions[1] is None:
            self._changes.ledgers.add(ledger.uid_in(name))
