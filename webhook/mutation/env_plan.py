"""Which variables a step gets, from where, and why some are left out. Every rule of precedence lives here. Pure.

The author's own variable wins; the deeper configuration wins; equal sources give a name once; different sources of one
name are a refusal; a variable that controls a loader or an interpreter is not injected unless the operator allows it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple

from registry.records.variables import is_name, steers
from webhook.adapters.step import Engine, Place, Step
from webhook.errors import Reason
from webhook.mutation.bound_selectors import BoundSelector, SecretKey, Variable
from webhook.mutation.escaping import UnsafeError, escape
from webhook.mutation.settings import Settings

HIDDEN = "<hidden>"


class Fate(Enum):
    """What becomes of one entry of a binding's configuration in a step."""

    INJECTED = "injected"
    KEPT = "the author's own value is kept"
    SAME = "already there from the same source"
    EXPRESSIONS_ONLY = "no name for a variable, for expressions only"
    NOT_ASKED = "inject: false, for expressions only"
    CONFLICT = "refused: another selector gives the same name"
    NO_PLACE = "refused: the step has no place for variables"
    UNDELIVERED = "refused: its Secret is not there yet"
    STEERING = "refused: controls a loader, shell, interpreter or tool"
    UNSAFE = "refused: would be changed on its way"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of *variable*, which would be called *name* in the step."""

    name: str
    variable: Variable
    fate: Fate


class Problem(NamedTuple):
    """What is wrong, or odd, with what a step would get by the *selector* of that name."""

    message: str
    selector: str
    reason: Reason = Reason.VARIABLES


@dataclass(slots=True)
class Plan:
    """The variables to put before a step's own.

    Attributes:
        entries: Items of the ``env`` list, by name and in order.
        outcomes: By selector name, for each entry of its configuration.
        waits_for: The names of the Secrets that it needs and that are not there yet.
    """

    entries: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    waits_for: set[str] = field(default_factory=set)


def plan(
    step: Step,
    bound_selectors: Sequence[BoundSelector],
    own_names: frozenset[str],
    *,
    engine: Engine,
    settings: Settings,
) -> Plan:
    """Decide what *step* gets for *bound_selectors*, given the names that its author has set."""
    result = Plan()
    givers: dict[str, tuple[BoundSelector, Variable]] = {}
    for bound in bound_selectors:
        outcomes = result.outcomes.setdefault(bound.selector.name, [])
        for variable in bound.variables.values():
            name = bound.selector.env_prefix + variable.key
            fate = _fate(name, variable, bound, taken=own_names | step.set_elsewhere, givers=givers)
            if fate is Fate.INJECTED:
                fate = _hindrance(name, variable, step, settings) or fate
            if fate is Fate.INJECTED:
                givers[name] = (bound, variable)
                try:
                    result.entries[name] = entry(name, variable, engine=engine, settings=settings)
                except UnsafeError as e:
                    fate = Fate.UNSAFE
                    result.problems.append(Problem(_unsafe(name, variable, bound, e), bound.selector.name))
            elif fate is Fate.CONFLICT:
                result.problems.append(Problem(_conflict(name, givers[name], (bound, variable)), bound.selector.name))
            outcomes.append(Outcome(name, variable, fate))
        _judge(bound, outcomes, step, result)
    return result


def _fate(
    name: str,
    variable: Variable,
    bound: BoundSelector,
    *,
    taken: frozenset[str],
    givers: Mapping[str, tuple[BoundSelector, Variable]],
) -> Fate:
    if not bound.selector.inject:
        return Fate.NOT_ASKED
    if not is_name(name):
        return Fate.EXPRESSIONS_ONLY
    if name in taken:
        return Fate.KEPT
    if name in givers:
        return Fate.SAME if givers[name][1].source == variable.source else Fate.CONFLICT
    return Fate.INJECTED


def _hindrance(name: str, variable: Variable, step: Step, settings: Settings) -> Fate | None:
    if step.no_env:
        return Fate.NO_PLACE
    if variable.secret is not None and variable.secret.lack:
        return Fate.UNDELIVERED
    return Fate.STEERING if steers(name) and name not in settings.allowed_variables else None


def _judge(bound: BoundSelector, outcomes: Sequence[Outcome], step: Step, result: Plan) -> None:
    """Report, once for a selector, what is wrong with any number of its variables."""
    fates = {outcome.fate for outcome in outcomes}
    if fates <= {Fate.INJECTED, Fate.KEPT, Fate.SAME}:
        return
    selector = bound.selector.name
    which = f"selector {selector!r}"
    names = {fate: ", ".join(repr(o.name) for o in outcomes if o.fate is fate) for fate in fates}
    if Fate.NO_PLACE in names:
        message = f"{which}: its variables have no place: {step.no_env}; set inject: false to use expressions only"
        result.problems.append(Problem(message, selector))
    if Fate.UNDELIVERED in names:
        variable = next(o.variable for o in outcomes if o.fate is Fate.UNDELIVERED)
        message = f"{which}: {undelivered(variable)}; set inject: false if the step can do without"
        result.problems.append(Problem(message, selector, Reason.UNDELIVERED))
        result.waits_for |= {variable.secret.name} if variable.secret else set()
    if steering := names.get(Fate.STEERING):
        message = (
            f"{which}: {steering} would control a loader, shell, interpreter or tool; choose another env_prefix, or "
            "ask the operator for --allow-variable"
        )
        result.problems.append(Problem(message, selector))
    if unusable := names.get(Fate.EXPRESSIONS_ONLY):
        message = f"{which}: no variable can be called {unusable}; use it in expressions"
        result.warnings.append(Problem(message, selector))


def entry(name: str, variable: Variable, *, engine: Engine, settings: Settings) -> dict[str, Any]:
    """The item of an ``env`` list that gives *variable* the name *name*.

    Raises:
        UnsafeError: Its value cannot be written so that it arrives as it is.
    """
    if variable.secret is not None:
        if engine is Engine.FUSEML:
            raise UnsafeError("the value is in a Kubernetes Secret, which a FuseML document cannot refer to")
        return by_reference(name, variable.secret)
    value = escape(variable.value, engine, Place.ENV)
    return {"name": name, "value": shown(value, variable, settings)}


def by_reference(name: str, secret: SecretKey) -> dict[str, Any]:
    """An item of an ``env`` list whose value the kubelet takes from a Secret."""
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": secret.name, "key": secret.key}}}


def undelivered(variable: Variable) -> str:
    """That the credentials of *variable* are not where the run is, and why."""
    return f"{variable.source} are {variable.secret.lack}" if variable.secret else ""


def shown(value: str, variable: Variable, settings: Settings) -> str:
    """*value*, unless it is a credential's and those are not to be shown."""
    return HIDDEN if variable.is_credential and not settings.show_credentials else value


def private_name(selector: str, key: str) -> str:
    """The variable that carries a credential into a longer value: ``_FUSEML_STORE_AWS_SECRET_ACCESS_KEY``."""
    return "_FUSEML_" + re.sub(r"\W", "_", f"{selector}_{key}", flags=re.ASCII).upper()


def _conflict(name: str, first: tuple[BoundSelector, Variable], second: tuple[BoundSelector, Variable]) -> str:
    (bound_a, variable_a), (bound_b, variable_b) = first, second
    return (
        f"selectors {bound_a.selector.name!r} ({variable_a.source}) and {bound_b.selector.name!r} "
        f"({variable_b.source}) both give {name!r}; set env_prefix or inject: false on one of them"
    )


def _unsafe(name: str, variable: Variable, bound: BoundSelector, error: UnsafeError) -> str:
    remedy = "" if variable.secret else "ask the operator to keep it as a credential with a secretRef, or "
    return f"selector {bound.selector.name!r}: {name!r} from {variable.source}: {error}; {remedy}set inject: false"
