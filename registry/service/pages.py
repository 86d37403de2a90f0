"""The OpenAPI document as a page to browse: made on the server, without any script or anything from elsewhere. Pure."""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

_TEMPLATES: Final = files("registry.service") / "templates"
_CSS: Final = (_TEMPLATES / "style.css").read_text(encoding="utf-8")
_PAGE: Final = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True).from_string(
    (_TEMPLATES / "api.html").read_text(encoding="utf-8")
)
_HASH: Final = b64encode(sha256(_CSS.encode()).digest()).decode()
# Nothing may be loaded or run but this style, and nobody may show the page inside of their own.
HEADERS: Final = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def page(document: Mapping[str, Any]) -> str:
    """The OpenAPI *document* in HTML."""
    info = document["info"]
    return _PAGE.render(
        css=Markup(_CSS),  # noqa: S704 - it is our own
        title=info["title"],
        version=info["version"],
        description=info["description"],
        paths=[
            {"path": path, "operations": list(_operations(operations, document))}
            for path, operations in document["paths"].items()
        ],
        schemas=[_schema(name, schema) for name, schema in document["components"]["schemas"].items()],
    )


def _operations(operations: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for method, operation in operations.items():
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        yield {
            "id": operation["operationId"],
            "method": method.upper(),
            "summary": operation["summary"],
            "description": operation.get("description", ""),
            "body": _name(body),
            "parameters": [
                {"name": p["name"], "place": p["in"], "meaning": p.get("description", "")}
                for p in operation.get("parameters", ())
            ],
            "answers": [_answer(code, a, document) for code, a in sorted(operation["responses"].items())],
        }


def _answer(code: str, answer: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, str]:
    if "$ref" in answer:
        answer = document["components"]["responses"][_name(answer)]
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
    return {"code": code, "meaning": answer["description"], "schema": _name(schema.get("items", schema))}


def _schema(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    required = schema.get("required", ())
    return {
        "name": name,
        "description": schema.get("description", ""),
        "fields": [_field(key, field, key in required) for key, field in schema["properties"].items()],
    }


def _field(name: str, schema: Mapping[str, Any], is_required: bool) -> dict[str, str]:
    # The first alternative is the usual one; the others are other ways to write it, or not to give it.
    schema = schema.get("anyOf", [schema])[0]
    reference = _name(schema.get("items", schema))
    words = "list of" if "items" in schema else str(schema.get("type", ""))
    if "items" in schema and not reference:
        words += f" {schema['items']['type']}"
    remarks = ["required"] if is_required else []
    if "enum" in schema:
        remarks.append(", ".join(map(str, schema["enum"])))
    if "maxLength" in schema:
        remarks.append(f"up to {schema['maxLength']} characters")
    return {"name": name, "type": words, "schema": reference, "remark": "; ".join(remarks)}


def _name(schema: Mapping[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]
