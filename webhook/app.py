"""EDGE: the webhook's HTTP routes. How the core's answers and errors go on the wire, and nothing else."""

import logging
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from registry.index import Index
from registry.selectors import Consumer
from webhook import mutate as engine
from webhook import review
from webhook.adapters.step import is_controlled
from webhook.errors import BadReviewError, RefusedError
from webhook.review import Admission
from webhook.settings import Settings

# A review holds an object twice, the API server takes objects of up to 3 MiB, and the rest of it is small.
BODY_LIMIT: Final = 7 * 1024 * 1024
# All replicas share the certificate: to be unready any earlier would only bring the outage forward.
EXPIRY_MARGIN: Final = 60.0

# The API server asks again after a 503 only if it is told when.
_SOON: Final = {"Retry-After": "1"}
_PACKAGES: Final = ("webhook", "renderer", "registry")
_ROOT: Final = Path(__file__).parents[1]

_log = logging.getLogger(__name__)


class Mutate(Protocol):
    """What `webhook.mutate.mutate` looks like."""

    def __call__(  # noqa: D102
        self,
        obj: Mapping[str, Any],
        index: Index,
        consumer: Consumer,
        *,
        settings: Settings,
        old: Mapping[str, Any] | None,
    ) -> engine.Mutation: ...


def create_app(
    snapshot: Callable[[], Index | None],
    *,
    settings: Settings,
    mutate: Mutate = engine.mutate,
    project_of: Callable[[str], str | None] = lambda namespace: namespace,
    settle: Callable[[], None] = lambda: None,
    newer: Callable[[Index], Index | None] = lambda _: None,
    draining: Callable[[], bool] = lambda: False,
    expires: Callable[[], float | None] = lambda: None,
    clock: Callable[[], float] = time.time,
    reviews_at_once: int = 64,
) -> Flask:
    """Make the WSGI application.

    Args:
        snapshot: Gives the registry as it is now, None while there is none.
        settings: Rules of the operator.
        mutate: Decides what becomes of an object.
        project_of: Gives the project of a namespace, None if that is not known yet.
        settle: Returns when the snapshot shows all that has been heard of.
        newer: Gives the registry after that of a refusal, if it is there within moments.
        draining: True once this process has been told to stop.
        expires: When the certificate in use expires, in seconds since 1970; None if there is none.
        clock: Gives the seconds since 1970.
        reviews_at_once: One more is answered 503.
    """
    app = Flask(__name__, static_folder=None)
    reviewer = _Reviewer(snapshot, settings, mutate, project_of, settle, newer)
    free = threading.BoundedSemaphore(reviews_at_once)

    @app.post("/mutate")
    def _mutate() -> Response:
        if snapshot() is None:
            return _text("registry not loaded", 503)
        # Flask's own properties parse all headers, and take as long as the review itself.
        environ = request.environ
        length, refusal = _length(environ)
        if refusal is not None:
            return refusal
        if not free.acquire(blocking=False):
            return _text("overloaded", 503)
        try:
            return reviewer.answer(environ["wsgi.input"].read(length))
        finally:
            free.release()

    @app.get("/healthz")
    def _healthz() -> Response:
        return _text("ok")

    @app.get("/readyz")
    def _readyz() -> Response:
        index = snapshot()
        if draining():
            return _unready("draining")
        if index is None:
            return _unready("registry not loaded")
        if (end := expires()) is not None and end - clock() < EXPIRY_MARGIN:
            return _unready("certificate expired")
        return _json({"ready": True, "revision": index.revision, "extensions": len(index)})

    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _our_error)
    return app


