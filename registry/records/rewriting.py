"""A record's text -> the text of an ``Extension``, and back, so that all that a person wrote stays as it is. Pure.

Only what must change is replaced, by the positions of the parser's events. (A YAML library that keeps comments, such as
ruamel.yaml, writes them in the columns that they had before, and does not know which texts kubectl takes for numbers.)
What cannot be rewritten so, such as JSON, has no text here, and is written from its data.
"""

from typing import Any, Final

from yaml.events import MappingStartEvent, ScalarEvent

from registry.documents.encoding import lines_of
from registry.documents.events import document_events, is_plain
from registry.documents.kubectl_types import as_key, value_of
from registry.documents.reader import NULLS
from registry.errors import Problem
from registry.records.extension_objects import API_VERSION, KIND
from registry.records.model import Extension
from registry.records.nodes import Edit, Node, UnsuitableError, edited, quoted, tree

_BOOLEANS: Final = frozenset({"default", "auth_required", "authrequired"})
_EMPTY: Final = {"services": "[]", "endpoints": "[]", "credentials": "[]", "projects": "[]", "users": "[]"}
_EMPTY_MAPS: Final = frozenset({"configuration", "secretRef"})


def extension_text(text: str, extension: Extension) -> str | None:
    """The text of the ``Extension`` for the record *extension*, whose text is *text*; None if it must be dumped."""
    try:
        return _ToExtension(text, extension).run()
    except UnsuitableError:
        return None


def record_text(text: str, extension: Extension) -> str | None:
    """The text of the record of an ``Extension``, whose text is *text*; None if it must be dumped."""
    try:
        return _ToRecord(text, extension).run()
    except UnsuitableError:
        return None


class _Text:
    """The text of one document, its root, and the edits that are made to it."""

    def __init__(self, text: str, extension: Extension) -> None:
        self.text = text
        self.extension = extension
        self.lines = list(lines_of(text))
        self.newline = "\r\n" if self.lines and self.lines[0].endswith("\r\n") else "\n"
        self._starts = [0]
        for line in self.lines:
            self._starts.append(self._starts[-1] + len(line))
        self.edits: list[Edit] = []
        documents = list(document_events(text))
        if len(documents) != 1 or isinstance(documents[0], Problem):
            raise UnsuitableError
        events = iter(documents[0])
        self.root = tree(next(events), events)
        first = self.root.start.start_mark
        if not self.root.is_block or self.lines[first.line][: first.column].strip():
            raise UnsuitableError
        self.column = first.column
        self.first_line = first.line

    def offset(self, mark: Any) -> int:
        start = self._starts[min(mark.line, len(self.lines))]
        return int(min(start + mark.column, len(self.text)))

    def line_start(self, line: int) -> int:
        return self._starts[min(line, len(self.lines))]

    def rest_of_line(self, scalar: Any) -> str:
        """What follows a scalar on its line, such as a comment."""
        mark = scalar.end_mark
        return self.lines[mark.line][mark.column :].rstrip("\r\n") if mark.line < len(self.lines) else ""

    def edited(self, start: int, end: int) -> str:
        """The text from *start* to *end*, with the edits there."""
        there = (edit for edit in self.edits if edit.start >= start and edit.end <= end)
        return edited(self.text[start:end], [Edit(e.start - start, e.end - start, e.text) for e in there])


