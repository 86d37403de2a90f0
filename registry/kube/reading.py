"""EDGE: reads objects from the API server, once, and says why one cannot be read."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import quote

import msgspec
from kubernetes.client import ApiClient, CoreV1Api
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from registry.errors import ForbiddenError, NotServedError, UnreadableError

# Seconds to connect, and for the answer.
_TIMEOUT: Final = (5.0, 10.0)
_CREATED, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 201, 401, 403, 404
_REVIEW: Final = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


def path_of(*parts: str) -> str:
    """The path ``/PART/PART…``, whatever the parts hold: names come from files that anybody may have written.

    In the place of an empty name, or one of dots, there is one that no object has.
    """
    return "".join(f"/{quote(part, safe='') if part.strip('.') else '-' + part}" for part in parts)


def read(api: ApiClient, path: str) -> Mapping[str, Any] | None:
    """The object at *path*, ``/api/v1/namespaces/NAME`` for example; None if there is none.

    Raises:
        ForbiddenError: The caller may not read it.
        UnreadableError: The API server cannot be reached, or fails.
    """
    headers = {"Accept": "application/json"}
    api.update_params_for_auth(headers, [], ["BearerToken"], path, "GET", None)
    with readable(api, path):
        url = f"{api.configuration.host}{path}"
        response = api.rest_client.request("GET", url, headers=headers, _request_timeout=_TIMEOUT).response
        if response.status == _NOT_FOUND:
            return None
        if response.status != 200:
            raise ApiException(status=response.status, reason=message_of(response.data))
        found: Mapping[str, Any] = msgspec.json.decode(response.data, type=dict[str, Any])
        return found


def namespaces(api: ApiClient) -> list[Mapping[str, Any]]:
    """All namespaces.

    Raises:
        ForbiddenError: The caller may not list them.
        UnreadableError: The API server cannot be reached, or fails.
    """
    core: Any = CoreV1Api(api)  # Its type stubs lack _preload_content.
    with readable(api, "/api/v1/namespaces"):
        answer = core.list_namespace(_preload_content=False, _request_timeout=_TIMEOUT)
        found: list[Mapping[str, Any]] = msgspec.json.decode(answer.data)["items"]
        return found


def user_of(api: ApiClient) -> str:
    """The user as whom *api* calls the API server, as reviews name him.

    Raises:
        ForbiddenError: The caller may not ask that.
        UnreadableError: The API server cannot be reached, or fails.
    """
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    api.update_params_for_auth(headers, [], ["BearerToken"], _REVIEW, "POST", None)
    with readable(api, _REVIEW):
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        url = f"{api.configuration.host}{_REVIEW}"
        response = api.rest_client.request("POST", url, headers=headers, body=body, _request_timeout=_TIMEOUT).response
        if response.status != _CREATED:
            raise ApiException(status=response.status, reason=message_of(response.data))
        review = msgspec.json.decode(response.data, type=_SelfSubjectReview)
    return review.status.userInfo.username


class _UserInfo(msgspec.Struct):
    username: str


class _ReviewStatus(msgspec.Struct):
    userInfo: _UserInfo  # noqa: N815 - Kubernetes' name


class _SelfSubjectReview(msgspec.Struct):
    status: _ReviewStatus


@contextmanager
def readable(api: ApiClient, path: str) -> Iterator[None]:
    """Turn the client's exceptions into errors that say what cannot be read, and why.

    Raises:
        ForbiddenError: The caller may not read what is at *path*.
        NotServedError: There are no objects of that kind in the cluster.
        UnreadableError: The API server cannot be reached, or fails.
    """
    try:
        yield
    except ApiException as e:
        if e.status == _NOT_FOUND:
            raise NotServedError(f"{path}: the cluster has nothing of that kind; is it installed there?") from e
        cls = ForbiddenError if e.status in (_UNAUTHORIZED, _FORBIDDEN) else UnreadableError
        raise cls(f"{path}: {e.reason}") from e
    except (HTTPError, OSError, ValueError) as e:
        raise UnreadableError(f"{api.configuration.host}: the API server does not answer") from e


def message_of(body: bytes) -> str:
    """The API server's message in the body of an error."""
    try:
        return str(msgspec.json.decode(body)["message"])
    except (ValueError, KeyError, TypeError):
        return body[:100].decode(errors="replace")
