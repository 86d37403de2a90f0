"""Edits of an object: values replace expressions, variables go before those of its author. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from renderer import Template
from webhook.adapters.layout import Layout
from webhook.mutation import env_plan, expressions
from webhook.mutation.bound_selectors import SecretKey
from webhook.mutation.expansion import Expanded, ExpansionError
from webhook.mutation.expressions import TextWithExpressions
from webhook.mutation.note.writing import Put, Replaced
from webhook.objects.patch import Op, add, replace
from webhook.objects.walk import Pointer, at, env_names


class Edits:
    """Collects edits, and writes them as operations.

    Attributes:
        private: The names of the variables that carry credentials into longer values.
    """

    def __init__(self, obj: Mapping[str, Any]) -> None:
        self._obj = obj
        self._replaced: dict[Pointer, Any] = {}
        # What is put before the entries of each env list, by name.
        self._entries: dict[Pointer, dict[str, Mapping[str, Any]]] = {}
        self.private: set[str] = set()
        self._texts: list[Replaced] = []

    @property
    def put_entries(self) -> Put:
        """What is put before the entries of each env list, by name."""
        return self._entries

    @property
    def replaced(self) -> list[Replaced]:
        """The texts that are replaced, and by what."""
        return self._texts

    def put(self, env: Pointer, entries: Mapping[str, Mapping[str, Any]]) -> None:
        """Put *entries* before those of the list *env*."""
        self._entries.setdefault(env, {}).update(entries)

    def set(self, env: Pointer, name: str, _: Template, expanded: Expanded) -> None:
        """Put a variable that an annotation sets before those of the list *env*."""
        self._put_private(env, expanded.private)
        if name in self._entries.get(env, {}):
            raise ExpansionError("another value needs a variable of this name; choose another")
        content = {"name": name, "value": expanded.content}
        self.put(env, {name: env_plan.by_reference(name, expanded.secret) if expanded.secret else content})

    def replace(self, text: TextWithExpressions, template: Template, expanded: Expanded) -> None:
        """Put *expanded*, which *template* became, in the place of *text*."""
        if expanded.secret is None:
            self._replaced[text.pointer] = expanded.content
            self._texts.append(Replaced(text.pointer, expanded.content, text.content, template, expanded.parts))
        else:
            entry = text.pointer[:-1]
            reference = env_plan.by_reference(at(self._obj, (*entry, "name")), expanded.secret)
            self._replaced[entry] = reference
            self._texts.append(Replaced(entry, reference, at(self._obj, entry)))
        self._put_private(text.pointer[:-2], expanded.private)

    def _put_private(self, env: Pointer, private: Mapping[str, SecretKey]) -> None:
        for name, secret in private.items():
            reference = env_plan.by_reference(name, secret)
            there = self._entries.get(env, {}).get(name, reference)
            if there != reference or name in env_names({"env": at(self._obj, env)}):
                raise ExpansionError(f"needs a variable {name!r} of its own, and there is another of that name")
            self.put(env, {name: reference})
            self.private.add(name)

    def ops(self) -> Iterator[Op]:
        """The operations."""
        # Replacements first: they count the items of env lists as they were.
        yield from (replace(pointer, value) for pointer, value in self._replaced.items())
        for env, entries in self._entries.items():
            if isinstance(at(self._obj, env), list):
                yield from (add((*env, i), entry) for i, entry in enumerate(entries.values()))
            else:
                yield add(env, list(entries.values()))

    def literals(self, layout: Layout) -> int:
        """How many strings of the result look like an expression."""
        values = [entry.get("value") for entries in self._entries.values() for entry in entries.values()]
        strings = (value for value in (*self._replaced.values(), *values) if isinstance(value, str))
        return sum(expressions.looks_asking(value, layout) for value in strings)
