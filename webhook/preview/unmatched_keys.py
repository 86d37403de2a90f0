"""Keys in what a run passes to its pods that mean nothing in any of them. Pure.

The webhook cannot know: the definitions that a run refers to may not exist yet when it is submitted.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from webhook.adapters.annotations.names import RUN_SELECTORS
from webhook.adapters.annotations.step_keys import EVERY
from webhook.adapters.pod import is_meant
from webhook.objects import manifests
from webhook.objects.walk import Pointer, as_map, at
from webhook.preview.subjects import Subject

# Where the selectors for pods are, once a run is admitted.
_HANDOVER: Final[Mapping[str, Pointer]] = {
    "Workflow": ("spec", "podMetadata", "annotations", RUN_SELECTORS),
    "PipelineRun": ("metadata", "annotations", RUN_SELECTORS),
    "TaskRun": ("metadata", "annotations", RUN_SELECTORS),
}


def warnings(admitted: Mapping[str, Any], pods: Sequence[Subject]) -> Iterator[str]:
    """What to say of the keys that the *admitted* run passes to its expected *pods*, if all of these are known."""
    text = at(admitted, _HANDOVER.get(str(admitted.get("kind")), ()))
    if not isinstance(text, str) or any(pod.unknown for pod in pods):
        return
    content = next((document.content for document in manifests.load_values(text)), None)
    for key in as_map(content):
        if not any(is_meant(pod.obj, RUN_SELECTORS, str(key)) for pod in pods):
            meant = "it has no pod that can be given anything" if key == EVERY else "none of its pods is meant by it"
            yield f"annotation {RUN_SELECTORS}: {str(key)[:100]!r} reaches nothing: {meant}"
