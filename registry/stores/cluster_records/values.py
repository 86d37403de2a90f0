"""Records with values <-> Extensions without, and the data of the Secret that holds the values. Pure."""

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final

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
    """*record* with the values of the Secret *name* in place of references to it, where it has them all."""

    def fill(_: Service, login: Credentials) -> Credentials:
        if (
            login.secret_ref is None
            or login.secret_ref.name != name
            or not data.keys() >= {*login.configuration.values()}
        ):
            return login
        values = {variable: b64decode(data[key]).decode() for variable, key in login.configuration.items()}
        return replace(login, secret_ref=None, configuration=values)

    return _with_logins(record, fill)


def references(record: Extension) -> set[str]:
    """The names of all Secrets to which *record* refers."""
    return {login.secret_ref.name for _, login in _logins(record) if login.secret_ref is not None}


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
