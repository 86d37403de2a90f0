"""All that an adapter finds in an object, and whose selectors each part of it may use. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

from registry.documents.positions import Outline
from webhook.adapters.step import Engine, Kind, Region, Step
from webhook.errors import Reason
from webhook.objects.walk import Pointer


class ReferencedSteps(NamedTuple):
    """Steps that are not in the object: it refers to the definition that holds them.

    Attributes:
        key: What their keys begin with; "" if all of the run is in that definition.
        why: Says for people whose steps they are.
        advice: If their keys cannot name them, what would help.
        has_tasks: True if their keys name a task that is not in the object, either.
        is_open: True if steps are made there that no key of the object can name: only ``*`` reaches all of them.
        unreached: If ``*`` does not reach them, what would help; "" if it does, or if there is nothing to reach.
    """

    key: str
    why: str
    advice: str = ""
    has_tasks: bool = False
    is_open: bool = False
    unreached: str = ""


def referenced_steps(key: str, whose: str, reference: str) -> ReferencedSteps:
    """The steps of *whose*, to which *reference* (``taskRef``, ``pipelineRef`` ...) leads."""
    why = f"the steps of {whose} are in another object ({reference})"
    return ReferencedSteps(key, why, has_tasks=reference == "pipelineRef")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that the author of an object must mend.

    Attributes:
        where: Names the place for people.
        pointer: The place itself.
        line: The line of the text at *pointer*, from 1; 0 if that is no text of several lines.
        reason: Its class, for counting.
    """

    where: str
    message: str
    pointer: Pointer = ()
    line: int = 0
    reason: Reason = Reason.FORMAT

    def __str__(self) -> str:
        """``tasks[train].steps[main]: selector 'store': …``."""
        return f"{self.where}: {self.message}" if self.where else self.message


class Remark(str):
    """The text of a warning, which knows the place that it is about.

    Attributes:
        pointer, line: As of a ``Finding``; without a pointer, the whole object is meant.
    """

    pointer: Pointer
    line: int

    def __new__(cls, text: str, pointer: Pointer = (), line: int = 0) -> "Remark":
        """*text* about what is at *pointer*."""
        made = super().__new__(cls, text)
        made.pointer, made.line = pointer, line
        return made

    @classmethod
    def of(cls, finding: Finding) -> "Remark":
        """*finding*, as a warning."""
        return cls(str(finding), finding.pointer, finding.line)


@dataclass(frozen=True)
class Annotation:
    """An annotation that asks for services for steps, in YAML.

    Attributes:
        pointer: Where it stands in the object; a pointer that goes on from there leads into its text.
        content: What it says; the text itself if it cannot be read.
        where: Whose it is, for people; "" if it is the object's own.
        resolved_here: True if this object's steps receive the services; False if the annotation is only validated
            here and propagates to pods.
    """

    pointer: Pointer
    text: str
    content: Any
    where: str = ""
    resolved_here: bool = True

    def covers(self, pointer: Pointer) -> bool:
        """True if *pointer* leads into it."""
        return pointer[: len(self.pointer)] == self.pointer

    def finding(self, pointer: Pointer, message: str, reason: Reason = Reason.FORMAT) -> Finding:
        """What is wrong at *pointer*: ``annotation extensions.fuseml.org/run-selectors:2:5: …``."""
        line, column = self.outline.of(pointer[len(self.pointer) :])
        prefix = f"{self.where}: " if self.where else ""
        return Finding(f"{prefix}annotation {self.pointer[-1]}:{line}:{column}", message, pointer, line, reason)

    @cached_property
    def outline(self) -> Outline:
        """The lines and columns of its text."""
        return Outline(self.text)


@dataclass(frozen=True)
class Annotations:
    """What the annotations of an object ask for.

    Attributes:
        problems: What is wrong with them.
    """

    read: tuple[Annotation, ...] = ()
    problems: tuple[Finding, ...] = ()

    def __add__(self, other: "Annotations") -> "Annotations":
        """Both, in this order."""
        return Annotations((*self.read, *other.read), (*self.problems, *other.problems))

    def at(self, pointer: Pointer) -> Annotation | None:
        """The annotation whose text *pointer* leads into."""
        if not self.read:
            return None
        ways = (self._by_pointer.get(pointer[:end]) for end in range(len(pointer) + 1))
        return next((annotation for annotation in ways if annotation is not None), None)

    @property
    def asking_content(self) -> Any:
        """What those say that are resolved here, for a digest; None if there are none."""
        contents = [annotation.content for annotation in self.resolved_here]
        return contents if len(contents) > 1 else contents[0] if contents else None

    @cached_property
    def resolved_here(self) -> tuple[Annotation, ...]:
        """Those whose steps receive the services in this object."""
        return tuple(annotation for annotation in self.read if annotation.resolved_here)

    def without_propagated(self) -> "Annotations":
        """The same without those that are only validated here."""
        propagated = [annotation for annotation in self.read if not annotation.resolved_here]
        problems = (p for p in self.problems if not any(a.covers(p.pointer) for a in propagated))
        return Annotations(self.resolved_here, tuple(problems)) if propagated else self

    @cached_property
    def _by_pointer(self) -> Mapping[Pointer, Annotation]:
        return {annotation.pointer: annotation for annotation in self.read}


