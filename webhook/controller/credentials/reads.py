"""EDGE: reads what decides who gets a copy, straight from the API server. No cache is new enough for that."""

from typing import Any, Final

import msgspec
from kubernetes.client import ApiClient, CoreV1Api, CustomObjectsApi
from kubernetes.client.exceptions import ApiException

from registry.errors import InvalidRecordsError
from registry.records import extension_objects
from registry.records.model import Extension
from webhook.controller.api_calls import CALL_OPTIONS, RAW, ClusterError, translate_errors
from webhook.controller.credentials.facts import Namespace, Rules, Source, namespace_of, source_of

_GONE: Final = 404


class UnreadableRecordError(ClusterError):
    """An Extension holds no record that can be read."""


class Reads:
    """Reads single objects.

    Args:
        registry: The namespace of the records for everyone and of the source Secrets.
        rules: How namespaces are read.
        allowed: Variables that control a loader or an interpreter and may be registered all the same.
    """

    def __init__(self, api: ApiClient, *, registry: str, rules: Rules, allowed: frozenset[str] = frozenset()) -> None:
        self._core: Any = CoreV1Api(api)  # Its type stubs lack _preload_content.
        self._objects: Any = CustomObjectsApi(api)
        self._registry = registry
        self._rules = rules
        self._allowed = allowed

    def source(self, name: str) -> Source | None:
        """The Secret *name* of the registry's namespace; None if there is none."""
        with translate_errors(f"Secret {name!r} in namespace {self._registry!r}", "get"):
            obj = read(self._core.read_namespaced_secret, name, self._registry)
        return source_of(obj) if obj else None

    def extension(self, name: str) -> Extension | None:
        """The record *name* that is for everyone; None if there is none.

        Raises:
            UnreadableRecordError: It breaks the rules of records.
        """
        group, _, version = extension_objects.API_VERSION.partition("/")
        with translate_errors(f"Extension {name!r} in namespace {self._registry!r}", "get"):
            obj = read(self._objects.get_namespaced_custom_object, group, version, self._registry, "extensions", name)
        try:
            return extension_objects.decode(obj, allowed=self._allowed) if obj else None
        except InvalidRecordsError as e:
            raise UnreadableRecordError(f"Extension {name!r} cannot be read: {e.problems[0]}") from None

    def namespace(self, name: str) -> Namespace | None:
        """The Namespace *name*; None if there is none."""
        with translate_errors(f"Namespace {name!r}", "get"):
            obj = read(self._core.read_namespace, name)
        return namespace_of(obj, self._rules) if obj else None


def read(call: Any, *arguments: str) -> Any:
    """The object that *call* gets; None if there is none."""
    try:
        answer = call(*arguments, **CALL_OPTIONS, **RAW)
    except ApiException as e:
        if e.status == _GONE:
            return None
        raise
    return msgspec.json.decode(answer.data)
