"""The API server without kubectl: many calls in little time."""

from pathlib import Path
from typing import Any

from registry.kube.connect import connect

# What the API server itself needs to come back after a restart is not the product's.
TIMEOUT = 20.0


class Api:
    """One connection."""

    def __init__(self, kubeconfig: Path, namespace: str) -> None:
        self._api = connect(str(kubeconfig))
        self._namespace = namespace

    def create(self, obj: dict[str, Any], *, dry_run: bool = False) -> tuple[int, str]:
        """Status, and what the API server says; unknown fields are refused, as kubectl has it."""
        options = "?fieldValidation=Strict" + ("&dryRun=All" if dry_run else "")
        return self.call("POST", self._path(obj["apiVersion"], obj["kind"]) + options, obj)

    def delete(self, api_version: str, kind: str, name: str) -> tuple[int, str]:
        """Status, and what the API server says."""
        return self.call("DELETE", f"{self._path(api_version, kind)}/{name}")

    def _path(self, api_version: str, kind: str) -> str:
        group = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        return f"{group}/namespaces/{self._namespace}/{kind.lower()}s"

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """Status and text of any answer."""
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        self._api.update_params_for_auth(headers, [], ["BearerToken"], path, method, body)
        response = self._api.rest_client.request(
            method, self._api.configuration.host + path, headers=headers, body=body, _request_timeout=TIMEOUT
        ).response
        return response.status, response.data.decode()
