"""EDGE: a complete request in, the bytes of its answer out."""

import io
from typing import Any

from gunicorn.http import wsgi

from webhook.serving.app import RECEIVED
from webhook.serving.connection import CompleteRequest, Connection

# Replaces gunicorn's name in answers: attackers need not know it.
SERVER = "fuseml"


class _Sink(io.BytesIO):
    """A stand-in for a socket, to which gunicorn writes an answer."""

    sendall = io.BytesIO.write


def respond(
    app: Any, request: CompleteRequest, connection: Connection, *, cfg: Any, closing: bool
) -> tuple[bytes, bool]:
    """Call *app*; give the answer, and True if the connection closes after it, as it does if *closing*."""
    sink = _Sink()
    response, environ = wsgi.create(request.head, sink, connection.client, connection.server, cfg)
    environ["wsgi.input"] = io.BytesIO(request.body)
    environ["wsgi.multithread"] = True
    environ[RECEIVED] = connection.since
    response.version = SERVER
    if closing:
        response.force_close()
    pieces = app(environ, response.start_response)
    try:
        for piece in pieces:
            response.write(piece)
        response.close()
    finally:
        if hasattr(pieces, "close"):
            pieces.close()
    return sink.getvalue(), response.should_close()
