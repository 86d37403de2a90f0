"""What will be refused of the pods that come of an admitted object: it says so before they do. Pure.

A Job, a Deployment or a definition is stored whether or not anything fits, as that may change until its pods are made.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from registry.delivery.ledger import Ledger
from registry.resolving.selectors import Consumer
from registry.resolving.view import View
from webhook.adapters.workloads import pod_of
from webhook.errors import Reason
from webhook.mutation.analysis import analyse
from webhook.mutation.question import Question, ask
from webhook.mutation.settings import Settings

# An API server cuts all warnings of an answer together at 4096 bytes.
_MOST: Final = 5
_WORKLOAD: Final = "its pods will be refused"
_DEFINITION: Final = "pods that come of it in this namespace would be refused"


def refusals(
    question: Question, *, index: View, consumer: Consumer, settings: Settings, delivered: Ledger | None = None
) -> list[str]:
    """Why pods that come of an object in which nothing is resolved would be refused today; none if they would not.

    Credentials that are on their way are no reason: the pods wait for them.
    """
    pod = pod_of(question.obj)
    asked = question if pod is None else ask(pod)
    if asked is None or (pod is None and _is_for_all_namespaces(question.obj)):
        return []
    # A controller creates the pods.
    layout = replace(asked.layout, has_user=False)
    asked = Question(asked.obj, layout, asked.texts)
    analysis = analyse(asked, index=index, consumer=consumer, settings=settings, delivered=delivered)
    # What definitions hold is expanded in the pods only, where other rules hold for values.
    judged = {Reason.NO_MATCH, Reason.AMBIGUOUS} if pod is None else set(Reason) - {Reason.UNDELIVERED}
    return list(dict.fromkeys(str(f) for f in analysis.findings if f.reason in judged))


def warnings(question: Question, refused: list[str]) -> Iterator[str]:
    """What to say of *refused*, as ``refusals`` gives it."""
    what = verdict(question.obj)
    yield from (f"{what}: {problem}" for problem in refused[:_MOST])
    if len(refused) > _MOST:
        yield f"{what}, for {len(refused) - _MOST} more reasons"


def verdict(obj: Mapping[str, Any]) -> str:
    """The beginning of such a warning about *obj*."""
    return _DEFINITION if pod_of(obj) is None else _WORKLOAD


def _is_for_all_namespaces(obj: Mapping[str, Any]) -> bool:
    return str(obj.get("kind")).startswith("Cluster")
