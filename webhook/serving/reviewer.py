"""EDGE: one review in, one answer out, logged and counted, whatever an object holds."""

import logging
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol

from flask import Response

from registry.delivery.ledger import Ledger
from registry.resolving.selectors import Consumer
from registry.resolving.view import View
from registry.stores.namespaces import NamespaceFacts
from registry.stores.store import Known, RegistryReader
from webhook.errors import BadReviewError, Reason, RefusedError
from webhook.mutation.mutate import Mutation
from webhook.mutation.settings import Settings
from webhook.process.logs import log_defect
from webhook.serving import answers, review
from webhook.serving.review import Admission

# Seconds for which a refusal is held back, as what is missing may be about to be known: a record that was registered
# just before, or a label that the namespace was given.
PATIENCE: Final = 0.4
# The same if nothing is missing but a delivery, which takes the controller longer. The timeoutSeconds of the webhook's
# configuration are more.
DELIVERY_PATIENCE: Final = 3.0

# Bytes of a refusal's message that are logged.
REASON_LIMIT: Final = 2048

_CLUSTER_WIDE: Final = NamespaceFacts()
_log = logging.getLogger(__name__)


class Mutate(Protocol):
    """What ``webhook.mutation.mutate.mutate`` looks like."""

    def __call__(  # noqa: D102
        self,
        obj: Mapping[str, Any],
        index: View,
        consumer: Consumer,
        *,
        settings: Settings,
        old: Mapping[str, Any] | None,
        delivered: Ledger | None,
    ) -> Mutation: ...


class Observer(Protocol):
    """Hears of each review; the metrics do."""

    def begun(self) -> None:
        """Work on a review begins."""

    def answered(
        self, kind: str, operation: str, outcome: str, *, seconds: float, reasons: Collection[Reason] = ()
    ) -> None:
        """A review is answered; *kind* and *operation* are what it says, or empty if it is none."""

    def unread(self, outcome: str) -> None:
        """A request is sent back unread."""


class Unobserved:
    """Nobody hears of anything."""

    def begun(self) -> None:
        """See ``Observer``."""

    def answered(
        self, kind: str, operation: str, outcome: str, *, seconds: float, reasons: Collection[Reason] = ()
    ) -> None:
        """See ``Observer``."""

    def unread(self, outcome: str) -> None:
        """See ``Observer``."""


