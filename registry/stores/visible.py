"""EDGE: the registry of a cluster as one caller sees it: read once, each part when it is needed.

Nobody needs more rights than a namespace of their own gives: only the Extensions for everyone and those of the
namespaces that are asked about are read. What the caller may not read is said, and the rest is used.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Final

from kubernetes.client import ApiClient

from registry.delivery import copies, ledger
from registry.delivery.ledger import Ledger
from registry.errors import ForbiddenError
from registry.kube.reading import path_of, read
from registry.kube.watch import Changed, Collection
from registry.records import extension_objects
from registry.resolving.index import Index
from registry.resolving.view import View
from registry.stores.entries import Entries
from registry.stores.namespaces import NamespaceFacts, NamespaceKeys

_GROUP, _VERSION = extension_objects.API_VERSION.split("/")
_MANAGED: Final = "app.kubernetes.io/managed-by"
_NO_KEYS: Final = NamespaceKeys()


class ClusterView:
    """What the caller may see of the Extensions, namespaces and ledgers of a cluster.

    Args:
        namespace: An Extension there is for everyone; one elsewhere is for the runs of its own namespace.
        say: Called with each thing that the caller may not read, and what that means; once for each.
        allowed: Variables that control a loader or an interpreter and may be registered all the same.
        keys: The label and the annotation by which namespaces say their project and owner.
        ledger_namespace: Where the ledgers are; "" = whether shared credentials have been delivered is not checked.
    """

    def __init__(
        self,
        api: ApiClient,
        *,
        namespace: str,
        say: Callable[[str], None],
        allowed: frozenset[str] = frozenset(),
        keys: NamespaceKeys = _NO_KEYS,
        ledger_namespace: str = "",
    ) -> None:
        self._api = api
        self._namespace = namespace
        self._say = say
        self._keys = keys
        self._ledger_namespace = ledger_namespace
        self._entries = Entries(namespace, allowed)
        self._index = Index(namespace=namespace)
        # By namespace, why its Extensions cannot be read; "" if they were.
        self._extensions: dict[str, str] = {}
        self._has_all_extensions = False
        self._facts: dict[str, NamespaceFacts | None] = {}
        self._ledgers: dict[str, Ledger | None] = {}

    def seen_from(self, namespace: str) -> View:
        """What the runs of *namespace* see, as far as the caller may see it as well.

        Raises:
            UnreadableError: The API server cannot be reached, it has no Extensions, or the caller may see none at all.
        """
        return self.index_for(namespace).seen_from(namespace)

    def index_for(self, namespace: str) -> Index:
        """All that has been read, with what the runs of *namespace* see.

        Raises:
            UnreadableError: As ``seen_from``.
        """
        why = [self._read_extensions(where) for where in dict.fromkeys((self._namespace, namespace))]
        if all(why):
            raise ForbiddenError("; ".join(why))
        self._index = self._entries.next_index(self._index)()
        return self._index

    def read_all(self) -> None:
        """Read the Extensions and the facts of all namespaces, with one request for each; who may not, reads less.

        Raises:
            UnreadableError: The API server cannot be reached, or it has no Extensions.
        """
        with suppress(ForbiddenError):
            self._take_extensions(path_of("apis", _GROUP, _VERSION, "extensions"))
            self._has_all_extensions = True
        with suppress(ForbiddenError):
            path = path_of("api", "v1", "namespaces")
            found = Collection(self._api, path, self._keys.facts, metadata_only=True).list().found
            self._facts |= {name: facts for (_, name), facts in found.items()}

    def facts_of(self, namespace: str) -> NamespaceFacts | None:
        """What *namespace* says of itself; None if there is no such namespace.

        Raises:
            UnreadableError: The API server cannot be reached.
        """
        if namespace not in self._facts:
            self._facts[namespace] = self._read_facts(namespace)
        return self._facts[namespace]

    def delivered_to(self, namespace: str) -> Ledger | None:
        """The shared credentials that are in *namespace*; None if that is not known, or does not matter.

        Raises:
            UnreadableError: The API server cannot be reached.
        """
        if namespace not in self._ledgers:
            self._ledgers[namespace] = self._read_ledger(namespace)
        return self._ledgers[namespace]

    def _read_extensions(self, namespace: str) -> str:
        if namespace not in self._extensions and not self._has_all_extensions:
            self._extensions[namespace] = ""
            path = path_of("apis", _GROUP, _VERSION, "namespaces", namespace, "extensions")
            try:
                self._take_extensions(path)
            except ForbiddenError as e:
                whose = "for everyone" if namespace == self._namespace else f"of namespace {namespace!r}"
                self._extensions[namespace] = str(e)
                self._say(f"the Extensions {whose} are left out, as you may not read them: {e}")
        return self._extensions.get(namespace, "")

    def _take_extensions(self, path: str) -> None:
        for key, entry in Collection(self._api, path, self._entries.read).list().found.items():
            self._entries.take(Changed(key, entry))

    def _read_facts(self, namespace: str) -> NamespaceFacts | None:
        try:
            found = read(self._api, path_of("api", "v1", "namespaces", namespace))
        except ForbiddenError as e:
            self._say(
                f"the project and the owner of namespace {namespace!r} are not known, as you may not read it; without "
                f"--project and --owner it counts as having none: {e}"
            )
            return NamespaceFacts()
        return self._keys.facts(found) if found else None

    def _read_ledger(self, namespace: str) -> Ledger | None:
        facts = self.facts_of(namespace)
        # Without a project or an owner it gets no shared credentials.
        if not self._ledger_namespace or facts is None or not (facts.project or facts.owner):
            return None
        name = ledger.name_for(facts.uid)
        try:
            found = read(self._api, path_of("api", "v1", "namespaces", self._ledger_namespace, "configmaps", name))
        except ForbiddenError as e:
            return self._see_copies(namespace, e) if self._has_shared_credentials() else None
        return ledger.decode(found.get("data")) if found else ledger.NOTHING_DELIVERED

    def _see_copies(self, namespace: str, refusal: ForbiddenError) -> Ledger | None:
        """The copies in *namespace*, by their names; whoever may edit the namespace may list them."""
        path = path_of("api", "v1", "namespaces", namespace, "secrets")
        names = Collection(self._api, path, lambda _: None, metadata_only=True, label=_MANAGED)
        try:
            return ledger.CopiesSeen(name for _, name in names.list().found if name.startswith(copies.PREFIX))
        except ForbiddenError:
            self._say(f"not checked whether shared credentials have been delivered to {namespace!r}: {refusal}")
            return None

    def _has_shared_credentials(self) -> bool:
        return any(service.credentials for extension in self._index.extensions for service in extension.services)
