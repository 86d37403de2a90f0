"""Selectors in an annotation, given to the steps that it names. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from registry.documents.positions import Outline, Position
from registry.suggestions import did_you_mean
from webhook.adapters.annotations.names import LEVELS
from webhook.adapters.annotations.step_keys import EVERY, KeyReader, Keys, UnknownKeyError, by_group, wider_than
from webhook.adapters.layout import Annotation, Annotations, Finding, Layout
from webhook.adapters.step import AnnotationVariable, Block, Region, Step
from webhook.objects import manifests
from webhook.objects.walk import Pointer

MAX_BYTES = 32 * 1024
MAX_VARIABLES = 10_000
SHORTER = "say once, under '*' or a task, what several steps get"
_FEWER = "name only the steps that need them, or set those that are the same for all in the steps themselves"
# Each costs a search for what was meant; when these are mended, the next ones are shown.
MAX_PROBLEMS = 20
_FIELDS = ("extensions", "env")
_ENV_FIELDS = ("name", "value")


def with_annotation(
    layout: Layout,
    annotations: Mapping[str, Any],
    pointer: Pointer,
    keys: KeyReader,
    *,
    where: str = "",
    resolved_here: bool = True,
) -> Layout:
    """*layout* with what one of *annotations* asks for: the one at *pointer* in the object."""
    text = annotations.get(str(pointer[-1]))
    if text in (None, ""):
        return layout
    prefix = f"{where}: " if where else ""
    if not isinstance(text, str):
        problem = Finding(f"{prefix}annotation {pointer[-1]}", "must be text; write '|' after its key", pointer)
        return _with(layout, Annotations(problems=(problem,)))
    try:
        content = _read(text)
    except _UnreadableError as e:
        annotation = Annotation(pointer, text, text, where, resolved_here)
        place = f"{prefix}annotation {pointer[-1]}:{e.position.line}:{e.position.column}"
        problem = Finding(place, str(e), pointer, e.position.line)
        return _with(layout, Annotations((annotation,), (problem,)))
    if content is None:
        return layout
    return _Reader(layout, Annotation(pointer, text, content, where, resolved_here), keys).run()


def _with(layout: Layout, more: Annotations) -> Layout:
    return replace(layout, annotations=layout.annotations + more)


class _UnreadableError(ValueError):
    """A text is no YAML, or not of the kind that is read here."""

    def __init__(self, message: str, position: Position | None, line: int = 1) -> None:
        self.position = position or Position(max(line, 1), 1)
        super().__init__(message)


def _read(text: str) -> Any:
    """What *text* says; None if nothing."""
    if len(text) > MAX_BYTES or len(text.encode()) > MAX_BYTES:
        raise _UnreadableError(f"is longer than {MAX_BYTES // 1024} KiB; {SHORTER}", None)
    # A small text with anchors may stand for a large one.
    if "&" in text and (anchor := Outline(text).anchor):
        raise _UnreadableError("anchors are not read here; write out what they stand for", anchor)
    documents = list(manifests.load_values(text))
    if not documents:
        return None
    first, *others = documents
    if first.problems:
        problem = first.problems[0]
        raise _UnreadableError(problem.message + _hint(text), Outline(text).trouble, problem.line)
    if others:
        raise _UnreadableError("expected one YAML document, and here is another", None, others[0].line)
    if first.repeated:
        problem = first.repeated[0]
        raise _UnreadableError(problem.message, next(iter(Outline(text).repeated), None), problem.line)
    return first.content


def _hint(text: str) -> str:
    """Advice about ``*:``, which YAML takes for an alias."""
    lines = (line.lstrip(" {,") for line in text.splitlines())
    return "; write '*' in quotes" if any(line.startswith(("*:", "* :", "*/")) for line in lines) else ""


class _Reader:
    """Gives the steps of a layout what an annotation says of them."""

    def __init__(self, layout: Layout, annotation: Annotation, keys: KeyReader) -> None:
        self._layout = layout
        self._annotation = annotation
        self._keys = keys
        self._level = LEVELS.index(str(annotation.pointer[-1]))
        self._named: dict[Pointer, Step] = {}
        self._blocks: dict[Pointer, list[Block]] = {}
        self._given = {
            step.pointer: {variable.name: variable for variable in step.annotation_env} for step in layout.steps
        }
        self._variables_left = MAX_VARIABLES
        self._problems: list[Finding] = []
        self._warnings: list[Finding] = []

    def run(self) -> Layout:
        content = self._annotation.content
        if not isinstance(content, dict):
            self._find((), f"expected a map from steps to what they get, got {_kind(content)}")
            content = {}
        for key, entry in content.items():
            self._entry(key, entry)
            if len(self._problems) >= MAX_PROBLEMS:
                break
        there = {step.pointer for step in self._layout.steps}
        named = [step for step in self._named.values() if step.pointer not in there and self._is_asked(step)]
        wider = by_group(step for step in named if step.by_reference)
        regions = {
            (step.pointer if step.by_reference else step.pointer[:-1]): Region(
                step.where, (step, *(wider_than(step, wider) if step.by_reference else ()))
            )
            for step in named
        }
        return replace(
            self._layout,
            steps=tuple(self._with_asked(step) for step in (*self._layout.steps, *named)),
            regions={**self._layout.regions, **regions},
            annotations=self._layout.annotations + Annotations((self._annotation,), tuple(self._problems)),
            warnings=(*self._layout.warnings, *self._warnings),
        )

    def _is_asked(self, step: Step) -> bool:
        return step.pointer in self._blocks or bool(self._given.get(step.pointer))

    def _with_asked(self, step: Step) -> Step:
        if not self._is_asked(step):
            return step
        blocks = (*step.blocks, *self._blocks.get(step.pointer, ()))
        return step._replace(blocks=blocks, annotation_env=tuple(self._given.get(step.pointer, {}).values()))

    def _find(self, path: Pointer, message: str) -> None:
        self._problems.append(self._annotation.finding((*self._annotation.pointer, *path), message))

    def _entry(self, key: str, entry: Any) -> None:
        steps: Sequence[Step] = ()
        try:
            steps = self._keys.steps_of(key)
        except UnknownKeyError as e:
            self._find((key,), str(e))
        if not isinstance(entry, dict):
            self._find((key,), f"expected a map with 'extensions' or 'env', got {_kind(entry)}")
            return
        for field in entry:
            if field not in _FIELDS:
                self._find((key, field), _unknown(field, _FIELDS))
        given = list(self._variables(key, entry.get("env")))
        self._variables_left -= len(given) * len(steps)
        if self._variables_left < 0:
            message = f"sets more than {MAX_VARIABLES} variables in all steps together; {_FEWER}"
            self._find((key,), message)
            return
        if key == EVERY and isinstance(self._keys, Keys):
            place = (*self._annotation.pointer, key)
            messages = dict.fromkeys(self._keys.unreached())
            self._warnings += [self._annotation.finding(place, f"'*' does not reach all: {m}") for m in messages]
        for step in steps:
            self._named.setdefault(step.pointer, step)
            if "extensions" in entry:
                pointer = (*self._annotation.pointer, key, "extensions")
                block = Block(pointer, entry["extensions"], self._level)
                self._blocks.setdefault(step.pointer, []).append(block)
            for variable in given:
                self._give(step, variable)

    def _give(self, step: Step, variable: AnnotationVariable) -> None:
        if step.env is None and not step.by_reference:
            path = variable.pointer[len(self._annotation.pointer) :]
            self._find(path, f"{step.where} has no place for {variable.name!r}: {step.no_env}")
        given = self._given.setdefault(step.pointer, {})
        first = given.setdefault(variable.name, variable)
        if variable.level < first.level:
            given[variable.name] = variable
        if first.value != variable.value and first.level == variable.level:
            message = f"{step.where} gets another value of {variable.name!r} above"
            self._find(variable.pointer[len(self._annotation.pointer) :], message)

    def _variables(self, key: str, entries: Any) -> Iterator[AnnotationVariable]:
        if entries is not None and not isinstance(entries, list):
            self._find((key, "env"), f"expected a list of variables, got {_kind(entries)}")
            return
        names = set()
        for i, entry in enumerate(entries or ()):
            path = (key, "env", i)
            if (problem := wrong_variable(entry)) is not None:
                field, message = problem
                self._find((*path, field) if field else path, message)
            elif entry["name"] in names:
                self._find(path, f"{entry['name']!r} is set above")
            else:
                names.add(entry["name"])
                pointer = (*self._annotation.pointer, *path, "value")
                yield AnnotationVariable(pointer, entry["name"], entry["value"], self._level)


def wrong_variable(entry: Any) -> tuple[str, str] | None:
    """The wrong field of an entry of ``env``, and what is wrong with it; None if nothing is."""
    if not isinstance(entry, dict):
        return "", f"expected a map with 'name' and 'value', got {_kind(entry)}"
    for field in entry:
        if field == "valueFrom":
            return field, "'valueFrom' is not read here; write it into the step's own env"
        if field not in _ENV_FIELDS:
            return field, _unknown(field, _ENV_FIELDS)
    for field in _ENV_FIELDS:
        value = entry.get(field)
        if not isinstance(value, str):
            got = f"expected text, got {_kind(value)}" if field in entry else f"needs a {field!r}"
            return field, got + ("; write it in quotes" if isinstance(value, (bool, int, float)) else "")
    name = entry["name"]
    if not name or not name.isprintable() or "=" in name:
        return "name", f"{name[:100]!r} cannot be the name of a variable"
    return None


def _unknown(field: str, known: tuple[str, ...]) -> str:
    return f"unknown field {field[:100]!r}; {did_you_mean(field, known, show=repr)}"


def _kind(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, (bool, int, float)):
        return str(value).lower()
    return "a map" if isinstance(value, dict) else "a list" if isinstance(value, list) else "text"
