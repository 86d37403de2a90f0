"""EDGE: a whole request in, the bytes of its answer out."""

import io
from typing import Any

from gunicorn.http import wsgi

from webhook.serving.connection import Connection, Whole

# In place of gunicorn's name, which is nobody's business.
SERVER = "fuseml"


class _Sink(io.BytesIO):
    """What gunicorn takes for a socket, and writes an answer to."""

    sendall = io.BytesIO.write


def respond(app: Any, request: Whole, connection: Connection, *, cfg: Any, closing: bool) -> tuple[bytes, bool]:
    """Call *app*; give the answer, and whether the connection closes after it, as it does if *closing*."""
    sink = _Sink()
    response, environ = wsgi.create(request.head, sink, connection.client, connection.server, cfg)
    environ["wsgi.input"] = io.BytesIO(request.body)
    environ["wsgi.multithread"] = True
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
