"""What an adapter finds in an object: its steps, and what the parts of it are. Pure."""

from collections.abc import Mapping, Sequence
from enum import Enum, IntEnum
from typing import Any, NamedTuple

from webhook.adapters.environment.sources import Source
from webhook.objects.walk import Pointer


class Engine(Enum):
    """Who reads the object next, and changes what looks like its own expressions."""

    TEKTON = "Tekton"
    ARGO = "Argo"
    FUSEML = "FuseML"
    KUBERNETES = "Kubernetes"  # pods: only the kubelet reads them


class Place(Enum):
    """What happens to a string on its way to the process."""

    ENV = "env"  # the kubelet expands $(NAME)
    ARGUMENT = "argument"  # the kubelet expands $(NAME)
    VERBATIM = "verbatim"  # only the engine reads it: script, image, workingDir
    FLOW = "flow"  # a parameter or the like: an engine may insert it into any of the others


class Kind(Enum):
    """How the strings of a region are to be read."""

    CONTAINER = "container"
    OTHER = "other"
    OPAQUE = "opaque"  # not for us to read


class Level(IntEnum):
    """Where a selector was written. It replaces those of the same name at larger levels, as parameters do.

    The levels of annotations are those of ``annotations.names.LEVELS``.
    """

    RUN = 0
    PIPELINE = 1
    TASK = 2  # or a template
    STEP = 3  # or a container of a template or pod
    DEFAULT = 4  # Argo's templateDefaults, which hold where a template says nothing


# Named tuples where there is one for each step: they are made several times as fast as frozen dataclasses.
class Block(NamedTuple):
    """An ``extensions:`` list, and where it stands.

    Attributes:
        level: Its ``Level``.
    """

    pointer: Pointer
    content: Any
    level: int = Level.STEP


class AnnotationVariable(NamedTuple):
    """A variable that an annotation sets for a step, and where it stands there."""

    pointer: Pointer
    name: str
    value: str
    level: int = 0


_NO_NAMES: frozenset[str] = frozenset()


class Step(NamedTuple):
    """A container that may get services.

    Attributes:
        key: Names it in annotations: ``train/main``.
        where: Names it for people: ``tasks[train].steps[main]``.
        env: Its list of variables; None if it has no place for one, then *no_env* says why.
        elsewhere: What its author sets for it in other places than *env*, such as ``stepTemplate``.
        annotation_env: The variables that annotations set for it.
        only_if_named: Excluded from ``*``: matched only by its own name (sidecars, init containers).
        by_reference: True if it stands in another object, so that only its pod can receive the services.
        metadata_at: In a definition, the pointer of the metadata whose annotations propagate to its pod.
        key_in_home: Its key in the annotation there: ``main``.
    """

    key: str
    where: str
    pointer: Pointer
    blocks: tuple[Block, ...] = ()
    env: Pointer | None = None
    no_env: str = ""
    elsewhere: tuple[Source, ...] = ()
    annotation_env: tuple[AnnotationVariable, ...] = ()
    only_if_named: bool = False
    by_reference: bool = False
    metadata_at: Pointer | None = None
    key_in_home: str = ""

    @property
    def set_elsewhere(self) -> frozenset[str]:
        """The names of the variables that its author sets in other places, which are kept as they are."""
        return frozenset().union(*(source.names for source in self.elsewhere)) if self.elsewhere else _NO_NAMES

    @property
    def asks(self) -> bool:
        """True if anything is asked for it."""
        return bool(self.blocks or self.annotation_env)

    @property
    def entry(self) -> dict[str, Any]:
        """What it asks for, as an annotation says it: of selectors with one name, that of the upper level."""
        selectors = selectors_in(self.blocks)
        entry: dict[str, Any] = {"extensions": selectors} if selectors else {}
        if self.annotation_env:
            entry["env"] = [{"name": variable.name, "value": variable.value} for variable in self.annotation_env]
        return entry


class Region(NamedTuple):
    """A part of the object whose strings may use the same selectors. The innermost region counts.

    Attributes:
        steps: The steps whose selectors they may use; None = those of the whole run.
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


def block_of(part: Mapping[str, Any], pointer: Pointer, level: Level = Level.STEP) -> tuple[Block, ...]:
    """The ``extensions`` of *part*, if it has any."""
    return (Block((*pointer, "extensions"), part["extensions"], level),) if "extensions" in part else ()


def names_in(blocks: Sequence[Block]) -> set[str]:
    """The names of the selectors in *blocks*."""
    items = (item for block in blocks if isinstance(block.content, list) for item in block.content)
    return {item["name"] for item in items if isinstance(item, dict) and isinstance(item.get("name"), str)}


def selectors_in(blocks: Sequence[Block]) -> list[Any]:
    """The items of *blocks*, without repetitions; of those with one name, only those of the upper level."""
    tops: dict[str, int] = {}
    items = [(block.level, item) for block in blocks if isinstance(block.content, list) for item in block.content]
    for level, item in items:
        if isinstance(item, dict) and isinstance(name := item.get("name"), str):
            tops[name] = min(level, tops.get(name, level))
    found: list[Any] = []
    for level, item in items:
        name = item.get("name") if isinstance(item, dict) else None
        if item not in found and (not isinstance(name, str) or tops[name] == level):
            found.append(item)
    return found
