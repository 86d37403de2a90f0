"""A client of the API server that is answered wrongly, once."""

import json
from typing import Any

import urllib3
from kubernetes.client import ApiClient
from kubernetes.client.rest import RESTResponse


class Flaws:
    """Which of the requests is answered wrongly."""

    def __init__(self) -> None:
        self._left = -1
        self._answer: str | int = 0
        self._is_done = False

    def set(self, step: int, answer: str | int, *, is_done: bool) -> None:
        """Answer the request number *step* from now on with *answer*, after it *is_done* or in place of that."""
        self._left, self._answer, self._is_done = step, answer, is_done

    def call(self, original: Any, *args: Any, **options: Any) -> Any:
        """Make a call, or not."""
        self._left -= 1
        if self._left != -1:
            return original(*args, **options)
        if self._is_done:
            original(*args, **options)
        if self._answer == "lost":
            raise urllib3.exceptions.ReadTimeoutError(None, "", "")  # type: ignore[arg-type]
        status = {"kind": "Status", "code": self._answer, "message": "flawed"}
        content = json.dumps(status).encode()
        return RESTResponse(urllib3.HTTPResponse(content, {"Content-Type": "application/json"}, int(self._answer)))


def with_flaws(api: ApiClient) -> Flaws:
    """Make *api* answer wrongly as the result says."""
    flaws, original = Flaws(), api.call_api
    api.call_api = lambda *args, **options: flaws.call(original, *args, **options)
    return flaws
