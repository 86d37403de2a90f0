"""Sends requests to an API server as somebody else, and keeps all of each answer."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from urllib3 import HTTPHeaderDict

from registry.kube.connect import connect

TIMEOUT = 20.0


class Answer(NamedTuple):
    """What the API server answered, to the last byte."""

    status: int
    headers: str
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode(errors="replace")

    @property
    def message(self) -> str:
        """The message of a Status; of an answer of another kind, nothing."""
        try:
            return str(json.loads(self.body).get("message", ""))
        except (ValueError, AttributeError):
            return ""

    def json(self) -> Any:
        """The body as data."""
        return json.loads(self.body)


class Caller:
    """Calls an API server with the credentials of a kubeconfig, as *user* in *groups* if these are given."""

    def __init__(self, kubeconfig: Path, user: str = "", groups: tuple[str, ...] = ()) -> None:
        self._kubeconfig = kubeconfig
        self._others: dict[tuple[str, ...], Caller] = {}
        self._api = connect(str(kubeconfig))
        self._headers = HTTPHeaderDict()
        authentication: dict[str, str] = {}
        self._api.update_params_for_auth(authentication, [], ["BearerToken"], "", "", None)
        self._headers.extend(authentication)
        if user:
            self._headers.add("Impersonate-User", user)
        for group in groups:
            self._headers.add("Impersonate-Group", group)

    def acting_as(self, user: str, *groups: str) -> "Caller":
        """The same API server, called as somebody else."""
        key = (user, *groups)
        if key not in self._others:
            self._others[key] = Caller(self._kubeconfig, user, groups)
        return self._others[key]

    def send(
        self, method: str, path: str, body: Any = None, kind: str = "application/json", accept: str = "application/json"
    ) -> Answer:
        """Send a request. A body that is neither text nor bytes is sent as JSON, under the content type *kind*."""
        headers = self._headers.copy()
        headers.add("Content-Type", kind)
        headers.add("Accept", accept)
        sent = body if body is None or isinstance(body, str | bytes) else json.dumps(body)
        host = self._api.configuration.host
        response = self._api.rest_client.pool_manager.request(
            method, host + path, body=sent, headers=headers, timeout=TIMEOUT, retries=False
        )
        shown = "".join(f"{name}: {value}\n" for name, value in response.headers.items())
        return Answer(response.status, shown, response.data)
