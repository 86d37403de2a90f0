"""The variables that the process of each step will see, each with where it comes from, as text. Pure."""

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from webhook.adapters.environment.sources import merged, unread_env_from
from webhook.adapters.layout import Layout
from webhook.adapters.step import Step
from webhook.mutation.analysis import Analysis
from webhook.mutation.env_plan import Fate
from webhook.mutation.escaping import expanded_env
from webhook.objects.walk import Pointer, as_map, at, env_names
from webhook.preview.subjects import Subject

_OWN = "its own env"


@dataclass(frozen=True, slots=True)
class Admitted:
    """An object as it is stored, and what its steps were given.

    Attributes:
        analysis: Of the object as it was submitted; None if it did not ask.
    """

    subject: Subject
    layout: Layout
    result: Mapping[str, Any]
    analysis: Analysis | None

    def given(self, step: Step) -> dict[str, str]:
        """Where the variables come from that *step* was given, by name."""
        found: dict[str, str] = {}
        for report in self.analysis.reports if self.analysis else ():
            if report.step.pointer != step.pointer:
                continue
            for name, outcomes in report.plan.outcomes.items():
                injected = (o for o in outcomes if o.fate is Fate.INJECTED)
                found |= {o.name: f"selector {name!r}" for o in injected}
            found |= dict.fromkeys(report.annotation_env, "the annotation")
        added = env_names({"env": self._env(self.result, step)}) - env_names({"env": self._env(self.subject.obj, step)})
        return dict.fromkeys(sorted(added), "an expression") | found

    def environment(self, step: Step) -> "_Environment":
        """What the process of *step* will see."""
        entries = merged(self._env(self.result, step), step.elsewhere)
        given = self.given(step)
        of_pod = self.subject.origins.get(step.key_in_home, {}) if self.subject.is_expected_pod else {}
        origins = {}
        for entry in entries:
            name = str(entry.content.get("name"))
            origins[name] = entry.where or given.get(name) or of_pod.get(name) or _OWN
        values = expanded_env([dict(entry.content) for entry in entries], self.layout.engine)
        container = as_map(at(self.result, step.pointer))
        unread = [*unread_env_from(container, ""), *(u for source in step.elsewhere for u in source.unread)]
        others = dict.fromkeys(f"{one.where}: {one.why.partition(';')[0]}" for one in unread)
        return _Environment(values, origins, list(others))

    @staticmethod
    def _env(obj: Mapping[str, Any], step: Step) -> Any:
        return at(obj, (*step.pointer, "env"))


@dataclass(frozen=True, slots=True)
class _Environment:
    values: Sequence[tuple[str, str]]
    origins: Mapping[str, str]
    others: Sequence[str] = field(default_factory=list)

    def lines(self, heading: str) -> Iterator[str]:
        """The lines of a text that a shell can read."""
        yield f"# {heading}\n"
        yield from (f"{name}={shlex.quote(value)}  # {_one_line(self.origins[name])}\n" for name, value in self.values)
        yield from (f"# {_one_line(other)}\n" for other in self.others)


def _one_line(text: str) -> str:
    return text if text.isprintable() else repr(text)


def as_text(run: Admitted, pods: Iterable[Admitted]) -> str:
    """The environments of all steps of *run* and of the *pods* that it is expected to create, each step once."""
    lines: list[str] = []
    pods = list(pods)
    shown: set[tuple[int, Pointer]] = set()
    for step in () if run.layout.is_definition else run.layout.steps:
        if step.by_reference:
            continue  # Its pod shows it.
        environment = run.environment(step)
        for i, pod in enumerate(pods):
            if container := _container_of(step, pod):
                shown.add((i, container.pointer))
                environment = _joined(environment, pod.environment(container))
        if environment.values or environment.others or step.asks:
            lines += environment.lines(f"{run.subject.title} {step.where}")
    for i, pod in enumerate(pods):
        for container in pod.layout.steps:
            environment = pod.environment(container)
            if (i, container.pointer) not in shown and environment.values:
                lines += environment.lines(f"{pod.subject.title} {container.where}")
    return "".join(lines)


def _container_of(step: Step, pod: Admitted) -> Step | None:
    """The container of *pod* that is *step*, which stands in the run itself."""
    part = pod.subject.part
    if part is None or step.pointer[: len(part)] != part or "inline" in step.pointer[len(part) :]:
        return None
    return next((container for container in pod.layout.steps if container.key == step.key_in_home), None)


def _joined(of_run: _Environment, of_pod: _Environment) -> _Environment:
    """What the pod's process sees; what it got from the run comes from where that says."""
    origins = {
        name: where if where != _OWN else of_run.origins.get(name, _OWN) for name, where in of_pod.origins.items()
    }
    return _Environment(of_pod.values, origins, of_run.others)
