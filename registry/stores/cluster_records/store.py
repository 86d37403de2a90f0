"""EDGE: the Extensions of one namespace, to read and to write.

Values of credentials are in a Secret to which the Extension refers. A change of values makes a new Secret first, then
refers to it, then deletes the old one: whenever that is interrupted, an Extension has its Secret. What may be left over
is a Secret to which nothing refers; it is deleted when it is old.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

import msgspec
from kubernetes.client import ApiClient, CustomObjectsApi

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
from registry.records.model import Extension
from registry.stores.cluster_records import values
from registry.stores.cluster_records.calls import OPTIONS, WRITE, translated
from registry.stores.cluster_records.value_secrets import ValueSecrets
from registry.stores.store import Listing, Stored

# Each attempt fails only if the object has changed since it was read, such as its status.
_ATTEMPTS: Final = 20
_GROUP, _, _VERSION = extension_objects.API_VERSION.partition("/")


class ClusterRecords:
    """A namespace as a RecordStore.

    Values that cannot be read, because whoever asks has no right to or because the Secret is not there, are ``HIDDEN``;
    written back, they stay as they are.

    Args:
        allowed: Variables that control a loader or an interpreter and may be registered all the same.
    """

    def __init__(self, api: ApiClient, *, namespace: str, allowed: frozenset[str] = frozenset()) -> None:
        self._objects: Any = CustomObjectsApi(api)  # Its type stubs lack _preload_content.
        self._secrets = ValueSecrets(api, namespace)
        self._namespace = namespace
        self._allowed = allowed
        self._place = (_GROUP, _VERSION, namespace, "extensions")

    def get(self, extension_id: str) -> Stored:
        """The record *extension_id*, with the values that this store keeps."""
        try:
            return self._stored(self._read(extension_id), self._data)
        except InvalidRecordsError as e:
            raise KeptRecordsError([replace(p, file=f"Extension {extension_id}") for p in e.problems]) from e

    def list(self) -> Listing:
        """All records that can be read, and what is wrong with the other objects."""
        found, problems = [], []
        objects = self._all()
        data_of = self._data_of_all() if any(values.own_references(obj) for obj in objects) else self._data
        for obj in objects:
            try:
                found.append(self._stored(obj, data_of))
            except NotFoundError:
                continue
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
        raise _busy(record.id)

    def delete(self, extension_id: str, expected: str) -> None:
        """Delete the Extension, then the Secrets that this store made for it."""
        for _ in range(_ATTEMPTS):
            obj = self._expected(extension_id, expected)
            metadata = obj["metadata"]
            conditions = {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
            try:
                with translated(f"Extension {extension_id!r}", self._namespace):
                    body = {"preconditions": conditions}
                    self._objects.delete_namespaced_custom_object(*self._place, extension_id, body=body, **OPTIONS)
            except ChangedError:
                continue
            self._sweep(extension_id, replaced=values.own_references(obj))
            return
        raise _busy(extension_id)

    def clean(self) -> None:
        """Delete what interrupted writes have left over, of whatever record, and long ago."""
        self._secrets.sweep(lambda: {name for obj in self._all() for name in values.all_references(obj)})

    def _all(self) -> Sequence[dict[str, Any]]:
        with translated("Extensions", self._namespace):
            answer = self._objects.list_namespaced_custom_object(*self._place, **OPTIONS)
            objects: Sequence[dict[str, Any]] = msgspec.json.decode(answer.data).get("items") or []
        return objects

    def _read(self, extension_id: str) -> dict[str, Any]:
        try:
            with translated(f"Extension {extension_id!r}", self._namespace):
                answer = self._objects.get_namespaced_custom_object(*self._place, extension_id, **OPTIONS)
                obj: dict[str, Any] = msgspec.json.decode(answer.data)
        except NotFoundError:
            raise no_extension(extension_id) from None
        return obj

    def _stored(self, obj: Mapping[str, Any], data_of: Callable[[str], Mapping[str, str] | None]) -> Stored:
        """The record of *obj*, or of what has taken its place.

        Raises:
            NotFoundError: It has been deleted meanwhile.
            InvalidRecordsError: It cannot be read.
        """
        for _ in range(_ATTEMPTS):
            data = {name: data_of(name) for name in sorted(values.own_references(obj))}
            if all(found is not None for found in data.values()):
                break
            # Its Secret may have been replaced since it was read.
            again = self._read(obj["metadata"]["name"])
            if _revision(again) == _revision(obj):
                break
            obj, data_of = again, self._data
        record = extension_objects.decode(obj, allowed=self._allowed)
        for name, found in data.items():
            record = values.filled(record, name, found or {})
        return _kept(record, obj["metadata"])

    def _data(self, name: str) -> Mapping[str, str] | None:
        """The data of our Secret *name*: none that are of use if it may not be read; None if it is not there."""
        try:
            return self._secrets.data(name)
        except ReadOnlyError:
            return {}

    def _data_of_all(self) -> Callable[[str], Mapping[str, str] | None]:
        """The same for all Secrets of this moment, which are read at once."""
        try:
            return self._secrets.all().get
        except ReadOnlyError:
            return lambda _: {}

    def _expected(self, extension_id: str, revision: str) -> dict[str, Any]:
        obj = self._read(extension_id)
        if _revision(obj) != revision:
            raise ChangedError(f"extension {extension_id!r} has been changed since it was read; read it again")
        return obj

    def _register(self, record: Extension) -> Stored:
        with self._referring(record) as referring:
            body = conversion.object_of(referring)
            try:
                metadata = self._written(
                    referring, {}, lambda: self._objects.create_namespaced_custom_object(*self._place, body, **WRITE)
                )
            except ChangedError:
                raise extension_exists(record.id) from None
        self._sweep(record.id)
        return _kept(record, metadata)

    def _replace(self, record: Extension, obj: dict[str, Any]) -> Stored:
        with self._referring(values.with_kept_references(record, obj), obj) as referring:
            body = {**obj, "spec": conversion.object_of(referring)["spec"]}
            metadata = self._written(
                referring,
                obj,
                lambda: self._objects.replace_namespaced_custom_object(*self._place, record.id, body, **WRITE),
            )
        self._sweep(record.id, replaced=values.own_references(obj) - values.references(referring))
        return _kept(record, metadata)

    def _written(self, record: Extension, before: Mapping[str, Any], write: Callable[[], Any]) -> Mapping[str, Any]:
        """Make a *write*, and give the metadata of the object.

        What is between us and the storage may have sent it twice, or lost the answer: so a failure, and a conflict as
        well, may be that of a write which was done. The reference to a Secret of its own tells.
        """
        try:
            with translated(f"Extension {record.id!r}", self._namespace):
                return _metadata(msgspec.json.decode(write().data))
        except (ChangedError, UnavailableError):
            new = values.references(record) - (values.own_references(before) if before else set())
            new = {name for name in new if values.is_of_values(name, record.id)}
            if not new:
                raise
            obj = self._after_failure(record.id)
            if obj is None or not new <= values.all_references(obj):
                raise
            return _metadata(obj)

    def _after_failure(self, extension_id: str) -> Mapping[str, Any] | None:
        try:
            return self._read(extension_id)
        except NotFoundError:
            return None
        except RegistryError as e:
            raise UnavailableError(f"{e}; what was asked for may have been done") from None

    @contextmanager
    def _referring(self, record: Extension, obj: Mapping[str, Any] | None = None) -> Iterator[Extension]:
        """*record* with a reference to a Secret of its values: that of *obj* if they are the same, or a new one.

        If the write is refused, the new one is deleted again.
        """
        if problems := list(values.unknown(record)):
            raise InvalidRecordsError(problems)
        data = values.data_of(record)
        ours = values.own_references(obj) if obj and data else set()
        if not data:
            yield record
        elif len(ours) == 1 and self._data(*ours) == data:
            yield values.referring(record, *ours)
        else:
            with self._secrets.new(record.id, data) as name:
                yield values.referring(record, name)

    def _sweep(self, extension_id: str, replaced: set[str] | None = None) -> None:
        def referred() -> set[str]:
            try:
                return values.all_references(self._read(extension_id))
            except NotFoundError:
                return set()

        self._secrets.sweep(referred, extension_id=extension_id, replaced=replaced or ())


def check(record: Extension) -> None:
    """Make sure that a cluster can hold *record*, with its values in a Secret.

    Raises:
        InvalidRecordsError: It cannot.
    """
    conversion.check_object(values.referring(record, values.secret_name("a", "a")))


def _revision(obj: Mapping[str, Any]) -> str:
    # Unlike the resourceVersion, the generation stays the same if only the status changes.
    return f"{obj['metadata']['uid']}.{obj['metadata']['generation']}"


def _metadata(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata: Mapping[str, Any] = obj["metadata"]
    return metadata


def _busy(extension_id: str) -> RegistryError:
    return ChangedError(f"extension {extension_id!r} is changed all the time by others; read it again")


def _kept(record: Extension, metadata: Mapping[str, Any]) -> Stored:
    writers = metadata.get("managedFields") or ()
    # What is written to the status says nothing of the record.
    moments = [times.read(writer.get("time")) for writer in writers if not writer.get("subresource")]
    updated = max((moment for moment in moments if moment), default=None)
    return Stored(record, _revision({"metadata": metadata}), times.read(metadata.get("creationTimestamp")), updated)
