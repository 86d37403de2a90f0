"""EDGE: the WSGI application: what holds for all requests, and the routes that are no part of the API."""

import json
import logging
import threading
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from registry.errors import KeptRecordsError, NotFoundError, RegistryError
from registry.service import answers, api, browsers, openapi, pages, problems
from registry.service.access import Access, Everyone
from registry.service.operations import Operations
from registry.service.paths import RawPaths
from registry.service.problems import RequestError
from registry.stores.store import RecordStore

_READING = ("GET", "HEAD")

_log = logging.getLogger(__name__)


def create_app(
    store: RecordStore,
    *,
    allowed: frozenset[str] = frozenset(),
    access: Access | None = None,
    is_local: bool = True,
    unready: Callable[[], str] = lambda: "",
    on_defect: Callable[[Exception], None] = lambda e: None,
) -> Flask:
    """Make the WSGI application.

    Args:
        allowed: Variables that control a loader or an interpreter and may be registered all the same.
        access: Who may do what; None = whoever reaches the service may do everything.
        is_local: It listens on a loopback address, where browsers are a danger.
        unready: Says why no requests should be sent here, apart from the store; "" = they should.
        on_defect: Called with an error of ours.
    """
    app = Flask(__name__, static_folder=None)
    usable = _Usable(store)
    # What needs a token is nothing that a browser could do by itself.
    is_for_browsers = is_local and access is None
    # A path is taken as it was sent: what is percent-encoded in it may well be "//" or "..".
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = True

    @app.before_request
    def _guard() -> None:
        host = request.environ.get("HTTP_HOST", "")
        if is_for_browsers:
            browsers.check_host(host)
        if request.method not in _READING:
            browsers.check_origin(host, request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site"))

    @app.get("/healthz")
    def _healthz() -> Response:
        return answers.shown({"healthy": True})

    @app.get("/readyz")
    def _readyz() -> Response:
        reason = unready() or usable.problem()
        if reason:
            return answers.shown({"ready": False, "reason": reason}, 503, headers={"Retry-After": "1"})
        return answers.shown({"ready": True})

    document = openapi.document(version=version("fuseml-extensions"), needs_token=access is not None)
    described = json.dumps(document, indent=1).encode()
    html = pages.page(document).encode()

    @app.get("/openapi.json")
    def _openapi() -> Response:
        return Response(described, content_type="application/json", headers=pages.HEADERS)

    @app.get("/")
    def _page() -> Response:
        return Response(html, content_type="text/html; charset=utf-8", headers=pages.HEADERS)

    app.register_blueprint(api.blueprint(Operations(store, allowed=allowed), access or Everyone()))
    app.register_error_handler(RegistryError, _refused)
    app.register_error_handler(HTTPException, _http_error)

    @app.errorhandler(Exception)
    def _defect(e: Exception) -> Response:
        on_defect(e)
        return answers.refusal(problems.defect())

    app.wsgi_app = RawPaths(app.wsgi_app)  # type: ignore[method-assign]  # so Flask's documentation
    return app


class _Usable:
    """Whether the store can be read. It is asked once a second at most: whoever reaches the service may probe it."""

    def __init__(self, store: RecordStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._asked = float("-inf")
        self._problem = ""

    def problem(self) -> str:
        """What is wrong; "" = nothing."""
        with self._lock:
            if time.monotonic() - self._asked >= 1.0:
                self._problem = self._ask()
                self._asked = time.monotonic()
            return self._problem

    def _ask(self) -> str:
        try:
            self._store.get("readyz")
        except (NotFoundError, KeptRecordsError):
            return ""
        except RegistryError as e:
            _log.warning("%s", e)
            return "where records are kept cannot be used"
        return ""


def _refused(e: RegistryError) -> Response:
    error = problems.request_error(e)
    if error.status in (403, 503) and not isinstance(e, RequestError):
        _log.warning("%s", e)
    return answers.refusal(error)


def _http_error(e: HTTPException) -> Any:
    if e.code == 404:
        return answers.refusal(problems.unknown_path())
    headers = {}
    if isinstance(e, MethodNotAllowed) and e.valid_methods:
        headers["Allow"] = ", ".join(sorted(e.valid_methods))
    return answers.refusal(RequestError(e.code or 500, e.name.replace(" ", ""), e.name.lower(), headers))
