"""EDGE: one review in, one answer out, logged and counted, whatever an object holds."""

import logging
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from flask import Response

from registry.resolving.index import Index
from registry.resolving.selectors import Consumer
from registry.resolving.view import View
from webhook.errors import BadReviewError, Reason, RefusedError
from webhook.mutation.mutate import Mutation
from webhook.mutation.settings import Settings
from webhook.process.logs import log_defect
from webhook.serving import answers, review
from webhook.serving.review import Admission

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


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Answers reviews by the registry as it is, under the operator's rules. See ``create_app`` for its parts."""

    snapshot: Callable[[], Index | None]
    settings: Settings
    mutate: Mutate
    project_of: Callable[[str], str | None]
    settle: Callable[[], None]
    newer: Callable[[Index], Index | None]
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
            _log.info(_line(admission, decision.outcome, seconds, decision.counts))

    def _decide(self, admission: Admission) -> _Decision:
        """Decide what becomes of the object, and write the answer."""
        concerns = admission.operation in ("CREATE", "UPDATE") and not admission.subresource and admission.asks
        if not concerns or (obj := admission.obj) is None:
            return _Decision("allowed", review.allowed(admission))
        consumer = self._consumer(admission)
        try:
            made = self._mutate(obj, consumer, admission)
            answer = review.allowed(admission, ops=made.ops, warnings=made.warnings, audit=made.audit)
        except RefusedError as e:
            return _Decision("refused", review.denied(admission, str(e)), {"problems": len(e.problems)}, e.reasons)
        counts = {"ops": len(made.ops), "warnings": len(made.warnings)}
        return _Decision("patched" if made.ops else "allowed", answer, counts)

    def _consumer(self, admission: Admission) -> Consumer:
        namespace = admission.namespace
        project = self.project_of(namespace) if namespace else ""
        if project is None:
            # It was created a moment ago. To take it for one without a label would give it another project's rights.
            raise _NotYetError(f"namespace {namespace[:63]!r} is not known yet")
        return Consumer(zone=self.settings.zone, namespace=namespace, project=project, user=admission.username)

    def _mutate(self, obj: Mapping[str, Any], consumer: Consumer, admission: Admission) -> Mutation:
        """Decide by the registry as it is now, and again before a refusal if what is missing may be about to come."""
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
