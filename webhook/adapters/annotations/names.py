"""The names of our annotations, and the messages about those that stand where they are not read. Pure."""

from collections.abc import Collection, Mapping
from difflib import SequenceMatcher, get_close_matches
from typing import Any, Final

from registry.suggestions import closest

PREFIX: Final = "extensions.fuseml.org/"
RUN_SELECTORS: Final = PREFIX + "run-selectors"
PIPELINE_SELECTORS: Final = PREFIX + "pipeline-selectors"
TASK_SELECTORS: Final = PREFIX + "task-selectors"
POD_SELECTORS: Final = PREFIX + "pod-selectors"
# From the top: a selector of an upper level replaces the one of the same name below it.
LEVELS: Final = (RUN_SELECTORS, PIPELINE_SELECTORS, TASK_SELECTORS, POD_SELECTORS)
_NAMES: Final = tuple(name.removeprefix(PREFIX) for name in LEVELS)
_LONGEST: Final = 63  # of a name, for Kubernetes
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


def meant_by(key: str, value: object) -> str:
    """The annotation of ours that *key*, which is none, is probably meant to be; "" if it is somebody else's.

    What decides is our domain, or one of our names beside ``fuseml``, or one of our names with a text that asks.
    """
    if key.startswith(PREFIX):
        return ""
    domain, slash, name = key.lower().partition("/")
    if not slash:
        domain, _, name = key.lower().replace("_", ".").replace(":", ".").rpartition(".")
    level = next(iter(get_close_matches(name[:_LONGEST].replace("_", "-"), _NAMES, n=1, cutoff=0.75)), "")
    asks = isinstance(value, str) and "extensions" in value
    if _is_like_ours(domain) or (not slash and _is_like_ours(key.lower()[: len(PREFIX)])):
        return PREFIX + (level or _NAMES[0])
    is_named = level and ("fuseml" in domain or (asks and level == name))
    return PREFIX + level if is_named else ""


def _is_like_ours(domain: str) -> bool:
    own = PREFIX.removesuffix("/")
    return abs(len(domain) - len(own)) <= 5 and SequenceMatcher(None, domain, own).ratio() >= 0.8
