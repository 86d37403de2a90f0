"""Where Argo Workflows take a container's variables from besides the container: defaults and patches. Pure.

Argo merges ``templateDefaults`` below each template by Kubernetes' strategic merge: containers of the same type, init
containers and sidecars of the same name, and variables by name (argo-workflows workflow/controller/operator.go,
mergedTemplateDefaultsInto). The containers of a containerSet are merged as a whole list, so defaults set nothing there.
"""

from collections.abc import Mapping
from typing import Any

from webhook.adapters.environment import pod_patch
from webhook.adapters.environment.pod_patch import PodPatch
from webhook.adapters.environment.sources import Source, source_of, without_env_from
from webhook.objects.walk import Pointer, as_map, at, maps_in

_DEFAULTS = "templateDefaults"
# What keys put before the names of such containers.
_PREFIXES = {"initContainers": "init-", "sidecars": "sidecar-"}


class Environment:
    """What a Workflow's spec sets for the containers of its templates."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self._defaults = as_map(spec.get(_DEFAULTS))
        self._patch = pod_patch.read(spec.get("podSpecPatch"), "podSpecPatch")
        # Templates often have the same patch.
        self._read: dict[tuple[str, str], PodPatch | None] = {}

    def of(self, template: Mapping[str, Any], place: Pointer, key: str) -> tuple[Source, ...]:
        """What is set for the container at *place* in *template*, the weakest first.

        Args:
            key: Its key in the annotation ``task-selectors``.
        """
        found = self._default(as_map(at(template, place)), place) if self._defaults else ()
        patches = [patch for patch in (self._patch, self._patch_of(template)) if patch is not None]
        if not patches:
            return found
        section = "initContainers" if place[0] == "initContainers" else "containers"
        name = key.removeprefix(_PREFIXES.get(str(place[0]), ""))
        return (*found, *(source for patch in patches for source in patch.of(section, name)))

    def _default(self, container: Mapping[str, Any], place: Pointer) -> tuple[Source, ...]:
        if place[0] in ("container", "script"):
            found = source_of(self._defaults.get(place[0]), f"{_DEFAULTS}.{place[0]}")
        elif place[0] in ("initContainers", "sidecars"):
            named = (c for _, c in maps_in(self._defaults.get(place[0])) if c.get("name") == container.get("name"))
            found = tuple(s for c in named for s in source_of(c, f"{_DEFAULTS}.{place[0]}[{c['name']}]"))
        else:
            return ()
        return without_env_from(found) if "envFrom" in container else found

    def _patch_of(self, template: Mapping[str, Any]) -> PodPatch | None:
        text, where = template.get("podSpecPatch"), "templates[].podSpecPatch"
        if text in (None, ""):
            text, where = self._defaults.get("podSpecPatch"), f"{_DEFAULTS}.podSpecPatch"
        if not isinstance(text, str):
            return None
        if (text, where) not in self._read:
            self._read[text, where] = pod_patch.read(text, where)
        return self._read[text, where]
