"""What is wrong with an expression that names no selector it may use, and where such a selector is. Pure."""

from collections.abc import Collection, Iterable

import renderer
from registry.suggestions import there_are
from webhook.adapters.annotations.names import RUN_SELECTORS, TASK_SELECTORS
from webhook.adapters.layout import Layout
from webhook.adapters.step import Engine

_MOST = 3
_MOST_NAMES = 10


def message(expression: renderer.Expression, known: Collection[str], elsewhere: Iterable[str], layout: Layout) -> str:
    """The whole message.

    Args:
        known: The names of the selectors that it may use.
        elsewhere: The steps, for people, that have a selector of this name.
    """
    places = list(dict.fromkeys(elsewhere))
    if places:
        more = " and others" if len(places) > _MOST else ""
        problem = (
            f", but {' and '.join(places[:_MOST])}{more} {'has' if len(places) == 1 else 'have'} it; {_advice(layout)}"
        )
    else:
        problem = f"; {there_are(sorted(known), most=_MOST_NAMES)}" if known else "; there are no selectors"
    return str(renderer.ExpressionError(expression.source, f"no selector is named {expression.name!r} here{problem}"))


def _advice(layout: Layout) -> str:
    """How a selector is written for several steps."""
    if layout.engine is Engine.FUSEML:
        return "write it in this step as well"
    if layout.is_definition:
        return f"write it here as well, or for all steps under '*' in the annotation {TASK_SELECTORS}"
    together = " in taskSpec.extensions or" if layout.engine is Engine.TEKTON else ""
    return f"write it here as well, or for all steps{together} under '*' in the annotation {RUN_SELECTORS}"
