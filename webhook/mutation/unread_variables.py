"""Warnings about variables that an author may set where nobody can read them here. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from webhook.adapters.environment import sources
from webhook.adapters.step import Step
from webhook.objects.walk import as_map, at, maps_in

_MOST_NAMES = 3


def warnings(obj: Mapping[str, Any], step: Step, given: Sequence[str]) -> Iterator[str]:
    """What may set the same variables as are *given* to *step*, and what would become of them."""
    if not given or step.env is None:
        return
    container = as_map(at(obj, step.env[:-1]))
    unread = [
        *sources.computed((entry for _, entry in maps_in(container.get("env"))), ""),
        *(sources.unread_env_from(container, "") if "envFrom" in container else ()),
    ]
    if not (unread or step.elsewhere):
        return
    for one in (*unread, *(unread for source in step.elsewhere for unread in source.unread)):
        if names := one.concerns(given):
            listed = ", ".join(names[:_MOST_NAMES]) + (", …" if len(names) > _MOST_NAMES else "")
            yield f"{one.where}: {one.why} ({listed})"
