"""The pages of the repository, and the commands in their code blocks.

Commands stand in blocks of ``console``, ``bash`` or ``sh``, or of no language unless it is a diagram. Each is run by
a test, or says why not:

- a block with prompts (``$ command``, then its output) is run, and must print what the page shows;
  The commands of a page run in order, in the repository's folder; of one that has ``<!-- in an empty folder -->`` below
  its title, in such a folder, where they may write;
- in other blocks, ``fuseml`` is run on sample files, of ``make`` the target and of ``pytest`` the tests must exist,
  and ``cd`` leads to a folder;
- every other block has one of the *markers* in the line before it, or the page has it in the line below its title:

      <!-- not run: REASON -->
      <!-- run by tests/e2e/FOLDER/test_NAME.py -->
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "examples/**/*.md", "tests/**/*.md", ".github/**/*.md")
    for path in ROOT.glob(pattern)
)

_MARKER = re.compile(r"<!-- (?:not run: (?P<reason>\S.*?)|run by (?P<test>tests/e2e/\w+/\w+\.py)) -->\n")
_TITLE = re.compile(r"\A# .*\n")
_BLOCK = re.compile(r"^(?P<indent> *)```(?P<language>.*)\n(?P<text>(?:.*\n)*?)(?P=indent)```$", re.MULTILINE)
_DIAGRAM = re.compile("[\u2500-\u25ff]")  # lines, boxes and arrows
# A line that ends in a backslash, | or && goes on in the next one.
_COMMAND = re.compile(r"(?:.*(?:\\|\||&&)\n)*.*\n")
PROMPTED = re.compile(r"^\$ (?P<command>(?:.*(?:\\|\||&&)\n)*.*\n)(?P<output>(?:(?!\$ ).*\n)*)", re.MULTILINE)


@dataclass(frozen=True)
class Marker:
    """Why no quick test runs a block: a reason, or the test on a cluster that does."""

    reason: str | None
    test: str | None


@dataclass(frozen=True)
class Block:
    """A block of commands, at *start* to *end* in the text of its page."""

    text: str
    start: int
    end: int
    line: int
    marker: Marker | None

    @property
    def has_prompts(self):
        return PROMPTED.search(self.text) is not None

    @property
    def commands(self):
        """The commands of a block without prompts."""
        lines = (line.strip() for line in _COMMAND.findall(self.text))
        return [line for line in lines if line and not line.startswith("#")]


def command_blocks(text: str) -> list[Block]:
    """The blocks of commands of a page."""
    title = _TITLE.match(text)
    of_page = _marker(_MARKER.match(text, title.end())) if title else None
    return [
        Block(
            found["text"],
            found.start("text"),
            found.end("text"),
            text.count("\n", 0, found.start("text")) + 1,
            _marker(_MARKER.fullmatch(_line_before(text, found.start()))) or of_page,
        )
        for found in _BLOCK.finditer(text)
        if found["language"] in ("console", "bash", "sh") or not (found["language"] or _DIAGRAM.search(found["text"]))
    ]


def has_folder_of_its_own(text: str) -> bool:
    """True if the commands of a page run in an empty folder."""
    return re.match(r"# .*\n\n?<!-- in an empty folder -->\n", text) is not None


def _line_before(text, position):
    return text[text.rfind("\n", 0, max(position - 1, 0)) + 1 : position].lstrip()


def _marker(found):
    return Marker(found["reason"], found["test"]) if found else None
