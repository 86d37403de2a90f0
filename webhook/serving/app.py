"""EDGE: the webhook's HTTP routes. How decisions and errors become HTTP answers, and nothing else."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from registry.stores.store import RegistryReader
from webhook.mutation import mutate as mutation
from webhook.mutation.settings import Settings
from webhook.process.logs import log_defect
from webhook.serving import answers
from webhook.serving.reviewer import Mutate, Observer, Reviewer, Unobserved

# A review holds an object twice, the API server takes objects of up to 3 MiB, and the rest of it is small.
BODY_LIMIT: Final = 7 * 1024 * 1024
# All replicas share the certificate: to be unready any earlier would only begin the outage earlier.
EXPIRY_MARGIN: Final = 60.0
# In the environment of a request: when all of it was there, by the monotonic clock. It may have waited since.
RECEIVED: Final = "fuseml.received"


_log = logging.getLogger(__name__)


def create_app(
    registry: RegistryReader,
    *,
    settings: Settings,
    mutate: Mutate = mutation.mutate,
    draining: Callable[[], bool] = lambda: False,
    expires: Callable[[], float | None] = lambda: None,
    clock: Callable[[], float] = time.time,
    observer: Observer | None = None,
    reviews_at_once: int = 64,
) -> Flask:
    """Make the WSGI application.

    Args:
        registry: What is known of services and namespaces.
        settings: Rules of the operator.
        mutate: Decides what becomes of an object.
        draining: True once this process has been told to stop.
        expires: When the certificate in use expires, in seconds since 1970; None if there is none.
        clock: Gives the seconds since 1970.
        observer: Hears of each review.
        reviews_at_once: One more is answered 503.
    """
    app = Flask(__name__, static_folder=None)
    observer = observer or Unobserved()
    reviewer = Reviewer(registry, settings, mutate, observer)
    free = threading.BoundedSemaphore(reviews_at_once)

    @app.post("/mutate")
    def _mutate() -> Response:
        if registry.snapshot is None:
            observer.unread("later")
            return answers.plain("registry not loaded", 503)
        # Flask's own properties parse all headers, and take as long as the review itself.
        environ = request.environ
        length, refusal = _length(environ)
        if refusal is not None:
            observer.unread("bad")
            return refusal
        if not free.acquire(blocking=False):
            observer.unread("overloaded")
            return answers.plain("overloaded", 503)
        try:
            return reviewer.answer(environ["wsgi.input"].read(length), received=environ.get(RECEIVED))
        finally:
            free.release()

    @app.get("/healthz")
    def _healthz() -> Response:
        return answers.plain("ok")

    @app.get("/readyz")
    def _readyz() -> Response:
        index = registry.snapshot
        if draining():
            return answers.unready("draining")
        if index is None:
            return answers.unready("registry not loaded")
        if (end := expires()) is not None and end - clock() < EXPIRY_MARGIN:
            return answers.unready("certificate expired")
        return answers.as_json({"ready": True, "revision": index.revision, "extensions": len(index)})

    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _our_error)
    return app


def _length(environ: Mapping[str, Any]) -> tuple[int, Response | None]:
    """Length of the request's body, and the refusal of a body that is not to be read at all."""
    if environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() != "application/json":
        return 0, answers.plain("expected application/json", 415)
    length = environ.get("CONTENT_LENGTH", "")
    if not length.isdecimal():
        return 0, answers.plain("expected a content-length", 411)
    # A number of more digits than that is not even converted.
    if len(length) > 9 or int(length) > BODY_LIMIT:
        return 0, answers.plain(f"body larger than {BODY_LIMIT >> 20} MiB", 413)
    return int(length), None


def _http_error(e: HTTPException) -> Response:
    response = answers.plain(e.name.lower(), e.code or 500)
    if isinstance(e, MethodNotAllowed) and e.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(e.valid_methods))
    return response


def _our_error(e: Exception) -> Response:
    log_defect(e, _log)
    return answers.plain("internal error", 500)
