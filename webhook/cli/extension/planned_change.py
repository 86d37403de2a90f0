"""EDGE: the change of the registry that ``fuseml extension impact`` is asked about."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

import click

from registry.errors import Problem, UnreadableError
from registry.records import editing
from registry.records.model import Extension
from registry.stores.store import VisibleRegistry
from registry.suggestions import closest
from webhook.cli.files import expanded, lines_of_file, source_of
from webhook.cli.surroundings import Surroundings
from webhook.preview.impact.changes import ChangedViews, Key, Registered, records_in
from webhook.preview.impact.judge import Judge


@dataclass(frozen=True, slots=True)
class Change:
    """The extensions that are meant, and what becomes of them.

    Attributes:
        everyones: The namespace of the extensions that are for everyone; "" for a registry in files.
        records: What each is to be, None if it is to be deleted; empty if nothing is to change.
    """

    everyones: str
    keys: tuple[Key, ...]
    records: Mapping[Key, Extension | None]

    def judge(self, around: Surroundings, *, skips_ended: bool) -> Judge:
        """Judges objects by the registry as it is and as it would be."""
        registry = around.registry
        after = ChangedViews(registry.index_for, self.records) if self.records else registry
        return Judge(
            self.keys,
            registry,
            after,
            self.everyones,
            around.settings,
            around.consumer_of,
            around.definitions_in,
            skips_ended,
        )

    def described(self) -> str:
        """What is meant, in words."""
        names = [key.id if key.namespace == self.everyones else str(key) for key in self.keys]
        listed = ", ".join(names) if len(names) <= 5 else f"{len(names)} extensions"
        if not self.records:
            return listed
        return f"{'deleting' if None in self.records.values() else 'registering'} {listed}"


def planned_change(
    around: Surroundings, extension_id: str | None, files: Sequence[str], is_deleted: bool, everyones: str
) -> Change:
    """The change that the arguments of the command say; problems end it with exit code 1."""
    key = _key(extension_id, everyones) if extension_id else None
    if not files and key is not None:
        _check_registered(around.registry, key, everyones)
        return Change(everyones, (key,), {key: None} if is_deleted else {})
    records = _records(files, around.settings.allowed_variables, everyones)
    if key is not None:
        if key not in records:
            _fail(f"no record of {', '.join(map(source_of, files))} has the id {extension_id!r}")
        records = {key: records[key]}
    return Change(everyones, tuple(records), records)


def _key(text: str, everyones: str) -> Key:
    namespace, slash, id_ = text.rpartition("/")
    return Key(namespace if slash and everyones else everyones, id_)


def _check_registered(registry: VisibleRegistry, key: Key, everyones: str) -> None:
    index = registry.index_for(key.namespace)
    if index.registered(*key) is not None:
        return
    if key.namespace == everyones and key.id in index.broken:
        _fail(f"extension {key.id!r} cannot be read: {index.broken[key.id]}")
    close = closest(key.id, [extension.id for extension in index.extensions])
    _fail(f"{editing.no_extension(key.id)}{f'; did you mean {close!r}?' if close else ''}")


def _records(files: Sequence[str], allowed: frozenset[str], everyones: str) -> dict[Key, Extension | None]:
    """The records of *files*; problems end the command with exit code 1."""
    found: dict[Key, Registered] = {}
    problems: list[object] = []
    for name in dict.fromkeys(file for path in files for file in expanded(path)):
        try:
            for record in records_in(lines_of_file(name), source_of(name), allowed=allowed):
                if isinstance(record, Problem):
                    problems.append(record)
                    continue
                # Namespaces have no meaning for a registry in files.
                key = Key(record.namespace or everyones if everyones else "", record.record.id)
                if key in found:
                    problems.append(f"{record.place}: {record.record.id!r} is already in {found[key].place}")
                found.setdefault(key, record)
        except UnreadableError as e:
            problems.append(f"{source_of(name)}: {e}")
    if problems:
        _fail(*problems)
    if not found:
        _fail(f"{', '.join(map(source_of, files))}: there is no record in it")
    return {key: registered.record for key, registered in found.items()}


def _fail(*problems: object) -> NoReturn:
    for problem in problems:
        click.echo(f"error: {problem}", err=True)
    sys.exit(1)
