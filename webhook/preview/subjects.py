"""The objects of a stream that somebody asks about, and the pods that they are expected to make. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jsonpatch
import msgspec

from webhook.adapters.annotations.names import PREFIX
from webhook.mutation.mutate import Mutation
from webhook.objects.walk import as_map
from webhook.preview.expected_pods import made_by
from webhook.preview.expected_pods.expected import Lookup

# Of references, and of annotations that go on to pods, in JSON. Most runs have neither.
_SIGNS = (b'Ref":', b'"ref":', PREFIX.encode())


@dataclass(frozen=True, slots=True)
class Subject:
    """An object of a stream, or a pod that it will make.

    Attributes:
        prefix: Where in its document it is.
        whose: If it is a pod, of what.
        unknown: Why a pod cannot be told.
    """

    obj: Mapping[str, Any]
    prefix: str = ""
    whose: str = ""
    unknown: str = ""

    @property
    def title(self) -> str:
        """``PipelineRun/train``, or ``PipelineRun/train tasks[eval]``."""
        if self.whose:
            return self.whose
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


def made_by_subject(subject: Subject, mutation: Mutation, lookup: Lookup) -> Iterator[Subject]:
    """The pods that *subject* makes when it is admitted, and that ask."""
    text = msgspec.json.encode(subject.obj)
    if not any(sign in text for sign in _SIGNS):
        return
    admitted = jsonpatch.apply_patch(subject.obj, list(mutation.ops))
    for made in made_by(admitted, lookup):
        yield Subject(made.pod, whose=f"{subject.title} {made.where}", unknown=made.unknown)
