"""Records that are registered, changed or deleted: the registry as it would be then. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from registry.documents import streams
from registry.errors import Problem
from registry.records import texts
from registry.records.editing import HIDDEN
from registry.records.model import Credentials, Extension, Service
from registry.resolving.index import Change, Index
from registry.resolving.view import View
from webhook.objects.walk import as_map


class Key(NamedTuple):
    """Which extension is meant.

    Attributes:
        namespace: Where it is registered; "" for a registry in files.
    """

    namespace: str
    id: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.id}" if self.namespace else self.id


class Registered(NamedTuple):
    """A record of a file, and where it would be registered; "" = that is not said."""

    record: Extension
    namespace: str
    place: str


def records_in(
    lines: Iterable[str], source: str, *, allowed: frozenset[str] = frozenset()
) -> Iterator[Registered | Problem]:
    """The records of a stream, plain ones and ``Extension`` objects, and what is wrong with others.

    Args:
        source: The name of the stream in messages.
        allowed: Variables that control a loader or an interpreter and may be registered all the same.

    Raises:
        UnreadableError: It is no text.
    """
    for chunk in streams.chunks(lines):
        for document in texts.documents(chunk.text):
            found, problems = texts.decode_document(document, chunk.text, allowed=allowed)
            if problems:
                yield from (replace(p, file=source, line=max(p.line, 1) + chunk.line - 1) for p in problems)
                continue
            for part, (record, line) in zip(texts.parts_of(document.content), found, strict=True):
                yield Registered(record, _namespace_of(part.content), f"{source}:{line + chunk.line - 1}")


def _namespace_of(content: object) -> str:
    if not texts.is_object(content):
        return ""
    namespace = as_map(as_map(content).get("metadata")).get("namespace")
    return namespace if isinstance(namespace, str) else ""


class ChangedViews:
    """What the runs of each namespace would see of the registry after *changes*.

    Args:
        index_for: Gives the registry as it is, as far as it is known; see ``VisibleRegistry``.
    """

    def __init__(self, index_for: Callable[[str], Index], changes: Mapping[Key, Extension | None]) -> None:
        self._index_for = index_for
        self._changes = changes
        self._before: Index | None = None
        self._after = Index()

    def seen_from(self, namespace: str) -> View:
        """What the runs of *namespace* would see."""
        index = self._index_for(namespace)
        if index is not self._before:
            self._before, self._after = index, index.updated(self._complete(index), f"{index.revision}+")
        return self._after.seen_from(namespace)

    def _complete(self, index: Index) -> dict[tuple[str, str], Change]:
        """The changes with those values of credentials that stay, as they are written ``<hidden>``."""
        return {
            (key.namespace, key.id): record and _with_values(record, index.registered(*key))
            for key, record in self._changes.items()
        }


def _with_values(record: Extension, known: Extension | None) -> Extension:
    services = {service.id: service for service in known.services} if known else {}
    return replace(record, services=tuple(_service(service, services.get(service.id)) for service in record.services))


def _service(service: Service, known: Service | None) -> Service:
    logins = {login.id: login for login in known.credentials} if known else {}
    return replace(service, credentials=tuple(_login(login, logins.get(login.id)) for login in service.credentials))


def _login(login: Credentials, known: Credentials | None) -> Credentials:
    if known is None or HIDDEN not in login.configuration.values():
        return login
    values = {
        name: known.configuration.get(name, value) if value == HIDDEN else value
        for name, value in login.configuration.items()
    }
    return replace(login, configuration=values)
