"""What an adapter finds in an object: its steps, and whose selectors each part of it may use. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

from webhook.adapters.positions import Outline

Pointer: TypeAlias = tuple[str | int, ...]


class Engine(Enum):
    """Who reads the object next, and changes what looks like its own expressions."""

    TEKTON = "Tekton"
    ARGO = "Argo"
    FUSEML = "FuseML"


class Place(Enum):
    """What happens to a string on its way to the process."""

    ENV = "env"  # the kubelet expands $(NAME)
    ARGUMENT = "argument"  # the kubelet expands $(NAME)
    VERBATIM = "verbatim"  # only the engine reads it: script, image, workingDir
    FLOW = "flow"  # a parameter or the like: it may be put into any of the others


class Kind(Enum):
    """How the strings of a region are to be read."""

    CONTAINER = "container"
    OTHER = "other"
    OPAQUE = "opaque"  # not ours


# Named tuples where there is one for each step: they are made several times as fast as frozen dataclasses.
class Block(NamedTuple):
    """An ``extensions:`` list, and where it stands."""

    pointer: Pointer
    content: Any


class Given(NamedTuple):
    """A variable that an annotation sets for a step, and where it stands there."""

    pointer: Pointer
    name: str
    value: str


class Step(NamedTuple):
    """A container that may get services.

    Attributes:
        key: Names it in annotations: ``train/main``.
        where: Names it for people: ``tasks[train].steps[main]``.
        env: Its list of variables; None if it has no place for one, then *no_env* says why.
        present: Names that are set for it elsewhere, and win: ``stepTemplate``, ``podTemplate``, ``templateDefaults``.
        given: What the annotation sets for it.
        beside: Whether it is meant only if it is named: a sidecar, an init container.
    """

    key: str
    where: str
    pointer: Pointer
    blocks: tuple[Block, ...] = ()
    env: Pointer | None = None
    no_env: str = ""
    present: frozenset[str] = frozenset()
    given: tuple[Given, ...] = ()
    beside: bool = False

    @property
    def asks(self) -> bool:
        """Whether there is anything to do for it."""
        return bool(self.blocks or self.given)


class Behind(NamedTuple):
    """Steps that are not in the object.

    Attributes:
        key: What their keys begin with; "" if it is all of the run's.
        why: Says for people whose steps they are and why they cannot be given anything.
        advice: What would help.
        is_meant: Whether ``*`` means them, too.
    """

    key: str
    why: str
    advice: str
    is_meant: bool = True


class Region(NamedTuple):
    """A part of the object whose strings may use the same selectors. The innermost region counts.

    Attributes:
        steps: The steps whose selectors they are; None = those of the whole run.
    """

    where: str
    steps: tuple[Step, ...] | None = None
    kind: Kind = Kind.OTHER

    def place(self, rest: Pointer) -> Place:
        """The place of the string at *rest*, below this region's pointer."""
        if self.kind is not Kind.CONTAINER:
            return Place.FLOW
        # A FuseML step's inputs become variables of its container, too.
        if rest[0] in ("env", "inputs") and rest[2:] == ("value",):
            return Place.ENV
        return Place.ARGUMENT if rest[0] in ("args", "command") else Place.VERBATIM

    def where_of(self, rest: Pointer) -> str:
        """Names the string at *rest* for people."""
        text = self.where
        for part in rest:
            text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
        return text


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
    """

    pointer: Pointer
    text: str
    content: Any

    def covers(self, pointer: Pointer) -> bool:
        """Whether *pointer* leads into it."""
        return pointer[: len(self.pointer)] == self.pointer

    def finding(self, pointer: Pointer, message: str) -> Finding:
        """What is wrong at *pointer*: ``annotation extensions.fuseml.org/run-selectors:2:5: …``."""
        line, column = self.outline.of(pointer[len(self.pointer) :])
        return Finding(f"annotation {self.pointer[-1]}:{line}:{column}", message, pointer, line)

    @cached_property
    def outline(self) -> Outline:
        """The lines and columns of its text."""
        return Outline(self.text)


@dataclass(frozen=True, slots=True)
class Layout:
    """Everything about an object that the rest of the pipeline needs to know.

    Attributes:
        regions: By pointer.
        misplaced: Blocks where none is read, with advice.
        braces: Whether ``{{ extension… }}`` is an expression, too.
        annotated: Whether the object has annotations to keep notes in.
        spare: Steps that have a place for selectors in annotations only; their region is that of their parent.
        behind: Steps that an annotation may name and that are not in the object.
        annotation: What asks for some of the steps.
        problems: What is wrong with the annotation.
        is_definition: Whether nothing is resolved in it, only in the runs that come of it.
    """

    engine: Engine
    steps: tuple[Step, ...]
    regions: Mapping[Pointer, Region]
    misplaced: tuple[str, ...] = ()
    braces: bool = False
    annotated: bool = True
    spare: tuple[Step, ...] = ()
    behind: tuple[Behind, ...] = ()
    annotation: Annotation | None = None
    problems: tuple[Finding, ...] = ()
    is_definition: bool = False

    @property
    def is_misread(self) -> bool:
        """Whether there are selectors that are not known, and would be missed by expressions that use them."""
        return bool(self.misplaced or self.problems)

    @property
    def asks(self) -> bool:
        """Whether anything is asked for, expressions apart."""
        return self.is_misread or self.annotation is not None or any(step.blocks for step in self.steps)

    def questions(self) -> list[Pointer]:
        """The blocks and the annotation: what is taken out of an object that gets what it asks for."""
        blocks = dict.fromkeys(block.pointer for step in self.steps for block in step.blocks)
        if self.annotation is None:
            return list(blocks)
        return [pointer for pointer in blocks if not self.annotation.covers(pointer)] + [self.annotation.pointer]

    def region_of(self, pointer: Pointer) -> tuple[Region, Pointer]:
        """The innermost region around the string at *pointer*, and the rest of the way from there."""
        for end in range(len(pointer), -1, -1):
            region = self.regions.get(pointer[:end])
            if region is not None:
                return region, pointer[end:]
        return Region("", kind=Kind.OPAQUE), pointer


# An object under admission may hold anything anywhere; what has the wrong type is left for the engine to refuse.


def as_map(value: object) -> Mapping[str, Any]:
    """*value* if it is a map, else an empty one."""
    return value if isinstance(value, dict) else {}


def maps_in(value: object) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The maps in the list *value*, with their places."""
    for i, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, dict):
            yield i, item


def env_names(container: object) -> frozenset[str]:
    """The names in a container's ``env``."""
    entries = maps_in(as_map(container).get("env"))
    return frozenset(name for _, entry in entries if isinstance(name := entry.get("name"), str))


def name_of(part: Mapping[str, Any], otherwise: object) -> str:
    """Its ``name``, or what to call it without one."""
    name = part.get("name")
    return name if isinstance(name, str) and name else str(otherwise)


def behind(key: str, whose: str, reference: str, advice: str) -> Behind:
    """Steps that are behind a *reference*."""
    why = f"the steps of {whose} are behind a reference ({reference}), where nothing can be given to them yet"
    return Behind(key, why, advice)


def block_of(part: Mapping[str, Any], pointer: Pointer) -> tuple[Block, ...]:
    """The ``extensions`` of *part*, if it has any."""
    return (Block((*pointer, "extensions"), part["extensions"]),) if "extensions" in part else ()
