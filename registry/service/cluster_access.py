"""EDGE: who sends a request and what they may do, as the API server says: TokenReview and SubjectAccessReview."""

import hashlib
import logging
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any, Final, Generic, TypeVar

import msgspec
from kubernetes.client import ApiClient, AuthenticationV1Api, AuthorizationV1Api
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from registry.records.extension_objects import API_VERSION
from registry.service.access import Caller, Verb, bearer_token, unauthenticated
from registry.service.problems import RequestError

T = TypeVar("T")
# Seconds for which an answer of the API server counts: so long after a right was taken away, it may still be used.
KEPT: Final = 5.0
_MOST_KEPT: Final = 1000
# Longer ones would not fit into a header either.
_MAX_TOKEN: Final = 8192
_GROUP, _, _VERSION = API_VERSION.partition("/")
_OPTIONS: Final[dict[str, Any]] = {"_request_timeout": (5.0, 10.0), "_preload_content": False}

_log = logging.getLogger(__name__)


class ClusterAccess:
    """The rights in a *namespace* of a cluster.

    Args:
        audiences: For which tokens must be; none = for the API server.
        clock: Gives seconds.
    """

    def __init__(
        self,
        api: ApiClient,
        *,
        namespace: str,
        audiences: tuple[str, ...] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._authentication: Any = AuthenticationV1Api(api)  # Their type stubs lack _preload_content.
        self._authorization: Any = AuthorizationV1Api(api)
        self._namespace = namespace
        self._audiences = audiences
        self._callers: _Kept[Caller | None] = _Kept(clock)
        self._rights: _Kept[bool] = _Kept(clock)

    def caller(self, authorization: str) -> Caller:
        """Whom the token in the header belongs to."""
        token = bearer_token(authorization)
        if len(token) > _MAX_TOKEN or not token.isascii():
            raise unauthenticated("the bearer token is none of this cluster")
        # Tokens themselves are not kept.
        caller = self._callers.get(hashlib.sha256(token.encode()).digest(), lambda: self._review(token))
        if caller is None:
            raise unauthenticated("the API server does not know the bearer token, or it has expired")
        return caller

    def allows(self, caller: Caller, verb: Verb, extension_id: str) -> bool:
        """True if *caller* may do this to Extensions in the namespace."""
        allowed = self._rights.get((caller, verb, extension_id), lambda: self._may(caller, verb, extension_id))
        if not allowed:
            _log.info({"message": "refused", "user": caller.name, "verb": verb, "extension": extension_id})
        return allowed

    def _review(self, token: str) -> Caller | None:
        spec = {"token": token, **({"audiences": list(self._audiences)} if self._audiences else {})}
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": spec}
        with _translated("TokenReview"):
            status = _status(self._authentication.create_token_review(body, **_OPTIONS))
        user = status.get("user") or {}
        if status.get("authenticated") is not True or not user.get("username"):
            return None
        # A server that does not know of audiences answers none: then the token is for itself only.
        if self._audiences and not {*self._audiences} & {*(status.get("audiences") or ())}:
            return None
        extra = sorted((user.get("extra") or {}).items())
        return Caller(
            str(user["username"]),
            tuple(user.get("groups") or ()),
            str(user.get("uid") or ""),
            tuple((name, tuple(values or ())) for name, values in extra),
        )

    def _may(self, caller: Caller, verb: Verb, extension_id: str) -> bool:
        attributes = {
            "namespace": self._namespace,
            "verb": verb,
            "group": _GROUP,
            "version": _VERSION,
            "resource": "extensions",
            **({"name": extension_id} if extension_id else {}),
        }
        spec = {
            "user": caller.name,
            "groups": list(caller.groups),
            "extra": {name: list(values) for name, values in caller.extra},
            "resourceAttributes": attributes,
            **({"uid": caller.uid} if caller.uid else {}),
        }
        body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
        with _translated("SubjectAccessReview"):
            status = _status(self._authorization.create_subject_access_review(body, **_OPTIONS))
        return status.get("allowed") is True and status.get("denied") is not True


class _Kept(Generic[T]):
    """Answers, each for some seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._answers: dict[Any, tuple[float, T]] = {}

    def get(self, key: Any, ask: Callable[[], T]) -> T:
        """The answer to *key*, which *ask* gives. An error is not kept."""
        now = self._clock()
        with self._lock:
            found = self._answers.get(key)
        if found is not None and now < found[0]:
            return found[1]
        answer = ask()
        with self._lock:
            if len(self._answers) >= _MOST_KEPT:
                self._answers.clear()
            # Counted from before the question: it may have taken long.
            self._answers[key] = now + KEPT, answer
        return answer


@contextmanager
def _translated(what: str) -> Any:
    """Turn the client's exceptions into an answer. Their texts are passed over: one may hold a token."""
    try:
        yield
    except (ApiException, HTTPError, OSError, msgspec.DecodeError) as e:
        said = f"status {e.status}" if isinstance(e, ApiException) else type(e).__name__
        _log.warning("%s cannot be asked for: %s", what, said)
        message = "the API server cannot say now who you are and what you may do; try again"
        raise RequestError(503, "Unavailable", message, {"Retry-After": "1"}) from None


def _status(answer: Any) -> dict[str, Any]:
    status = msgspec.json.decode(answer.data).get("status")
    return status if isinstance(status, dict) else {}
