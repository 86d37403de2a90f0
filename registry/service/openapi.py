"""The OpenAPI document of the service. Pure."""

from typing import Any, Final, TypeAlias

from registry.records.editing import HIDDEN
from registry.resolving.selectors import CRITERIA, MAX_CRITERION
from registry.service import formats, schemas
from registry.service.listing import MAX_PAGE

Object: TypeAlias = dict[str, Any]

_ID: Final = {"type": "string", "maxLength": 100, "pattern": "^[A-Za-z0-9_][A-Za-z0-9_-]*$"}
# Path of the collection, path of one, what one is called in a sentence, kind.
_RESOURCES: Final = (
    ("/extensions", "/extensions/{extension_id}", "extension", "Extension"),
    (
        "/extensions/{extension_id}/services",
        "/extensions/{extension_id}/services/{id}",
        "service",
        "Service",
    ),
    (
        "/extensions/{extension_id}/services/{service_id}/endpoints",
        "/extensions/{extension_id}/services/{service_id}/endpoints/{url}",
        "endpoint",
        "Endpoint",
    ),
    (
        "/extensions/{extension_id}/services/{service_id}/credentials",
        "/extensions/{extension_id}/services/{service_id}/credentials/{id}",
        "set of credentials",
        "Credentials",
    ),
)
_REFUSALS: Final = {
    400: "The request cannot be read, or a record would break a rule.",
    401: "There is no bearer token, or it is not known.",
    403: "The caller may not do this, or a page of another origin asks.",
    404: "There is no such extension or part of one.",
    409: "The id or URL is taken, or what is kept must be corrected first.",
    412: "The extension is not as If-Match or If-None-Match demands.",
    413: "The body is too large.",
    415: "The Content-Type is neither JSON nor YAML.",
    421: "The service is for localhost, and was asked by another name.",
    500: "A defect of the service.",
    503: "Where records are kept, or the API server, cannot be used now.",
}
_ALWAYS: Final = (400, 403, 421, 500, 503)


def document(*, version: str, needs_token: bool) -> Object:
    """The OpenAPI document.

    Args:
        version: Of the product.
        needs_token: True if each request needs a bearer token.
    """
    paths: Object = {}
    for collection, one, noun, kind in _RESOURCES:
        paths[collection] = _collection(collection, noun, kind)
        paths[one] = _one(one, noun, kind)
    paths["/healthz"] = {"get": _probe("healthz", "Tell whether the process works.")}
    paths["/readyz"] = {"get": _probe("readyz", "Tell whether requests should be sent here.")}
    components: Object = {
        "schemas": {**schemas.shown(), **schemas.wanted(), "Error": _error()},
        "responses": {str(code): _refusal(code) for code in _REFUSALS},
        "headers": {"ETag": {"description": "The revision of the extension.", "schema": {"type": "string"}}},
    }
    if needs_token:
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        for path in paths.values():
            for operation in path.values():
                if operation["operationId"] not in ("healthz", "readyz"):
                    operation["security"] = [{"token": []}]
                    operation["responses"]["401"] = {"$ref": "#/components/responses/401"}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "FuseML extension registry",
            "version": version,
            "description": "Which installations of products there are, with their services, addresses and logins. "
            f"Values of credentials always read {HIDDEN}; written back, that keeps the value.",
        },
        "paths": paths,
        "components": components,
    }


def _collection(path: str, noun: str, kind: str) -> Object:
    plural = "credentials" if kind == "Credentials" else f"{noun}s"
    answer = {"type": "array", "items": {"$ref": f"#/components/schemas/{kind}"}}
    listing = _operation(f"list{kind}{'' if kind == 'Credentials' else 's'}", f"List {plural}.", path)
    is_whole = kind == "Extension"
    if is_whole:
        listing["parameters"] += _criteria()
        listing["description"] = (
            "An extension is listed with its fitting services only. The criteria can also be sent in a body, as a map."
        )
    refusals: tuple[int, ...] = (413, 415) if is_whole else (404, 409)
    listing["responses"] |= _responses(200, answer, refusals, etag=not is_whole)
    adding = _operation(f"add{kind}", f"Add {_article(noun)} {noun}.", path)
    adding["parameters"] += _conditions()
    adding["requestBody"] = _body(f"{kind}ToAdd")
    refusals = (409, 412, 413, 415) if is_whole else (404, 409, 412, 413, 415)
    adding["responses"] |= _responses(201, {"$ref": f"#/components/schemas/{kind}"}, refusals)
    return {"get": listing, "post": adding}


