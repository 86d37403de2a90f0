"""The webhook's note on an object: which services its steps were given. Names and ids, never values. Pure."""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from webhook.adapters.annotations.names import PREFIX
from webhook.objects.walk import Pointer, as_map

RESOLVED = PREFIX + "resolved"
PLACE: Pointer = ("metadata", "annotations", RESOLVED)


class Resolved(msgspec.Struct, frozen=True, omit_defaults=True):
    """The annotation ``extensions.fuseml.org/resolved``.

    Attributes:
        asked: Digest of the question, so that it is recognized on UPDATE.
        annotation: Digest of the annotation's part of it.
        literals: How many strings of the result look like an expression and are none.
        steps: By step key and selector name, the ids chosen and the names of the variables.
        env: By step key, the names of the variables that the annotation set.
        private: The names of the variables that carry credentials into longer values.
    """

    asked: str = ""
    annotation: str = ""
    literals: int = 0
    steps: dict[str, dict[str, dict[str, Any]]] = {}
    env: dict[str, list[str]] = {}
    private: list[str] = []

    def added_to(self, step: str) -> frozenset[str]:
        """The names of all variables that *step* was given."""
        lists = [ids.get("variables") for ids in self.steps.get(step, {}).values()]
        # Anyone may have written the note.
        injected = [name for names in lists if isinstance(names, list) for name in names if isinstance(name, str)]
        return frozenset((*injected, *self.env.get(step, ()), *self.private))


def digest(asked: object) -> str:
    """16 hexadecimal digits for plain data."""
    return hashlib.sha256(msgspec.json.encode(asked, order="sorted")).hexdigest()[:16]


def read(obj: Mapping[str, Any]) -> Resolved | None:
    """The note on *obj*; None if there is none, or none of ours."""
    text = as_map(as_map(obj.get("metadata")).get("annotations")).get(RESOLVED)
    if not isinstance(text, str):
        return None
    try:
        return msgspec.json.decode(text, type=Resolved)
    except msgspec.MsgspecError:
        return None


def text_of(note: Resolved) -> str:
    """The annotation's text."""
    return msgspec.json.encode(note, order="sorted").decode()
