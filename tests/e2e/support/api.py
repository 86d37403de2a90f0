"""A client of the API server that is faster than kubectl, for many calls."""

import json
from pathlib import Path
from typing import Any

from registry.kube.connect import connect

# Longer than the API server itself needs after a restart.
TIMEOUT = 20.0
# Of what tests read.
VERSIONS = {
    "pods": "v1",
    "secrets": "v1",
    "events": "v1",
    "serviceaccounts": "v1",
    "jobs": "batch/v1",
    "pipelineruns": "tekton.dev/v1",
    "taskruns": "tekton.dev/v1",
    "workflows": "argoproj.io/v1alpha1",
}


class ApiError(Exception):
    """The API server refused a request."""


class Api:
    """A client for one namespace."""

    def __init__(self, kubeconfig: Path, namespace: str) -> None:
        self._api = connect(str(kubeconfig))
        self._namespace = namespace

    def create(self, obj: dict[str, Any], *, dry_run: bool = False) -> tuple[int, str]:
        """Create *obj*; return the status and the answer. Unknown fields are refused, as with kubectl."""
        options = "?fieldValidation=Strict" + ("&dryRun=All" if dry_run else "")
        return self.call("POST", self._path(obj["apiVersion"], obj["kind"]) + options, obj)

    def delete(self, api_version: str, kind: str, name: str) -> tuple[int, str]:
        """Delete an object; return the status and the answer."""
        return self.call("DELETE", f"{self._path(api_version, kind)}/{name}")

    def get(self, resource: str, name: str = "", query: str = "") -> Any:
        """One object, or the list of all: `get("pods")`, `get("workflows", "w")`.

        Raises:
            ApiError: There is none, or the API server does not answer as usual.
        """
        group = _group(VERSIONS[resource])
        path = "/".join([f"{group}/namespaces/{self._namespace}", resource, *([name] if name else [])])
        status, text = self.call("GET", f"{path}?{query}" if query else path)
        if status != 200:
            raise ApiError(f"GET {path}: {status} {text}")
        return json.loads(text)

    def _path(self, api_version: str, kind: str) -> str:
        return f"{_group(api_version)}/namespaces/{self._namespace}/{kind.lower()}s"

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """Send a request; return the status and the text of the answer."""
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        self._api.update_params_for_auth(headers, [], ["BearerToken"], path, method, body)
        response = self._api.rest_client.request(
            method, self._api.configuration.host + path, headers=headers, body=body, _request_timeout=TIMEOUT
        ).response
        return response.status, response.data.decode()


def _group(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
