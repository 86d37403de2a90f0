"""The names of our annotations, and the messages about those that stand where they are not read. Pure."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from registry.suggestions import closest

PREFIX: Final = "extensions.fuseml.org/"
RUN_SELECTORS: Final = PREFIX + "run-selectors"
PIPELINE_SELECTORS: Final = PREFIX + "pipeline-selectors"
TASK_SELECTORS: Final = PREFIX + "task-selectors"
POD_SELECTORS: Final = PREFIX + "pod-selectors"
# From the top: a selector of an upper level replaces the one of the same name below it.
LEVELS: Final = (RUN_SELECTORS, PIPELINE_SELECTORS, TASK_SELECTORS, POD_SELECTORS)
# On a pod at our gate: the names of the Secrets that it needs and that are not there yet, separated by spaces.
WAITING: Final = PREFIX + "waiting"
# The webhook writes these.
NOTES: Final = frozenset({PREFIX + "resolved", WAITING})
# The scheduling gate that keeps a pod from starting before it has been given what it asks for.
GATE: Final = PREFIX + "injection"


def unread(metadata: Mapping[str, Any], advice: str, *, read: Collection[str] = (), notes: bool = False) -> list[str]:
    """The messages about our annotations in *metadata*, apart from those that are *read* there.

    Args:
        advice: What to do instead.
        notes: True if what the webhook writes may be there.
    """
    annotations = metadata.get("annotations")
    if not isinstance(annotations, dict):
        return []
    found = [key for key in annotations if isinstance(key, str) and key.startswith(PREFIX) and key not in read]
    return [_message(key, advice) for key in found if not (notes and key in NOTES)]


def _message(key: str, advice: str) -> str:
    if key in NOTES:
        return f"annotation {key} is written by the webhook; leave it out"
    if key in LEVELS:
        return f"annotation {key} is not read here; {advice}"
    close = closest(key.removeprefix(PREFIX), [name.removeprefix(PREFIX) for name in LEVELS])
    meant = f"did you mean {PREFIX}{close}?" if close else f"there is {RUN_SELECTORS}"
    return f"unknown annotation {key[:100]}; {meant}"
