"""EDGE: changes one record in a store, and says what has been done."""

import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from registry.records import editing
from registry.records.editing import HIDDEN, PartKind, Place
from registry.records.model import Credentials, Extension, Service
from registry.stores.changing import change
from registry.stores.store import Stored
from webhook.cli.extension.records import Records

_LETTERS: Final = string.ascii_lowercase + string.digits


def suffix() -> str:
    """Eight random letters and digits for an id."""
    return "".join(secrets.choice(_LETTERS) for _ in range(8))


def add_part(
    records: Records, extension_id: str, kind: PartKind, body: Mapping[str, Any], *, service_id: str = ""
) -> tuple[Extension, Place]:
    """Add a part to an extension; give the record as it is then, and where the part is."""
    added: list[Place] = []

    def edit(extension: Extension) -> Extension:
        result = editing.add(extension, kind, body, service_id=service_id, suffix=suffix, allowed=records.allowed)
        added.append(result.place)
        return result.extension

    return change(records.store, extension_id, edit).record, added[-1]


def update_part(records: Records, extension_id: str, place: Place, body: Mapping[str, Any], *, merge: bool) -> None:
    """Change fields of a part."""

    def edit(extension: Extension) -> Extension:
        part = editing.find(extension, place)
        changes = _merged(part.configuration, body, is_hidden=place.kind == "credentials") if merge else body
        return editing.update_part(extension, place, changes, suffix=suffix, allowed=records.allowed)

    change(records.store, extension_id, edit)


def update_extension(records: Records, extension_id: str, body: Mapping[str, Any], *, merge: bool) -> None:
    """Change fields of an extension itself."""

    def edit(extension: Extension) -> Extension:
        changes = _merged(extension.configuration, body, is_hidden=False) if merge else body
        return editing.update(extension, changes, suffix=suffix, allowed=records.allowed)

    change(records.store, extension_id, edit)


def put_whole(records: Records, before: Stored, body: Mapping[str, Any], *, is_allowed: bool = True) -> Stored:
    """Make the record that was read as *before* what *body* says: what it does not say is cleared, ``HIDDEN`` stays.

    Raises:
        AlreadyExistsError: It would change, which is not *is_allowed*.
    """
    cleared = {"product": "", "version": "", "zone": "", "description": "", "configuration": {}, "services": []}
    after = editing.update(before.record, {**cleared, **body}, suffix=suffix, allowed=records.allowed)
    if records.in_kept_order(after) == before.record:
        return before
    if not is_allowed:
        raise editing.extension_exists(before.record.id)
    return records.store.put(after, before.revision)


def with_logins(extension: Extension, shown: Callable[[str, Credentials], dict[str, str]]) -> Extension:
    """*extension* with what *shown* gives for each service's id and credentials with values of their own."""
    services = (
        replace(
            service,
            credentials=tuple(
                login if login.secret_ref is not None else replace(login, configuration=shown(service.id, login))
                for login in service.credentials
            ),
        )
        for service in extension.services
    )
    return replace(extension, services=tuple(services))


def delete_part(records: Records, extension_id: str, place: Place) -> None:
    """Take a part out of an extension."""
    change(records.store, extension_id, lambda extension: editing.delete_part(extension, place))


def service_of(extension: Extension, service_id: str) -> Service:
    """A service of *extension*.

    Raises:
        NotFoundError: There is none with this id.
    """
    found = editing.find(extension, Place("services", service_id))
    assert isinstance(found, Service)  # noqa: S101 - what a place of this kind has
    return found


def _merged(before: Mapping[str, str], body: Mapping[str, Any], *, is_hidden: bool) -> Mapping[str, Any]:
    """*body* with the entries of the configuration that it does not name."""
    if "configuration" not in body:
        return body
    kept = dict.fromkeys(before, HIDDEN) if is_hidden else before
    return {**body, "configuration": {**kept, **body["configuration"]}}
