"""A string with expressions -> the string that replaces it. Pure.

A credential never gets into a string that is stored in clear, unless the operator's settings say so.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import renderer
from webhook.adapters.step import Engine, Place
from webhook.mutation import env_plan, missing_project
from webhook.mutation.bound_selectors import BoundSelector, SecretKey, Variable
from webhook.mutation.escaping import UnsafeError, check_joints, escape
from webhook.mutation.expressions import TextWithExpressions
from webhook.mutation.settings import Settings

MAX_TEXT_BYTES = 256 * 1024
_SHORTER = "give a variable its value, and use that there, or write \\<< for a literal"
_IN_CLEAR = (
    "names a credential, which would be stored in clear here; make it the whole value of an env entry, and use that "
    "variable here"
)


class ExpansionError(ValueError):
    """A string cannot be expanded; the message does not say where.

    Attributes:
        waits_for: The name of the Secret that it needs and that is not there yet; "" if that is not the problem.
    """

    waits_for = ""


class Scope:
    """The selectors that a string may use, by name.

    A name that means different services in different steps is refused only where it is used.
    """

    def __init__(self, bound_selectors: Iterable[tuple[str, BoundSelector]]) -> None:
        self._bound_selectors: dict[str, tuple[str, BoundSelector]] = {}
        self._ambiguous: dict[str, tuple[str, str]] = {}
        for where, bound in bound_selectors:
            first_where, first = self._bound_selectors.setdefault(bound.selector.name, (where, bound))
            if first.chosen != bound.chosen:
                self._ambiguous.setdefault(bound.selector.name, (first_where, where))
        self._fields = {name: bound.fields for name, (_, bound) in self._bound_selectors.items()}
        self._values: dict[renderer.Expression, str] = {}

    @property
    def names(self) -> Collection[str]:
        """The names of the selectors."""
        return self._fields.keys()

    def variable(self, expression: renderer.Expression) -> Variable | None:
        """The configuration entry that *expression* reads; None if it reads something else."""
        if expression.name in self._ambiguous:
            first, second = self._ambiguous[expression.name]
            raise _refused(
                expression,
                f"{expression.name!r} means different services in {first} and {second}; give one of the selectors "
                "another name",
            )
        found = self._bound_selectors.get(expression.name)
        return found[1].variables.get(expression.key) if found and expression.key is not None else None

    def lacks_project(self, expression: renderer.Expression) -> bool:
        """True if the service that *expression* names comes without credentials for want of a project."""
        found = self._bound_selectors.get(expression.name)
        return found is not None and found[1].resolution.lacks_project

    def evaluate(self, expression: renderer.Expression) -> str:
        """The value of *expression*."""
        if expression in self._values:
            return self._values[expression]
        try:
            value = self._values[expression] = renderer.evaluate(expression, self._fields)
            return value
        except renderer.ExpressionError as e:
            found = self._bound_selectors.get(expression.name)
            if found is not None and found[1].resolution.binding is None:
                problem = f'{expression.name!r} is optional and found nothing; add | default("...")'
                raise renderer.ExpressionError(expression.source, problem) from e
            raise


@dataclass(slots=True)
class Expanded:
    """What becomes of a string.

    Attributes:
        content: The string.
        secret: Set if the whole value is one of a Secret: ``valueFrom`` takes its place, and *content* is "".
        private: Variables that *content* refers to, by name, and the Secret's key of each.
        parts: What stands in *content* for each part of the template.
    """

    content: str = ""
    secret: SecretKey | None = None
    private: dict[str, SecretKey] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    parts: tuple[str, ...] = ()


def parse(text: TextWithExpressions, *, braces: bool) -> renderer.Template:
    """Read the expressions of *text*.

    Raises:
        ExpansionError: One breaks the grammar, or the string is too long to look at.
    """
    if len(text.content.encode()) > MAX_TEXT_BYTES:
        raise ExpansionError(f"is longer than {MAX_TEXT_BYTES // 1024} KiB, too long to hold an expression; {_SHORTER}")
    try:
        return renderer.parse(text.content, braces=braces)
    except renderer.ExpressionError as e:
        raise ExpansionError(str(e)) from e


def expand(template: renderer.Template, scope: Scope, *, place: Place, engine: Engine, settings: Settings) -> Expanded:
    """Give every expression of *template* its value.

    Raises:
        ExpansionError: One has none, or its value must not or cannot stand there.
    """
    return _Expander(template, scope, place, engine, settings).run()


@dataclass(slots=True)
class _Expander:
    template: renderer.Template
    scope: Scope
    place: Place
    engine: Engine
    settings: Settings
    result: Expanded = field(default_factory=Expanded)

    def run(self) -> Expanded:
        pieces = [(p, p) if isinstance(p, str) else self._checked(p) for p in self.template.parts]
        try:
            check_joints([piece for piece, _ in pieces], self.engine)
        except UnsafeError as e:
            raise ExpansionError(str(e)) from e
        self.result.parts = tuple(shown for _, shown in pieces)
        self.result.content = "".join(self.result.parts)
        return self.result

    def _checked(self, expression: renderer.Expression) -> tuple[str, str]:
        try:
            return self._piece(expression)
        except renderer.ExpressionError as e:
            lacks = expression.key is not None and self.scope.lacks_project(expression)
            raise ExpansionError(f"{e}; {missing_project.why(self.settings)}" if lacks else str(e)) from e
        except UnsafeError as e:
            raise _refused(expression, str(e)) from e

    def _piece(self, expression: renderer.Expression) -> tuple[str, str]:
        """What stands in the string for *expression*, and the same as it is to be shown."""
        variable = self.scope.variable(expression)
        if variable is not None and variable.secret is not None:
            reference = self._reference(expression, variable.secret)
            if variable.secret.lack:
                raise _undelivered(expression, variable, variable.secret)
            return reference, reference
        if variable is not None and variable.is_credential and self.place is not Place.ENV:
            self._check_policy(expression)
        value = escape(self.scope.evaluate(expression), self.engine, self.place)
        return value, env_plan.shown(value, variable, self.settings) if variable else value

    def _reference(self, expression: renderer.Expression, secret: SecretKey) -> str:
        """How a string refers to a value that only the kubelet will see."""
        if self.place is not Place.ENV:
            raise _refused(expression, _IN_CLEAR)
        if self.engine is Engine.FUSEML:
            raise _refused(expression, "the value is in a Kubernetes Secret, which a FuseML document cannot refer to")
        if any(f.name != "default" for f in expression.filters):
            raise _refused(expression, "the value is in a Kubernetes Secret, where no filter can reach it")
        if len(self.template.parts) == 1:
            self.result.secret = secret
            return ""
        name = env_plan.private_name(expression.name, expression.key or "")
        if self.result.private.setdefault(name, secret) != secret:
            raise _refused(expression, f"two values here would need the name {name!r}; rename one of the selectors")
        return f"$({name})"

    def _check_policy(self, expression: renderer.Expression) -> None:
        if self.settings.plaintext_credentials == "deny":
            raise _refused(expression, _IN_CLEAR)
        if self.settings.plaintext_credentials == "warn":
            self.result.warnings.append(f"expression {str(expression)!r} stores a credential in clear")


def _undelivered(expression: renderer.Expression, variable: Variable, secret: SecretKey) -> ExpansionError:
    error = _refused(expression, env_plan.undelivered(variable))
    error.waits_for = secret.name
    return error


def _refused(expression: renderer.Expression, problem: str) -> ExpansionError:
    return ExpansionError(str(renderer.ExpressionError(expression.source, problem)))
