"""All that an adapter finds in an object, and whose selectors each part of it may use. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

from registry.documents.positions import Outline
from webhook.adapters.step import Engine, Kind, Region, Step
from webhook.objects.walk import Pointer


class Behind(NamedTuple):
    """Steps that are not in the object.

    Attributes:
        key: What their keys begin with; "" if it is all of the run's.
        why: Says for people whose steps they are.
        advice: If they cannot be given anything, what would help.
        has_tasks: Whether their keys have a task in them that is not in the object, either.
    """

    key: str
    why: str
    advice: str = ""
    has_tasks: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that the author of an object must mend.

    Attributes:
        where: Names the place for people.
        pointer: The place itself.
        line: Which line of the text at *pointer* it is, from 1; 0 for what is no text of several lines.
    """

    where: str
    message: str
    pointer: Pointer = ()
    line: int = 0

    def __str__(self) -> str:
        """``tasks[train].steps[main]: selector 'store': …``."""
        return f"{self.where}: {self.message}" if self.where else self.message


@dataclass(frozen=True)
class Annotation:
    """An annotation that asks for steps, in YAML.

    Attributes:
        pointer: Where it stands in the object; a pointer that goes on from there leads into its text.
        content: What it says; the text itself if it cannot be read.
        where: Whose it is, for people; "" if it is the object's own.
        answered: Whether it is here that its steps get what it asks for. Else it is only looked at: it goes on to pods.
    """

    pointer: Pointer
    text: str
    content: Any
    where: str = ""
    answered: bool = True

    def covers(self, pointer: Pointer) -> bool:
        """Whether *pointer* leads into it."""
        return pointer[: len(self.pointer)] == self.pointer

    def finding(self, pointer: Pointer, message: str) -> Finding:
        """What is wrong at *pointer*: ``annotation extensions.fuseml.org/run-selectors:2:5: …``."""
        line, column = self.outline.of(pointer[len(self.pointer) :])
        prefix = f"{self.where}: " if self.where else ""
        return Finding(f"{prefix}annotation {self.pointer[-1]}:{line}:{column}", message, pointer, line)

    @cached_property
    def outline(self) -> Outline:
        """The lines and columns of its text."""
        return Outline(self.text)


@dataclass(frozen=True)
class Layout:
    """Everything about an object that the rest of the pipeline needs to know.

    Attributes:
        regions: By pointer.
        misplaced: Blocks where none is read, with advice.
        braces: Whether ``{{ extension… }}`` is an expression, too.
        annotated: Whether the object has annotations to keep notes in.
        spare: Steps that have a place for selectors in annotations only; their region is that of their parent.
        behind: Steps that an annotation may name and that are not in the object.
        annotations: What asks for some of the steps.
        problems: What is wrong with the annotations.
        is_definition: Whether nothing is resolved in it, only in the runs and pods that come of it.
        is_expanded: Whether a definition's expressions are expanded in the runs that come of it.
        left_at: The annotation in which what steps behind references ask for goes on to their pods.
        shared_in: The spec whose templates each get their share of ``pipeline-selectors``, as Argo passes nothing on
            of a definition but its templates.
        gate: What keeps the object from being started until it has been given what it asks for.
    """

    engine: Engine
    steps: tuple[Step, ...]
    regions: Mapping[Pointer, Region]
    misplaced: tuple[str, ...] = ()
    braces: bool = False
    annotated: bool = True
    spare: tuple[Step, ...] = ()
    behind: tuple[Behind, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    problems: tuple[Finding, ...] = ()
    is_definition: bool = False
    is_expanded: bool = False
    left_at: Pointer = ()
    shared_in: Pointer = ()
    gate: Pointer | None = None

    @property
    def is_misread(self) -> bool:
        """Whether there are selectors that are not known, and would be missed by expressions that use them."""
        return bool(self.misplaced or self.problems)

    @property
    def own_steps(self) -> tuple[Step, ...]:
        """The steps that stand in the object itself, spare ones included."""
        return tuple(step for step in (*self.steps, *self.spare) if self.annotation_at(step.pointer) is None)

    @property
    def asks(self) -> bool:
        """Whether anything is asked for, expressions apart."""
        is_asked = self.is_misread or bool(self.annotations) or self.gate is not None
        return is_asked or any(step.blocks for step in self.steps)

    @cached_property
    def answered(self) -> tuple[Annotation, ...]:
        """The annotations whose steps get here what they ask for."""
        return tuple(annotation for annotation in self.annotations if annotation.answered)

    def annotation_at(self, pointer: Pointer) -> Annotation | None:
        """The annotation whose text *pointer* leads into."""
        ways = (self._annotations_at.get(pointer[:end]) for end in range(len(pointer) + 1))
        return next((annotation for annotation in ways if annotation is not None), None)

    @cached_property
    def _annotations_at(self) -> Mapping[Pointer, Annotation]:
        return {annotation.pointer: annotation for annotation in self.annotations}

    def settled(self) -> "Layout":
        """The same, without what is only looked at here: in a run that goes on, others may have put it there."""
        passed_on = [annotation for annotation in self.annotations if not annotation.answered]
        if not passed_on:
            return self
        return replace(
            self,
            annotations=self.answered,
            steps=tuple(step for step in self.steps if not any(a.covers(step.pointer) for a in passed_on)),
            problems=tuple(p for p in self.problems if not any(a.covers(p.pointer) for a in passed_on)),
        )

    def questions(self) -> list[Pointer]:
        """The blocks and the annotations: what is taken out of an object that gets what it asks for."""
        blocks = dict.fromkeys(block.pointer for step in self.steps for block in step.blocks)
        asking = [pointer for pointer in blocks if self.annotation_at(pointer) is None]
        asking += [annotation.pointer for annotation in self.answered]
        return [*asking, self.gate] if self.gate is not None else asking

    @property
    def left(self) -> dict[str, Any]:
        """What the pods of steps behind references are to be given, by key."""
        entries = {step.key: step.entry for step in self.steps if step.behind and self._is_answered(step)}
        # Those of other keys may use its selectors in their variables.
        is_used = any("env" in entry for entry in entries.values())
        return {key: entry for key, entry in entries.items() if _gives(entry) or (entry and is_used)}

    def _is_answered(self, step: Step) -> bool:
        annotation = self.annotation_at(step.pointer)
        return annotation is None or annotation.answered

    def region_of(self, pointer: Pointer) -> tuple[Region, Pointer]:
        """The innermost region around the string at *pointer*, and the rest of the way from there."""
        for end in range(len(pointer), -1, -1):
            region = self.regions.get(pointer[:end])
            if region is not None:
                return region, pointer[end:]
        return Region("", kind=Kind.OPAQUE), pointer


def _gives(entry: Mapping[str, Any]) -> bool:
    """Whether there is anything in it for a container, and not for expressions alone."""
    selectors = entry.get("extensions", ())
    return "env" in entry or any(not isinstance(s, dict) or s.get("inject") is not False for s in selectors)


def behind(key: str, whose: str, reference: str) -> Behind:
    """Steps that are behind a *reference*."""
    return Behind(
        key, f"the steps of {whose} are behind a reference ({reference})", has_tasks=reference == "pipelineRef"
    )
