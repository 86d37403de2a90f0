"""EDGE: how the API server is called for records, and what its refusals mean."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import msgspec
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from registry.errors import (
    ChangedError,
    InvalidRecordsError,
    NotFoundError,
    NotServedError,
    Problem,
    ReadOnlyError,
    RegistryError,
    UnavailableError,
    UnreadableError,
)

MANAGER: Final = "fuseml"
OPTIONS: Final[dict[str, Any]] = {"_request_timeout": (5.0, 30.0), "_preload_content": False}
WRITE: Final[dict[str, Any]] = {**OPTIONS, "field_manager": MANAGER}
_NEEDED: Final = {
    "Extension": "get, list, create, update and delete of extensions.fuseml.org",
    "Secret": "get, list, create and delete of secrets",
}


class BusyError(UnavailableError):
    """The API server has too much to do, and has not carried out the request."""


@contextmanager
def translated(what: str, namespace: str) -> Iterator[None]:
    """Turn the client's exceptions into ours. Only what is said of Extensions is quoted: they hold no values."""
    where = f"{what} in namespace {namespace!r}"
    try:
        yield
    except ApiException as e:
        raise _meant(e, where, kind="Extension" if what.startswith("Extension") else "Secret") from None
    except (HTTPError, OSError) as e:
        message = f"{where}: the API server does not answer: {type(e).__name__}; what was asked for may have been done"
        raise UnavailableError(message) from None
    except msgspec.DecodeError:
        # As from a proxy between that is not ready.
        raise UnavailableError(f"{where}: the answer is none of an API server; try again") from None


def _meant(error: ApiException, where: str, *, kind: str) -> RegistryError:
    message, details = _status(error)
    said = message if kind == "Extension" else ""
    if error.status == 404:
        return _not_found(where, details)
    if error.status == 409:
        return ChangedError(f"{where}: has been changed, or is there already")
    if error.status in (401, 403):
        return ReadOnlyError(
            f"{where}: forbidden{f' ({said})' if said else ''}; whoever asks needs {_NEEDED[kind]} there"
        )
    if error.status in (400, 422):
        return InvalidRecordsError([Problem(f"the API server refuses it{': ' if said else ''}{said}", file=where)])
    cls = BusyError if error.status == 429 else UnavailableError
    return cls(f"{where}: the API server returned {error.status}; try again")


def _not_found(where: str, details: Mapping[str, Any]) -> RegistryError:
    """What is not there. An API server that has just been started may not know a kind yet that it has."""
    if details.get("kind") == "namespaces":
        return UnreadableError(f"{where}: there is no such namespace; create it")
    if not details.get("name"):
        return NotServedError(f"{where}: the cluster has nothing of that kind; is it installed there?")
    return NotFoundError(f"{where}: not found")


def _status(error: ApiException) -> tuple[str, Mapping[str, Any]]:
    """The message of a Status, and its details."""
    try:
        status = msgspec.json.decode(error.body or b"", type=dict[str, Any])
    except msgspec.DecodeError:
        return "", {}
    details = status.get("details")
    return str(status.get("message", ""))[:500], details if isinstance(details, dict) else {}
