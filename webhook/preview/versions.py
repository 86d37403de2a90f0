"""Objects of a version that is not read here: whoever submits one would get nothing, and no word about it. Pure."""

from collections.abc import Mapping
from typing import Any

from webhook.adapters import read_versions
from webhook.mutation.question import ask


def unread_version(obj: Mapping[str, Any]) -> str:
    """The message about *obj* if it asks, is of a kind that is read, and of a version that is not; else ""."""
    versions = read_versions(obj)
    if not versions or ask({**obj, "apiVersion": versions[0]}) is None:
        return ""
    version, kind = str(obj.get("apiVersion"))[:100], obj["kind"]
    return f"{version} is not read here, so this {kind} gets nothing; it is read as {' and '.join(versions)}"
