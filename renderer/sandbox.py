"""Evaluate accepted expressions in a locked Jinja environment. Pure.

Jinja receives only source that this module writes from accepted tokens. What the author typed (names, keys,
default texts) is passed in variables and never is source. So a few dozen compiled pieces serve all that can
be said, and no author can make Jinja compile more. Its own messages are never shown: they hold values.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Undefined
from jinja2.environment import TemplateExpression
from jinja2.sandbox import ImmutableSandboxedEnvironment

from renderer.errors import ExpressionError, UnfitValueError, listed, quoted
from renderer.filters import DEFAULT, FILTERS
from renderer.grammar import CFG, Expression

Extensions = Mapping[str, Mapping[str, object]]
"""The fields of each selector, by its name: ``{"store": {"url": "http://…", "cfg": {"KEY": "value"}}}``."""


def evaluate(expression: Expression, extensions: Extensions) -> str:
    """The value of *expression*. A field that is missing or None has no value; an empty text is one.

    Raises:
        ExpressionError: No selector has this name (a default does not help: it would hide a typing error), or
            there is neither a value nor a default, or the value is no text or not what a filter needs.
    """
    if expression.name not in extensions:
        problem = f"no selector is named {quoted(expression.name)}; {_available(extensions)}"
        raise ExpressionError(expression.source, problem)
    value = _look_up(expression, extensions)
    for name, _ in expression.filters:
        if name != DEFAULT:
            value = _apply(name, value, expression.source)
    return value


def _look_up(expression: Expression, extensions: Extensions) -> str:
    """The value before its filters, or the default for it."""
    path = f"{CFG}[key]" if expression.field == CFG else expression.field
    default = "" if expression.default is None else f"|{DEFAULT}(text)"
    value: object = _compiled(f"extension[name].{path}{default}")(
        extension=extensions, name=expression.name, key=expression.key, text=expression.default
    )
    if isinstance(value, Undefined):
        raise ExpressionError(expression.source, _missing(expression, extensions[expression.name]))
    if not isinstance(value, str):
        raise ExpressionError(expression.source, f"the value is not text, but of type {type(value).__name__}")
    return value


def _apply(name: str, value: str, source: str) -> str:
    try:
        return str(_compiled(f"value|{name}")(value=value))
    except UnfitValueError as error:
        raise ExpressionError(source, f"filter '{name}': {error}") from None


def _missing(expression: Expression, fields: Mapping[str, object]) -> str:
    name = quoted(expression.name)
    if expression.key is None:
        return f"{name} has no {expression.field}; {_available(fields)}"
    return f"{name} has no cfg key {quoted(expression.key)}; {_available(fields.get(CFG))}"


def _available(named: object) -> str:
    names = [str(name) for name, value in named.items() if value is not None] if isinstance(named, Mapping) else []
    return f"available: {listed(names) or 'none'}"


def _default(value: object, text: str) -> object:
    """*text* if there is no value. Unlike Jinja's own, it takes no second argument."""
    return text if isinstance(value, Undefined) else value


class _Environment(ImmutableSandboxedEnvironment):
    """Knows the keys of mappings, and no attribute of anything."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Look up keys only: ``c.items`` is the key, never the method."""
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """The value at a key; None counts as absent."""
        value = obj.get(argument) if isinstance(obj, Mapping) else None
        return self.undefined(obj=obj, name=argument) if value is None else value


def _locked() -> _Environment:
    environment = _Environment(undefined=StrictUndefined)
    environment.globals.clear()
    environment.tests.clear()
    environment.filters.clear()
    environment.filters.update(FILTERS, **{DEFAULT: _default})
    return environment


_ENVIRONMENT = _locked()


@lru_cache(maxsize=64)  # 11 fields, each with and without a default, and 11 filters
def _compiled(source: str) -> TemplateExpression:
    return _ENVIRONMENT.compile_expression(source, undefined_to_none=False)
