"""EDGE: answers in the form that the client of the present request takes."""

import secrets
from typing import Any, Final

from flask import Response, request

from registry.service import formats, problems
from registry.service.problems import RequestError

# Values are in no answer, but where what is connected to what is nobody else's affair either.
_ALWAYS: Final = {"Cache-Control": "no-store", "Vary": "Accept", "X-Content-Type-Options": "nosniff"}


def shown(data: Any, status: int = 200, *, revision: str = "", headers: dict[str, str] | None = None) -> Response:
    """*data* in JSON or YAML.

    Args:
        revision: Of the extension that it is a part of; "" = of none.
    """
    kind = request.accept_mimetypes.best_match(formats.ANSWER_TYPES) or formats.YAML
    response = Response(formats.write(data, kind), status, content_type=kind)
    response.headers.update({**_ALWAYS, **(headers or {})})
    if revision:
        response.headers["ETag"] = f'"{revision}"'
    return response


def empty(status: int, *, revision: str = "") -> Response:
    """An answer without a body."""
    response = Response(status=status)
    response.headers.update(_ALWAYS)
    del response.headers["Content-Type"]
    if revision:
        response.headers["ETag"] = f'"{revision}"'
    return response


def refusal(error: RequestError) -> Response:
    """Why the request is not carried out."""
    return shown(problems.body_of(error, secrets.token_urlsafe(6)), error.status, headers=error.headers)
