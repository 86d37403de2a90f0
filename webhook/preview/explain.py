"""Why an object gets what it gets: the analysis of ``mutate`` as plain data, and as text for people. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

from registry.delivery.ledger import Ledger
from registry.resolving.resolve import Resolution, Verdict
from registry.resolving.selectors import Consumer, described
from registry.resolving.view import View
from webhook.adapters.layout import Finding, Remark
from webhook.errors import RefusedError
from webhook.mutation import later_pods, waiting
from webhook.mutation.analysis import Analysis, StepReport, analyse
from webhook.mutation.bound_selectors import BoundSelector
from webhook.mutation.env_plan import Fate, Outcome
from webhook.mutation.lifting import lift
from webhook.mutation.mutate import refusal
from webhook.mutation.note.resolved import Resolved
from webhook.mutation.question import Question, ask
from webhook.mutation.selector_blocks import Replacement
from webhook.mutation.sent_again import SentAgain, check_kept, sent_again
from webhook.mutation.settings import Settings
from webhook.preview import credentials, given
from webhook.preview.lines import Lines
from webhook.preview.near_misses import near_misses_in

_Origin: TypeAlias = Callable[[Resolution], dict[str, Any] | None]


def explain(
    obj: Mapping[str, Any],
    index: View,
    consumer: Consumer,
    *,
    settings: Settings,
    delivered: Ledger | None = None,
    lines: Lines | None = None,
    dropped: Sequence[Finding] = (),
) -> dict[str, Any] | None:
    """Explain *obj* as plain data that holds no values of variables; None if it does not ask.

    Args:
        delivered: The shared credentials that are in the consumer's namespace; None = not checked.
        lines: Where *obj* is; None if it is in no file.
        dropped: Its blocks that the API server drops.
    """
    again = sent_again(obj)
    question = ask(again.obj if again else obj)
    if question is None:
        return _kept(again, again.note, index, consumer) if again and again.note else None
    analysis = analyse(question, index=index, consumer=consumer, settings=settings, delivered=delivered)
    later: list[str] = []
    if question.layout.is_definition:
        # Selectors of a definition are resolved only when pods are created from it.
        analysis.findings, _ = lift(question)
        if not analysis.findings:
            later = later_pods.refusals(
                question, index=index, consumer=consumer, settings=settings, delivered=delivered
            )
    waits = waiting.can_wait(question, analysis)
    asking = question.asking(consumer)
    origin = partial(credentials.origin, consumer=asking, settings=settings, delivered=delivered)
    refused = refusal(analysis) if analysis.findings and not waits else RefusedError((), ())
    own = [*near_misses_in(obj), *dropped] if lines is not None else []
    said: list[str] = [
        *(again.warnings if again else ()),
        *(waiting.warnings(analysis) if waits else ()),
        *analysis.warnings,
    ]
    said += [*later_pods.warnings(question, later), *map(Remark.of, own)]
    warnings = list(dict.fromkeys(said))
    return {
        "consumer": _consumer(asking),
        "allowed": waits or not analysis.findings,
        "problems": _placed(refused.problems, lines.of(refused) if lines else ()),
        "warnings": _placed(warnings, lines.of_remarks(warnings) if lines else ()),
        "verdict": _verdict(question, waits or not analysis.findings, later),
        "steps": [_step(report, origin) for report in analysis.reports if report.bound_selectors],
        "expressions": _expressions(analysis),
        **({"before": given.services(again.note)} if again and again.note else {}),
    }


def _kept(again: SentAgain, note: Resolved, index: View, consumer: Consumer) -> dict[str, Any]:
    """An object that asks nothing now: it keeps what it was given before, if its sender may have that."""
    problems: list[str] = []
    try:
        check_kept(again, index, consumer)
    except RefusedError as e:
        problems += e.problems
    return {
        "consumer": _consumer(consumer),
        "allowed": not problems,
        "problems": problems,
        "warnings": [*again.warnings],
        "verdict": "refused" if problems else "admitted",
        "steps": [],
        "expressions": [],
        "before": given.services(note),
    }


def _consumer(asking: Consumer) -> dict[str, str | None]:
    return {"zone": asking.zone, "project": asking.project, "owner": asking.owner, "user": asking.user}


def _placed(messages: Sequence[str], places: Sequence[str]) -> list[str]:
    """*messages*, each with its place before it, if there are any."""
    return [f"{place}: {message}" for place, message in zip(places, messages, strict=True)] if places else [*messages]


def _verdict(question: Question, is_allowed: bool, later: Sequence[str]) -> str:
    if not is_allowed:
        return "refused"
    return f"admitted; {later_pods.verdict(question.obj)}" if later else "admitted"


def _expressions(analysis: Analysis) -> list[dict[str, str]]:
    return [{"where": where, "expression": expression} for where, expression in analysis.uses]


def _step(report: StepReport, origin: _Origin) -> dict[str, Any]:
    return {
        "step": report.step.key,
        "where": report.step.where,
        "selectors": [
            _selector(bound, report.plan.outcomes[bound.selector.name], origin)
            | _replacement(report.replacements.get(bound.selector.name))
            for bound in report.bound_selectors
        ],
    }


def _selector(bound: BoundSelector, outcomes: list[Outcome], origin: _Origin) -> dict[str, Any]:
    resolution = bound.resolution
    binding = resolution.binding
    chosen = binding and {
        "extension": binding.extension.id,
        "service": binding.service.id,
        "endpoint": binding.endpoint and {"url": binding.endpoint.url, "type": binding.endpoint.type},
        "credentials": origin(resolution),
    }
    return {
        "name": bound.selector.name,
        "criteria": bound.selector.criteria,
        "optional": bound.selector.optional,
        "chosen": chosen,
        "why": resolution.why,
        "considered": resolution.considered,
        "candidates": [_candidate(verdict) for verdict in resolution.verdicts],
        "variables": [_variable(outcome) for outcome in outcomes],
    }


def _replacement(found: Replacement | None) -> dict[str, Any]:
    if found is None:
        return {}
    replaced = [{"where": where, "criteria": selector.criteria} for where, selector in found.replaced]
    return {"where": found.where, "replaces": replaced}


def _candidate(verdict: Verdict) -> dict[str, str]:
    return {"service": verdict.offer, "removed_by": verdict.rule, "why": verdict.why}


def _variable(outcome: Outcome) -> dict[str, str]:
    variable = outcome.variable
    described_variable = {"name": outcome.name, "from": str(variable.source), "outcome": outcome.fate.value}
    if variable.secret is not None:
        described_variable["secret"] = f"{variable.secret.name}/{variable.secret.key}"
    return described_variable


def as_text(explanation: Mapping[str, Any]) -> str:
    """The explanation as text for people."""
    return "\n".join(_lines(explanation)) + "\n"


def _lines(explanation: Mapping[str, Any]) -> Iterator[str]:
    consumer = explanation["consumer"]
    owner = f", owner {consumer['owner']!r}" if consumer["owner"] else ""
    yield f"asked for by project {consumer['project']!r}{owner}, user {consumer['user']!r}, zone {consumer['zone']!r}"
    yield from (f"given before: {given}" for given in explanation.get("before", ()))
    for step in explanation["steps"]:
        yield ""
        yield step["where"]
        for selector in step["selectors"]:
            yield from _selector_lines(selector, "none yet" if explanation["allowed"] else "refused")
    if explanation["expressions"]:
        yield ""
        yield "expressions"
        yield from (f"  {use['where']}: {use['expression']}" for use in explanation["expressions"])
    yield ""
    yield from (f"warning: {warning}" for warning in explanation["warnings"])
    yield from (f"refused: {problem}" for problem in explanation["problems"])
    if explanation["allowed"]:
        yield explanation["verdict"]


def _selector_lines(selector: Mapping[str, Any], without: str) -> Iterator[str]:
    where = f" of {selector['where']}" if "where" in selector else ""
    yield f"  selector {selector['name']!r} ({described(selector['criteria'])}){where}"
    for other in selector.get("replaces", ()):
        yield f"    replaces that of {other['where']} ({described(other['criteria'])})"
    chosen = selector["chosen"]
    if chosen:
        yield f"    = {chosen['extension']}/{chosen['service']}: {selector['why']}"
        endpoint = chosen["endpoint"]
        yield (f"      endpoint: {endpoint['url']} ({endpoint['type']})" if endpoint else "      endpoint: none")
        yield f"      credentials: {credentials.as_text(chosen['credentials'])}"
    else:
        yield f"    {'nothing, as it is optional' if selector['optional'] else without}: {selector['why']}"
    for candidate in selector["candidates"]:
        if candidate["removed_by"]:
            yield f"    - {candidate['service']}: rule '{candidate['removed_by']}': {candidate['why']}"
    left_out = selector["considered"] - len(selector["candidates"])
    if left_out > 0:
        yield f"    - and {left_out} more"
    width = max((len(v["name"]) for v in selector["variables"]), default=0)
    for variable in selector["variables"]:
        secret = f", Secret {variable['secret']}" if "secret" in variable else ""
        outcome = "" if variable["outcome"] == Fate.INJECTED.value else f" ({variable['outcome']})"
        yield f"      {variable['name']:{width}}  from {variable['from']}{secret}{outcome}"
