"""EDGE: the Extensions of one namespace, to read and to write.

Values of credentials are in a Secret to which the Extension refers. A change of values makes a new Secret first, then
refers to it, then deletes the old one: whenever that is interrupted, an Extension has its Secret. What may be left over
is a Secret to which nothing refers; a later write deletes it.
"""

import secrets
import string
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from kubernetes.client import ApiClient, CoreV1Api, CustomObjectsApi, V1DeleteOptions, V1Preconditions
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from registry.errors import (
    ChangedError,
    InvalidRecordsError,
    KeptRecordsError,
    NotFoundError,
    Problem,
    ReadOnlyError,
    RegistryError,
    UnavailableError,
)
from registry.records import conversion, extension_objects, times
from registry.records.editing import extension_exists, no_extension
from registry.records.extension_objects import SOURCE_LABEL
from registry.records.model import Extension
from registry.stores.cluster_records import values
from registry.stores.store import Listing, Stored

MANAGER: Final = "fuseml"
# Tells our Secrets from those that an operator has labelled for the same Extension.
MANAGED_LABEL: Final = "app.kubernetes.io/managed-by"
# A Secret to which nothing refers may belong to a write that is not yet done, but not for that long.
_LEFT_OVER: Final = timedelta(hours=1)
_MAX_LABEL: Final = 63
# Each attempt fails only if the object has changed since it was read, such as its status.
_ATTEMPTS: Final = 20
_OPTIONS: Final[dict[str, Any]] = {"_request_timeout": (5.0, 30.0), "_preload_content": False}
_WRITE: Final[dict[str, Any]] = {**_OPTIONS, "field_manager": MANAGER}
_GROUP, _, _VERSION = extension_objects.API_VERSION.partition("/")
_LETTERS: Final = string.ascii_lowercase + string.digits


