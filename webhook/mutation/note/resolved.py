"""The annotation ``extensions.fuseml.org/resolved``: names, ids and digests, never values. Pure.

It holds reverse edits: what was put in as digests, so that only what still stands as it was put is taken out; what was
taken out in full, but equal contents once, and of longer texts only the expressions. Nobody is trusted to have written
it: whoever writes one by hand gets what he could have asked for himself.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from webhook.adapters.annotations.names import PREFIX
from webhook.objects.walk import Pointer, as_map

RESOLVED: Final = PREFIX + "resolved"
PLACE: Final[Pointer] = ("metadata", "annotations", RESOLVED)
# Of the 256 KiB that Kubernetes allows for all annotations of an object. Engines copy these to each TaskRun and pod of
# a run. 32 KiB of it may be the annotation that asked, the longest that is read; the rest is enough for the blocks and
# expressions of hundreds of steps.
MAX_BYTES: Final = 48 * 1024
# A note is data for us, so it must not be deeper than the objects that are read.
MAX_DEPTH: Final = 32
# All annotations of an object together may be this long in a cluster.
_MAX_READ: Final = 256 * 1024

# A place: keys, names of list items that have one, indexes of others; from the end if negative.
Place = list[str | int]
# Steps by their names in a note; ``*`` for all that ask. See ``steps.py``.
StepList = str | list[str]


class Given(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What several steps, or lists of variables, were given alike.

    Attributes:
        to: The steps.
        but: Those of them that were not.
        at: Lists of variables that belong to no step that asks.
        selectors: By name, the ids chosen and the names of the variables.
        put: By name, the digests of the variables that were put in.
        empty: True if there was an empty list of variables before.
    """

    to: StepList = []
    but: list[str] = []
    at: list[Place] = []
    selectors: dict[str, dict[str, Any]] = {}
    put: dict[str, str] = {}
    empty: bool = False


class Text(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What one text of several steps, or in several places, became.

    Attributes:
        to: The steps; *at* then is the way from these.
        result: Digest of what it became.
        pieces: Where expressions stood: start and length in what it became, and the expression.
        was: The variable that a reference to a Secret took the place of.
    """

    to: StepList = []
    but: list[str] = []
    at: list[Place] = []
    result: str = ""
    pieces: list[tuple[int, int, str]] = []
    was: Any = None


class Taken(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What asked, and was taken out: the block of several steps, or what stood in several places.

    Attributes:
        up: How many parts of the pointer the block stands above its step, which is the only one there.
    """

    to: StepList = []
    up: int = 0
    at: list[Place] = []
    content: Any = None


class Resolved(msgspec.Struct, frozen=True, omit_defaults=True):
    """The annotation's content.

    Attributes:
        asked: Digest of the question, so that it is recognized on UPDATE.
        annotation: Digest of the annotation's part of it.
        literals: How many strings of the result look like an expression and are none.
        kind: That of the object that was asked for. "" = written before there was a way back.
        handover: Digest of what was left for the pods of referenced steps.
        short: True if the way back would have been too long.
        names: If it is short, the variables that any step was given.
        bound: If it is short, the ids that were chosen: extension, service and credentials.
        steps, env, private: What notes without *kind* say was given, by step.
    """

    asked: str = ""
    annotation: str = ""
    literals: int = 0
    kind: str = ""
    given: list[Given] = []
    texts: list[Text] = []
    taken: list[Taken] = []
    handover: str = ""
    short: bool = False
    names: list[str] = []
    bound: list[list[str]] = []
    steps: dict[str, dict[str, dict[str, Any]]] = {}
    env: dict[str, list[str]] = {}
    private: list[str] = []

    def names_for(self, step: str) -> frozenset[str]:
        """The names of the variables that the step of this key may have been given, as far as *given* does not say."""
        lists = [ids.get("variables") for ids in self.steps.get(step, {}).values()]
        # Anyone may have written the note.
        injected = [name for found in lists if isinstance(found, list) for name in found if isinstance(name, str)]
        return frozenset((*injected, *self.names, *self.env.get(step, ()), *self.private))

    def credentials(self) -> Iterator[tuple[str, str, str]]:
        """The credentials that were given, each with its extension and service."""
        ids = [ids for by_name in self.steps.values() for ids in by_name.values()]
        ids += [ids for given in self.given for ids in given.selectors.values()]
        found: list[list[Any]] = [[one.get(field) for field in ("extension", "service", "credentials")] for one in ids]
        for chosen in [*found, *self.bound]:
            extension, service, credentials = (*map(_text, chosen), "", "", "")[:3]
            if credentials:
                yield extension, service, credentials


def digest(content: object) -> str:
    """16 hexadecimal digits for plain data."""
    return digest_of(msgspec.json.encode(content, order="sorted"))


def digest_of(text: bytes) -> str:
    """The same for plain data as JSON, its keys in order."""
    return hashlib.sha256(text).hexdigest()[:16]


def as_stored(entry: Any) -> Any:
    """An item of an ``env`` list as engines store it: they leave out an empty value."""
    if isinstance(entry, dict) and entry.get("value") == "":
        return {field: content for field, content in entry.items() if field != "value"}
    return entry


def is_there(obj: Mapping[str, Any]) -> bool:
    """True if *obj* has the annotation, whatever it says."""
    return RESOLVED in as_map(as_map(obj.get("metadata")).get("annotations"))


def read(obj: Mapping[str, Any]) -> Resolved | None:
    """The note on *obj*; None if there is none, or none of ours."""
    text = as_map(as_map(obj.get("metadata")).get("annotations")).get(RESOLVED)
    if not isinstance(text, str) or len(text) > _MAX_READ:
        return None
    try:
        note = msgspec.json.decode(text, type=Resolved)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return None
    contents = [taken.content for taken in note.taken] + [text.was for text in note.texts]
    return None if any(_is_deep(content, MAX_DEPTH) for content in contents) else note


def text_of(note: Resolved) -> str:
    """The annotation's text; its maps in the order of the object's, which may show in what is left for pods."""
    return msgspec.json.encode(note).decode()


def _is_deep(content: object, left: int) -> bool:
    if isinstance(content, dict):
        content = list(content.values())
    if not isinstance(content, list):
        return False
    return left == 0 or any(_is_deep(item, left - 1) for item in content)


def _text(content: object) -> str:
    return content if isinstance(content, str) else ""


def shortened(note: Resolved) -> Resolved:
    """*note* without the way back: enough to recognize the question, and what it was given."""
    return Resolved(
        asked=note.asked,
        annotation=note.annotation,
        literals=note.literals,
        kind=note.kind,
        handover=note.handover,
        short=True,
        names=sorted({name for given in note.given for name in given.put}),
        bound=[list(chosen) for chosen in dict.fromkeys(note.credentials())],
    )
