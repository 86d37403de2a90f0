"""What an object asks, as a value, so that the same question is recognized when it comes again. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from registry.resolving.selectors import Consumer
from webhook.adapters import layout_of
from webhook.adapters.layout import Layout
from webhook.adapters.step import Step
from webhook.mutation import expressions
from webhook.mutation.expressions import TextWithExpressions
from webhook.mutation.note import resolved
from webhook.objects.walk import Pointer, at


@dataclass(frozen=True)
class Question:
    """An object, where its steps are, and its strings that hold expressions."""

    obj: Mapping[str, Any]
    layout: Layout
    texts: tuple[TextWithExpressions, ...]

    @cached_property
    def digest(self) -> str:
        """Digest of all in the object that determines what becomes of it, the registry apart."""
        layout = self.layout
        steps = [
            [step.key, [b.content for b in step.blocks], at(self.obj, step.env) if step.env else None]
            for step in layout.steps
            if step.asks
        ]
        determining: list[Any] = [steps, [[text.pointer, text.content] for text in self.texts]]
        others = [[pointer, at(self.obj, pointer)] for pointer in self.env_lists_of_others()]
        if others or layout.misplaced or layout.annotations.resolved_here:
            determining.append([others, layout.misplaced, layout.annotations.asking_content])
        if layout.is_definition:
            contents = [annotation.content for annotation in layout.annotations.read]
            determining += [contents, list(map(str, layout.annotations.problems))]
        return resolved.digest(determining)

    def asking(self, consumer: Consumer, step: Step | None = None) -> Consumer:
        """Who is taken to ask for the object, or for a *step* of it.

        Nobody vouches for the user for whom a controller creates a pod, now or later.
        """
        is_of_controller = not self.layout.has_user or (step is not None and step.by_reference)
        return consumer.without_user if is_of_controller else consumer

    def env_lists(self) -> list[Pointer]:
        """The ``env`` lists that may get new entries: those of the steps that ask, and others with expressions."""
        return [*self._env_lists_of_steps(), *self.env_lists_of_others()]

    def env_lists_of_others(self) -> list[Pointer]:
        """The ``env`` lists with expressions that belong to no step that asks."""
        asking = self._env_lists_of_steps()
        with_expressions = dict.fromkeys(text.pointer[:-2] for text in self.texts if text.pointer[-3:-2] == ("env",))
        return [pointer for pointer in with_expressions if pointer not in asking]

    def _env_lists_of_steps(self) -> dict[Pointer, None]:
        return dict.fromkeys(step.env for step in self.layout.steps if step.env and step.asks)


def ask(obj: Mapping[str, Any], *, is_new: bool = True) -> Question | None:
    """What *obj* asks; None if it asks nothing, or has been given it before.

    Args:
        is_new: True if the object is being created; False if it is a run that goes on.
    """
    layout = layout_of(obj, is_new=is_new)
    if layout is None:
        return None
    if not is_new and not layout.is_definition:
        layout = layout.without_propagated()
    texts = tuple(expressions.find(obj, layout))
    if layout.asks:
        return Question(obj, layout, texts)
    if not texts:
        return None
    # After the first time, what still looks like an expression is a literal or came out of a value.
    note = resolved.read(obj) if layout.annotated else None
    return None if note is not None and len(texts) <= note.literals else Question(obj, layout, texts)
