"""EDGE: writes the copies.

By PUT, POST and DELETE of one Secret: with these, policies can keep the answers and errors free of what somebody else
wrote (docs/security.md). With ``get``, ``patch`` and ``deletecollection`` they cannot.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import msgspec
from kubernetes.client import ApiClient, CoreV1Api, V1DeleteOptions, V1Preconditions
from kubernetes.client.exceptions import ApiException

from registry.delivery.copies import TYPE
from registry.delivery.ledger import Lack
from webhook.controller.api_calls import (
    CALL_OPTIONS,
    COMPONENT,
    RAW,
    WRITE_OPTIONS,
    ClusterError,
    ConflictError,
    translate_errors,
)

_FORBIDDEN: Final = 403
_GONE: Final = 404
_EXISTS: Final = 409
_INVALID: Final = 422


class RefusedCopyError(ClusterError):
    """The API server does not accept a copy.

    Attributes:
        lack: Why.
    """

    def __init__(self, message: str, lack: Lack) -> None:
        super().__init__(message)
        self.lack = lack


class GoneError(ClusterError):
    """The copy is not there; or its namespace is not, or ends."""


class Copies:
    """Writes copies."""

    def __init__(self, api: ApiClient) -> None:
        self._core: Any = CoreV1Api(api)  # Its type stubs lack _preload_content.

    def replace(self, namespace: str, name: str, data: Mapping[str, str], **options: str) -> Mapping[str, Any]:
        """Overwrite the copy *name* with *data*, in base64; return its metadata.

        Raises:
            GoneError: There is none.
            RefusedCopyError: It is not accepted.
        """
        with _translated(namespace, name):
            body = _secret(namespace, name, data)
            answer = self._core.replace_namespaced_secret(name, namespace, body, **WRITE_OPTIONS, **RAW, **options)
        return _metadata(answer)

    def create(self, namespace: str, name: str, data: Mapping[str, str]) -> Mapping[str, Any]:
        """Create the copy *name*; if it is there and only we have written it, overwrite it. Return its metadata.

        Raises:
            GoneError: The namespace is not there, or ends.
            RefusedCopyError: It is not accepted, or somebody else's Secret has its name.
        """
        try:
            with _translated(namespace, name):
                body = _secret(namespace, name, data)
                answer = self._core.create_namespaced_secret(namespace, body, **WRITE_OPTIONS, **RAW)
        except ConflictError:
            self._check_ours(namespace, name)
            return self.replace(namespace, name, data)
        return _metadata(answer)

    def delete(self, namespace: str, name: str, uid: str) -> bool:
        """Delete the copy *name*, if it has this *uid*; "" = whichever it has. False if it has another."""
        options = V1DeleteOptions(preconditions=V1Preconditions(uid=uid)) if uid else V1DeleteOptions()
        with translate_errors(f"Secret {name!r} in namespace {namespace!r}", "delete"):
            try:
                self._core.delete_namespaced_secret(name, namespace, body=options, **CALL_OPTIONS, **RAW)
            except ApiException as e:
                if e.status == _EXISTS:
                    return False
                if e.status != _GONE:
                    raise
        return True

    def _check_ours(self, namespace: str, name: str) -> None:
        """Make sure that nobody else has written the Secret *name*.

        The answer to a PUT, also to a dry run, says who has written which fields of the object, and no values.

        Raises:
            RefusedCopyError: Somebody else has.
        """
        found = self.replace(namespace, name, {}, dry_run="All")
        if {entry.get("manager") for entry in found.get("managedFields") or ()} != {COMPONENT}:
            raise _taken(namespace, name)


def _secret(namespace: str, name: str, data: Mapping[str, str]) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, "labels": {"app.kubernetes.io/managed-by": COMPONENT}}
    return {"apiVersion": "v1", "kind": "Secret", "type": TYPE, "metadata": metadata, "data": dict(data)}


def _metadata(answer: Any) -> Mapping[str, Any]:
    found: Mapping[str, Any] = msgspec.json.decode(answer.data)["metadata"]
    return found


@contextmanager
def _translated(namespace: str, name: str) -> Iterator[None]:
    """Turn the client's exceptions into ours. Bodies of errors are not quoted."""
    where = f"namespace {namespace!r}"
    with translate_errors(f"Secret {name!r} in {where}", "create, update"):
        try:
            yield
        except ApiException as e:
            said = str(e.body or "")
            if e.status == _GONE or "is being terminated" in said:
                raise GoneError(f"Secret {name!r} in {where}: not there") from None
            if e.status == _INVALID and "immutable" in said:
                raise _taken(namespace, name) from None
            if e.status == _FORBIDDEN and "exceeded quota" in said:
                raise RefusedCopyError(f"{where}: its quota of Secrets is used up", Lack.QUOTA) from None
            if e.status == _FORBIDDEN and "denied" not in said:
                message = f"Secrets in {where}: forbidden; this service account needs create, update, delete"
                raise RefusedCopyError(message, Lack.FORBIDDEN) from None
            if e.status in (400, _FORBIDDEN, _INVALID):
                message = f"Secret {name!r} in {where}: the API server refuses it ({e.status})"
                raise RefusedCopyError(message, Lack.REFUSED) from None
            raise


def _taken(namespace: str, name: str) -> RefusedCopyError:
    message = f"Secret {name!r} in namespace {namespace!r} was there before, and is not this controller's"
    return RefusedCopyError(message, Lack.TAKEN)