class ClusterRecords:
    """A namespace as a RecordStore.

    Args:
        allowed: Variables that control a loader or an interpreter and may be registered all the same.
    """

    def __init__(self, api: ApiClient, *, namespace: str, allowed: frozenset[str] = frozenset()) -> None:
        self._objects: Any = CustomObjectsApi(api)  # Their type stubs lack _preload_content.
        self._core: Any = CoreV1Api(api)
        self._namespace = namespace
        self._allowed = allowed
        self._place = (_GROUP, _VERSION, namespace, "extensions")

    def get(self, extension_id: str) -> Stored:
        """The record *extension_id*, with the values that this store keeps."""
        obj = self._read(extension_id)
        try:
            return self._stored(obj)
        except InvalidRecordsError as e:
            raise KeptRecordsError([replace(p, file=f"Extension {extension_id}") for p in e.problems]) from e

    def list(self) -> Listing:
        """All records that can be read, and what is wrong with the other objects."""
        found, problems = [], []
        with _translated("Extensions", self._namespace):
            answer = msgspec.json.decode(self._objects.list_namespaced_custom_object(*self._place, **_OPTIONS).data)
        for obj in answer.get("items") or ():
            try:
                found.append(self._stored(obj))
            except InvalidRecordsError as e:
                where = f"Extension {obj['metadata']['name']}"
                problems += [Problem(p.message, p.path, file=where) for p in e.problems]
        return Listing(tuple(sorted(found, key=lambda s: s.record.id)), tuple(problems))

    def put(self, record: Extension, expected: str | None) -> Stored:
        """Keep *record* as an Extension, and its values in a Secret."""
        check(record)
        if expected is None:
            return self._register(record)
        for _ in range(_ATTEMPTS):
            obj = self._expected(record.id, expected)
            try:
                return self._replace(record, obj)
            except ChangedError:
                continue
        raise ChangedError(f"extension {record.id!r} is changed all the time by others; read it again")

    def delete(self, extension_id: str, expected: str) -> None:
        """Delete the Extension, then the Secrets that this store made for it."""
        for _ in range(_ATTEMPTS):
            obj = self._expected(extension_id, expected)
            metadata = obj["metadata"]
            conditions = {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
            try:
                with _translated(f"Extension {extension_id!r}", self._namespace):
                    body = {"preconditions": conditions}
                    self._objects.delete_namespaced_custom_object(*self._place, extension_id, body=body, **_OPTIONS)
            except ChangedError:
                continue
            self._sweep(extension_id, replaced=_names_in(obj))
            return
        raise ChangedError(f"extension {extension_id!r} is changed all the time by others; read it again")

    def _read(self, extension_id: str) -> dict[str, Any]:
        try:
            with _translated(f"Extension {extension_id!r}", self._namespace):
                answer = self._objects.get_namespaced_custom_object(*self._place, extension_id, **_OPTIONS)
        except NotFoundError:
            raise no_extension(extension_id) from None
        obj: dict[str, Any] = msgspec.json.decode(answer.data)
        return obj

    def _stored(self, obj: Mapping[str, Any]) -> Stored:
        record = extension_objects.decode(obj, allowed=self._allowed)
        for name in sorted(values.references(record)):
            if values.is_of_values(name, record.id):
                record = values.filled(record, name, self._values(name))
        return _kept(record, obj["metadata"])

    def _values(self, name: str) -> Mapping[str, str]:
        """The data of our Secret *name*; nothing if there is none, or somebody else has made it."""
        try:
            with _translated(f"Secret {name!r}", self._namespace):
                secret = msgspec.json.decode(self._core.read_namespaced_secret(name, self._namespace, **_OPTIONS).data)
        except NotFoundError:
            return {}
        labels = secret["metadata"].get("labels") or {}
        data: Mapping[str, str] = secret.get("data") or {}
        return data if labels.get(MANAGED_LABEL) == MANAGER else {}

    def _expected(self, extension_id: str, revision: str) -> dict[str, Any]:
        obj = self._read(extension_id)
        metadata = obj["metadata"]
        if f"{metadata['uid']}.{metadata['generation']}" != revision:
            raise ChangedError(f"extension {extension_id!r} has been changed since it was read; read it again")
        return obj

    def _register(self, record: Extension) -> Stored:
        with self._new_secret(record) as name:
            body = conversion.object_of(values.referring(record, name))
            try:
                with _translated(f"Extension {record.id!r}", self._namespace):
                    answer = self._objects.create_namespaced_custom_object(*self._place, body, **_WRITE)
            except ChangedError:
                raise extension_exists(record.id) from None
        self._sweep(record.id, kept={name})
        return _kept(record, msgspec.json.decode(answer.data)["metadata"])

    def _replace(self, record: Extension, obj: dict[str, Any]) -> Stored:
        ours = sorted(name for name in _names_in(obj) if values.is_of_values(name, record.id))
        data = values.data_of(record)
        current = ours[0] if len(ours) == 1 and data and self._values(ours[0]) == data else ""
        with self._new_secret(record, current) as name:
            spec = conversion.object_of(values.referring(record, name))["spec"]
            with _translated(f"Extension {record.id!r}", self._namespace):
                answer = self._objects.replace_namespaced_custom_object(
                    *self._place, record.id, {**obj, "spec": spec}, **_WRITE
                )
        kept = values.references(record) | {name}
        self._sweep(record.id, kept=kept, replaced=ours)
        return _kept(record, msgspec.json.decode(answer.data)["metadata"])

    @contextmanager
    def _new_secret(self, record: Extension, current: str = "") -> Iterator[str]:
        """The name of a Secret that holds the values of *record*: *current*, or a new one. A refused write drops it."""
        data = values.data_of(record)
        if current or not data:
            yield current
            return
        if len(record.id) > _MAX_LABEL:
            message = f"is longer than {_MAX_LABEL} characters, so no Secret can be labelled with it; shorten it"
            raise InvalidRecordsError([Problem(message, ("id",))])
        name = values.secret_name(record.id, "".join(secrets.choice(_LETTERS) for _ in range(10)))
        labels = {SOURCE_LABEL: record.id, MANAGED_LABEL: MANAGER}
        metadata = {"name": name, "namespace": self._namespace, "labels": labels}
        body = {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": metadata, "data": data}
        with _translated(f"Secret {name!r}", self._namespace):
            self._core.create_namespaced_secret(self._namespace, body, **_WRITE)
        try:
            yield name
        except UnavailableError:
            # The write may have been done all the same, and then refers to this Secret.
            raise
        except RegistryError:
            self._delete_secret(name)
            raise

    def _sweep(self, extension_id: str, *, kept: Collection[str] = (), replaced: Collection[str] = ()) -> None:
        """Delete our Secrets of *extension_id* that are *replaced*, or not *kept* and old: a write was interrupted.

        Others may belong to a write that is going on.
        """
        selector = f"{SOURCE_LABEL}={extension_id},{MANAGED_LABEL}={MANAGER}"
        try:
            with _translated("Secrets", self._namespace):
                answer = self._core.list_namespaced_secret(self._namespace, label_selector=selector, **_OPTIONS)
        except RegistryError:
            # The record is written; what is left over can wait for the next write.
            return
        for secret in msgspec.json.decode(answer.data).get("items") or ():
            metadata = secret["metadata"]
            labels = metadata.get("labels") or {}
            if (labels.get(SOURCE_LABEL), labels.get(MANAGED_LABEL)) != (extension_id, MANAGER):
                continue
            is_ours = values.is_of_values(metadata["name"], extension_id) and metadata["name"] not in kept
            if is_ours and (metadata["name"] in replaced or _is_old(metadata)):
                self._delete_secret(metadata["name"], metadata["uid"])

    def _delete_secret(self, name: str, uid: str | None = None) -> None:
        """Delete a Secret of ours, if that can be done now; a later write tries again."""
        options = V1DeleteOptions(preconditions=V1Preconditions(uid=uid)) if uid else V1DeleteOptions()
        try:
            with _translated(f"Secret {name!r}", self._namespace):
                self._core.delete_namespaced_secret(name, self._namespace, body=options, **_OPTIONS)
        except RegistryError:
            pass


def check(record: Extension) -> None:
    """Make sure that a cluster can hold *record*, with its values in a Secret.

    Raises:
        InvalidRecordsError: It cannot.
    """
    conversion.check_object(values.referring(record, values.secret_name("a", "a")))


def _names_in(obj: Mapping[str, Any]) -> set[str]:
    """The names of the Secrets to which an Extension refers, whatever else is wrong with it."""
    services = (obj.get("spec") or {}).get("services") or ()
    logins = (login for service in services for login in service.get("credentials") or ())
    return {str(login["secretRef"]["name"]) for login in logins if login.get("secretRef")}


def _kept(record: Extension, metadata: Mapping[str, Any]) -> Stored:
    # Unlike the resourceVersion, the generation stays the same if only the status changes.
    revision = f"{metadata['uid']}.{metadata['generation']}"
    writers = metadata.get("managedFields") or ()
    # What is written to the status says nothing of the record.
    moments = [times.read(writer.get("time")) for writer in writers if not writer.get("subresource")]
    updated = max((moment for moment in moments if moment), default=None)
    return Stored(record, revision, times.read(metadata.get("creationTimestamp")), updated)


def _is_old(metadata: Mapping[str, Any]) -> bool:
    created = times.read(metadata.get("creationTimestamp"))
    return created is not None and datetime.now(UTC) - created > _LEFT_OVER


@contextmanager
def _translated(what: str, namespace: str) -> Iterator[None]:
    """Turn the client's exceptions into ours. Only what is said of Extensions is quoted: they hold no values."""
    where = f"{what} in namespace {namespace!r}"
    try:
        yield
    except ApiException as e:
        raise _meant(e, where, is_extension=what.startswith("Extension")) from None
    except (HTTPError, OSError) as e:
        message = f"{where}: the API server does not answer: {type(e).__name__}; what was asked for may have been done"
        raise UnavailableError(message) from None


def _meant(error: ApiException, where: str, *, is_extension: bool) -> RegistryError:
    said = _message(error) if is_extension else ""
    if error.status == 404:
        return NotFoundError(f"{where}: not found")
    if error.status == 409:
        return ChangedError(f"{where}: has been changed, or is there already")
    if error.status in (401, 403):
        return ReadOnlyError(f"{where}: forbidden; whoever asks needs get, list, create, update and delete there")
    if error.status in (400, 422):
        return InvalidRecordsError([Problem(f"the API server refuses it{': ' if said else ''}{said}", file=where)])
    return UnavailableError(f"{where}: the API server returned {error.status}; try again")


def _message(error: ApiException) -> str:
    try:
        return str(msgspec.json.decode(error.body or b"")["message"])[:500]
    except (msgspec.DecodeError, KeyError, TypeError):
        return ""
