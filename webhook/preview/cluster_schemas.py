"""EDGE: the schemas of kinds in a cluster, as its API server publishes them to everybody who may log in."""

from collections.abc import Mapping
from typing import Any

from kubernetes.client import ApiClient

from registry.errors import UnreadableError
from registry.kube.reading import read
from webhook.objects.walk import as_map, maps_in


class ClusterSchemas:
    """Reads the OpenAPI documents of an API server, each once."""

    def __init__(self, api: ApiClient) -> None:
        self._api = api
        self._read: dict[str, Mapping[str, Any]] = {}

    def find(self, api_version: str, kind: str) -> Mapping[str, Any] | None:
        """The schema of *kind*; None if the API server does not say it."""
        if api_version not in self._read:
            self._read[api_version] = self._get(api_version)
        group, _, version = api_version.rpartition("/")
        wanted = {"group": group, "version": version, "kind": kind}
        for schema in self._read[api_version].values():
            if any(gvk == wanted for _, gvk in maps_in(as_map(schema).get("x-kubernetes-group-version-kind"))):
                return as_map(schema)
        return None

    def _get(self, api_version: str) -> Mapping[str, Any]:
        """The schemas of *api_version*; none if they cannot be had: what depends on them is then said as a guess."""
        try:
            document = read(self._api, f"/openapi/v3/apis/{api_version}")
        except UnreadableError:
            return {}
        return as_map(as_map(as_map(document).get("components")).get("schemas"))
