"""What stands in place of a value: ``<your-host>`` for one to fill in, ``<hidden>`` for one that is not shown. Pure.

The form of the first is narrow on purpose. Values in angle brackets are common, and a record keeps every value as it
was typed.
"""

import re
from typing import Final

# What stands for the value of a credential wherever a record is shown. Written back, it keeps the value.
HIDDEN: Final = "<hidden>"
PLACEHOLDER = re.compile(r"<your-[a-z0-9-]{1,100}>")


def placeholders_in(text: str) -> list[str]:
    """Every placeholder in *text*, once each, in order."""
    return list(dict.fromkeys(PLACEHOLDER.findall(text)))
