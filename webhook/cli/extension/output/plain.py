"""Records and parts of them for scripts: as they are written in files, or by their ids alone. Pure."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

from registry.records import codec
from registry.records.in_place import yaml_text
from registry.records.model import Credentials, Endpoint, Extension, Service
from webhook.objects import manifests

Part: TypeAlias = Extension | Service | Endpoint | Credentials
Plain = Literal["yaml", "json", "name"]


def name_of(part: Part) -> str:
    """The id of *part*; of an endpoint its URL."""
    return part.url if isinstance(part, Endpoint) else part.id


def one(part: Part, output: Plain) -> str:
    """*part* alone."""
    if output == "name":
        return f"{name_of(part)}\n"
    content = codec.encode(part)
    return manifests.dump_json(content) if output == "json" else _yaml(part)


def several(parts: Sequence[Part], output: Plain) -> str:
    """All *parts*: extensions as documents of a stream, which can be registered, parts of an extension as a list."""
    if output == "name":
        return "".join(f"{name_of(part)}\n" for part in parts)
    if output == "json":
        return manifests.dump_json([codec.encode(part) for part in parts])
    if all(isinstance(part, Extension) for part in parts):
        return "---\n".join(map(_yaml, parts))
    return "".join(yaml_text.item(codec.encode(part), 0) for part in parts)


def _yaml(part: Part) -> str:
    return "".join(yaml_text.pair(key, value, 0) for key, value in codec.encode(part).items())
