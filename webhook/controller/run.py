"""EDGE: the controller as a process: its threads, its signals, and how it ends."""

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
from functools import partial
from pathlib import Path
from typing import Final

from kubernetes.client import ApiClient

from registry.errors import UnreadableError
from registry.kube.connect import connect
from webhook.controller.api_calls import CALL_TIMEOUT, without_retries
from webhook.controller.certificates import plan
from webhook.controller.certificates.cluster_state import CertificateObjects
from webhook.controller.certificates.duty import CertificateDuty
from webhook.controller.credentials.delivery import Delivery, Settings
from webhook.controller.election import Election
from webhook.controller.extensions.conditions import DeliveryFacts, SourceFacts
from webhook.controller.extensions.duty import ExtensionDuty
from webhook.controller.followed_extensions import FollowedExtensions
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
        delivery: Settings of the delivery of credentials; None = none are delivered.
        certificates: Settings of the duty; None = another program manages the certificates.
        allowed_variables: Variables that control a loader or an interpreter and may be registered all the same.
    """

    namespace: str
    configuration: str
    delivery: Settings | None
    certificates: plan.Settings | None
    authority_life: timedelta
    leaf_life: timedelta
    interval: float
    allowed_variables: frozenset[str]


def run(options: Options, *, kubeconfig: str | None, listen: str) -> None:
    """Run the controller until a signal ends it. If it cannot start, print why and exit with 1."""
    logs.configure()
    # urllib3 logs each connection that breaks; the controller logs a problem once.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    # All threads inherit the mask, so that signals stay pending until _wait() receives them.
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    status = Status()
    try:
        api = without_retries(connect(kubeconfig))
        pages = PageServer(listen, _pages(status))
    except (UnreadableError, ListenError) as e:
        logs.say_error(str(e))
        sys.exit(1)
    threading.excepthook = _end
    stop = threading.Event()
    election = Election(api, namespace=options.namespace, status=status)
    extensions = FollowedExtensions(api, allowed=options.allowed_variables)
    delivery = Delivery(api, options.delivery, extensions=extensions, status=status) if options.delivery else None
    duties = partial(_duties, api, options, extensions=extensions, delivery=delivery, status=status)
    loops = [Loop(election, lambda check: duties(check=check), status=status)]
    if delivery:
        delivery.start()
        # A loop of its own: what has changed is delivered at once, whatever the other duties wait for.
        loops.append(Loop(election, delivery.duties, status=status, name="delivery"))
    threads = [
        threading.Thread(target=election.run, args=(stop,), name="election", daemon=True),
        *(threading.Thread(target=loop.run, args=(stop,), name=loop.name, daemon=True) for loop in loops),
    ]
    pages.start()
    _log.info("controller %s, health on port %d", election.identity, pages.port)
    for thread in threads:
        thread.start()
    received = _wait(threads)
    _log.info("%s: stopping", signal.Signals(received).name)
    stop.set()
    end = time.monotonic() + CALL_TIMEOUT + 1.0
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    if not any(thread.is_alive() for thread in threads):  # Otherwise a duty may still be writing.
        election.release()


def _pages(status: Status) -> Pages:
    collector = StatusCollector(status)
    return {
        "/healthz": lambda: probes.state(*status.healthy()),
        "/readyz": lambda: probes.state(*status.ready()),
        "/metrics": lambda: metrics.page(collector),
    }


def _end(failure: threading.ExceptHookArgs) -> None:
    """End the process when a thread fails: without it the process would look alive and do nothing.

    A new process may succeed.
    """
    frames = traceback.extract_tb(failure.exc_traceback)
    # Without the error's own text, which may hold the body of a request.
    where = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames[-4:]))
    _log.critical("defect: %s at %s; ending", failure.exc_type.__name__, where)
    os._exit(1)


def _wait(threads: Sequence[threading.Thread]) -> int:
    """Wait for a signal and return it; exit with 1 if one of *threads* has ended."""
    while True:
        received = signal.sigtimedwait(_SIGNALS, 1.0)
        # After SIGCONT, Python reports a signal 0 that nobody sent.
        if received and received.si_signo in _SIGNALS:
            return received.si_signo
        for thread in threads:
            if not thread.is_alive():
                logs.say_error(f"{thread.name} has ended")
                sys.exit(1)


def _duties(
    api: ApiClient,
    options: Options,
    *,
    extensions: FollowedExtensions,
    delivery: Delivery | None,
    status: Status,
    check: Callable[[], None],
) -> list[Duty]:
    duties: list[Duty] = [
        PodDuty(
            api,
            namespace=options.namespace,
            status=status,
            check=check,
            are_settled=delivery.deliveries.are_settled if delivery else lambda namespace, copies: True,
        ),
        OrderDuty(api, configuration=options.configuration, status=status, check=check),
        ExtensionDuty(
            api,
            extensions=extensions,
            registry_namespace=options.delivery.registry if options.delivery else "",
            sources=partial(_sources, delivery) if delivery else None,
            delivery=partial(_delivery_of, delivery),
            status=status,
            check=check,
        ),
    ]
    if options.certificates:
        objects = CertificateObjects(api, namespace=options.namespace, configuration=options.configuration, check=check)
        certificates = CertificateDuty(
            objects,
            settings=options.certificates,
            authority_life=options.authority_life,
            leaf_life=options.leaf_life,
            status=status,
            interval=options.interval,
        )
        duties.insert(0, certificates)
    return duties


def _delivery_of(delivery: Delivery | None, name: str) -> DeliveryFacts | None:
    """Where the credentials of the Extension *name* are; None if this process delivers none."""
    if delivery is None:
        return None
    return DeliveryFacts(delivery.deliveries.delivered_to(name), delivery.deliveries.refused_by(name))


def _sources(delivery: Delivery) -> dict[str, SourceFacts] | None:
    """What is known of the Secrets that records name; None while they have not been listed."""
    found = delivery.sources()
    return (
        None if found is None else {name: SourceFacts(source.extension, source.keys) for name, source in found.items()}
    )
