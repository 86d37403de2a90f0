"""Shares of what is asked for on a whole definition: Argo propagates nothing of a definition but its templates. Pure.

So each template that has steps gets a copy of those entries of ``pipeline-selectors`` that concern it.
"""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from webhook.adapters.annotations.names import PIPELINE_SELECTORS, TASK_SELECTORS
from webhook.adapters.annotations.step_keys import EVERY
from webhook.adapters.layout import Finding, Layout
from webhook.objects import manifests
from webhook.objects.walk import Pointer, at, maps_in, name_of

# By the metadata of a template, the text of its share; None for one that is to be removed.
Shares: TypeAlias = dict[Pointer, str | None]

_WHOLE: Pointer = ("metadata", "annotations", PIPELINE_SELECTORS)


def shares(obj: Mapping[str, Any], layout: Layout) -> tuple[list[Finding], Shares]:
    """The shares that differ from what the templates have, and what cannot be shared."""
    if layout.definition is None or not layout.definition.shares_in:
        return [], {}
    templates = _names(obj, (*layout.definition.shares_in, "templates"))
    with_steps = dict.fromkeys(step.metadata_at for step in layout.steps if step.metadata_at)
    annotation = layout.annotations.at(_WHOLE)
    whole: Mapping[str, Any] = annotation.content if annotation else {}
    found: Shares = {}
    for metadata_at in dict.fromkeys([*((*template, "metadata") for template in templates), *with_steps]):
        share = _share(whole, templates.get(metadata_at[:-1]))
        text = manifests.dump(share) if share and metadata_at in with_steps else None
        if text != at(obj, (*metadata_at, "annotations", PIPELINE_SELECTORS)):
            found[metadata_at] = text
    return list(_not_shared(layout, templates, with_steps)), found


def _names(obj: Mapping[str, Any], templates: Pointer) -> dict[Pointer, str]:
    """The names of a definition's own templates, by their places."""
    return {(*templates, i): name_of(template, i) for i, template in maps_in(at(obj, templates))}


def _share(whole: Mapping[str, Any], template: str | None) -> dict[str, Any]:
    """The entries for every step and those for *template*; one that is written inline has no name."""
    meant = {EVERY, template}
    return {key: entry for key, entry in whole.items() if _template_of(key) in meant}


def _template_of(key: str) -> str:
    return key.partition("/")[0]


def _not_shared(
    layout: Layout, templates: Mapping[Pointer, str], with_steps: Mapping[Pointer, None]
) -> Iterator[Finding]:
    """Entries for a template all of whose steps are in templates written inline, which share by no name."""
    annotation = layout.annotations.at(_WHOLE)
    if annotation is None or not templates:
        return
    length = len(next(iter(templates)))
    around_inline = {metadata_at[:length] for metadata_at in with_steps if metadata_at[:-1] not in templates}
    inline = {templates[place] for place in around_inline if (*place, "metadata") not in with_steps}
    for key in annotation.content:
        if _template_of(key) in inline:
            message = f"{key!r} is written inline; write {TASK_SELECTORS} into metadata.annotations there"
            yield annotation.finding((*_WHOLE, key), message)
