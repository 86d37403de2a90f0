"""Plain and JSON answers of the webhook, apart from reviews. Pure."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from flask import Response

# The API server tries again after a 503 only if the answer says when.
_RETRY_SOON: Final = {"Retry-After": "1"}


def plain(text: str, status: int = 200) -> Response:
    """One line of text."""
    return Response(text + "\n", status, _RETRY_SOON if status == 503 else None, "text/plain")


def as_json(document: Mapping[str, Any], status: int = 200) -> Response:
    """A document for programs."""
    body = msgspec.json.encode(document) + b"\n"
    return Response(body, status, _RETRY_SOON if status == 503 else None, "application/json")


def unready(reason: str) -> Response:
    """The readiness probe's answer while no reviews should be sent here."""
    return as_json({"ready": False, "reason": reason}, 503)
