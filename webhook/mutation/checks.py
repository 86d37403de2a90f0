"""What is wrong with an object, as far as that can be said without a registry. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from webhook.adapters.layout import Finding, Layout
from webhook.errors import Reason
from webhook.mutation import expansion, expressions, unknown_names
from webhook.mutation.expansion import ExpansionError
from webhook.mutation.expressions import TextWithExpressions
from webhook.mutation.selector_blocks import BlockReader

if TYPE_CHECKING:
    from webhook.objects.walk import Pointer


def findings(layout: Layout, found: Sequence[TextWithExpressions]) -> list[Finding]:
    """What the author of an object must mend, given its layout and the texts with expressions."""
    reader = BlockReader(layout)
    names = {step.pointer: {s.name for s in reader.selectors_of(step)} for step in layout.steps}
    problems = reader.findings
    if layout.is_misread:
        # Which selectors there are is not known.
        return problems
    complained: set[Pointer] = set()
    given = (
        text for step in layout.steps if step.annotation_env for _, text in expressions.of_annotations(step, layout)
    )
    for text in (*found, *given):
        if text.pointer in complained:
            continue  # Several steps get this value.
        steps = layout.steps if text.region.steps is None else text.region.steps
        # A selector that is refused is a known name all the same.
        known = reader.refused.union(*(names[step.pointer] for step in steps))
        for message in _problems(text, known, names, layout):
            problems.append(finding_at(layout, text, message))
            complained.add(text.pointer)
    return problems


def finding_at(layout: Layout, text: TextWithExpressions, message: str, reason: Reason = Reason.EXPRESSION) -> Finding:
    """What is wrong with *text*, and where."""
    annotation = layout.annotations.at(text.pointer)
    if annotation is not None:
        return annotation.finding(text.pointer, f"{text.where}: {message}", reason)
    return Finding(text.where, message, text.pointer, reason=reason)


def _problems(
    text: TextWithExpressions, known: set[str], names: Mapping["Pointer", set[str]], layout: Layout
) -> Iterator[str]:
    try:
        template = expansion.parse(text, braces=layout.braces)
    except ExpansionError as e:
        yield str(e)
        return
    for expression in template.expressions:
        if expression.name not in known:
            elsewhere = (step.where for step in layout.steps if expression.name in names[step.pointer])
            yield unknown_names.message(expression, known, elsewhere, layout)
