"""Records with values <-> Extensions without, and the data of the Secret that holds the values. Pure."""

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from registry.errors import Problem
from registry.records.editing import HIDDEN
from registry.records.model import Credentials, Extension, SecretRef, Service

_PREFIX: Final = "fuseml-values-"
_KEY_LENGTH: Final = 32


def secret_name(extension_id: str, suffix: str) -> str:
    """A name for a Secret of the values of *extension_id*."""
    return f"{_PREFIX}{extension_id}-{suffix}"


def is_of_values(name: str, extension_id: str) -> bool:
    """True if *name* may be that of a Secret of the values of *extension_id*; its labels say whether it is."""
    prefix = secret_name(extension_id, "")
    return name.startswith(prefix) and "-" not in name.removeprefix(prefix)


def data_of(record: Extension) -> dict[str, str]:
    """All values of a record's credentials, in base64, by their keys; those in Secrets of others are left out."""
    return {
        _key(service, login, name): b64encode(value.encode()).decode()
        for service, login in _logins(record)
        if login.secret_ref is None
        for name, value in login.configuration.items()
    }


def referring(record: Extension, name: str) -> Extension:
    """*record* with references to the Secret *name* in place of values."""

    def refer(service: Service, login: Credentials) -> Credentials:
        if login.secret_ref is not None or not login.configuration:
            return login
        keys = {variable: _key(service, login, variable) for variable in login.configuration}
        return replace(login, secret_ref=SecretRef(name=name), configuration=keys)

    return _with_logins(record, refer)


def filled(record: Extension, name: str, data: Mapping[str, str]) -> Extension:
    """*record* with the values of the Secret *name* in place of references to it; with ``HIDDEN`` where it lacks any.

    Somebody may have changed the Secret by hand.
    """

    def fill(_: Service, login: Credentials) -> Credentials:
        if login.secret_ref is None or login.secret_ref.name != name:
            return login
        values = {variable: _value(data.get(key)) for variable, key in login.configuration.items()}
        known = {variable: value for variable, value in values.items() if value is not None}
        if len(known) < len(values):
            known = dict.fromkeys(values, HIDDEN)
        return replace(login, secret_ref=None, configuration=known)

    return _with_logins(record, fill)


def with_kept_references(record: Extension, obj: Mapping[str, Any]) -> Extension:
    """*record* with the references of *obj* for those credentials whose values are all to stay as they are there."""
    kept = {
        (str(service.get("id")), str(login.get("id"))): login
        for service, login in _plain_logins(obj)
        if is_of_values(_secret_of(login), record.id)
    }

    def keep(service: Service, login: Credentials) -> Credentials:
        before = kept.get((service.id, login.id))
        if before is None or {*login.configuration.values()} != {HIDDEN}:
            return login
        keys = before.get("configuration") or {}
        if not keys.keys() >= login.configuration.keys():
            return login
        names = {variable: str(keys[variable]) for variable in login.configuration}
        return replace(login, secret_ref=SecretRef(name=_secret_of(before)), configuration=names)

    return _with_logins(record, keep)


def unknown(record: Extension) -> Iterator[Problem]:
    """Values of *record* that must be given: they are not in it, but only stand for those that are kept."""
    for i, service in enumerate(record.services):
        for j, login in enumerate(service.credentials):
            hidden = [name for name, value in login.configuration.items() if value == HIDDEN]
            if login.secret_ref is None and hidden:
                message = (
                    f"{HIDDEN} stands for a value that cannot be read: the Secret is not there, or you lack get of "
                    "secrets; give all values of these credentials"
                )
                yield Problem(message, ("services", i, "credentials", j, "configuration", hidden[0]))


def own_references(obj: Mapping[str, Any]) -> set[str]:
    """The names of our Secrets to which an Extension refers, whatever else is wrong with it."""
    return {name for name in all_references(obj) if is_of_values(name, obj["metadata"]["name"])}


def all_references(obj: Mapping[str, Any]) -> set[str]:
    """The names of all Secrets to which an Extension refers, likewise."""
    return {name for _, login in _plain_logins(obj) if (name := _secret_of(login))}


def references(record: Extension) -> set[str]:
    """The names of all Secrets to which *record* refers."""
    return {login.secret_ref.name for _, login in _logins(record) if login.secret_ref is not None}


def _plain_logins(obj: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    services = (obj.get("spec") or {}).get("services") or ()
    yield from ((service, login) for service in services for login in service.get("credentials") or ())


def _secret_of(login: Mapping[str, Any]) -> str:
    return str((login.get("secretRef") or {}).get("name") or "")


def _value(encoded: str | None) -> str | None:
    """The text of a value; None if it is none."""
    try:
        return None if encoded is None else b64decode(encoded).decode()
    except ValueError:
        return None


def _logins(record: Extension) -> Iterator[tuple[Service, Credentials]]:
    yield from ((service, login) for service in record.services for login in service.credentials)


def _with_logins(record: Extension, change: Callable[[Service, Credentials], Credentials]) -> Extension:
    services = (
        replace(service, credentials=tuple(change(service, login) for login in service.credentials))
        for service in record.services
    )
    return replace(record, services=tuple(services))


def _key(service: Service, login: Credentials, name: str) -> str:
    """The same for the same variable only: each part comes with its length. A name may hold what a key may not."""
    digest = hashlib.sha256()
    for part in (service.id, login.id, name):
        content = part.encode()
        digest.update(len(content).to_bytes(8) + content)
    return digest.hexdigest()[:_KEY_LENGTH]
