"""EDGE: what the service does with records, apart from HTTP."""

import secrets
import string
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

from registry.errors import AlreadyExistsError, ChangedError, KeptRecordsError, NotFoundError
from registry.records import editing
from registry.records.editing import PartKind, Place
from registry.records.model import Extension
from registry.service.conditions import Conditions
from registry.service.problems import precondition_failed, unreadable
from registry.stores import changing
from registry.stores.store import Listing, RecordStore, Stored

_LETTERS: Final = string.ascii_lowercase + string.digits


class StoredPart(NamedTuple):
    """A part of an extension, and the extension as it is kept."""

    owner: Stored
    place: Place


class Operations:
    """Reads and changes the records of a *store*.

    All methods may raise a RegistryError.

    Args:
        allowed: Variables that control a loader or an interpreter and may be registered all the same.
    """

    def __init__(self, store: RecordStore, *, allowed: frozenset[str] = frozenset()) -> None:
        self._store = store
        self._allowed = allowed

    def list(self) -> Listing:
        """All records."""
        return self._store.list()

    def get(self, extension_id: str) -> Stored:
        """An extension."""
        return self._store.get(extension_id)

    def register(self, body: object, conditions: Conditions) -> Stored:
        """Add an extension."""
        record = editing.create(_fields(body), suffix=_suffix, allowed=self._allowed)
        if conditions.matches is not None or conditions.matches_not is not None:
            conditions.check(self._revision(record.id))
        try:
            return self._store.put(record, None)
        except AlreadyExistsError:
            if conditions.matches_not is not None:
                raise precondition_failed() from None
            raise

    def update(self, extension_id: str, body: object, conditions: Conditions) -> Stored:
        """Change fields of an extension."""
        changes = _fields(body)
        return self._change(
            extension_id,
            lambda record: editing.update(record, changes, suffix=_suffix, allowed=self._allowed),
            conditions,
        )

    def delete(self, extension_id: str, conditions: Conditions) -> None:
        """Delete an extension."""
        found = self._store.get(extension_id)
        conditions.check(found.revision)
        if not conditions.names_revisions:
            changing.delete(self._store, extension_id)
            return
        try:
            self._store.delete(extension_id, found.revision)
        except ChangedError:
            raise precondition_failed() from None

    def part(self, extension_id: str, place: Place) -> StoredPart:
        """A part of an extension."""
        found = self._store.get(extension_id)
        editing.find(found.record, place)
        return StoredPart(found, place)

    def first_found(self, extension_id: str, places: Sequence[Place]) -> Place:
        """The first of *places* where there is a part; the first of all if there is none."""
        if len(places) > 1:
            record = self._store.get(extension_id).record
            for place in places:
                with suppress(NotFoundError):
                    editing.find(record, place)
                    return place
        return places[0]

    def add_part(
        self, extension_id: str, kind: PartKind, service_id: str, body: object, conditions: Conditions
    ) -> StoredPart:
        """Add a part to an extension."""
        fields = _fields(body)
        added: list[Place] = []

        def edit(record: Extension) -> Extension:
            result = editing.add(record, kind, fields, service_id=service_id, suffix=_suffix, allowed=self._allowed)
            added[:] = [result.place]
            return result.extension

        stored = self._change(extension_id, edit, conditions)
        return StoredPart(stored, added[0])

    def update_part(self, extension_id: str, place: Place, body: object, conditions: Conditions) -> StoredPart:
        """Change fields of a part."""
        changes = _fields(body)
        stored = self._change(
            extension_id,
            lambda record: editing.update_part(record, place, changes, suffix=_suffix, allowed=self._allowed),
            conditions,
        )
        return StoredPart(stored, place)

    def delete_part(self, extension_id: str, place: Place, conditions: Conditions) -> None:
        """Delete a part."""
        self._change(extension_id, lambda record: editing.delete_part(record, place), conditions)

    def _revision(self, extension_id: str) -> str | None:
        try:
            return self._store.get(extension_id).revision
        except NotFoundError:
            return None
        except KeptRecordsError:
            # It is there, in a state that nobody has seen.
            return ""

    def _change(self, extension_id: str, edit: Callable[[Extension], Extension], conditions: Conditions) -> Stored:
        found = self._store.get(extension_id)
        conditions.check(found.revision)
        if not conditions.names_revisions:
            return changing.change(self._store, extension_id, edit)
        changed = edit(found.record)
        if changed == found.record:
            return found
        try:
            return self._store.put(changed, found.revision)
        except ChangedError:
            raise precondition_failed() from None


def _fields(body: object) -> Mapping[str, Any]:
    if not isinstance(body, Mapping):
        raise unreadable("the body must be a map of fields")
    return body


def _suffix() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(8))