class _Decision(NamedTuple):
    outcome: str
    answer: bytes
    counts: Mapping[str, int] = MappingProxyType({})
    reasons: Collection[Reason] = ()
    message: str = ""


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Answers reviews by the registry as it is, under the operator's rules. See ``create_app`` for its parts."""

    registry: RegistryReader
    settings: Settings
    mutate: Mutate
    observer: Observer

    def answer(self, body: bytes, *, received: float | None = None) -> Response:
        """Answer one review, whatever it holds; log and report how it went.

        Args:
            received: When all of the body was there, by the monotonic clock; None = now.
        """
        started = time.monotonic() if received is None else received
        self.observer.begun()
        admission = None
        decision = _Decision("error", b"")
        try:
            admission = review.parse(body)
            decision = self._decide(admission)
            response = Response(decision.answer, mimetype="application/json")
        except BadReviewError as e:
            decision, response = _Decision("bad", b""), answers.plain(f"bad request: {e}", 400)
        except _NotYetError as e:
            decision, response = _Decision("later", b""), answers.plain(str(e), 503)
        except Exception as e:  # The last resort: nothing that an object holds may end a process.
            log_defect(e, _log)
            response = answers.plain(f"internal error, request {admission.uid if admission else 'unknown'}", 500)
        self._report(admission, decision, time.monotonic() - started)
        return response

    def _report(self, admission: Admission | None, decision: _Decision, seconds: float) -> None:
        kind, operation = (admission.kind, admission.operation) if admission else ("", "")
        self.observer.answered(kind, operation, decision.outcome, seconds=seconds, reasons=decision.reasons)
        if _log.isEnabledFor(logging.INFO):
            _log.info(_line(admission, decision, seconds))

    def _decide(self, admission: Admission) -> _Decision:
        """Decide what becomes of the object, and write the answer."""
        concerns = admission.operation in ("CREATE", "UPDATE") and not admission.subresource and admission.asks
        if not concerns or (obj := admission.obj) is None:
            return _Decision("allowed", review.allowed(admission))
        try:
            made = self._mutate(obj, admission)
            answer = review.allowed(admission, ops=made.ops, warnings=made.warnings, audit=made.audit)
        except RefusedError as e:
            message, counts = str(e), {"problems": len(e.problems)}
            answer = review.denied(admission, message, warnings=e.warnings)
            return _Decision("refused", answer, counts, e.reasons, message)
        counts = {"ops": len(made.ops), "warnings": len(made.warnings)}
        return _Decision("patched" if made.ops else "allowed", answer, counts)

    def _mutate(self, obj: Mapping[str, Any], admission: Admission) -> Mutation:
        """Decide by what is known, and if that is a refusal, again by what becomes known soon.

        Only of new objects: an update is not decided by the registry.
        """
        is_new = admission.operation == "CREATE"
        if is_new:
            self.registry.settle()
        started = time.monotonic()
        known = self.registry.known_in(admission.namespace)
        while True:
            try:
                return self._mutate_by(known, obj, admission)
            except (RefusedError, _NotYetError) as e:
                seconds = started + _patience(e) - time.monotonic()
                newer = self.registry.newer(admission.namespace, known, seconds) if is_new and seconds > 0 else None
                if newer is None:
                    raise
                known = newer

    def _mutate_by(self, known: Known, obj: Mapping[str, Any], admission: Admission) -> Mutation:
        namespace = admission.namespace
        facts = known.facts if namespace else _CLUSTER_WIDE
        if known.index is None:
            raise _NotYetError("registry not loaded")
        if facts is None:
            # It was created a moment ago. To take it for one without a label could refuse what it may have.
            raise _NotYetError(f"namespace {namespace[:63]!r} is not known yet")
        consumer = Consumer(
            zone=self.settings.zone,
            namespace=namespace,
            project=facts.project,
            owner=facts.owner,
            user=admission.username,
        )
        index = known.index.seen_from(namespace)
        return self.mutate(obj, index, consumer, settings=self.settings, old=admission.old, delivered=known.delivered)


def _patience(error: Exception) -> float:
    """Seconds for which *error* is held back."""
    is_due = isinstance(error, RefusedError) and error.reasons == {Reason.UNDELIVERED}
    return DELIVERY_PATIENCE if is_due else PATIENCE


class _NotYetError(Exception):
    """What is needed for an answer is on its way."""


def _line(admission: Admission | None, decision: _Decision, seconds: float) -> dict[str, Any]:
    """Write what is logged of a review: names and counts, never a value."""
    line: dict[str, Any] = {"outcome": decision.outcome, "ms": round(seconds * 1000, 3), **decision.counts}
    if admission is None:
        return line
    if decision.message:
        # No more than the answer says, to the one who asked: what he may not know is in neither.
        line["user"] = admission.username[:253]
        line["reasons"] = sorted(reason.value for reason in decision.reasons)
        line["reason"] = review.clean(decision.message, REASON_LIMIT)
    return {
        "uid": admission.uid,
        # Whoever forges a review chooses these; a line must stay a line.
        "kind": admission.kind[:63],
        "namespace": admission.namespace[:63],
        "name": (admission.name or _generated(admission, decision))[:253],
        "operation": admission.operation[:63],
        **line,
    }


def _generated(admission: Admission, decision: _Decision) -> str:
    """What the name of a refused object would have begun with, as it has got none yet."""
    if not decision.message or admission.obj is None:
        return ""
    metadata = admission.obj.get("metadata")
    prefix = metadata.get("generateName") if isinstance(metadata, dict) else None
    return f"{prefix}…" if isinstance(prefix, str) else ""
