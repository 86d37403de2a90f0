"""Changes a record where it stands in a text that a person wrote; all else stays byte for byte. Pure.

Only what differs between two records is replaced, by the positions of the parser's events. What comes out is read
again: if it does not say exactly what it should, it is refused. (Why no library does this: docs/decisions.md.)
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NoReturn

from yaml.events import ScalarEvent

from registry.documents import streams
from registry.documents.encoding import lines_of
from registry.documents.events import document_events, is_plain, source
from registry.documents.kubectl_types import value_of
from registry.errors import NotEditableError, Problem
from registry.records import codec, texts, yaml_text
from registry.records.model import Extension
from registry.records.nodes import Edit, Node, UnsuitableError, edited, tree

_BY_HAND: Final = "change this record by hand"
_TEMPLATE: Final = re.compile(
    r"\{\{-?\s*(?:\.|if\b|else\b|end\b|range\b|with\b|include\b|define\b|template\b|block\b|/\*)"
)
_SYNONYMS: Final = {"auth_required": "authrequired"}
# What tells the items of a list from each other; others are text.
_IDENTITY: Final = {"services": "id", "endpoints": "url", "credentials": "id"}


def replaced(text: str, new: Extension, *, allowed: frozenset[str] = frozenset()) -> str:
    """*text*, in which the record that has the id of *new* has become *new*.

    Args:
        allowed: Variables that control a loader or an interpreter and may be registered all the same.

    Raises:
        NotEditableError: It cannot be done without a risk for the rest of the text.
        KeyError: There is no such record in it.
    """
    chunks, number, change = _found(text, new.id, allowed)
    try:
        chunks[number] = change.to(new)
    except UnsuitableError as e:
        _refuse(e, change.line)
    expected = [new if e.id == new.id else e for e, _ in texts.decode_text(text, allowed=allowed)[0]]
    return _checked("".join(chunks), expected, allowed, line=change.line)


def removed(text: str, extension_id: str, *, allowed: frozenset[str] = frozenset()) -> str:
    """*text* without the record *extension_id*; "" if no other record is left.

    Raises:
        NotEditableError, KeyError: As ``replaced``.
    """
    chunks, number, change = _found(text, extension_id, allowed)
    expected = [e for e, _ in texts.decode_text(text, allowed=allowed)[0] if e.id != extension_id]
    if not expected:
        return ""
    try:
        chunks[number] = change.removal()
    except UnsuitableError as e:
        _refuse(e, change.line)
    return _checked("".join(chunks), expected, allowed, line=change.line)


def _found(text: str, extension_id: str, allowed: frozenset[str]) -> tuple[list[str], int, "_Change"]:
    """The documents of *text*, the number of the one that has the record, and the change of that."""
    if template := _TEMPLATE.search(text):
        line = text.count("\n", 0, template.start()) + 1
        raise NotEditableError(Problem("is a template; change what is filled in, or what it is made from", line=line))
    _, problems = texts.decode_text(text, allowed=allowed)
    if problems:
        first = problems[0]
        raise NotEditableError(replace(first, message=f"{first.message}; correct this first"))
    chunks = list(streams.chunks(lines_of(text)))
    for number, chunk in enumerate(chunks):
        for document in texts.documents(chunk.text):
            records, _ = texts.decode_document(document, chunk.text, allowed=allowed)
            for part, (extension, line) in zip(texts.parts_of(document.content), records, strict=True):
                if extension.id == extension_id:
                    change = _Change(chunk.text, part, extension, chunk.line, line + chunk.line - 1)
                    return [c.text for c in chunks], number, change
    raise KeyError(extension_id)


def _checked(result: str, expected: list[Extension], allowed: frozenset[str], *, line: int) -> str:
    """*result*, if it says what it should.

    Raises:
        NotEditableError: It does not.
    """
    after, problems = texts.decode_text(result, allowed=allowed)
    if problems and problems[0].path:
        # The text is as it should be, but its form cannot hold the record: values in an object, for instance.
        raise NotEditableError(replace(problems[0], line=line, message=f"{problems[0].message}; {_BY_HAND}"))
    if problems or [e for e, _ in after] != expected:
        message = f"cannot be changed here without changing what stands beside it; {_BY_HAND}"
        raise NotEditableError(Problem(message, line=line))
    return result


def _refuse(error: UnsuitableError, line: int) -> NoReturn:
    message = error.message or "is written in a form that is not edited"
    raise NotEditableError(Problem(f"{message}; {_BY_HAND}", line=error.line or line)) from None


class _Change:
    """One record in one document, and the edits that change it.

    Attributes:
        line: Of the record, in the whole text.
    """

    def __init__(self, text: str, part: texts.Part, extension: Extension, first_line: int, line: int) -> None:
        self.line = line
        self._text = text
        self._part = part
        self._extension = extension
        self._first_line = first_line
        self._newline = "\r\n" if "\r\n" in text else "\n"
        self._edits: list[Edit] = []
        self._is_object = texts.is_object(part.content)
        self._is_json = False

    def to(self, new: Extension) -> str:
        """The text with *new* in it."""
        node = self._node()[-1]
        old_data, new_data = codec.encode(self._extension), codec.encode(new)
        if self._is_object:
            spec = node.get("spec")
            if spec is None:
                raise UnsuitableError
            node = spec
            del old_data["id"], new_data["id"]
        self._change_map(node, old_data, new_data)
        return edited(self._text, self._edits)

    def removal(self) -> str:
        """The text without the record."""
        if not self._part.path:
            return self._without_document()
        holder = self._node()[-2]
        self._change_list(
            holder, [*range(len(holder.items))], [i for i in range(len(holder.items)) if i != self._index]
        )
        if len(holder.items) == 1:
            raise UnsuitableError("is the only item of its list", self._line_of(holder))
        return edited(self._text, self._edits)

    def _without_document(self) -> str:
        """What stands before its separator, such as a licence."""
        head = streams.head(self._text)
        at = head.rfind("---")
        return head[:at] if at > 0 and head[:at].strip() else ""

    def _node(self) -> list[Node]:
        """The node of the record, after those that it is in."""
        if len(source(self._text)) != len(self._text):
            raise UnsuitableError("has characters that only JSON allows")
        (events,) = (events for events in document_events(self._text) if not self._is_empty(events))
        if isinstance(events, Problem):
            raise UnsuitableError(events.message, events.line)
        rest = iter(events)
        nodes = [tree(next(rest), rest)]
        self._is_json = nodes[0].is_flow and streams.is_json(self._text)
        self._index = 0
        for step in self._part.path:
            node = nodes[-1].items[step] if isinstance(step, int) else nodes[-1].get(step)
            if node is None:
                raise UnsuitableError
            if isinstance(step, int):
                self._index = step
            self._check_own(node)
            nodes.append(node)
        return nodes

    @staticmethod
    def _is_empty(events: Any) -> bool:
        return isinstance(events, list) and len(events) == 1 and getattr(events[0], "value", None) == ""

    # Maps.

    def _change_map(self, node: Node, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        self._check_own(node)
        if not node.is_map or any(key.value == "<<" and is_plain(key) for key, _ in node.pairs):
            raise UnsuitableError("is merged from another place by '<<', or no map", self._line_of(node))
        places = {self._canonical(key.value, old, new): i for i, (key, _) in enumerate(node.pairs)}
        gone = {places[key] for key in old if key not in new and key in places}
        added: list[tuple[str, Any]] = []
        for key, value in new.items():
            if key not in places:
                if old.get(key) != value or key == "id":
                    added.append((key, value))
            elif key not in old or old[key] != value:
                self._change_value(node, places[key], key, old.get(key), value)
            elif _lacks_id(node.pairs[places[key]][1], key):
                # Ids that were generated from what stood here are written down.
                self._change_value(node, places[key], key, value, value)
        order = list(new)
        for key, value in added:
            before = [places[k] for k in order[: order.index(key)] if k in places and places[k] not in gone]
            self._insert(node, max(before, default=None), key, value, gone)
        self._remove(node, gone, is_replaced=bool(added))

    def _canonical(self, key: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
        return next((k for k, other in _SYNONYMS.items() if other == key and (k in old or k in new)), key)

    def _change_value(self, parent: Node, place: int, key: str, old: Any, new: Any) -> None:
        key_event, node = parent.pairs[place]
        self._check_own(node)
        if isinstance(new, Mapping) and node.is_map and node.pairs:
            self._change_map(node, old or {}, new)
        elif isinstance(new, list) and node.is_list and node.items:
            self._change_items(node, key, old or [], new)
        elif isinstance(new, (Mapping, list)):
            self._fill(parent, key_event, node, new)
        elif node.is_scalar:
            self._change_scalar(node.start, new, is_block=not parent.is_flow, column=key_event.start_mark.column)
        else:
            raise UnsuitableError("is no text", self._line_of(node))

    def _change_items(self, node: Node, key: str, old: list[Any], new: list[Any]) -> None:
        """Change a list, item by item, as far as the items keep their order."""
        identity = _IDENTITY.get(key)
        old_ids = [item[identity] if identity else item for item in old]
        new_ids = [item[identity] if identity else item for item in new]
        if len(node.items) != len(old) or len({*old_ids}) != len(old) or len({*new_ids}) != len(new):
            raise UnsuitableError(f"the {key} cannot be told apart", self._line_of(node))
        if [i for i in old_ids if i in new_ids] != [i for i in new_ids if i in old_ids]:
            raise UnsuitableError(f"the order of the {key} changes", self._line_of(node))
        for item_node, own_id, before in zip(node.items, old_ids, old, strict=True):
            if identity and own_id in new_ids:
                self._change_map(item_node, before, new[new_ids.index(own_id)])
        if old_ids != new_ids:
            self._change_list(node, old_ids, new_ids, new)

    def _change_list(self, node: Node, old: Sequence[Any], new: Sequence[Any], values: Sequence[Any] = ()) -> None:
        """Take out the items that are not in *new*, and put in those that are not in *old*."""
        gone = {i for i, item in enumerate(old) if item not in new}
        for place, item in enumerate(new):
            if item not in old:
                before = [old.index(i) for i in new[:place] if i in old]
                self._insert(node, max(before, default=None), None, values[place], gone)
        self._remove(node, gone, is_replaced=any(item not in old for item in new))

    # Elements: the pairs of a map, or the items of a list.

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
                raise UnsuitableError("stands on one line with what it is in", self._line_at(start))
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


def _lacks_id(node: Node, key: str) -> bool:
    """True if an id was generated for one of the services or credentials in *node*."""
    if key not in ("services", "credentials") or not node.is_list:
        return False
    return any(
        item.is_map and (item.get("id") is None or any(_lacks_id(value, k.value) for k, value in item.pairs))
        for item in node.items
    )


def _as_plain(value: str) -> ScalarEvent:
    return ScalarEvent(None, None, (True, False), value)
