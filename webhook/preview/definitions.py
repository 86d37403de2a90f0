"""The definitions that previewed runs refer to: in files, then in a cluster. Pure: the caller reads both."""

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

import jsonpatch

from registry.documents import streams
from registry.errors import UnreadableError
from registry.resolving.index import Index
from registry.resolving.selectors import Consumer
from webhook.adapters import layout_of
from webhook.errors import RefusedError
from webhook.mutation.mutate import mutate
from webhook.objects import manifests
from webhook.objects.walk import as_map
from webhook.preview.expected_pods.expected import FindDefinition
from webhook.preview.subjects import subjects

_KINDS = frozenset({"Pipeline", "Task", "StepAction", "WorkflowTemplate", "ClusterWorkflowTemplate"})
# Parsing YAML is slow: only chunks that this matches are parsed, as all files are read a second time for the preview.
_MAY_DEFINE = re.compile(rf"""kind["']?:\s*["']?(?:{"|".join(_KINDS)})(?:List)?\b""")


class Definitions:
    """Finds definitions by kind, name and namespace; those in files win.

    Args:
        namespace_of: Gives the namespace of an object in a file.
        find_in_cluster: Finds definitions that are in no file.
    """

    def __init__(
        self, namespace_of: Callable[[Mapping[str, Any]], str], find_in_cluster: FindDefinition | None
    ) -> None:
        self._namespace_of = namespace_of
        self._find_in_cluster = find_in_cluster
        self._in_files: dict[tuple[str, str, str], Mapping[str, Any]] = {}

    def add(self, lines: Iterable[str]) -> None:
        """Add the definitions of a stream, as the webhook would store them."""
        with suppress(UnreadableError):  # The preview of the file itself says so.
            for chunk in streams.chunks(lines):
                if _MAY_DEFINE.search(chunk.text):
                    self._add_all(chunk.text)

    def _add_all(self, text: str) -> None:
        for document in manifests.load(text):
            for subject in subjects(document.content):
                if subject.obj.get("kind") in _KINDS and layout_of(subject.obj):
                    self._add(subject.obj)

    def _add(self, obj: Mapping[str, Any]) -> None:
        with suppress(RefusedError):  # The preview of the definition itself shows the refusal.
            obj = jsonpatch.apply_patch(obj, list(mutate(obj, Index(), Consumer()).ops))
        kind, name = str(obj["kind"]), str(as_map(obj.get("metadata")).get("name"))
        self._in_files[kind, name, _scope(kind, self._namespace_of(obj))] = obj

    def seen_from(self, namespace: str) -> FindDefinition:
        """A function that finds what runs in *namespace* refer to."""

        def find(kind: str, name: str, other_namespace: str) -> Mapping[str, Any] | None:
            key = kind, name, _scope(kind, other_namespace or namespace)
            if key in self._in_files or self._find_in_cluster is None:
                return self._in_files.get(key)
            return self._find_in_cluster(*key)

        return find


def _scope(kind: str, namespace: str) -> str:
    """The namespace, or "" for kinds that have none."""
    return "" if kind.startswith("Cluster") else namespace