class _ToExtension(_Text):
    def run(self) -> str:
        name = self._take_id()
        self._service_ids()
        self._quote(self.root, "")
        start = self.line_start(self.first_line)
        body = self.edited(start, len(self.text))
        head = self.text[:start]
        envelope = [f"apiVersion: {API_VERSION}", f"kind: {KIND}", "metadata:", f"  name: {name}", "spec:"]
        lines = [_moved(line, self.column, 2) for line in lines_of(body)]
        return head + "".join(line + self.newline for line in envelope) + "".join(lines)

    def _take_id(self) -> str:
        """Cut the line of the id, and give the name with what follows it on that line."""
        for key, value in self.root.pairs:
            if key.value == "id":
                scalar = value.start
                line = scalar.end_mark.line
                if scalar.anchor or key.start_mark.line != line:
                    raise UnsuitableError
                self.edits.append(Edit(self.line_start(line), self.line_start(line + 1), ""))
                return _name(self.extension.id) + self.rest_of_line(scalar)
        return _name(self.extension.id)

    def _service_ids(self) -> None:
        """Write the ids that were generated: an object needs them."""
        services = self.root.get("services")
        for service, node in zip(self.extension.services, services.items if services else (), strict=False):
            self._give_id(node, service.id)
            credentials = node.get("credentials")
            for login, its_node in zip(service.credentials, credentials.items if credentials else (), strict=False):
                self._give_id(its_node, login.id)

    def _give_id(self, node: Node, new_id: str) -> None:
        if node.get("id") is not None or not isinstance(node.start, MappingStartEvent):
            return
        if not node.pairs:
            raise UnsuitableError
        first = node.pairs[0][0].start_mark
        separator = f"{self.newline}{' ' * first.column}" if node.is_block else ", "
        at = self.offset(first)
        self.edits.append(Edit(at, at, f"id: {_name(new_id)}{separator}"))

    def _quote(self, node: Node, name: str) -> None:
        """Put in quotes what kubectl would take for something else than text, apart from booleans."""
        is_configuration = name == "configuration"
        for key, value in node.pairs:
            if key.value == "<<" and is_plain(key):
                pass
            elif key.value == "authrequired" and not is_configuration:
                self._replace(key, "auth_required")
            elif as_key(key) != key.value:
                self._replace(key, quoted(key.value))
            if key.value == "id" and node is self.root:
                continue
            if isinstance(value.start, ScalarEvent):
                self._scalar(value.start, key.value, is_configuration)
            self._quote(value, "" if is_configuration else key.value)
        for item in node.items:
            if isinstance(item.start, ScalarEvent) and not isinstance(value_of(item.start), str):
                self._replace(item.start, quoted(item.start.value))
            self._quote(item, "")

    def _scalar(self, event: Any, field_name: str, is_configuration: bool) -> None:
        if not is_configuration and is_plain(event) and event.value in NULLS:
            self._replace(event, "{}" if field_name in _EMPTY_MAPS else _EMPTY.get(field_name, '""'))
        elif not is_configuration and field_name in _BOOLEANS:
            self._replace(event, "true" if event.value.lower() in ("true", "yes", "on", "y") else "false")
        elif not isinstance(value_of(event), str):
            self._replace(event, quoted(event.value))

    def _replace(self, event: Any, text: str) -> None:
        """Put *text* in place of a scalar, behind its anchor."""
        start, end = self.offset(event.start_mark), self.offset(event.end_mark)
        typed = self.text[start:end]
        if not is_plain(event) and not event.anchor and not event.tag:
            pass
        elif typed.endswith(event.value):
            start = end - len(event.value)
        else:
            raise UnsuitableError
        before = "" if event.value or not self.text[start - 1 : start].strip() else " "
        self.edits.append(Edit(start, end, before + text))


class _ToRecord(_Text):
    def run(self) -> str:
        start, end, column = self._spec()
        head = self.text[: self.line_start(self.first_line)]
        metadata = self.root.get("metadata")
        name = metadata.get("name") if metadata else None
        if name is None or not isinstance(name.start, ScalarEvent):
            raise UnsuitableError
        comment = self.rest_of_line(name.start) if metadata and metadata.is_block else ""
        lines = [_moved(line, column, self.column) for line in lines_of(self.text[start:end])]
        return f"{head}{' ' * self.column}id: {_name(self.extension.id)}{comment}{self.newline}{''.join(lines)}"

    def _spec(self) -> tuple[int, int, int]:
        """The offsets of the spec's lines, and their column."""
        for i, (key, value) in enumerate(self.root.pairs):
            if key.value == "spec":
                mark = value.start.start_mark
                if not value.is_block or mark.line == key.start_mark.line or value.start.anchor:
                    raise UnsuitableError
                following = self.root.pairs[i + 1 :]
                end = self.line_start(following[0][0].start_mark.line) if following else len(self.text)
                return self.line_start(key.start_mark.line + 1), end, mark.column
        raise UnsuitableError


def _moved(line: str, column: int, to: int) -> str:
    """*line* moved from one column to another; what is left of the column keeps its place as far as it can."""
    if not line.strip() or line.startswith("..."):
        return line
    spaces = len(line) - len(line.lstrip(" "))
    return " " * to + line[min(spaces, column) :]


def _name(value: str) -> str:
    """*value*, an id, as a YAML scalar that every reader takes for text."""
    plain = ScalarEvent(None, None, (True, False), value)
    return value if isinstance(value_of(plain), str) else quoted(value)
