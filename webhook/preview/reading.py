"""The documents of a stream, and what in it cannot be read: for every command that reads objects. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from registry.documents import streams
from registry.documents.reader import Document
from registry.documents.streams import Chunk
from registry.errors import UnreadableError
from webhook.objects import manifests


@dataclass(slots=True)
class Part:
    """A part of a stream: one document as a rule.

    Attributes:
        documents: Empty if there are *errors*.
        errors: Why it cannot be read, each with its place.
        warnings: What is odd in it, each with its place.
    """

    chunk: Chunk
    source: str
    documents: list[Document] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def place(self, line: int) -> str:
        """``file:line``; *line* counts from the beginning of this part."""
        return f"{self.source}:{self.chunk.line + max(line, 1) - 1}"


def parts_of(lines: Iterable[str], source: str) -> Iterator[Part]:
    """The parts of a stream one by one, without holding more than one. After bytes that are no text, there are no more.

    Args:
        source: The name of the stream in messages.
    """
    stands = ""
    try:
        for chunk in streams.chunks(lines):
            yield _read(Part(chunk, source))
            stands = f"; the documents that begin up to line {chunk.line} were read"
    except UnreadableError as e:
        yield Part(Chunk("", 1), source, errors=[f"{source}: {e}{stands}"])


def _read(part: Part) -> Part:
    for document in manifests.load(part.chunk.text):
        part.warnings += [f"{part.place(p.line)}: {p.message}" for p in document.repeated]
        if document.problems:
            also = (
                f"; the document of line {_line(part, part.documents[0])} is left out as well" if part.documents else ""
            )
            part.errors = [f"{part.place(p.line)}: {p.message}{also}" for p in document.problems]
            part.documents.clear()
            return part
        part.documents.append(document)
    return part


def _line(part: Part, document: Document) -> int:
    return part.chunk.line + document.line - 1
