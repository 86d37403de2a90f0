"""EDGE: the webhook as a server process: gunicorn with our worker, a registry, and a certificate."""

import gc
import logging
import signal
import socket
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final, NoReturn

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from registry.resolving.index import Index
from registry.stores.store import RegistryFeed
from webhook.mutation.settings import Settings
from webhook.process import listening, logs
from webhook.process.gunicorn_logger import GunicornLogger
from webhook.process.tls import CertificateError, Certificates
from webhook.serving.app import BODY_LIMIT, create_app
from webhook.serving.metrics import FolderError, NoMetrics, WorkerMetrics, WorkerSums
from webhook.serving.refreshing import keep_fresh
from webhook.serving.worker import GRACE, STOP_SIGNALS

# Where heartbeats and metrics never wait for a disk.
_MEMORY: Final = Path("/dev/shm")  # noqa: S108  # what is made there is private

# An API server closes idle connections after 90 seconds. One that we close may just be bringing a request.
KEEP_ALIVE: Final = 120

_log = logging.getLogger(__name__)


def serve(
    store: RegistryFeed,
    *,
    settings: Settings,
    listen: str,
    certificate: Path,
    key: Path,
    workers: int = 1,
    threads: int = 4,
    drain: float = 15.0,
    interval: float = 1.0,
    metrics_listen: str = "",
    notice: str = "",
) -> NoReturn:
    """Serve the webhook until a signal ends the process; on what cannot work, say why and exit with 1.

    Args:
        store: Loaded before the workers are forked, then refreshed in each of them.
        settings: Rules of the operator.
        listen: HOST:PORT, [HOST]:PORT, or :PORT for every address.
        certificate: PEM file, the leaf first.
        key: PEM file.
        workers: Processes.
        threads: Reviews of one process that are worked on at the same time.
        drain: Seconds for which a server that was told to stop goes on serving.
        interval: Seconds between two looks at the registry.
        metrics_listen: Where ``/metrics`` is served, in plain HTTP; "" = nowhere.
        notice: Shown at the end of the line that says where the webhook is.
    """
    logs.configure()
    store.refresh()
    try:
        certificates = Certificates(certificate, key)
        listener = listening.listen(listen)
        sums = WorkerSums(_memory()) if metrics_listen else None
        if sums:
            sums.serve(metrics_listen)
    except (CertificateError, FolderError, listening.ListenError) as e:
        logs.say_error(str(e))
        sys.exit(1)
    # Each worker makes its own.
    metrics: Callable[[], WorkerMetrics | NoMetrics] = cache(WorkerMetrics) if sums else NoMetrics
    _announce(listener, zone=settings.zone, index=store.snapshot, notice=notice)
    server = Server(
        lambda server: create_app(
            store,
            settings=settings,
            draining=lambda: server.draining,
            expires=lambda: certificates.expires,
            observer=metrics(),
        ),
        certificates=certificates,
        listener=listener,
        workers=workers,
        threads=threads,
        drain=drain,
        on_start=lambda: keep_fresh(
            store, interval, refreshed=lambda: metrics().note(store, certificate_expires=certificates.expires)
        ),
        on_fork=lambda: sums.enter_worker() if sums else None,
        on_overload=lambda: metrics().unread("overloaded"),
        on_worker_end=lambda worker: sums.keep_of(worker) if sums else None,
    )
    server.run()
    sys.exit()  # Not reached, for gunicorn ends the process.


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    """An application for gunicorn, with what our worker looks for.

    Args:
        load: Makes the WSGI application.
        on_start: Called in each worker before it serves.
        on_fork: Called in each worker as soon as it is a process of its own.
        on_overload: Called in a worker when it sends back a request unread.
        on_worker_end: Called with the process id of a worker that has ended.
    """

    def __init__(
        self,
        load: Callable[["Server"], Any],
        *,
        certificates: Certificates,
        listener: socket.socket,
        workers: int = 1,
        threads: int = 2,
        drain: float = 0.0,
        on_start: Callable[[], None] = lambda: None,
        on_fork: Callable[[], None] = lambda: None,
        on_overload: Callable[[], None] = lambda: None,
        on_worker_end: Callable[[int], None] = lambda worker: None,
    ) -> None:
        self.certificates = certificates
        self.drain = drain
        self.draining = False
        self.body_limit = BODY_LIMIT
        self._load = load
        self._on_start = on_start
        self.on_overload = on_overload
        self._options = {
            # gunicorn takes the listener over, and closes this descriptor.
            "bind": f"fd://{listener.detach()}",
            "worker_class": "webhook.serving.worker.SafeWorker",
            "workers": workers,
            "threads": threads,
            "keepalive": KEEP_ALIVE,
            "graceful_timeout": int(drain + GRACE) + 5,
            "worker_tmp_dir": str(memory) if (memory := _memory()) else None,
            "control_socket_disable": True,
            # No proxy between the client and us is trusted to name the client's address.
            "forwarded_allow_ips": "",
            "loglevel": "warning",
            "logger_class": GunicornLogger,
            "post_fork": lambda arbiter, worker: on_fork(),
            "post_worker_init": lambda worker: self._start(),
            "child_exit": lambda arbiter, worker: on_worker_end(worker.pid),
        }
        super().__init__()

    def load_config(self) -> None:
        """Give gunicorn its options; it reads neither a file nor the command line."""
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Make the WSGI application."""
        return self._load(self)

    def run(self) -> None:
        """Serve until a signal ends the process."""
        _Arbiter(self).run()

    def _start(self) -> None:
        self._on_start()
        # What is loaded by now stays: the garbage collector need not walk it again and again while clients wait.
        gc.collect()
        gc.freeze()
        # Decoding a large object makes thousands of containers, and none is garbage yet.
        gc.set_threshold(50_000, 20, 100)


class _Arbiter(Arbiter):  # type: ignore[misc]  # gunicorn ships no types
    """Forks workers in such a way that a signal sent to one right after the fork is not lost."""

    def spawn_worker(self) -> Any:
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        try:
            return super().spawn_worker()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)


def _memory() -> Path | None:
    return _MEMORY if _MEMORY.is_dir() else None


def _announce(listener: socket.socket, *, zone: str, index: Index | None, notice: str) -> None:
    """Log where the webhook listens and what it has loaded."""
    host, port = listener.getsockname()[:2]
    parts = [
        f"webhook on https://{f'[{host}]' if ':' in host else host}:{port}",
        f"zone {zone!r}" if zone else "no zone",
        f"{len(index)} extensions" if index is not None else "no registry yet",
    ]
    _log.info("%s", ", ".join(parts) + (f"; {notice}" if notice else ""))
