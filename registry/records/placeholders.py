"""The parts of a template that a person must replace: ``<your-host>``. Pure.

The form is narrow on purpose. Values in angle brackets are common, such as FuseML's ``<hidden>`` for credentials that
are not shown, and a record keeps every value as it was typed.
"""

import re

PLACEHOLDER = re.compile(r"<your-[a-z0-9-]{1,100}>")


def placeholders_in(text: str) -> list[str]:
    """Every placeholder in *text*, once each, in order."""
    return list(dict.fromkeys(PLACEHOLDER.findall(text)))
