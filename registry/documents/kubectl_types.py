"""The values and keys that kubectl reads from a YAML document, before it sends them as JSON. Pure.

kubectl turns YAML into JSON with YAML 1.1's types (sigs.k8s.io/yaml): ``y`` is true, ``1.10`` is the number 1.1, and
dates stay text. It does so with keys as well: ``on: push`` becomes ``"true": "push"``.
"""

import math
import re
from decimal import Decimal
from typing import Any

from yaml.events import ScalarEvent

from registry.documents.events import is_plain

WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
}
_INTEGER = re.compile(r"[-+]?(?:0[bB][01_]+|0[xX][0-9a-fA-F_]+|0[oO]?[0-7_]+|[1-9][0-9_]*|0)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?")
# What numbers begin with.
NUMERIC = frozenset("+-.0123456789")


def value_of(event: ScalarEvent) -> Any:
    """The JSON value of a YAML scalar."""
    if is_plain(event) or (event.tag or "").endswith((":int", ":float", ":bool", ":null")):
        return resolved(event.value)
    return event.value


def resolved(plain: str) -> Any:
    """The JSON value of an unquoted YAML 1.1 scalar, as sigs.k8s.io/yaml has it."""
    if len(plain) <= 5 and plain in WORDS:
        return WORDS[plain]
    if plain[:1] not in NUMERIC:
        return plain
    digits = plain.replace("_", "")
    if _INTEGER.fullmatch(plain) and (integer := _integer(digits)) is not None:
        return integer
    if _FLOAT.fullmatch(plain) and math.isfinite(number := float(digits)):
        return number
    return plain


def _integer(digits: str) -> int | None:
    """The number, if it has at most 64 bits; else it is a float, or text."""
    unsigned = digits.lstrip("+-")
    if len(unsigned) > len("0b") + 64:
        return None
    if re.fullmatch(r"0[0-7]+", unsigned):
        unsigned = "0o" + unsigned
    number = int(unsigned, 0)
    number = -number if digits.startswith("-") else number
    return number if -(2**63) <= number < 2**64 else None


def key_of(event: ScalarEvent) -> str:
    """The key that a scalar is in a JSON object, as sigs.k8s.io/yaml converts it.

    Raises:
        ValueError: It has none.
    """
    value = value_of(event)
    if value is None:
        raise ValueError("a key must be text, not null; put it in quotes")
    if isinstance(value, bool):
        return "true" if value else "false"
    return _as_go_writes(value) if isinstance(value, float) else str(value)


def as_key(event: ScalarEvent) -> str:
    """The key that kubectl would make of a scalar; "" if none."""
    try:
        return key_of(event)
    except ValueError:
        return ""


def _as_go_writes(number: float) -> str:
    """``strconv.FormatFloat(number, 'g', -1, 64)``."""
    sign, digits, _ = (shortest := Decimal(repr(number)).normalize()).as_tuple()
    exponent = shortest.adjusted() if number else 0
    if -4 <= exponent < 6:
        return format(shortest, "f")
    rest = "".join(map(str, digits[1:]))
    return f"{'-' if sign else ''}{digits[0]}{'.' + rest if rest else ''}e{exponent:+03d}"
