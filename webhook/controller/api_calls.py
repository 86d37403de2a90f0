"""EDGE: what every call to the API server has: a time limit, and an error that says what would help."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from kubernetes.client import ApiClient, V1ObjectMeta
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from webhook.errors import WebhookError

# Seconds. An answer that comes later is of no use to a leader who must renew its lease.
PATIENCE: Final = 5.0
WRITER: Final = "fuseml-controller"

LIMITED: Final[dict[str, Any]] = {"_request_timeout": PATIENCE}
WRITING: Final[dict[str, Any]] = {"_request_timeout": PATIENCE, "field_manager": WRITER}


class ClusterError(WebhookError):
    """The API server did not do what it was asked for. Says with which object, and what would help."""


class ConflictError(ClusterError):
    """Somebody else has changed an object since it was read."""


class NotLeaderError(ClusterError):
    """Somebody else may be leading by now."""


def impatient(api: ApiClient) -> ApiClient:
    """The same client, but one that tries each call once: its retries would multiply the time limit."""
    api.configuration.retries = False
    return ApiClient(api.configuration)


def metadata(obj: Any) -> V1ObjectMeta:
    """The metadata that every object has which an API server gives."""
    return obj.metadata or V1ObjectMeta()


@contextmanager
def asking(what: str, verbs: str) -> Iterator[None]:
    """Translate what goes wrong with *what*, for which the service account needs *verbs*.

    The cause is left behind: its text holds what was sent, keys included.
    """
    try:
        yield
    except ApiException as e:
        if e.status == 409:
            raise ConflictError(f"{what}: changed meanwhile") from None
        raise ClusterError(f"{what}: {_why(e, verbs)}") from None
    except HTTPError as e:
        raise ClusterError(f"API server: cannot be reached: {type(e).__name__}") from None


def _why(e: ApiException, verbs: str) -> str:
    if e.status == 404:
        return "not found; apply the manifests, which hold it"
    if e.status == 403:
        return f"forbidden; this service account needs {verbs}"
    if e.status == 401:
        return "the API server does not know this token"
    return f"the API server answers {e.status} {e.reason or ''}".rstrip()
