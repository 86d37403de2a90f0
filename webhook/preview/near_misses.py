"""Near misses in objects of files: always said here, and by the webhook only in objects that ask. Pure."""

from collections.abc import Mapping
from typing import Any

from webhook.adapters import layout_of
from webhook.adapters.layout import Finding
from webhook.mutation import near_misses
from webhook.mutation.question import ask
from webhook.preview import ours


def near_misses_in(obj: Mapping[str, Any]) -> list[Finding]:
    """All near misses in *obj*; in a document that is another tool's, none."""
    if not ours.may_ask(obj) and ask(obj) is None and not near_misses.holds_block(obj):
        return []
    return near_misses.find(obj, layout_of(obj))
