"""EDGE: the registry's REST service as a process: where it may listen, its certificate, its threads."""

import ipaddress
import logging
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NoReturn

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from registry.service.access import Access
from registry.service.app import create_app
from registry.stores.store import RecordStore
from webhook.errors import WebhookError
from webhook.process import listening, logs
from webhook.process.gunicorn_logger import GunicornLogger
from webhook.process.tls import CertificateError, Certificates
from webhook.registry_server.worker import PATIENCE

# Requests that are carried out at the same time; others wait.
THREADS: Final = 16
_KEEP_ALIVE: Final = 75
# Seconds for which requests that are going on may take to end after SIGTERM.
GRACE: Final = 35
_CLEANING: Final = 3600.0
# Where heartbeats never wait for a disk.
_MEMORY: Final = Path("/dev/shm")  # noqa: S108  # what is made there is private

_log = logging.getLogger(__name__)


class ExposedError(WebhookError):
    """Where the service is to listen, others could reach it without proof of who they are, or be overheard."""


def serve(
    store: RecordStore,
    *,
    listen: str,
    allowed: frozenset[str] = frozenset(),
    access: Access | None = None,
    certificate: Path | None = None,
    key: Path | None = None,
    place: str = "",
    patience: float = PATIENCE,
    clean: Callable[[], None] | None = None,
) -> NoReturn:
    """Serve the registry until a signal ends the process; on what cannot work, say why and exit with 1.

    Args:
        listen: HOST:PORT, [HOST]:PORT, or :PORT for every address.
        allowed: Variables that control a loader or an interpreter and may be registered all the same.
        access: Who may do what; None = whoever reaches the service may do everything.
        certificate, key: PEM files, the leaf first; None = plain HTTP.
        place: Where records are kept, for the log.
        patience: Seconds for a request and its answer.
        clean: Removes what interrupted writes have left over; called at the start, and each hour.
    """
    logs.configure()
    try:
        certificates = Certificates(certificate, key) if certificate and key else None
        listener = listening.listen(listen)
        is_local = _is_local(listener)
        if not is_local:
            _check_exposure(listen, access, certificates)
    except (CertificateError, ExposedError, listening.ListenError) as e:
        logs.say_error(str(e))
        sys.exit(1)
    _announce(listener, is_https=certificates is not None, place=place)
    app = create_app(
        store,
        allowed=allowed,
        access=access,
        is_local=is_local,
        unready=lambda: _unready(certificates),
        on_defect=lambda e: logs.log_defect(e, _log),
    )
    server = _Server(app, listener, certificates, patience, clean)
    Arbiter(server).run()
    sys.exit()  # Not reached, for gunicorn ends the process.


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    """An application for gunicorn."""

    def __init__(
        self,
        app: Any,
        listener: socket.socket,
        certificates: Certificates | None,
        patience: float,
        clean: Callable[[], None] | None,
    ) -> None:
        self._app = app
        self._patience = patience
        self._options: dict[str, Any] = {
            # gunicorn takes the listener over, and closes this descriptor.
            "bind": f"fd://{listener.detach()}",
            "worker_class": "webhook.registry_server.worker.PatientWorker",
            "workers": 1,
            "threads": THREADS,
            "keepalive": _KEEP_ALIVE,
            "graceful_timeout": GRACE,
            "worker_tmp_dir": str(_MEMORY) if _MEMORY.is_dir() else None,
            "control_socket_disable": True,
            # No proxy between the client and us is trusted to name the client's address.
            "forwarded_allow_ips": "",
            "loglevel": "warning",
            "logger_class": GunicornLogger,
        }
        if clean is not None:
            # Threads do not survive the fork of a worker.
            self._options["post_worker_init"] = lambda worker: _start_cleaning(clean)
        if certificates is not None:
            # That there are files means TLS; which are used is asked for each connection.
            self._options |= {"certfile": certificates.file, "ssl_context": _context_of(certificates)}
        super().__init__()

    def load_config(self) -> None:
        """Give gunicorn its options; it reads neither a file nor the command line."""
        for name, value in self._options.items():
            self.cfg.set(name, value)
        self.cfg.fuseml_patience = self._patience

    def load(self) -> Any:
        """Give the WSGI application."""
        return self._app


def _start_cleaning(clean: Callable[[], None]) -> None:
    threading.Thread(target=_clean_for_ever, args=(clean,), name="cleaning", daemon=True).start()


def _clean_for_ever(clean: Callable[[], None]) -> NoReturn:
    while True:
        try:
            clean()
        except Exception as e:  # A defect of ours must not end it.
            logs.log_defect(e, _log)
        time.sleep(_CLEANING)


def _context_of(certificates: Certificates) -> Callable[[Any, Any], Any]:
    return lambda config, default: certificates.context()


def _is_local(listener: socket.socket) -> bool:
    address = ipaddress.ip_address(str(listener.getsockname()[0]).partition("%")[0])
    return address.is_loopback


def _check_exposure(listen: str, access: Access | None, certificates: Certificates | None) -> None:
    lacking = [
        *([] if access else ["who may use it: --token-file"]),
        *([] if certificates else ["TLS: --tls-cert and --tls-key"]),
    ]
    if lacking:
        raise ExposedError(
            f"cannot listen on {listen}: other machines could reach it, which needs {' and '.join(lacking)}; "
            "or listen on 127.0.0.1:8000"
        )


def _unready(certificates: Certificates | None) -> str:
    return "certificate expired" if certificates is not None and certificates.expires < time.time() else ""


def _announce(listener: socket.socket, *, is_https: bool, place: str) -> None:
    """Log where the service listens."""
    host, port = listener.getsockname()[:2]
    address = f"{'https' if is_https else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"
    _log.info("%s", f"registry on {address}{f', {place}' if place else ''}")
