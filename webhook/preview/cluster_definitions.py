"""EDGE: the definitions in a cluster, for previews of runs there."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from kubernetes.client import ApiClient

from registry.errors import ForbiddenError
from registry.kube.reading import path_of, read

_APIS: Final = {
    "Pipeline": ("tekton.dev", "v1", "pipelines"),
    "Task": ("tekton.dev", "v1", "tasks"),
    "StepAction": ("tekton.dev", "v1beta1", "stepactions"),
    "WorkflowTemplate": ("argoproj.io", "v1alpha1", "workflowtemplates"),
    "ClusterWorkflowTemplate": ("argoproj.io", "v1alpha1", "clusterworkflowtemplates"),
}


class ClusterDefinitions:
    """Reads definitions from the API server, each once.

    Args:
        say: Called with each definition that the caller may not read, and what that means; once for each.
    """

    def __init__(self, api: ApiClient, say: Callable[[str], None]) -> None:
        self._api = api
        self._say = say
        self._read: dict[tuple[str, str, str], Mapping[str, Any] | None] = {}

    def find(self, kind: str, name: str, namespace: str) -> Mapping[str, Any] | None:
        """The definition; None if it does not exist, or the caller may not read it.

        Raises:
            UnreadableError: The API server did not answer.
        """
        key = kind, name, namespace
        if key not in self._read:
            self._read[key] = self._get(*key)
        return self._read[key]

    def _get(self, kind: str, name: str, namespace: str) -> Mapping[str, Any] | None:
        group, version, plural = _APIS[kind]
        scope = () if kind.startswith("Cluster") else ("namespaces", namespace)
        try:
            return read(self._api, path_of("apis", group, version, *scope, plural, name))
        except ForbiddenError as e:
            self._say(f"{kind} {name!r} is left out, with the pods of its steps, as you may not read it: {e}")
            return None
