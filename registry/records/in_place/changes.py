"""What differs between two records -> edits of the text of one document. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from registry.documents import streams
from registry.documents.events import document_events, is_plain, source
from registry.errors import Problem
from registry.records import codec, texts
from registry.records.in_place.elements import Elements
from registry.records.model import Extension
from registry.records.nodes import Node, UnsuitableError, edited, tree

_SYNONYMS: Final = {"auth_required": "authrequired"}
# What tells the items of a list from each other; others are text.
_IDENTITY: Final = {"services": "id", "endpoints": "url", "credentials": "id"}


class Change(Elements):
    """One record in one document, and the edits that change it. Its methods raise UnsuitableError.

    Attributes:
        line: Of the record, in the whole text.
    """

    def __init__(self, text: str, part: texts.Part, extension: Extension, first_line: int, line: int) -> None:
        super().__init__(text, first_line, is_object=texts.is_object(part.content))
        self.line = line
        self._part = part
        self._extension = extension
        self._index = 0

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
        places = [*range(len(holder.items))]
        if len(places) == 1 and len(self._part.path) == 1:
            return self._without_document()
        self._change_list(holder, places, [i for i in places if i != self._index])
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


def _lacks_id(node: Node, key: str) -> bool:
    """True if an id was generated for one of the services or credentials in *node*."""
    if key not in ("services", "credentials") or not node.is_list:
        return False
    return any(
        item.is_map and (item.get("id") is None or any(_lacks_id(value, k.value) for k, value in item.pairs))
        for item in node.items
    )
