"""Puts the pairs of maps and the items of lists into a text, and takes them out. Pure."""

import re
from collections.abc import Callable
from typing import Any

from yaml.events import ScalarEvent

from registry.documents.events import is_plain
from registry.documents.kubectl_types import value_of
from registry.records.in_place import yaml_text
from registry.records.nodes import Edit, Node, UnsuitableError


class Elements:
    """The text of one document, and edits of it.

    Args:
        first_line: The line of the whole text on which this one begins.
        is_object: Scalars must be text for kubectl as well.

    Attributes:
        _is_json: It must stay JSON.
    """

    def __init__(self, text: str, first_line: int, *, is_object: bool) -> None:
        self._text = text
        self._first_line = first_line
        self._newline = "\r\n" if "\r\n" in text else "\n"
        self._edits: list[Edit] = []
        self._is_object = is_object
        self._is_json = False

    def _insert(self, node: Node, after: int | None, key: str | None, value: Any, gone: set[int]) -> None:
        """Put an element behind the one at the place *after*, or first."""
        if node.is_flow:
            self._insert_in_flow(node, after, key, value, gone)
            return
        column = self._column(node)
        render = self._block(key, value)
        if after is not None:
            at = self._line_end(self._end(node, after))
            is_cut = at == len(self._text) and not self._text.endswith("\n")
            text = render(column)
            self._edits.append(Edit(at, at, self._newline + text.removesuffix(self._newline) if is_cut else text))
            return
        start = self._start(node, 0)
        line = self._line_start(start)
        if self._text[line:start].strip():
            # After the hyphen of an item.
            self._edits.append(Edit(start, start, render(column)[column:] + " " * column))
        else:
            self._edits.append(Edit(line, line, render(column)))

    def _block(self, key: str | None, value: Any) -> Callable[[int], str]:
        if key is None:
            return lambda column: yaml_text.item(value, column, self._newline)
        return lambda column: yaml_text.pair(key, value, column, self._newline)

    def _insert_in_flow(self, node: Node, after: int | None, key: str | None, value: Any, gone: set[int]) -> None:
        text = yaml_text.flow(value, is_json=self._is_json)
        if key is not None:
            text = f"{yaml_text.json_text(key) if self._is_json else yaml_text.name(key)}: {text}"
        count = self._count(node)
        first_kept = next((i for i in range(count) if i not in gone), None)
        if first_kept is None:
            # All others go: the removal leaves what is put in here.
            at = self._start(node, 0) if count else node.start.start_mark.index + 1
            separator = ", " if any(edit.start == edit.end == at for edit in self._edits) else ""
            self._edits.append(Edit(at, at, separator + text))
            return
        start = self._start(node, first_kept)
        opening = node.start.start_mark.index + 1
        lines = "\n" in self._text[opening : self._start(node, 0)]
        pad = f"{self._newline}{self._text[self._line_start(start) : start]}" if lines else " "
        if pad.strip():
            pad = " "
        if after is not None:
            at = self._end(node, after)
            self._edits.append(Edit(at, at, f",{pad}{text}"))
        else:
            self._edits.append(Edit(start, start, f"{text},{pad}"))

    def _remove(self, node: Node, gone: set[int], *, is_replaced: bool) -> None:
        count = self._count(node)
        if not gone:
            return
        if len(gone) == count and not is_replaced:
            raise UnsuitableError("nothing would be left of it", self._line_of(node))
        for i in gone:
            self._check_own(self._value(node, i))
        if node.is_flow:
            self._remove_in_flow(node, gone, count)
            return
        for i in sorted(gone):
            start = self._start(node, i)
            line, end = self._line_start(start), self._line_end(self._end(node, i))
            if self._text[line:start].strip():
                # Behind the hyphen of an item; what follows moves up.
                following = self._start(node, i + 1) if i + 1 < count and i + 1 not in gone else end
                if following == end or "#" in self._text[end:following]:
                    raise UnsuitableError("stands on one line with what it is in", self._line_at(start))
                line, end = start, following
            self._edits.append(Edit(line, end, ""))

    def _remove_in_flow(self, node: Node, gone: set[int], count: int) -> None:
        kept = [i for i in range(count) if i not in gone]
        first = kept[0] if kept else count
        if not kept:
            self._edits.append(Edit(self._start(node, 0), self._end(node, count - 1), ""))
        elif first:
            self._edits.append(Edit(self._start(node, 0), self._start(node, first), ""))
        for i in sorted(gone):
            if i > first:
                self._edits.append(Edit(self._end(node, i - 1), self._end(node, i), ""))

    def _count(self, node: Node) -> int:
        return len(node.pairs) if node.is_map else len(node.items)

    def _value(self, node: Node, i: int) -> Node:
        return node.pairs[i][1] if node.is_map else node.items[i]

    def _start(self, node: Node, i: int) -> int:
        """The offset at which an element begins; of an item in block style that of its hyphen."""
        if node.is_map:
            return int(node.pairs[i][0].start_mark.index)
        start = int(node.items[i].start.start_mark.index)
        if node.is_flow:
            return start
        line = self._line_start(start)
        before = self._text[line:start]
        if not re.fullmatch(r" *- +", before):
            raise UnsuitableError("the hyphen of an item does not begin its line", self._line_at(start))
        return line + before.index("-")

    def _column(self, node: Node) -> int:
        start = self._start(node, 0)
        return start - self._line_start(start)

    def _end(self, node: Node, i: int) -> int:
        """The offset at which an element's own text ends."""
        value = self._value(node, i)
        end = self._content_end(value)
        return max(end, int(node.pairs[i][0].end_mark.index)) if node.is_map else end

    def _content_end(self, node: Node) -> int:
        if node.is_flow or not (node.pairs or node.items):
            end = int(node.end.end_mark.index)
            if node.is_scalar and node.start.style in ("|", ">"):
                return len(self._text[:end].rstrip())
            return end
        if node.is_map:
            key, value = node.pairs[-1]
            return max(int(key.end_mark.index), self._content_end(value))
        return self._content_end(node.items[-1])

    # Values.

    def _fill(self, parent: Node, key: Any, node: Node, value: Any) -> None:
        """Put a map or a list in place of nothing."""
        start, end = int(node.start.start_mark.index), int(node.end.end_mark.index)
        if parent.is_flow:
            self._edits.append(Edit(start, end, yaml_text.flow(value, is_json=self._is_json)))
            return
        if start != end:
            self._edits.append(Edit(len(self._text[:start].rstrip(" ")), end, ""))
        at = self._line_end(max(end, int(key.end_mark.index)))
        column = key.start_mark.index - self._line_start(key.start_mark.index)
        lines = yaml_text.pair("k", value, column, self._newline).partition(self._newline)[2]
        is_cut = at == len(self._text) and not self._text.endswith("\n")
        self._edits.append(Edit(at, at, (self._newline if is_cut else "") + lines))

    def _change_scalar(self, event: Any, value: Any, *, is_block: bool, column: int) -> None:
        start, end = int(event.start_mark.index), int(event.end_mark.index)
        if event.style in ("|", ">"):
            end = max(len(self._text[:end].rstrip()), start)
        text = self._scalar(event, value)
        can_be_literal = is_block and (is_plain(event) or event.style in ("|", ">"))
        if can_be_literal and isinstance(value, str) and "\n" in value:
            lines = yaml_text.pair("k", value, column, self._newline).partition("k: ")[2]
            text = lines.removesuffix(self._newline) if lines.startswith("|") else text
        if not self._text[start - 1 : start].isspace() and event.value == "" and is_plain(event):
            text = " " + text
        self._edits.append(Edit(start, end, text))

    def _scalar(self, event: Any, value: str | bool) -> str:
        """*value* in the style of the scalar that it replaces, if that can hold it."""
        if isinstance(value, bool) or self._is_json:
            return yaml_text.flow(value, is_json=self._is_json)
        if event.style == '"':
            return yaml_text.json_text(value)
        if event.style == "'" and value.isprintable():
            return "'" + value.replace("'", "''") + "'"
        if is_plain(event) and not self._is_object and event.value and yaml_text.reads_as_typed(value):
            # As its author wrote it: `version: 1.10` needs no quotes in a record.
            was_number = not isinstance(value_of(event), str)
            if was_number or isinstance(value_of(_as_plain(value)), str):
                return value
        return yaml_text.flow(value)

    # Places.

    def _check_own(self, node: Node) -> None:
        if node.is_shared:
            raise UnsuitableError("is shared with another place by an anchor or an alias", self._line_of(node))

    def _line_start(self, offset: int) -> int:
        return self._text.rfind("\n", 0, offset) + 1

    def _line_end(self, offset: int) -> int:
        """The offset of the next line."""
        at = self._text.find("\n", offset)
        return len(self._text) if at < 0 else at + 1

    def _line_of(self, node: Node) -> int:
        return int(node.start.start_mark.line) + self._first_line

    def _line_at(self, offset: int) -> int:
        return self._text.count("\n", 0, offset) + self._first_line


def _as_plain(value: str) -> ScalarEvent:
    return ScalarEvent(None, None, (True, False), value)
