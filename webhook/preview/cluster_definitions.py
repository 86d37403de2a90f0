"""EDGE: the definitions in a cluster, for previews of runs there."""

from collections.abc import Mapping
from typing import Any, Final

from kubernetes.client import ApiClient, CustomObjectsApi
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from registry.errors import UnreadableError
from webhook.objects.walk import as_map

_APIS: Final = {
    "Pipeline": ("tekton.dev", "v1", "pipelines"),
    "Task": ("tekton.dev", "v1", "tasks"),
    "StepAction": ("tekton.dev", "v1beta1", "stepactions"),
    "WorkflowTemplate": ("argoproj.io", "v1alpha1", "workflowtemplates"),
    "ClusterWorkflowTemplate": ("argoproj.io", "v1alpha1", "clusterworkflowtemplates"),
}
_TIMEOUT: Final = 10.0


class ClusterDefinitions:
    """Reads definitions from the API server, each once."""

    def __init__(self, api: ApiClient) -> None:
        self._api = CustomObjectsApi(api)
        self._read: dict[tuple[str, str, str], Mapping[str, Any] | None] = {}

    def find(self, kind: str, name: str, namespace: str) -> Mapping[str, Any] | None:
        """The definition; None if it does not exist.

        Raises:
            UnreadableError: The API server refused or did not answer.
        """
        key = kind, name, namespace
        if key not in self._read:
            self._read[key] = self._get(*key)
        return self._read[key]

    def _get(self, kind: str, name: str, namespace: str) -> Mapping[str, Any] | None:
        group, version, plural = _APIS[kind]
        try:
            if kind.startswith("Cluster"):
                found = self._api.get_cluster_custom_object(group, version, plural, name, _request_timeout=_TIMEOUT)
            else:
                found = self._api.get_namespaced_custom_object(
                    group, version, namespace, plural, name, _request_timeout=_TIMEOUT
                )
        except ApiException as e:
            if e.status == 404:
                return None
            raise UnreadableError(f"{kind} {name!r} in namespace {namespace!r}: {e.reason}") from e
        except (HTTPError, OSError) as e:
            raise UnreadableError(f"{self._api.api_client.configuration.host}: the API server does not answer") from e
        return as_map(found)
