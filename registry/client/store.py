"""EDGE: a registry's REST API as a RecordStore."""

from collections.abc import Sequence
from typing import Any, Final

from registry.client import bodies
from registry.client.changes import Request, path_of, replacement, single_changes
from registry.client.http import Answer, Api
from registry.errors import (
    ChangedError,
    InvalidRecordsError,
    Problem,
    RegistryError,
    UnavailableError,
)
from registry.records import codec
from registry.records.model import Extension
from registry.stores.store import Listing, Stored

# Marks a revision that is the server's own; any other is a digest of what was read.
_ETAG: Final = "etag:"


class RestRecords:
    """A server as a RecordStore. Values of credentials are never read: each is ``HIDDEN``, and written back it stays.

    Where the server gives an ETag, it is the revision. FuseML's original server gives none: there the record is read
    again right before it is written, and a change that falls between these two requests is overwritten.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        self._keeps_order = True

    def get(self, extension_id: str) -> Stored:
        """The record *extension_id*."""
        return self._stored(self._api.send(Request("GET", path_of(extension_id))))

    def list(self) -> Listing:
        """All records that can be read, and what is wrong with the others."""
        # The original refuses a list without a query, which its client sends as the body of a GET.
        answer = self._api.send(Request("GET", ("extensions",), {}))
        self._keeps_order = not answer.is_original
        found, problems = [], []
        for i, body in enumerate(self._items(answer.content)):
            try:
                record = bodies.record_of(body, in_order=not answer.is_original)
            except InvalidRecordsError as e:
                own_id = body.get("id") if isinstance(body, dict) else None
                where = f"extension {str(own_id)[:100]!r}" if own_id else f"extension {i + 1} of the answer"
                problems += [Problem(p.message, p.path, file=where) for p in e.problems]
                continue
            found.append(Stored(record, bodies.digest_of(record), **bodies.status_of(body)))
        return Listing(tuple(sorted(found, key=lambda s: s.record.id)), tuple(problems))

    def put(self, record: Extension, expected: str | None) -> Stored:
        """Register *record*, or make what is there equal to it."""
        if expected is None:
            return self._register(record)
        answer, before = self._expected(record.id, expected)
        if not answer.is_original:
            return self._stored(self._api.send(replacement(record), if_match=answer.etag))
        if problems := list(bodies.unsupported(record)):
            raise InvalidRecordsError(problems)
        self._send_all(record.id, single_changes(before.record, record))
        after = self.get(record.id)
        if differing := bodies.differing(record, after.record):
            what = ", ".join(differing)
            raise UnavailableError(f"the server keeps something else than was sent, or somebody else wrote: {what}")
        return after

    def delete(self, extension_id: str, expected: str) -> None:
        """Delete the record *extension_id*."""
        answer, _ = self._expected(extension_id, expected)
        self._api.send(Request("DELETE", path_of(extension_id)), if_match=answer.etag)

    def in_kept_order(self, record: Extension) -> Extension:
        """*record* as this server would give it back, as far as what has been read shows how it orders parts."""
        return record if self._keeps_order else bodies.ordered(record)

    def _register(self, record: Extension) -> Stored:
        if problems := list(bodies.unknown_values(record)):
            raise InvalidRecordsError(problems)
        request = Request("POST", ("extensions",), codec.encode(record))
        answer = self._api.send(request)
        kept = self._stored(answer)
        if differing := bodies.differing(record, kept.record):
            self._api.send(Request("DELETE", path_of(kept.record.id)), if_match=answer.etag)
            if problems := list(bodies.unsupported(record)):
                raise InvalidRecordsError(problems)
            what = ", ".join(differing)
            message = f"the server would keep something else than was sent ({what}); it has not been registered"
            raise InvalidRecordsError([Problem(message)])
        return kept

    def _expected(self, extension_id: str, revision: str) -> tuple[Answer, Stored]:
        """What is there now.

        Raises:
            ChangedError: It is not what had *revision*.
        """
        answer = self._api.send(Request("GET", path_of(extension_id)))
        now = self._stored(answer)
        if revision not in (now.revision, bodies.digest_of(now.record)):
            raise ChangedError(f"extension {extension_id!r} has been changed since it was read; read it again")
        return answer, now

    def _send_all(self, extension_id: str, requests: Sequence[Request]) -> None:
        for done, request in enumerate(requests):
            try:
                self._api.send(request)
            except RegistryError as e:
                if not done:
                    raise
                message = f"extension {extension_id!r}: {done} of {len(requests)} changes have been made; then: {e}"
                raise UnavailableError(message) from e

    def _stored(self, answer: Answer) -> Stored:
        self._keeps_order = not answer.is_original
        record = bodies.record_of(answer.content, in_order=not answer.is_original)
        revision = f"{_ETAG}{answer.etag}" if answer.etag else bodies.digest_of(record)
        return Stored(record, revision, **bodies.status_of(answer.content))

    def _items(self, content: Any) -> Sequence[Any]:
        if content is None:
            return []
        if not isinstance(content, list):
            raise UnavailableError(f"{self._api.url}: the answer is no list of extensions")
        return content
