"""EDGE: the paths of the REST API, and what is done for each of them."""

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

from flask import Blueprint, Response, request

from registry.records import editing
from registry.records.editing import PartKind, Place
from registry.service import answers, listing, paths, requests, wire
from registry.service.access import Access, Verb, forbidden
from registry.service.operations import Operations, StoredPart
from registry.stores.store import Stored

PARTS: Final[dict[PartKind, tuple[str, str]]] = {
    "services": ("/extensions/<extension_id>/services", "id"),
    "endpoints": ("/extensions/<extension_id>/services/<service_id>/endpoints", "url"),
    "credentials": ("/extensions/<extension_id>/services/<service_id>/credentials", "id"),
}
_VERBS: Final[dict[str, Verb]] = {"GET": "get", "HEAD": "get", "POST": "update", "PUT": "update", "DELETE": "update"}

_log = logging.getLogger(__name__)


def blueprint(operations: Operations, access: Access) -> Blueprint:
    """Make the routes below ``/extensions``."""
    api = _Api(operations, access)
    routes = Blueprint("api", __name__)

    def add(path: str, **views: Callable[..., Response]) -> None:
        for method, view in views.items():
            routes.add_url_rule(path, f"{method} {path}", view, methods=[method], provide_automatic_options=False)

    add("/extensions", GET=api.list, POST=api.register)
    add("/extensions/<extension_id>", GET=api.get, PUT=api.update, DELETE=api.delete)
    for kind, (path, name) in PARTS.items():
        views = _Parts(api, kind)
        add(path, GET=views.list, POST=views.add)
        add(f"{path}/<{name}>", GET=views.get, PUT=views.update, DELETE=views.delete)
    return routes


class _Api:
    """Extensions.

    Arguments of the views are segments of the path, as they were sent.
    """

    def __init__(self, operations: Operations, access: Access) -> None:
        self.operations = operations
        self._access = access

    def permit(self, verb: Verb, extension_id: str = "") -> None:
        """Raise a RequestError unless the caller may do this. Nothing of the body has been read by then."""
        caller = self._access.caller(request.headers.get("Authorization", ""))
        request.environ["fuseml.caller"] = caller.name
        if not self._access.allows(caller, verb, extension_id):
            raise forbidden(verb, extension_id)

    def list(self) -> Response:
        self.permit("list")
        content = requests.content()
        query = listing.parse(requests.body_of(content) if content else None, requests.arguments())
        found = self.operations.list()
        page = listing.page_of(found.records, query)
        headers = {}
        if page.next_after:
            headers["Link"] = f'<{requests.next_page(page.next_after)}>; rel="next"'
        if found.problems:
            headers["Warning"] = f'299 - "{len(found.problems)} problems keep records from being listed"'
            _log.warning({"message": "records cannot be listed", "problems": [str(p) for p in found.problems[:20]]})
        only_fuseml = requests.is_of_fuseml()
        return answers.shown([wire.extension(s, only_fuseml=only_fuseml) for s in page.records], headers=headers)

    def register(self) -> Response:
        self.permit("create")
        stored = self.operations.register(requests.body(), requests.demanded())
        _note("registered", stored.record.id)
        return self._shown(stored, HTTPStatus.CREATED, {"Location": f"/extensions/{stored.record.id}"})

    def get(self, extension_id: str) -> Response:
        extension_id = paths.extension_id(extension_id)
        self.permit("get", extension_id)
        stored = self.operations.get(extension_id)
        if requests.demanded().is_known(stored.revision):
            return answers.empty(HTTPStatus.NOT_MODIFIED, revision=stored.revision)
        return self._shown(stored)

    def update(self, extension_id: str) -> Response:
        extension_id = paths.extension_id(extension_id)
        self.permit("update", extension_id)
        stored = self.operations.update(extension_id, requests.body(), requests.demanded())
        _note("updated", extension_id)
        return self._shown(stored)

    def delete(self, extension_id: str) -> Response:
        extension_id = paths.extension_id(extension_id)
        self.permit("delete", extension_id)
        self.operations.delete(extension_id, requests.demanded())
        _note("deleted", extension_id)
        return answers.empty(HTTPStatus.NO_CONTENT)

    def _shown(self, stored: Stored, status: int = 200, headers: dict[str, str] | None = None) -> Response:
        data = wire.extension(stored, only_fuseml=requests.is_of_fuseml())
        return answers.shown(data, status, revision=stored.revision, headers=headers)


class _Parts:
    """Services, endpoints or credentials."""

    def __init__(self, api: _Api, kind: PartKind) -> None:
        self._api = api
        self._operations = api.operations
        self._kind = kind

    def list(self, extension_id: str, service_id: str = "") -> Response:
        extension_id, service_id = self._owner(extension_id, service_id)
        stored = self._operations.get(extension_id)
        owner: Any = stored.record
        if service_id:
            owner = editing.find(stored.record, Place("services", service_id))
        only_fuseml = requests.is_of_fuseml()
        parts = [
            wire.part_of(stored.record, service_id, part, only_fuseml=only_fuseml)
            for part in getattr(owner, self._kind)
        ]
        return answers.shown(parts, revision=stored.revision)

    def add(self, extension_id: str, service_id: str = "") -> Response:
        extension_id, service_id = self._owner(extension_id, service_id)
        found = self._operations.add_part(extension_id, self._kind, service_id, requests.body(), requests.demanded())
        _note(f"added to {self._kind}", extension_id)
        return self._shown(found, HTTPStatus.CREATED)

    def get(self, extension_id: str, **segments: str) -> Response:
        extension_id, place = self._place(extension_id, segments)
        found = self._operations.part(extension_id, place)
        if requests.demanded().is_known(found.owner.revision):
            return answers.empty(HTTPStatus.NOT_MODIFIED, revision=found.owner.revision)
        return self._shown(found)

    def update(self, extension_id: str, **segments: str) -> Response:
        extension_id, place = self._place(extension_id, segments)
        found = self._operations.update_part(extension_id, place, requests.body(), requests.demanded())
        _note(f"updated {self._kind}", extension_id)
        return self._shown(found)

    def delete(self, extension_id: str, **segments: str) -> Response:
        extension_id, place = self._place(extension_id, segments)
        self._operations.delete_part(extension_id, place, requests.demanded())
        _note(f"deleted from {self._kind}", extension_id)
        return answers.empty(HTTPStatus.NO_CONTENT)

    def _owner(self, extension_id: str, service_id: str) -> tuple[str, str]:
        extension_id = paths.extension_id(extension_id)
        self._api.permit(_VERBS[request.method], extension_id)
        return extension_id, paths.extension_id(service_id) if service_id else ""

    def _place(self, extension_id: str, segments: dict[str, str]) -> tuple[str, Place]:
        extension_id, service_id = self._owner(extension_id, segments.get("service_id", ""))
        if "url" in segments:
            places = [Place(self._kind, url, service_id) for url in paths.endpoint_urls(segments["url"])]
            return extension_id, self._operations.first_found(extension_id, places)
        return extension_id, Place(self._kind, paths.extension_id(segments["id"]), service_id)

    def _shown(self, found: StoredPart, status: int = 200) -> Response:
        record, place = found.owner.record, found.place
        part = editing.find(record, place)
        data = wire.part_of(record, place.service_id, part, only_fuseml=requests.is_of_fuseml())
        return answers.shown(data, status, revision=found.owner.revision)


def _note(what: str, extension_id: str) -> None:
    """Log a change: who changed what. The URL of an endpoint may hold a login, so it is not logged."""
    _log.info({"message": what, "extension": extension_id, "user": request.environ.get("fuseml.caller", "")})
