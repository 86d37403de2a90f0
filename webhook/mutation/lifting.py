"""What the steps of a definition ask for -> annotations that propagate to their pods. Pure.

Engines know nothing of ``extensions``, and what they fill into a definition when it runs must not be taken for
expressions. So blocks, and variables whose values hold expressions, are moved into the annotation ``task-selectors`` of
the task or template that they stand in; an expression anywhere else is refused.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from webhook.adapters.annotations.names import PIPELINE_SELECTORS, RUN_SELECTORS, TASK_SELECTORS
from webhook.adapters.annotations.reader import MAX_BYTES, SHORTER, wrong_variable
from webhook.adapters.annotations.step_keys import EVERY
from webhook.adapters.layout import Finding, Layout
from webhook.adapters.step import Block, Engine, Level, Step, names_in
from webhook.errors import Reason
from webhook.mutation import checks, sharing
from webhook.mutation.escaping import refers_to_tekton
from webhook.mutation.expressions import TextWithExpressions
from webhook.mutation.question import Question
from webhook.objects import manifests
from webhook.objects.patch import Op, put_all, remove
from webhook.objects.walk import Pointer, as_map, at, env_names, maps_in

_ADVICE = (
    "in a definition, expressions are read in the env of steps only: make it the value of a variable, and use that here"
)
_SPLIT = "give the expression a variable of its own, and refer to that with $(NAME)"
_ARGOS = "holds '{{', which Argo would expand"
_OWN_METADATA: Pointer = ("metadata",)
_REFERENCE = re.compile(r"\$\(([^)]*)\)")


def lift(question: Question, old: Mapping[str, Any] | None = None) -> tuple[list[Finding], list[Op]]:
    """Move what the steps of a definition ask for into annotations that propagate to their pods.

    Args:
        old: On UPDATE, the definition as it is stored.

    Returns:
        What its author must mend, or the operations.
    """
    return _Lifter(question, old).run()


class _Lifter:
    def __init__(self, question: Question, old: Mapping[str, Any] | None) -> None:
        self._obj = question.obj
        self._layout = question.layout
        self._texts = question.texts
        self._old = old
        self._findings: list[Finding] = []
        # Indexes of the variables that are moved, by their list.
        self._moved: dict[Pointer, list[int]] = defaultdict(list)
        # Annotations that change, by the metadata that they are in; None for one that is removed.
        self._written: dict[Pointer, dict[str, str | None]] = defaultdict(dict)

    def run(self) -> tuple[list[Finding], list[Op]]:
        self._check()
        if self._findings or self._layout.is_misread:
            return self._findings, []
        for text in self._movable():
            self._moved[text.pointer[:-2]].append(int(text.pointer[-2]))
        for metadata_at, entries in self._entries_by_metadata().items():
            self._add(metadata_at, entries)
        findings, shares = sharing.shares(self._obj, self._layout)
        self._findings += findings
        for metadata_at, share in shares.items():
            self._written[metadata_at][PIPELINE_SELECTORS] = share
        return (self._findings, []) if self._findings else ([], list(self._ops()))

    def _check(self) -> None:
        movable = self._movable()
        if self._is_expanded:
            self._findings += checks.findings(self._as_expanded(), self._texts)
        self._findings += checks.findings(self._layout, movable)
        if not self._layout.is_misread and not self._is_expanded:
            self._findings += [
                Finding(text.where, _ADVICE, text.pointer, reason=Reason.EXPRESSION)
                for text in self._texts
                if text not in movable
            ]

    @property
    def _is_expanded(self) -> bool:
        return self._layout.definition is not None and self._layout.definition.is_expanded

    def _movable(self) -> list[TextWithExpressions]:
        """Values of variables that may move into an annotation; none where they are expanded in the runs."""
        if self._is_expanded:
            return []
        envs = {step.env for step in self._layout.steps if step.env and step.metadata_at}
        return [text for text in self._texts if text.pointer[-1] == "value" and text.pointer[:-2] in envs]

    def _entries_by_metadata(self) -> Mapping[Pointer, Sequence[tuple[Step, dict[str, Any]]]]:
        """What the steps ask for, by the metadata that propagates to their pods."""
        found: dict[Pointer, list[tuple[Step, dict[str, Any]]]] = defaultdict(list)
        named = Counter((step.metadata_at, step.key_in_home) for step in self._layout.steps)
        for step in self._layout.steps:
            entry = self._entry(step)
            if step.metadata_at and entry:
                if named[step.metadata_at, step.key_in_home] > 1:
                    message = f"another one is {step.key_in_home!r}, too; give it another name"
                    self._find(step.where, message, step.pointer)
                found[step.metadata_at].append((step, entry))
        return found

    def _as_expanded(self) -> Layout:
        """What is known where the expressions are expanded, in a run: what propagates to pods is not."""
        resolved_there = [a for a in self._layout.annotations.read if a.pointer[-1] == RUN_SELECTORS]

        def is_known(pointer: Pointer) -> bool:
            return any(annotation.covers(pointer) for annotation in resolved_there)

        steps = (
            step._replace(
                blocks=tuple(block for block in step.blocks if is_known(block.pointer)),
                annotation_env=tuple(variable for variable in step.annotation_env if is_known(variable.pointer)),
            )
            for step in self._layout.steps
        )
        return replace(self._layout, steps=tuple(steps))

    def _find(self, where: str, message: str, pointer: Pointer) -> None:
        self._findings.append(Finding(where, message, pointer))

    def _entry(self, step: Step) -> dict[str, Any]:
        """What *step* asks for, as an annotation says it."""
        entry = step._replace(blocks=self._own_blocks(step), annotation_env=()).entry
        if step.asks and step.no_env:
            self._find(step.where, f"nothing can be given to it: {step.no_env}", step.pointer)
        if step.env in self._moved:
            entry["env"] = list(self._variables(step, self._moved[step.env]))
        return entry

    def _variables(self, step: Step, places: Sequence[int]) -> Iterator[dict[str, Any]]:
        env = at(self._obj, step.env or ())
        staying = env_names({"env": [item for i, item in enumerate(env) if i not in places]}) | step.set_elsewhere
        names = Counter(str(item.get("name")) for _, item in maps_in(env))
        for i in places:
            where = f"{step.where}.env[{i}]"
            if (problem := wrong_variable(env[i])) is not None:
                self._find(where, problem[1], step.pointer)
                continue
            name, value = env[i]["name"], env[i]["value"]
            if names[name] > 1:
                self._find(where, f"{name!r} is set twice", step.pointer)
            if any(name in source.names and not source.wins for source in step.elsewhere):
                message = "another value of it is set for all steps, and would win in its pod; remove that"
                self._find(f"{step.where}.env[{name}]", message, step.pointer)
            for message in self._hindrances(value, staying):
                self._find(f"{step.where}.env[{name}]", f"{message}; {_SPLIT}", step.pointer)
            yield {"name": name, "value": value}

    def _hindrances(self, value: str, staying: frozenset[str]) -> Iterator[str]:
        """Why *value* would mean something else in the annotation."""
        for name in staying.intersection(_REFERENCE.findall(value)):
            yield f"refers to $({name}), and would come before it"
        if self._layout.engine is Engine.TEKTON and refers_to_tekton(value):
            yield "holds a reference such as '$(params.x)', which Tekton does not expand in an annotation"
        if self._layout.engine is Engine.ARGO and "{{" in value:
            yield _ARGOS

    def _add(self, metadata_at: Pointer, entries: Sequence[tuple[Step, Mapping[str, Any]]]) -> None:
        """Add *entries* to what the annotation in the metadata at *metadata_at* says already."""
        pointer = (*metadata_at, "annotations", TASK_SELECTORS)
        annotation = self._layout.annotations.at(pointer)
        said = dict(annotation.content) if annotation else {}
        for step, asked in entries:
            every = {} if step.only_if_named else as_map(said.get(EVERY))
            entry = self._not_replaced(step, asked, (as_map(said.get(step.key_in_home)), every), metadata_at)
            if entry:
                said[step.key_in_home] = self._merged(as_map(said.get(step.key_in_home)), entry, step.where, pointer)
                self._compare(every, entry, step.where, pointer)
        text = manifests.dump(said)
        if len(text.encode()) > MAX_BYTES:
            what = f"with what is moved into it, it is longer than {MAX_BYTES // 1024} KiB; {SHORTER}"
            self._find(f"annotation {TASK_SELECTORS}", what, pointer)
        selectors = [entry.get("extensions") for _, entry in entries]
        if self._layout.engine is Engine.ARGO and "{{" in manifests.dump(selectors):
            self._find(f"annotation {TASK_SELECTORS}", f"with what is moved into it, it {_ARGOS}", pointer)
        self._written[metadata_at][TASK_SELECTORS] = text

    def _not_replaced(
        self, step: Step, entry: Mapping[str, Any], said: Sequence[Mapping[str, Any]], metadata_at: Pointer
    ) -> dict[str, Any]:
        """*entry* without those selectors of the step itself whose names its task's annotation has *said* already."""
        pointer = (*metadata_at, "annotations", TASK_SELECTORS)
        if metadata_at == _OWN_METADATA and self._old is not None and at(self._old, pointer) == at(self._obj, pointer):
            # What it says may have been moved there from this very block, before that was changed: see ``_merged``.
            said = said[1:]
        taken = {item.get("name") for there in said for _, item in maps_in(there.get("extensions"))}
        taken -= names_in([block for block in self._own_blocks(step) if block.level <= Level.TASK])
        left = [item for item in entry.get("extensions", ()) if as_map(item).get("name") not in taken]
        rest = {field: items for field, items in entry.items() if field != "extensions"}
        return ({"extensions": left} if left else {}) | rest

    def _own_blocks(self, step: Step) -> tuple[Block, ...]:
        """The blocks that stand in the definition itself."""
        return tuple(block for block in step.blocks if self._layout.annotations.at(block.pointer) is None)

    def _merged(
        self, said: Mapping[str, Any], entry: Mapping[str, Any], where: str, pointer: Pointer
    ) -> dict[str, Any]:
        merged = dict(said)
        for field, items in entry.items():
            before = [item for _, item in maps_in(said.get(field))]
            if self._old is not None and at(self._old, pointer) == at(self._obj, pointer):
                # ``kubectl apply`` never wrote the annotation, and leaves it when its author changes the block.
                by_name = {item.get("name"): item for item in items}
                before = [item for item in before if by_name.get(item.get("name"), item) == item]
            self._compare({field: before}, entry, where, pointer)
            merged[field] = [*before, *(item for item in items if item not in before)]
        return merged

    def _compare(self, said: Mapping[str, Any], entry: Mapping[str, Any], where: str, pointer: Pointer) -> None:
        """Find selectors or variables of *entry* that are *said* already, but differ."""
        for field in entry:
            by_name = {item.get("name"): item for _, item in maps_in(said.get(field))}
            for _, item in maps_in(entry[field]):
                if by_name.get(item.get("name"), item) != item:
                    what = f"{item.get('name')!r} is another one in annotation {TASK_SELECTORS}; give it another name"
                    self._find(where, what, pointer)

    def _ops(self) -> Iterator[Op]:
        for metadata_at, texts in self._written.items():
            yield from (remove((*metadata_at, "annotations", key)) for key, text in texts.items() if text is None)
            members = {key: text for key, text in texts.items() if text is not None}
            if members:
                yield from put_all(self._obj, (*metadata_at, "annotations"), members)
        yield from (remove(pointer) for pointer in self._layout.request_pointers())
        for env, places in self._moved.items():
            if len(places) == len(at(self._obj, env)):
                yield remove(env)
            else:
                yield from (remove((*env, i)) for i in sorted(places, reverse=True))
