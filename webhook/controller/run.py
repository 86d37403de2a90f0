"""EDGE: the controller as a process: threads, signals, and how it ends."""

import logging
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from kubernetes.client import ApiClient

from registry.errors import UnreadableError
from registry.kube.connect import connect
from webhook.controller.api_calls import PATIENCE, impatient
from webhook.controller.certificates import plan
from webhook.controller.certificates.cluster_state import Objects
from webhook.controller.certificates.duty import CertificateDuty
from webhook.controller.election import Election
from webhook.controller.loop import Duty, Loop
from webhook.controller.metrics import StatusCollector
from webhook.controller.pods.duty import PodDuty
from webhook.controller.status import Status
from webhook.controller.webhook_order import OrderDuty
from webhook.process import logs, metrics, probes
from webhook.process.listening import ListenError
from webhook.process.probes import Pages, PageServer

_SIGNALS: Final = {signal.SIGTERM, signal.SIGINT}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the operator chose.

    Attributes:
        certificates: The settings of the duty; None = they are somebody else's.
    """

    namespace: str
    configuration: str
    certificates: plan.Settings | None
    authority_life: timedelta
    leaf_life: timedelta
    interval: float


def run(options: Options, *, kubeconfig: str | None, listen: str) -> None:
    """Run the controller until a signal ends it; on what cannot work, say why and exit with 1."""
    logs.configure()
    # It tells of each connection that breaks; we tell once what does not work.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    # Threads inherit it: the signals wait for the one that asks for them.
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    status = Status()
    try:
        api = impatient(connect(kubeconfig))
        pages = PageServer(listen, _pages(status))
    except (UnreadableError, ListenError) as e:
        sys.exit(f"error: {e}")
    threading.excepthook = _end
    stop = threading.Event()
    election = Election(api, namespace=options.namespace, status=status)
    loop = Loop(election, lambda check: _duties(api, options, status, check), status=status)
    threads = [
        threading.Thread(target=election.run, args=(stop,), name="election", daemon=True),
        threading.Thread(target=loop.run, args=(stop,), name="loop", daemon=True),
    ]
    pages.start()
    _log.info("controller %s, health on port %d", election.identity, pages.port)
    for thread in threads:
        thread.start()
    received = _wait(threads)
    _log.info("%s: stopping", signal.Signals(received).name)
    stop.set()
    end = time.monotonic() + PATIENCE + 1.0
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    if not any(thread.is_alive() for thread in threads):  # Else something may still be writing.
        election.release()


def _pages(status: Status) -> Pages:
    collector = StatusCollector(status)
    return {
        "/healthz": lambda: probes.state(*status.healthy()),
        "/readyz": lambda: probes.state(*status.ready()),
        "/metrics": lambda: metrics.page(collector),
    }


def _end(failure: threading.ExceptHookArgs) -> None:
    """Without one of its threads the process would look alive and do nothing; a new one may fare better."""
    frames = traceback.extract_tb(failure.exc_traceback)
    # Not the error's own text, which may hold what was sent.
    where = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames[-4:]))
    _log.critical("defect: %s at %s; ending", failure.exc_type.__name__, where)
    os._exit(1)


def _wait(threads: Sequence[threading.Thread]) -> int:
    """Wait for a signal and give it; without one of its threads the process is of no use and ends with 1."""
    while True:
        received = signal.sigtimedwait(_SIGNALS, 1.0)
        # After SIGCONT, Python gives a signal 0 that nobody sent.
        if received and received.si_signo in _SIGNALS:
            return received.si_signo
        for thread in threads:
            if not thread.is_alive():
                sys.exit(f"error: {thread.name} has ended")


def _duties(api: ApiClient, options: Options, status: Status, check: Callable[[], None]) -> list[Duty]:
    duties: list[Duty] = [
        PodDuty(api, namespace=options.namespace, status=status, check=check),
        OrderDuty(api, configuration=options.configuration, status=status, check=check),
    ]
    if options.certificates:
        objects = Objects(api, namespace=options.namespace, configuration=options.configuration, check=check)
        certificates = CertificateDuty(
            objects,
            settings=options.certificates,
            authority_life=options.authority_life,
            leaf_life=options.leaf_life,
            status=status,
            pause=options.interval,
        )
        duties.insert(0, certificates)
    return duties
