"""The objects of a stream, and the pods that they are expected to create. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import jsonpatch
import msgspec

from registry.records.texts import items_of
from webhook.adapters import is_read
from webhook.adapters.annotations.names import PREFIX
from webhook.adapters.foreign import parts_of
from webhook.adapters.workloads import pod_from
from webhook.mutation.mutate import Mutation
from webhook.objects.patch import pointer
from webhook.objects.walk import Pointer, as_map
from webhook.preview.expected_pods.expected import FindDefinition, Origins
from webhook.preview.expected_pods.kinds import expected_pods_of

# Keys and indexes on the way to an item: deeper lists of lists than kubectl or a person writes.
_MAX_NESTED: Final = 16
# The JSON of a run whose pods can ask holds a reference or one of our annotations. Most runs hold neither.
_ASKING = (PREFIX.encode(), b'"extensions":', b"<<")
_SIGNS = (b'Ref":', b'"ref":', PREFIX.encode())


@dataclass(frozen=True, slots=True)
class Subject:
    """An object of a stream, or a pod that it is expected to create.

    Attributes:
        path: The way to the object in its document.
        pod_title: The title of an expected pod; empty for an object of the stream.
        unknown: Why an expected pod cannot be predicted.
        part: Where the task or template of an expected pod stands in its creator; None if it is in another object.
        within: The title of the object of another kind that holds it; empty if it stands for itself.
        origins: By container and variable of an expected pod, where its engine takes them from.
    """

    obj: Mapping[str, Any]
    path: Pointer = ()
    pod_title: str = ""
    unknown: str = ""
    part: Pointer | None = None
    within: str = ""
    origins: Origins = field(default_factory=dict)

    @property
    def prefix(self) -> str:
        """The JSON pointer to the object in its document."""
        return pointer(self.path)

    @property
    def is_expected_pod(self) -> bool:
        """False for an object of the stream itself."""
        return bool(self.pod_title)

    @property
    def title(self) -> str:
        """``PipelineRun/train``, or ``PipelineRun/train tasks[eval]``."""
        if self.pod_title:
            return self.pod_title
        name = "" if self.obj.get("kind") == "Pod" and "name" not in as_map(self.obj.get("metadata")) else self._name
        return " ".join(filter(None, (self.within, name))) if self.within else self._name

    @property
    def _name(self) -> str:
        if "kind" not in self.obj:
            return f"workflow/{self.obj.get('name', '?')}"
        metadata = as_map(self.obj.get("metadata"))
        return f"{self.obj['kind']}/{metadata.get('name') or metadata.get('generateName') or '?'}"


def subjects(content: Any) -> list[Subject]:
    """The objects of a document: itself, or the items of a ``List``, ``TaskRunList`` or the like, nested lists too."""
    return list(_subjects(content, ()))


def _subjects(content: Any, path: Pointer) -> Iterator[Subject]:
    if not isinstance(content, dict):
        return
    items = items_of(content) if len(path) < _MAX_NESTED else None
    if items is None:
        yield Subject(content, path)
        return
    for i, item in enumerate(items):
        yield from _subjects(item, (*path, "items", i))


def expected_pods_of_subject(subject: Subject, mutation: Mutation, find: FindDefinition) -> Iterator[Subject]:
    """The pods that *subject* is expected to create once *mutation* is applied: those that ask or are unknown."""
    text = msgspec.json.encode(subject.obj)
    if not any(sign in text for sign in _SIGNS):
        return
    for expected in expected_pods_of(admitted_of(subject, mutation), find):
        yield Subject(
            expected.pod,
            pod_title=f"{subject.title} {expected.where}",
            unknown=expected.unknown,
            part=expected.part,
            origins=expected.origins,
        )


def embedded_in(subject: Subject) -> Iterator[Subject]:
    """The runs, definitions and pods in an object of another kind, whose controller will create them.

    Such objects are triggers, sensors, the objects of operators, and the like.
    """
    obj = subject.obj
    if not isinstance(obj.get("kind"), str) or "apiVersion" not in obj or is_read(obj):
        return
    text = msgspec.json.encode(obj)
    if not any(sign in text for sign in _ASKING):
        return
    parts = parts_of(obj, is_read)
    pods = {path: pod_from(template) for path, template in parts.templates.items()}
    namespace = as_map(obj.get("metadata")).get("namespace")
    for path, part in (*parts.objects.items(), *pods.items()):
        metadata = {"namespace": namespace, **as_map(part.get("metadata"))} if namespace else part.get("metadata")
        where = f" {'.'.join(map(str, path))}" if path in pods else ""
        yield Subject({**part, "metadata": metadata}, (*subject.path, *path), within=f"{subject.title}{where}")


def with_embedded(found: Iterable[Subject]) -> Iterator[Subject]:
    """Each subject, followed by those that are embedded in it."""
    for subject in found:
        yield subject
        yield from embedded_in(subject)


# What is filled in before the object is created is not known yet: parameters of triggers and of ApplicationSets.
_LATER: Final = ("$(tt.", "{{")


def depends_on_parameters(subject: Subject, message: str) -> bool:
    """True if a *message* about an embedded object quotes parameters of what holds it."""
    return bool(subject.within) and any(sign in message for sign in _LATER)


def admitted_of(subject: Subject, mutation: Mutation) -> Any:
    """The object as it is stored."""
    return jsonpatch.apply_patch(subject.obj, list(mutation.ops))
