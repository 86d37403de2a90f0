"""How a value is escaped so that it passes the engines and the kubelet unchanged. Pure.

The kubelet reads ``$(NAME)`` in env values, command and args, and ``$$`` as ``$``. Tekton reads ``$(params.x)`` and
the like everywhere, doubled ``$`` or not; Argo, and FuseML, read ``{{…}}`` everywhere and have no escape for it.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from webhook.adapters.step import Engine, Place
from webhook.objects.walk import as_map, maps_in

# The kubelet's own rules: k8s.io/kubernetes third_party/forked/golang/expansion.
_KUBELET = re.compile(r"\${2,}|\$(?=\()")
_TEKTON = re.compile(r"\$\(\s*[A-Za-z_][\w-]*\s*[.\[]")
_REFERENCE = re.compile(r"\$\$|\$\((?P<name>[^)]*)\)")
# Two characters that begin a reference for one of those on the way.
_BEGINNING = {
    Engine.TEKTON: re.compile(r"\$[($]"),
    Engine.ARGO: re.compile(r"\$[($]|\{\{"),
    Engine.FUSEML: re.compile(r"\{\{"),
    Engine.KUBERNETES: re.compile(r"\$[($]"),
}


class UnsafeError(ValueError):
    """A value would be changed on its way. The message names the part that is the reason, not the value."""


def escape(value: str, engine: Engine, place: Place) -> str:
    """Write *value* so that it arrives byte for byte.

    Raises:
        UnsafeError: There is no way to write it.
    """
    if engine in (Engine.ARGO, Engine.FUSEML) and "{{" in value:
        raise UnsafeError(f"the value holds '{{{{', which {engine.value} would expand")
    if engine is Engine.TEKTON and refers_to_tekton(value):
        raise UnsafeError("the value holds a reference such as '$(params.x)', which Tekton would expand")
    if engine is Engine.FUSEML or place is Place.VERBATIM:
        return value
    if place is Place.FLOW:
        if _KUBELET.search(value):
            raise UnsafeError("the value holds '$(' or '$$', which may be expanded where the parameter is used")
        return value
    return _KUBELET.sub(lambda match: match[0] * 2, value)


def refers_to_tekton(value: str) -> bool:
    """True if *value* holds a reference that Tekton expands, such as ``$(params.x)``."""
    return _TEKTON.search(value) is not None


def check_joints(parts: Sequence[str], engine: Engine) -> None:
    """Check that the *parts* of a string, each of which is escaped, may stand side by side.

    Raises:
        UnsafeError: Two parts together would begin a reference that neither begins alone.
    """
    text = "".join(parts)
    end = 0
    for part in parts[:-1]:
        end += len(part)
        if end and _BEGINNING[engine].match(text, end - 1):
            raise UnsafeError("the value and the text beside it together begin a '$(', '$$' or '{{'")


def expanded_env(entries: object, engine: Engine) -> list[tuple[str, str]]:
    """The names and values that an ``env`` list gives a process, in order; for a value from elsewhere, its source.

    The kubelet replaces ``$(NAME)`` by the value of an earlier entry, and leaves an unknown one as it is.
    """
    known: dict[str, str] = {}
    for _, entry in maps_in(entries):
        name, value = str(entry.get("name")), entry.get("value", "")
        if "valueFrom" in entry:
            known[name] = _reference(as_map(entry["valueFrom"]))
        elif engine is Engine.FUSEML:
            known[name] = str(value)
        else:
            known[name] = _REFERENCE.sub(lambda m: _looked_up(m, known), str(value))
    return list(known.items())


def _looked_up(match: re.Match[str], known: Mapping[str, str]) -> str:
    if match[0] == "$$":
        return "$"
    return known.get(match["name"], match[0])


def _reference(source: Mapping[str, Any]) -> str:
    """``<secret minio, key accesskey>``."""
    for kind, where in source.items():
        what = kind.removesuffix("Ref").removesuffix("Key").removesuffix("Field") or kind
        if isinstance(where, dict):
            return f"<{what} {', '.join(str(v) for v in where.values())}>"
    return "<elsewhere>"
