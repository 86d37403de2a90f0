"""Copies of plain data. Pure.

Several times as fast as ``copy.deepcopy`` on maps: that remembers what it has copied, and plain data is a tree.
"""

from typing import Any


def copied(content: Any) -> Any:
    """*content* with maps and lists of its own."""
    if isinstance(content, dict):
        return {key: copied(value) for key, value in content.items()}
    if isinstance(content, list):
        return [copied(item) for item in content]
    return content
