"""The objects of a stream, and the pods that they are expected to create. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jsonpatch
import msgspec

from webhook.adapters.annotations.names import PREFIX
from webhook.mutation.mutate import Mutation
from webhook.objects.walk import as_map
from webhook.preview.expected_pods.expected import FindDefinition
from webhook.preview.expected_pods.kinds import expected_pods_of

# The JSON of a run whose pods can ask holds a reference or one of our annotations. Most runs hold neither.
_SIGNS = (b'Ref":', b'"ref":', PREFIX.encode())


@dataclass(frozen=True, slots=True)
class Subject:
    """An object of a stream, or a pod that it is expected to create.

    Attributes:
        prefix: The JSON pointer to the object in its document.
        pod_title: The title of an expected pod; empty for an object of the stream.
        unknown: Why an expected pod cannot be predicted.
    """

    obj: Mapping[str, Any]
    prefix: str = ""
    pod_title: str = ""
    unknown: str = ""

    @property
    def is_expected_pod(self) -> bool:
        """False for an object of the stream itself."""
        return bool(self.pod_title)

    @property
    def title(self) -> str:
        """``PipelineRun/train``, or ``PipelineRun/train tasks[eval]``."""
        if self.pod_title:
            return self.pod_title
        if "kind" not in self.obj:
            return f"workflow/{self.obj.get('name', '?')}"
        metadata = as_map(self.obj.get("metadata"))
        return f"{self.obj['kind']}/{metadata.get('name') or metadata.get('generateName') or '?'}"


def subjects(content: Any) -> list[Subject]:
    """The objects of a document: itself, or the items of a ``List``."""
    if not isinstance(content, dict):
        return []
    if content.get("kind") == "List" and isinstance(content.get("items"), list):
        items = enumerate(content["items"])
        return [Subject(item, f"/items/{i}") for i, item in items if isinstance(item, dict)]
    return [Subject(content)]


def expected_pods_of_subject(subject: Subject, mutation: Mutation, find: FindDefinition) -> Iterator[Subject]:
    """The pods that *subject* is expected to create once *mutation* is applied: those that ask or are unknown."""
    text = msgspec.json.encode(subject.obj)
    if not any(sign in text for sign in _SIGNS):
        return
    admitted = jsonpatch.apply_patch(subject.obj, list(mutation.ops))
    for expected in expected_pods_of(admitted, find):
        yield Subject(expected.pod, pod_title=f"{subject.title} {expected.where}", unknown=expected.unknown)