@dataclass(frozen=True, slots=True)
class Definition:
    """Nothing is resolved in this object, only in the runs and pods that are created from it.

    Attributes:
        is_expanded: True if its expressions are expanded in the runs that are created from it.
        shares_in: The spec whose templates each get their share of ``pipeline-selectors``: Argo propagates nothing of a
            definition but its templates.
    """

    is_expanded: bool = False
    shares_in: Pointer = ()


@dataclass(frozen=True)
class Layout:
    """Everything about an object that the rest of the pipeline needs to know.

    Attributes:
        regions: By pointer.
        misplaced: Blocks and annotations where none is read, with advice.
        annotations: What the annotations ask for; the rest of a layout says what stands in the object.
        braces: True if ``{{ extension… }}`` is an expression, too.
        annotated: True if the object has annotations to keep notes in.
        nameable_only: Steps that have a place for selectors in annotations only; their region is that of their parent.
        referenced: Steps that an annotation may name and that are in other objects.
        definition: None for what is resolved here: runs, pods, documents.
        handover_at: The annotation that takes the selectors of referenced steps to their pods.
        gate: The scheduling gate that keeps a pod from starting until it has been given what it asks for.
        has_user: False if a controller created the object: nobody vouches for the user then.
        warnings: What is odd in it, or reaches less than its author may expect, and does not make it wrong.
    """

    engine: Engine
    steps: tuple[Step, ...]
    regions: Mapping[Pointer, Region]
    misplaced: tuple[str, ...] = ()
    annotations: Annotations = field(default_factory=Annotations)
    braces: bool = False
    annotated: bool = True
    nameable_only: tuple[Step, ...] = ()
    referenced: tuple[ReferencedSteps, ...] = ()
    definition: Definition | None = None
    handover_at: Pointer = ()
    gate: Pointer | None = None
    has_user: bool = True
    warnings: tuple[Finding, ...] = ()

    @property
    def is_definition(self) -> bool:
        """True if nothing is resolved here, only in what is created from it."""
        return self.definition is not None

    @property
    def is_misread(self) -> bool:
        """True if some selectors are not known, so that expressions that use them would miss them."""
        return bool(self.misplaced or self.annotations.problems)

    @property
    def own_steps(self) -> tuple[Step, ...]:
        """The steps that stand in the object itself, those that only annotations can name included."""
        return tuple(step for step in (*self.steps, *self.nameable_only) if self.annotations.at(step.pointer) is None)

    @property
    def asks(self) -> bool:
        """True if anything is asked for, expressions apart."""
        is_asked = self.is_misread or bool(self.annotations.read) or self.gate is not None
        return is_asked or any(step.blocks for step in self.steps)

    def without_propagated(self) -> "Layout":
        """The same without what is only validated here: in a run that goes on, others may have added it."""
        kept = self.annotations.without_propagated()
        if kept is self.annotations:
            return self
        return replace(self, annotations=kept, steps=tuple(step for step in self.steps if self._is_resolved_here(step)))

    def request_pointers(self) -> list[Pointer]:
        """The blocks, annotations and gate that are removed from an object when it gets what it asks for."""
        blocks = dict.fromkeys(block.pointer for step in self.steps for block in step.blocks)
        pointers = [pointer for pointer in blocks if self.annotations.at(pointer) is None]
        pointers += [annotation.pointer for annotation in self.annotations.resolved_here]
        return [*pointers, self.gate] if self.gate is not None else pointers

    @property
    def handover(self) -> dict[str, Any]:
        """What the pods of referenced steps are to be given, by key."""
        if self.is_definition:
            return {}
        entries = {step.key: step.entry for step in self.steps if step.by_reference and self._is_resolved_here(step)}
        # Those of other keys may use its selectors in their variables.
        is_used = any("env" in entry for entry in entries.values())
        return {key: entry for key, entry in entries.items() if _gives(entry) or (entry and is_used)}

    def _is_resolved_here(self, step: Step) -> bool:
        annotation = self.annotations.at(step.pointer)
        return annotation is None or annotation.resolved_here

    def region_of(self, pointer: Pointer) -> tuple[Region, Pointer]:
        """The innermost region around the string at *pointer*, and the rest of the way from there."""
        for end in range(len(pointer), -1, -1):
            region = self.regions.get(pointer[:end])
            if region is not None:
                return region, pointer[end:]
        return Region("", kind=Kind.OPAQUE), pointer


def _gives(entry: Mapping[str, Any]) -> bool:
    """True if there is anything in it for a container, and not for expressions alone."""
    selectors = entry.get("extensions", ())
    return "env" in entry or any(not isinstance(s, dict) or s.get("inject") is not False for s in selectors)
