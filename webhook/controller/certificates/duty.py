"""EDGE: the duty to keep the webhook's certificates valid, known to API servers, and in time renewed."""

import logging
import time
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import Final

from webhook.controller.api_calls import ConflictError
from webhook.controller.certificates.authority import issue, make_authority
from webhook.controller.certificates.cluster_state import Objects, Snapshot, unclear
from webhook.controller.certificates.plan import (
    Action,
    IssueLeaf,
    MakeAuthority,
    Publish,
    Retire,
    Seen,
    Settings,
    World,
    plan,
    step,
)
from webhook.controller.status import Status

# A first installation takes three; the rest is for others who write at the same time.
_ACTIONS: Final = 10

_log = logging.getLogger(__name__)


class Stopwatch:
    """For how long something has been the same, as far as one who looks from time to time can tell.

    It is not kept anywhere: who starts anew waits anew, so neither clocks of two machines nor what happened while
    nobody looked can make a wait too short.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._value: Hashable = object()
        self._since = 0.0

    def look(self, value: Hashable) -> float:
        """Give the seconds since *value* was first seen without another in between."""
        now = self._clock()
        if value != self._value:
            self._value, self._since = value, now
        return now - self._since


class CertificateDuty:
    """Sees what the cluster holds, and does what the plan says, one thing after the other."""

    name = "certificates"

    def __init__(
        self,
        objects: Objects,
        *,
        settings: Settings,
        authority_life: timedelta,
        leaf_life: timedelta,
        status: Status,
        pause: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.pause = pause
        self._objects = objects
        self._settings = settings
        self._authority_life = authority_life
        self._leaf_life = leaf_life
        self._status = status
        self._bundles = Stopwatch(clock)
        self._leaf = Stopwatch(clock)
        self._unclear: list[str] = []

    def act(self, now: datetime) -> None:
        """Do what is to be done now.

        Raises:
            ClusterError: An object cannot be read or written.
        """
        for _ in range(_ACTIONS):
            snapshot = self._objects.look()
            world = snapshot.world
            self._report(snapshot)
            seen = Seen(self._bundles.look(world.bundles), self._leaf.look(world.leaf and world.leaf.certificate))
            action = plan(world, seen, now, self._settings)
            if action is None:
                return
            try:
                self._do(action, snapshot, now)
            except ConflictError as e:
                _log.info("%s; looking again", e)

    def _do(self, action: Action, snapshot: Snapshot, now: datetime) -> None:
        match action:
            case MakeAuthority(beside, why):
                authority = make_authority(now, self._authority_life)
                self._objects.save_authorities(snapshot, (authority, *beside), done=not beside)
                expires = authority.certificate.not_valid_after_utc
                _log.info("new certificate authority, beside %d: %s; expires %s", len(beside), why, expires)
            case Publish(trusted):
                changed = sum(held != trusted for held in snapshot.world.bundles)
                self._objects.publish(snapshot, trusted)
                _log.info("caBundle of %d webhooks written", changed)
            case IssueLeaf(by, why):
                leaf = issue(by, self._settings.names, now, self._leaf_life)
                self._objects.save_leaf(snapshot, leaf)
                _log.info("new leaf: %s; expires %s", why, leaf.certificate.not_valid_after_utc)
            case Retire(kept):
                self._objects.save_authorities(snapshot, (kept,), done=True)
                _log.info("old certificate authority no longer trusted")

    def _report(self, snapshot: Snapshot) -> None:
        self._status.expiries = _expiries(snapshot.world)
        self._status.step = step(snapshot.world)
        told, self._unclear = self._unclear, unclear(snapshot)
        for text in self._unclear:
            if text not in told:
                _log.warning("%s", text)


def _expiries(world: World) -> dict[str, datetime]:
    found = {"ca": world.authorities[0].certificate} if world.authorities else {}
    if world.leaf:
        found["leaf"] = world.leaf.certificate
    return {what: certificate.not_valid_after_utc for what, certificate in found.items()}
