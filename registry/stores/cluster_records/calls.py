"""EDGE: how the API server is called for records, and what its refusals mean."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import msgspec
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from registry.errors import (
    ChangedError,
    InvalidRecordsError,
    NotFoundError,
    Problem,
    ReadOnlyError,
    RegistryError,
    UnavailableError,
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
    said = _message(error) if kind == "Extension" else ""
    if error.status == 404:
        return NotFoundError(f"{where}: not found")
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


def _message(error: ApiException) -> str:
    try:
        return str(msgspec.json.decode(error.body or b"")["message"])[:500]
    except (msgspec.DecodeError, KeyError, TypeError):
        return ""
