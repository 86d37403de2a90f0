"""docs/authors.md as a session: its files, and its commands with the output that it shows."""

import re
from typing import NamedTuple

from tests.docs.pages import ROOT

PAGE = ROOT / "docs/authors.md"
# Who registers the file of that name: the operator, for everyone.
RECORD = "minio.yaml"

_FILE = re.compile(r"^`(?P<name>[\w.-]+)`:\n\n```yaml\n(?P<content>.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMANDS = re.compile(
    r"^```console\n(?P<commands>.*?)^```$(?:\n\n^```text\n(?P<shown>.*?)^```$)?", re.MULTILINE | re.DOTALL
)


class Step(NamedTuple):
    """The commands of a block, and what the page shows of their output; "" = nothing."""

    commands: str
    shown: str


def files(text: str) -> dict[str, str]:
    """The files of the page, by name."""
    return {found["name"]: found["content"] for found in _FILE.finditer(text)}


def steps(text: str) -> list[Step]:
    """The blocks of commands of the page, in order."""
    return [Step(found["commands"], found["shown"] or "") for found in _COMMANDS.finditer(text)]
