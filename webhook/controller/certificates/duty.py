"""EDGE: the duty that renews the webhook's certificates in time and publishes their authority to API servers."""

import logging
import time
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import Final

from registry.reporting import OngoingProblem
from webhook.controller.api_calls import ConflictError
from webhook.controller.certificates.authority import issue, make_authority
from webhook.controller.certificates.cluster_state import CertificateObjects, Snapshot, unusable_requests
from webhook.controller.certificates.plan import (
    Action,
    CertificateState,
    IssueLeaf,
    MakeAuthority,
    Publish,
    Retire,
    Settings,
    UnchangedFor,
    plan,
    step,
)
from webhook.controller.status import Status

# A first installation takes three actions; the rest allows for conflicts with other writers.
_ACTIONS: Final = 10

_log = logging.getLogger(__name__)


class UnchangedTimer:
    """Measures for how long a value that is read from time to time has been the same.

    The time is not stored: after a restart, it starts again at zero. So neither a difference between two machines'
    clocks nor a change that happened while no process was running can make a wait too short.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._value: Hashable = object()
        self._since = 0.0

    def seconds(self, value: Hashable) -> float:
        """Return for how many seconds each observed value, up to this one, has been equal to *value*."""
        now = self._clock()
        if value != self._value:
            self._value, self._since = value, now
        return now - self._since


class CertificateDuty:
    """Reads the state of the certificates and does what the plan says, one action at a time."""

    name = "certificates"

    def __init__(
        self,
        objects: CertificateObjects,
        *,
        settings: Settings,
        authority_life: timedelta,
        leaf_life: timedelta,
        status: Status,
        interval: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.interval = interval
        self._objects = objects
        self._settings = settings
        self._authority_life = authority_life
        self._leaf_life = leaf_life
        self._status = status
        self._bundles = UnchangedTimer(clock)
        self._leaf = UnchangedTimer(clock)
        self._unusable = OngoingProblem(_log, level=logging.WARNING)

    def reconcile(self, now: datetime) -> None:
        """Do all that the plan says can be done now.

        Raises:
            ClusterError: An object cannot be read or written.
        """
        for _ in range(_ACTIONS):
            snapshot = self._objects.read()
            state = snapshot.state
            self._report(snapshot)
            unchanged = UnchangedFor(
                bundles=self._bundles.seconds(state.bundles),
                leaf=self._leaf.seconds(state.leaf and state.leaf.certificate),
            )
            action = plan(state, unchanged, now, self._settings)
            if action is None:
                return
            try:
                self._do(action, snapshot, now)
            except ConflictError as e:
                _log.info("%s; trying again", e)

    def _do(self, action: Action, snapshot: Snapshot, now: datetime) -> None:
        match action:
            case MakeAuthority(older, why):
                authority = make_authority(now, self._authority_life)
                self._objects.save_authorities(snapshot, (authority, *older), done=not older)
                expires = authority.certificate.not_valid_after_utc
                _log.info("new certificate authority: %s; expires %s; older ones: %d", why, expires, len(older))
            case Publish(trusted):
                changed = sum(held != trusted for held in snapshot.state.bundles)
                self._objects.publish(snapshot, trusted)
                _log.info("caBundle written, webhooks changed: %d", changed)
            case IssueLeaf(issuer, why):
                leaf = issue(issuer, self._settings.names, now, self._leaf_life)
                self._objects.save_leaf(snapshot, leaf)
                _log.info("new leaf certificate: %s; expires %s", why, leaf.certificate.not_valid_after_utc)
            case Retire(kept):
                self._objects.save_authorities(snapshot, (kept,), done=True)
                _log.info("rotation complete: only the new certificate authority is trusted")

    def _report(self, snapshot: Snapshot) -> None:
        self._status.expiries = _expiries(snapshot.state)
        self._status.step = step(snapshot.state)
        unusable = unusable_requests(snapshot)
        if unusable:
            self._unusable.report("; ".join(unusable))
        else:
            self._unusable.over("no rotate annotation is without effect any more")


def _expiries(state: CertificateState) -> dict[str, datetime]:
    found = {"ca": state.authorities[0].certificate} if state.authorities else {}
    if state.leaf:
        found["leaf"] = state.leaf.certificate
    return {what: certificate.not_valid_after_utc for what, certificate in found.items()}
