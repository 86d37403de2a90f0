"""Argo's ``podSpecPatch``: which variables it sets for which container. Pure.

Argo fills in its parameters, reads the text as JSON if it begins with a brace and else as YAML, and merges it with the
finished pod by Kubernetes' strategic merge: containers and variables by their names, ``envFrom`` as a whole
(argo-workflows workflow/util/util.go, ApplyPodSpecPatch; k8s.io/apimachinery pkg/util/strategicpatch).
"""

import itertools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from webhook.adapters.environment.sources import Source, Unread, unread_env_from
from webhook.objects import manifests

MAX_PATCH_BYTES: Final = 32 * 1024
_TAG = re.compile(r"\{\{.*?\}\}", re.DOTALL)
# Stands for a parameter of Argo's, before its number: text that is a value, or a part of one, in JSON and YAML.
_FILLED_IN: Final = "\ue000"
_NUMBERED = re.compile(_FILLED_IN + r"(\d+);")
_LATER = "what it sets for a variable that is injected as well would be mixed with that in the pod"
_WHOLE = ("replace", "delete")
_SECTIONS = ("containers", "initContainers")


@dataclass(frozen=True, slots=True)
class PodPatch:
    """What a patch sets.

    Attributes:
        containers: By section of the pod's spec and name of the container.
        unread: Why it sets more than is known here; "" if it does not.
        replaced: The sections whose containers it replaces as a whole.
    """

    where: str
    containers: Mapping[tuple[str, str], Source] = field(default_factory=dict)
    unread: str = ""
    replaced: frozenset[str] = frozenset()

    def of(self, section: str, name: str) -> tuple[Source, ...]:
        """What it sets for one container."""
        found = self.containers.get((section, name), Source(self.where, wins=True))
        if self.unread:
            found = found._replace(unread=(*found.unread, Unread(self.where, self.unread)))
        if section in self.replaced:
            found = found._replace(replaces_all=True)
        return (found,) if found != Source(self.where, wins=True) else ()


def read(text: object, where: str) -> PodPatch | None:
    """The patch *text*; None if there is none."""
    if not isinstance(text, str) or not text.strip():
        return None
    if len(text) > MAX_PATCH_BYTES or len(text.encode()) > MAX_PATCH_BYTES:
        return PodPatch(where, unread=f"it is longer than {MAX_PATCH_BYTES // 1024} KiB and is not read here; {_LATER}")
    if _FILLED_IN in text:
        return PodPatch(where, unread=f"it holds a character that is not read here; {_LATER}")
    parameters = _TAG.findall(text)
    numbers = itertools.count()
    try:
        content = _content(_TAG.sub(lambda _: f"{_FILLED_IN}{next(numbers)};", text))
    except ValueError:
        content = _FILLED_IN
    return _Reader(where, parameters).run(content)


def _content(text: str) -> Any:
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            pass  # A parameter may stand where JSON has a number: YAML takes it for text.
    documents = list(manifests.load(text))
    if not documents or documents[0].problems:
        raise ValueError("no YAML")
    return documents[0].content


class _Reader:
    def __init__(self, where: str, parameters: Sequence[str]) -> None:
        self._where = where
        self._parameters = parameters
        self._why = f"a parameter stands where it may set variables, so it cannot be read here; {_LATER}"
        if not parameters:
            self._why = f"it is no patch that can be read here; {_LATER}"
        self._unread = False

    def run(self, content: Any) -> PodPatch:
        found: dict[tuple[str, str], Source] = {}
        spec = self._map(content)
        replaced = set(_SECTIONS if spec.get("$patch") in _WHOLE else ())
        for section in _SECTIONS:
            for item in self._list(spec, section):
                if name := self._name(item):
                    found[section, name] = self._container(item)
                elif item.get("$patch") == "replace":
                    replaced.add(section)
        return PodPatch(self._where, found, self._why if self._unread else "", frozenset(replaced))

    def _container(self, item: Mapping[str, Any]) -> Source:
        entries = self._list(item, "env")
        kept = item.get("$retainKeys")
        replaces_all = (
            item.get("$patch") in _WHOLE
            or ("env" in item and item["env"] is None)
            or (isinstance(kept, list) and "env" not in kept)
            or any(entry.get("$patch") == "replace" and "name" not in entry for entry in entries)
        )
        named = [self._as_written(entry) for entry in entries if self._name(entry)]
        return Source(
            self._where,
            tuple(named),
            frozenset(entry["name"] for entry in named),
            wins=True,
            unread=tuple(unread_env_from(item, self._where)),
            replaces_all=replaces_all,
        )

    def _as_written(self, entry: Mapping[str, Any]) -> Mapping[str, Any]:
        value = entry.get("value")
        if not isinstance(value, str) or _FILLED_IN not in value:
            return entry
        return {**entry, "value": _NUMBERED.sub(lambda match: self._parameters[int(match[1])], value)}

    def _map(self, value: Any) -> Mapping[str, Any]:
        if isinstance(value, dict):
            self._unread |= any(_FILLED_IN in str(key) for key in value)
            return value
        self._unread |= value is not None
        return {}

    def _list(self, part: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
        value = part.get(key)
        if value is not None and not isinstance(value, list):
            self._unread = True
            return []
        return [self._map(item) for item in value or ()]

    def _name(self, item: Mapping[str, Any]) -> str:
        name = item.get("name")
        self._unread |= isinstance(name, str) and (_FILLED_IN in name or "$(" in name)
        return name if isinstance(name, str) else ""
