"""What an object asks, so that it can be told whether it is asked again. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from webhook.adapters.layout import Layout
from webhook.mutation import resolved_note
from webhook.mutation.expressions import Text
from webhook.objects.walk import Pointer, at


def asked(obj: Mapping[str, Any], layout: Layout, found: Iterable[Text]) -> str:
    """Digest of all in *obj* that determines what becomes of it, the registry apart."""
    steps = [
        [step.key, [b.content for b in step.blocks], at(obj, step.env) if step.env else None]
        for step in layout.steps
        if step.asks
    ]
    question: list[Any] = [steps, [[text.pointer, text.content] for text in found]]
    others = [[pointer, at(obj, pointer)] for pointer in env_lists(layout, found, of_steps=False)]
    if others or layout.misplaced or layout.answered:
        question.append([others, layout.misplaced, layout.answered[0].content if layout.answered else None])
    if layout.is_definition:
        question += [[annotation.content for annotation in layout.annotations], list(map(str, layout.problems))]
    return resolved_note.digest(question)


def env_lists(layout: Layout, found: Iterable[Text], *, of_steps: bool = True) -> list[Pointer]:
    """The lists of variables that may get new entries: those of the steps that ask, and others with expressions."""
    asking = dict.fromkeys(step.env for step in layout.steps if step.env and step.asks)
    others = dict.fromkeys(text.pointer[:-2] for text in found if text.pointer[-3:-2] == ("env",))
    return [*asking, *others] if of_steps else [pointer for pointer in others if pointer not in asking]