@dataclass(frozen=True, slots=True)
class _Reviewer:
    snapshot: Callable[[], Index | None]
    settings: Settings
    mutate: Mutate
    project_of: Callable[[str], str | None]
    settle: Callable[[], None]
    newer: Callable[[Index], Index | None]

    def answer(self, body: bytes) -> Response:
        """Answer one review, whatever it holds, and log how it went."""
        started = time.perf_counter()
        admission = None
        counts: Mapping[str, int] = {}
        try:
            admission = review.parse(body)
            outcome, answer, counts = self._decide(admission)
            response = Response(answer, mimetype="application/json")
        except BadReviewError as e:
            outcome, response = "bad", _text(f"bad request: {e}", 400)
        except _NotYetError as e:
            outcome, response = "later", _text(str(e), 503)
        except Exception as e:  # The last resort: nothing that an object holds may end a process.
            _log_ours(e)
            outcome = "error"
            response = _text(f"internal error, request {admission.uid if admission else 'unknown'}", 500)
        if _log.isEnabledFor(logging.INFO):
            _log.info(_line(admission, outcome, time.perf_counter() - started, counts))
        return response

    def _decide(self, admission: Admission) -> tuple[str, bytes, Mapping[str, int]]:
        """Say what becomes of the object, and give the answer that says so."""
        concerns = admission.operation in ("CREATE", "UPDATE") and not admission.subresource and admission.asks
        if not concerns or (obj := admission.obj) is None:
            return "allowed", review.allowed(admission), {}
        consumer = self._consumer(admission, obj)
        try:
            made = self._mutate(obj, consumer, admission)
            answer = review.allowed(admission, ops=made.ops, warnings=made.warnings, audit=made.audit)
        except RefusedError as e:
            return "refused", review.denied(admission, str(e)), {"problems": len(e.problems)}
        counts = {"ops": len(made.ops), "warnings": len(made.warnings)}
        return ("patched" if made.ops else "allowed"), answer, counts

    def _consumer(self, admission: Admission, obj: Mapping[str, Any]) -> Consumer:
        namespace = admission.namespace
        project = self.project_of(namespace) if namespace else ""
        if project is None:
            # It was made a moment ago. To take it for one without a label would give it another project's rights.
            raise _NotYetError(f"namespace {namespace[:63]!r} is not known yet")
        consumer = Consumer(zone=self.settings.zone, namespace=namespace, project=project, user=admission.username)
        return consumer.of_pods if obj.get("kind") == "Pod" and is_controlled(obj) else consumer

    def _mutate(self, obj: Mapping[str, Any], consumer: Consumer, admission: Admission) -> engine.Mutation:
        """Decide by the registry as it is now; what is missing there may just be coming."""
        decide = partial(self.mutate, settings=self.settings, old=admission.old)
        if admission.operation == "CREATE":
            self.settle()
        if (index := self.snapshot()) is None:
            raise _NotYetError("registry not loaded")
        try:
            return decide(obj, index.seen_from(consumer.namespace), consumer)
        except RefusedError:
            newer = self.newer(index) if admission.operation == "CREATE" else None
            if newer is None:
                raise
            return decide(obj, newer.seen_from(consumer.namespace), consumer)


class _NotYetError(Exception):
    """What is needed for an answer is on its way."""


def _line(
    admission: Admission | None, outcome: str, seconds: float, counts: Mapping[str, int]
) -> dict[str, str | float]:
    """Write what is logged of a review: names and counts, never a value."""
    line: dict[str, str | float] = {"outcome": outcome, "ms": round(seconds * 1000, 3), **counts}
    if admission is None:
        return line
    return {
        "uid": admission.uid,
        # Whoever forges a review chooses these; a line must stay a line.
        "kind": admission.kind[:63],
        "namespace": admission.namespace[:63],
        "name": admission.name[:253],
        "operation": admission.operation[:63],
        **line,
    }


def _length(environ: Mapping[str, Any]) -> tuple[int, Response | None]:
    """Length of the request's body, and the refusal of a body that is not to be read at all."""
    if environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() != "application/json":
        return 0, _text("expected application/json", 415)
    length = environ.get("CONTENT_LENGTH", "")
    if not length.isdecimal():
        return 0, _text("expected a content-length", 411)
    # A number of more digits than that is not even converted.
    if len(length) > 9 or int(length) > BODY_LIMIT:
        return 0, _text(f"body larger than {BODY_LIMIT >> 20} MiB", 413)
    return int(length), None


def _text(text: str, status: int = 200) -> Response:
    return Response(text + "\n", status, _SOON if status == 503 else None, "text/plain")


def _json(document: Mapping[str, Any], status: int = 200) -> Response:
    body = msgspec.json.encode(document) + b"\n"
    return Response(body, status, _SOON if status == 503 else None, "application/json")


def _unready(reason: str) -> Response:
    return _json({"ready": False, "reason": reason}, 503)


def _http_error(e: HTTPException) -> Response:
    response = _text(e.name.lower(), e.code or 500)
    if isinstance(e, MethodNotAllowed) and e.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(e.valid_methods))
    return response


def _our_error(e: Exception) -> Response:
    _log_ours(e)
    return _text("internal error", 500)


def _log_ours(e: Exception) -> None:
    """Log what went wrong and where in our code; the exception's own text may hold values."""
    _log.error("%s at %s", type(e).__name__, " < ".join(_own_frames(e)) or "unknown")


def _own_frames(e: Exception) -> list[str]:
    """Places in our own code that *e* came through, the innermost first, the nearest five."""
    places = []
    for frame, line in traceback.walk_tb(e.__traceback__):
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(_ROOT) and path.relative_to(_ROOT).parts[0] in _PACKAGES:
            places.append(f"{path.relative_to(_ROOT)}:{line}")
    return places[-5:][::-1]