def _one(path: str, noun: str, kind: str) -> Object:
    answer = {"$ref": f"#/components/schemas/{kind}"}
    getting = _operation(f"get{kind}", f"Get {_article(noun)} {noun}.", path)
    getting["parameters"].append(_header("If-None-Match", "Answer 304 if this is still the revision."))
    getting["responses"] |= _responses(200, answer, (404, 409))
    getting["responses"]["304"] = {"description": "The revision is still the same."}
    changing = _operation(f"update{kind}", f"Change the fields of {_article(noun)} {noun} that are given.", path)
    changing["parameters"] += _conditions()
    changing["requestBody"] = _body(f"{kind}ToChange")
    changing["responses"] |= _responses(200, answer, (404, 409, 412, 413, 415))
    deleting = _operation(f"delete{kind}", f"Delete {_article(noun)} {noun}, with all that is in it.", path)
    deleting["parameters"] += _conditions()
    deleting["responses"] |= _refusals((404, 409, 412))
    deleting["responses"]["204"] = {"description": "It is deleted."}
    return {"get": getting, "put": changing, "delete": deleting}


def _operation(operation_id: str, summary: str, path: str) -> Object:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    return {
        "operationId": operation_id,
        "summary": summary,
        "parameters": [_segment(name) for name in names],
        "responses": _refusals(_ALWAYS),
    }


def _segment(name: str) -> Object:
    is_url = name == "url"
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": "Percent-encoded, slashes included." if is_url else "",
        "schema": {"type": "string", "minLength": 1, "maxLength": 200} if is_url else _ID,
    }


def _criteria() -> list[Object]:
    # A constraint for versions may be longer than what it is compared with.
    lengths = dict.fromkeys(CRITERIA, MAX_CRITERION) | {"version": 256}
    criteria = [
        {"name": name, "in": "query", "schema": {"type": "string", "maxLength": length}}
        for name, length in lengths.items()
    ]
    limit = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE}
    next_page = "From the header Link of the page before: its rel=next is the path of this one."
    return [
        *criteria,
        {"name": "limit", "in": "query", "description": "Most extensions in the answer.", "schema": limit},
        {"name": "continue", "in": "query", "description": next_page, "schema": {"type": "string"}},
    ]


def _conditions() -> list[Object]:
    return [
        _header("If-Match", "Only if this is the revision of the extension; * = only if it is there."),
        _header("If-None-Match", "Only if this is not the revision of the extension; * = only if it is not there."),
    ]


def _header(name: str, description: str) -> Object:
    tag = '(W/)?"[!#-~]*"'
    schema = {"type": "string", "pattern": f"^(\\*|{tag}([ \\t]*,[ \\t]*{tag})*)$"}
    return {"name": name, "in": "header", "description": description, "schema": schema}


def _body(schema: str) -> Object:
    in_yaml = {"type": "object", "description": f"As {schema}; every value is the text as it is written."}
    content: Object = {formats.JSON: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"required": True, "content": content | {formats.YAML: {"schema": in_yaml}}}


def _responses(code: int, schema: Object, refusals: tuple[int, ...], *, etag: bool = True) -> Object:
    headers = {"headers": {"ETag": {"$ref": "#/components/headers/ETag"}}} if etag else {}
    done = {"description": "Done.", "content": _content(schema), **headers}
    return {str(code): done, **_refusals(refusals)}


def _refusals(codes: tuple[int, ...]) -> Object:
    return {str(code): {"$ref": f"#/components/responses/{code}"} for code in codes}


def _refusal(code: int) -> Object:
    return {"description": _REFUSALS[code], "content": _content({"$ref": "#/components/schemas/Error"})}


def _content(schema: Object) -> Object:
    return {kind: {"schema": schema} for kind in formats.ANSWER_TYPES}


def _probe(name: str, summary: str) -> Object:
    state = {"type": "object", "properties": {"reason": {"type": "string"}}}
    return {
        "operationId": name,
        "summary": summary,
        "responses": {
            "200": {"description": "Yes.", "content": _content(state)},
            "503": {"description": "No.", "content": _content(state)},
            **_refusals((421, 500)),
        },
    }


def _error() -> Object:
    texts = {name: {"type": "string"} for name in ("name", "id", "message")}
    flags = {name: {"type": "boolean"} for name in ("temporary", "timeout", "fault")}
    return {
        "type": "object",
        "properties": texts | flags,
        "required": [*texts, *flags],
        "additionalProperties": False,
    }


def _article(noun: str) -> str:
    return "an" if noun[0] in "aeio" else "a"
