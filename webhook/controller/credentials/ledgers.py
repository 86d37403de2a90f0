"""EDGE: the ledgers as ConfigMaps of the namespace of our own processes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec
from kubernetes.client import ApiClient, CoreV1Api
from kubernetes.client.exceptions import ApiException

from registry.delivery import ledger
from registry.delivery.ledger import Entry, Ledger
from webhook.controller.api_calls import CALL_OPTIONS, COMPONENT, RAW, WRITE_OPTIONS, ConflictError, translate_errors
from webhook.controller.credentials.facts import Namespace
from webhook.controller.credentials.reads import read

_GONE: Final = 404


@dataclass(frozen=True, slots=True)
class StoredLedger:
    """A ledger as it is stored.

    Attributes:
        namespace: The name of the namespace.
        version: Of the stored object; "" if it is not stored yet.
    """

    namespace: str
    ledger: Ledger
    version: str = ""


class Ledgers:
    """Remembers all ledgers, and writes them. No other process writes them while this one leads.

    Attributes:
        version: Changes whenever a ledger does.
    """

    def __init__(self, api: ApiClient, *, system: str) -> None:
        self._core: Any = CoreV1Api(api)  # Its type stubs lack _preload_content.
        self._system = system
        self._stored: dict[str, StoredLedger] = {}
        self.version = 0

    @property
    def stored(self) -> Mapping[str, StoredLedger]:
        """All of them, by the uid of the namespace."""
        return dict(self._stored)

    def of(self, namespace: Namespace) -> Ledger:
        """The ledger of *namespace*, which may not be stored yet."""
        stored = self._stored.get(namespace.uid)
        return stored.ledger if stored else Ledger()

    def load(self) -> None:
        """Read all ledgers, whoever wrote them."""
        with translate_errors(f"ConfigMaps in namespace {self._system!r}", "list"):
            response = self._core.list_namespaced_config_map(
                self._system, label_selector=ledger.LABEL, **CALL_OPTIONS, **RAW
            )
        items = msgspec.json.decode(response.data).get("items") or ()
        self._stored = {ledger.uid_in(item["metadata"]["name"]): _stored(item) for item in items}
        self.version += 1

    def write(self, namespace: Namespace, entries: Mapping[str, Entry]) -> None:
        """Write the ledger of *namespace*, unless it says the same already.

        Raises:
            ConflictError: Another process has written it; from now on, what it has written is known here.
        """
        stored = self._stored.get(namespace.uid) or StoredLedger(namespace.name, Ledger())
        if dict(stored.ledger.entries) == dict(entries):
            return
        try:
            self._put(namespace.uid, replace(stored, ledger=Ledger(entries)))
        except ConflictError:
            self._reload(namespace.uid)
            raise

    def restore(self, uid: str) -> None:
        """Create the ledger of the namespace with this *uid* again, which somebody has deleted."""
        if stored := self._stored.get(uid):
            self._put(uid, replace(stored, version=""))

    def forget(self, uid: str) -> None:
        """Delete the ledger of the namespace with this *uid*, which is gone with all that was in it."""
        name = ledger.name_for(uid)
        with translate_errors(f"ConfigMap {name!r} in namespace {self._system!r}", "delete"):
            try:
                self._core.delete_namespaced_config_map(name, self._system, **CALL_OPTIONS)
            except ApiException as e:
                if e.status != _GONE:
                    raise
        self._stored.pop(uid, None)
        self.version += 1

    def _put(self, uid: str, stored: StoredLedger) -> None:
        metadata = {
            "name": ledger.name_for(uid),
            "namespace": self._system,
            "labels": {ledger.LABEL: "true", "app.kubernetes.io/managed-by": COMPONENT},
            "annotations": {ledger.NAMESPACE_ANNOTATION: stored.namespace},
        }
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": ledger.encode(stored.ledger)}
        with translate_errors(f"ConfigMap {metadata['name']!r} in namespace {self._system!r}", "create, update"):
            if stored.version:
                metadata["resourceVersion"] = stored.version
                call = self._core.replace_namespaced_config_map
                response = call(metadata["name"], self._system, body, **WRITE_OPTIONS, **RAW)
            else:
                response = self._core.create_namespaced_config_map(self._system, body, **WRITE_OPTIONS, **RAW)
        version = msgspec.json.decode(response.data)["metadata"]["resourceVersion"]
        self._stored[uid] = replace(stored, version=version)
        self.version += 1

    def _reload(self, uid: str) -> None:
        name = ledger.name_for(uid)
        with translate_errors(f"ConfigMap {name!r} in namespace {self._system!r}", "get"):
            obj = read(self._core.read_namespaced_config_map, name, self._system)
        if obj:
            self._stored[uid] = _stored(obj)
        else:
            self._stored.pop(uid, None)
        self.version += 1


def _stored(obj: Mapping[str, Any]) -> StoredLedger:
    metadata = obj["metadata"]
    namespace = (metadata.get("annotations") or {}).get(ledger.NAMESPACE_ANNOTATION, "")
    return StoredLedger(namespace, ledger.decode(obj.get("data")), metadata["resourceVersion"])
