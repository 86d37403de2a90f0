"""EDGE: what all calls to the API server have in common: a time limit, and errors that say what would help."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from kubernetes.client import ApiClient, V1ObjectMeta
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from webhook.errors import WebhookError

# Seconds. A leader that waits longer for an answer cannot renew its Lease in time.
CALL_TIMEOUT: Final = 5.0
COMPONENT: Final = "fuseml-controller"

CALL_OPTIONS: Final[dict[str, Any]] = {"_request_timeout": CALL_TIMEOUT}
WRITE_OPTIONS: Final[dict[str, Any]] = {"_request_timeout": CALL_TIMEOUT, "field_manager": COMPONENT}
# The answer as bytes: where types would only cost time.
RAW: Final[dict[str, Any]] = {"_preload_content": False}


class ClusterError(WebhookError):
    """A call to the API server failed. The message names the object and says what would help."""


class ConflictError(ClusterError):
    """Another client changed the object after it was read."""


class UnreachableError(ClusterError):
    """The API server does not answer. What it was asked for may be done all the same."""


class NotLeaderError(ClusterError):
    """Another process may lead by now."""


def without_retries(api: ApiClient) -> ApiClient:
    """A client like *api* that tries each call once: retries would multiply the time limit."""
    api.configuration.retries = False
    return ApiClient(api.configuration)


def metadata(obj: Any) -> V1ObjectMeta:
    """The metadata of *obj*, which every object from an API server has."""
    return obj.metadata or V1ObjectMeta()


@contextmanager
def translate_errors(what: str, verbs: str) -> Iterator[None]:
    """Turn the client's exceptions into ClusterErrors about *what*, for which the service account needs *verbs*.

    The original exception is not chained: its text holds the request body, which may contain private keys.
    """
    try:
        yield
    except ApiException as e:
        if e.status == 409:
            raise ConflictError(f"{what}: changed meanwhile by another client") from None
        raise ClusterError(f"{what}: {_reason(e, verbs)}") from None
    except HTTPError as e:
        raise UnreachableError(f"API server: cannot be reached: {type(e).__name__}") from None


def _reason(e: ApiException, verbs: str) -> str:
    if e.status == 404:
        return "not found; apply the manifests, which contain it"
    if e.status == 403:
        return f"forbidden; this service account needs {verbs}"
    if e.status == 401:
        return "the API server does not accept this token"
    return f"the API server returned {e.status} {e.reason or ''}".rstrip()
