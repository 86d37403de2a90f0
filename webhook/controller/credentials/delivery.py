"""EDGE: puts the delivery of credentials together."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from kubernetes.client import ApiClient, CoreV1Api

from registry.delivery.ledger import Lack
from webhook.controller.credentials.caches import Caches
from webhook.controller.credentials.duty import CredentialsDuty
from webhook.controller.credentials.facts import Namespace, Rules, Source
from webhook.controller.credentials.ledgers import Ledgers
from webhook.controller.credentials.proof import Proof
from webhook.controller.credentials.reads import Reads
from webhook.controller.credentials.reporting import report
from webhook.controller.credentials.rounds import Rounds
from webhook.controller.credentials.secrets import Copies
from webhook.controller.credentials.state import Deliveries
from webhook.controller.credentials.writing import Guard
from webhook.controller.followed_extensions import FollowedExtensions
from webhook.controller.status import Status

# Copies written in a second, at most.
RATE: Final = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the operator chose.

    Attributes:
        registry: The namespace of the records for everyone and of the Secrets that they name.
        system: The namespace of this process and of the ledgers.
        rules: How namespaces are read.
        allowed: Variables that control a loader or an interpreter and may be registered all the same.
    """

    registry: str
    system: str
    rules: Rules
    allowed: frozenset[str] = frozenset()


class Delivery:
    """Follows what decides about copies, and gives the duty of each term."""

    def __init__(self, api: ApiClient, settings: Settings, *, extensions: FollowedExtensions, status: Status) -> None:
        registry, system, rules = settings.registry, settings.system, settings.rules
        self._core = CoreV1Api(api)
        self._caches = Caches(api, extensions, registry=registry, system=system, rules=rules)
        self._ledgers = Ledgers(api, system=system)
        self._reads = Reads(api, registry=registry, rules=rules, allowed=settings.allowed)
        self._copies = Copies(api)
        self._proof = Proof(api, system=system)
        self._pace = Pace(RATE)
        self._status = status
        self.deliveries = Deliveries(self._caches, self._ledgers)

    def start(self) -> None:
        """Follow everything from now on, so that a process that comes to lead knows it already."""
        self._caches.start()

    def sources(self) -> Mapping[str, Source] | None:
        """The Secrets that are labelled as sources, without their values; None while they are not known."""
        return self._caches.sources if self._caches.is_complete else None

    def duties(self, check: Callable[[], None]) -> list[CredentialsDuty]:
        """The duty of a new term."""

        def tell(namespace: Namespace, name: str, lack: Lack) -> None:
            report(self._core, namespace, name, lack, check)

        rounds = Rounds(
            reads=self._reads,
            copies=self._copies,
            ledgers=self._ledgers,
            guard=Guard(check, self._proof, self._pace),
            report=tell,
            secrets_of=self.deliveries.secrets_of,
            now=time.time,
        )
        duty = CredentialsDuty(
            caches=self._caches,
            ledgers=self._ledgers,
            deliveries=self.deliveries,
            reads=self._reads,
            rounds=rounds,
            status=self._status,
            check=check,
        )
        return [duty]


class Pace:
    """Lets things pass at a rate, in all threads together.

    Args:
        rate: In a second.
    """

    def __init__(self, rate: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._gap = 1.0 / rate
        self._clock = clock
        self._next = float("-inf")
        self._lock = threading.Lock()

    def __call__(self) -> None:
        """Return when the next one may pass."""
        with self._lock:
            now = self._clock()
            start = max(now, self._next)
            self._next = start + self._gap
        if start > now:
            time.sleep(start - now)
