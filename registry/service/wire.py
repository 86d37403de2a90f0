"""Records as answers show them: with FuseML's fields, and without values of credentials. Pure."""

from typing import Any, Final

from registry.errors import UnreadableError
from registry.records import codec, times
from registry.records.editing import HIDDEN
from registry.records.model import Credentials, Endpoint, Extension, Service
from registry.stores.store import Stored

# Fields that FuseML does not have. Its client refuses an answer in which it finds them.
_OURS: Final = {"service": ("default",), "credentials": ("secretRef",)}


def extension(stored: Stored, *, only_fuseml: bool = False) -> dict[str, Any]:
    """An extension with all that is in it.

    Args:
        only_fuseml: Without the fields that FuseML does not have.
    """
    record = stored.record
    moments = {"registered": stored.registered, "updated": stored.updated}
    shown = codec.encode(record, apart_from=("services",)) | {
        "status": {k: times.written(v) for k, v in moments.items() if v}
    }
    if record.services:
        shown["services"] = [service(record, s, only_fuseml=only_fuseml) for s in record.services]
    return shown


def service(owner: Extension, part: Service, *, only_fuseml: bool = False) -> dict[str, Any]:
    """A service of the extension *owner*, with all that is in it."""
    shown = codec.encode(part, apart_from=("endpoints", "credentials")) | {
        "extension_id": owner.id,
        "auth_required": part.auth_required,
        "status": {},
    }
    if part.endpoints:
        shown["endpoints"] = [endpoint(owner, part, e) for e in part.endpoints]
    if part.credentials:
        shown["credentials"] = [credentials(owner, part, c, only_fuseml=only_fuseml) for c in part.credentials]
    return _without(shown, _OURS["service"] if only_fuseml else ())


def endpoint(owner: Extension, of: Service, part: Endpoint) -> dict[str, Any]:
    """An endpoint of a service *of* the extension *owner*."""
    return codec.encode(part) | {"extension_id": owner.id, "service_id": of.id, "type": part.type, "status": {}}


def credentials(owner: Extension, of: Service, part: Credentials, *, only_fuseml: bool = False) -> dict[str, Any]:
    """Credentials of a service *of* the extension *owner*.

    Of those in a Secret there are no values, only the names of keys. FuseML, to which a Secret says nothing, would take
    them for values.
    """
    shown = codec.encode(part) | {
        "extension_id": owner.id,
        "service_id": of.id,
        "scope": part.scope,
        "default": part.default,
        "status": {},
    }
    if part.configuration and (only_fuseml or part.secret_ref is None):
        shown["configuration"] = dict.fromkeys(part.configuration, HIDDEN)
    return _without(shown, _OURS["credentials"] if only_fuseml else ())


def part_of(owner: Extension, service_id: str, part: Service | Endpoint | Credentials, *, only_fuseml: bool) -> Any:
    """Any part of the extension *owner*."""
    if isinstance(part, Service):
        return service(owner, part, only_fuseml=only_fuseml)
    of = next((s for s in owner.services if s.id == service_id), None)
    if of is None:
        raise UnreadableError(f"{owner.id}/{service_id}: has just been deleted")
    if isinstance(part, Endpoint):
        return endpoint(owner, of, part)
    return credentials(owner, of, part, only_fuseml=only_fuseml)


def _without(fields: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {k: v for k, v in fields.items() if k not in names}
