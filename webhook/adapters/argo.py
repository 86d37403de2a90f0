"""Where steps are in an Argo Workflow: templates of every type. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.adapters.step import (
    Block,
    Engine,
    Kind,
    Layout,
    Pointer,
    Region,
    Step,
    as_map,
    block_of,
    env_names,
    maps_in,
    name_of,
)

_SPEC: Pointer = ("spec",)
_ADVICE = "write it into a template that runs a container: templates[].extensions"
_NO_CONTAINER = ("steps", "dag", "suspend")
_NO_ENV = {
    "resource": "a resource template has no env",
    "data": "a data template has no env",
    "http": "an http template has no env",
    "plugin": "a plugin template has no env",
}


def workflow(obj: Mapping[str, Any]) -> Layout:
    """Find the steps of a Workflow's own templates."""
    spec = as_map(obj.get("spec"))
    finder = _Finder(as_map(spec.get("templateDefaults")))
    if "extensions" in spec:
        finder.misplaced.append(f"spec: 'extensions' is not read here; {_ADVICE}")
    for i, template in maps_in(spec.get("templates")):
        pointer = (*_SPEC, "templates", i)
        finder.template(template, pointer, where=f"templates[{name_of(template, i)}]", key=name_of(template, i))
    return finder.layout()


class _Finder:
    """Collects steps and regions on the way down."""

    def __init__(self, defaults: Mapping[str, Any]) -> None:
        self._defaults = defaults
        self._steps: list[Step] = []
        self._regions: dict[Pointer, Region] = {_SPEC: Region("spec")}
        self.misplaced: list[str] = []
        for kind in ("container", "script"):
            pointer = (*_SPEC, "templateDefaults", kind)
            self._regions[pointer] = Region(f"templateDefaults.{kind}", kind=Kind.CONTAINER)

    def layout(self) -> Layout:
        used = {block.pointer for step in self._steps for block in step.blocks}
        for block in self._default_blocks("container") + self._default_blocks("script"):
            if block.pointer not in used:
                where = ".".join(str(part) for part in block.pointer[1:-1])
                self.misplaced.append(f"{where}: 'extensions' has no template here to be the default of")
        return Layout(Engine.ARGO, tuple(self._steps), self._regions, tuple(dict.fromkeys(self.misplaced)))

    def _default_blocks(self, kind: str) -> tuple[Block, ...]:
        pointer = (*_SPEC, "templateDefaults")
        of_kind = block_of(as_map(self._defaults.get(kind)), (*pointer, kind))
        return block_of(self._defaults, pointer) + of_kind

    def template(self, template: Mapping[str, Any], pointer: Pointer, *, where: str, key: str) -> None:
        shared = block_of(template, pointer)
        steps = [
            *self._main(template, pointer, shared, where=where, key=key),
            *self._users_own(template, pointer, where=where, key=key),
        ]
        # A template that only calls others passes on what the run gives it.
        self._regions[pointer] = Region(where, tuple(steps) or None)
        for step in steps:
            if step.env is not None:
                self._regions[step.pointer] = Region(step.where, (step,), Kind.CONTAINER)
        self._steps += steps
        if shared and not any(b in step.blocks for step in steps for b in shared):
            self.misplaced.append(f"{where}: 'extensions' is not read here; {_ADVICE}")
        self._calls(template, pointer, where=where, key=key)

    def _main(
        self,
        template: Mapping[str, Any],
        pointer: Pointer,
        shared: tuple[Block, ...],
        *,
        where: str,
        key: str,
    ) -> Iterator[Step]:
        for kind in ("container", "script"):
            if isinstance(template.get(kind), dict):
                own = (*pointer, kind)
                yield Step(
                    key=key,
                    where=where,
                    pointer=own,
                    blocks=self._default_blocks(kind) + shared + block_of(template[kind], own),
                    env=(*own, "env"),
                    present=env_names(self._defaults.get(kind)),
                )
        container_set = as_map(template.get("containerSet"))
        for i, container in maps_in(container_set.get("containers")):
            own = (*pointer, "containerSet", "containers", i)
            yield Step(
                key=f"{key}/{name_of(container, i)}",
                where=f"{where}.containers[{name_of(container, i)}]",
                pointer=own,
                blocks=shared + block_of(container_set, (*pointer, "containerSet")) + block_of(container, own),
                env=(*own, "env"),
            )
        for kind, why in _NO_ENV.items():
            if shared and kind in template:
                yield Step(key=key, where=where, pointer=(*pointer, kind), blocks=shared, no_env=why)

    def _users_own(self, template: Mapping[str, Any], pointer: Pointer, *, where: str, key: str) -> Iterator[Step]:
        for section, prefix in (("initContainers", "init"), ("sidecars", "sidecar")):
            for i, container in maps_in(template.get(section)):
                own = (*pointer, section, i)
                yield Step(
                    key=f"{key}/{prefix}-{name_of(container, i)}",
                    where=f"{where}.{section}[{name_of(container, i)}]",
                    pointer=own,
                    blocks=block_of(container, own),
                    env=(*own, "env"),
                )

    def _calls(self, template: Mapping[str, Any], pointer: Pointer, *, where: str, key: str) -> None:
        """Templates written inline where others are called."""
        for called, call, name in _called(template):
            if "extensions" in called:
                self.misplaced.append(f"{where}.{name}: 'extensions' is not read here; {_ADVICE}")
            inline = called.get("inline")
            if isinstance(inline, dict) and len(pointer) < 32:
                own = (*pointer, *call, "inline")
                self.template(inline, own, where=f"{where}.{name}.inline", key=f"{key}/{name_of(called, name)}")


def _called(template: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Pointer, str]]:
    for i, task in maps_in(as_map(template.get("dag")).get("tasks")):
        yield task, ("dag", "tasks", i), f"dag.tasks[{name_of(task, i)}]"
    steps = template.get("steps")
    for i, parallel in enumerate(steps if isinstance(steps, list) else ()):
        for j, step in maps_in(parallel):
            yield step, ("steps", i, j), f"steps[{name_of(step, f'{i}][{j}')}]"
