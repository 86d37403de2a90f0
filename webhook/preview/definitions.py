"""The definitions in files and, if there is one, in a cluster, for who previews a run. EDGE of the CLI."""

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

import jsonpatch

from registry.resolving.index import Index
from registry.resolving.selectors import Consumer
from webhook.adapters import layout_of
from webhook.errors import RefusedError
from webhook.mutation.mutate import mutate
from webhook.objects import manifests
from webhook.objects.walk import as_map
from webhook.preview.expected_pods.expected import Lookup
from webhook.preview.subjects import subjects

_KINDS = frozenset({"Pipeline", "Task", "StepAction", "WorkflowTemplate", "ClusterWorkflowTemplate"})
# Reading all of a large file twice takes twice as long.
_SIGN = re.compile(rf"""kind["']?:\s*["']?(?:{"|".join(_KINDS)})\b""")

Cluster = Callable[[str, str, str], Mapping[str, Any] | None]


class Definitions:
    """What runs refer to: by kind, name and namespace; in files first.

    Args:
        namespace: Gives the namespace of an object in a file.
        cluster: Gives what is in no file.
    """

    def __init__(self, namespace: Callable[[Mapping[str, Any]], str], cluster: Cluster | None) -> None:
        self._namespace = namespace
        self._cluster = cluster
        self._held: dict[tuple[str, str, str], Mapping[str, Any]] = {}

    def add(self, lines: Iterable[str]) -> None:
        """Take in the definitions of a stream, as the cluster would have them."""
        for chunk in manifests.chunks(lines):
            if not _SIGN.search(chunk.text):
                continue
            for document in manifests.load(chunk.text):
                for subject in subjects(document.content):
                    if subject.obj.get("kind") in _KINDS and layout_of(subject.obj):
                        self._add(subject.obj)

    def _add(self, obj: Mapping[str, Any]) -> None:
        with suppress(RefusedError):  # Which is shown with the object itself.
            obj = jsonpatch.apply_patch(obj, list(mutate(obj, Index(), Consumer()).ops))
        name = str(as_map(obj.get("metadata")).get("name"))
        self._held[str(obj["kind"]), name, self._place(str(obj["kind"]), self._namespace(obj))] = obj

    def of(self, namespace: str) -> Lookup:
        """What runs in *namespace* refer to."""

        def lookup(kind: str, name: str, elsewhere: str) -> Mapping[str, Any] | None:
            key = kind, name, self._place(kind, elsewhere or namespace)
            if key in self._held or self._cluster is None:
                return self._held.get(key)
            return self._cluster(*key)

        return lookup

    @staticmethod
    def _place(kind: str, namespace: str) -> str:
        return "" if kind.startswith("Cluster") else namespace
