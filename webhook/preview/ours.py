"""What in a repository is meant for us: everything else is somebody else's, and nothing is said about it. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from difflib import get_close_matches
from typing import Any, Final

from registry.records import extension_objects
from registry.records.model import Extension
from registry.resolving.selectors import Selector
from webhook.adapters.fuseml import is_document
from webhook.objects.walk import maps_in

_RECORD: Final = frozenset(f.name for f in fields(Extension))
_SELECTOR: Final = frozenset(f.name for f in fields(Selector))
# The fields of a service that other tools' lists of services do not have.
_SERVICE: Final = frozenset({"resource", "category", "auth_required", "authrequired", "credentials"})
# Beside a product, these make a record even if it has no services yet.
_WITH_PRODUCT: Final = frozenset({"version", "zone", "configuration", "services"})
# What makes it certain, in text that cannot be read, that it is meant for us.
_NAMES_US: Final = re.compile(r"fuseml\.org\b|<<[ \t]*extensions?[ \t]*[.\[]")
_BLOCK: Final = re.compile(r"""^[ \t]*(?:- )*["']?extensions["']?[ \t]*:""", re.MULTILINE)
_ENGINE: Final = re.compile(r"tekton\.dev/v|argoproj\.io/v")
_PRODUCT: Final = re.compile(r"^(?:- )?product[ \t]*:", re.MULTILINE)
_SERVICES: Final = re.compile(r"^(?:[ -] )?services[ \t]*:", re.MULTILINE)
_TEMPLATE: Final = re.compile(
    r"\{\{-?[ \t]*(?:/\*|\.|\$|end\b|if\b|range\b|with\b|include\b|template\b|define\b|else\b|toYaml\b)"
)


def names_us(text: str) -> bool:
    """True if *text*, which cannot be read as YAML, is meant for us all the same."""
    if _NAMES_US.search(text):
        return True
    has_block = _BLOCK.search(text) and _ENGINE.search(text)
    return bool(has_block or (_PRODUCT.search(text) and _SERVICES.search(text)))


def is_template(text: str) -> bool:
    """True if *text*, which cannot be read as YAML, is a template of Helm: it becomes YAML only when it is rendered."""
    return _TEMPLATE.search(text) is not None


def records_in(content: Any) -> Iterator[tuple[tuple[int, ...], Mapping[str, Any]]]:
    """The plain records in a document, each with the way to it: itself, or the items of a list."""
    if isinstance(content, list):
        yield from (((i,), item) for i, item in maps_in(content) if is_record(item))
    elif is_record(content):
        yield (), content


def is_record(content: Any) -> bool:
    """True if *content* has the marks of a record, misspelt ones included.

    Files of many tools have ``services``, an ``id`` or a ``product``: a map of services (Compose), a list of names or
    images (Travis, GitLab), a list of applications (render.yaml, Kong, DigitalOcean).
    """
    if not isinstance(content, dict) or {"apiVersion", "kind"} & content.keys():
        return False
    known = [key for key in content if key in _RECORD]
    meant = [key if key in _RECORD else _misspelt(key) for key in content]
    foreign = [field for field in meant if not field]
    product, services = content.get("product"), content.get("services")
    if "product" in content and not isinstance(product, (str, int, float)) and product is not None:
        return False
    if "product" in content and not foreign and _WITH_PRODUCT.intersection(meant):
        return True
    if "services" not in content or len(foreign) >= len(known):
        return False
    if "product" in content:
        return True
    is_named = "id" in content and not isinstance(services, dict)
    return (is_named and _has_no_foreign_services(services)) or any(_is_service(s) for _, s in maps_in(services))


def _misspelt(key: str) -> str:
    """The field of a record that *key* is meant to be; "" if it is another word: nearer than for a suggestion."""
    return next(iter(get_close_matches(key[:100], _RECORD, n=1, cutoff=0.75)), "")


def _has_no_foreign_services(services: Any) -> bool:
    return not isinstance(services, list) or all(isinstance(service, dict) for service in services)


def _is_service(content: Mapping[str, Any]) -> bool:
    endpoints = [endpoint for _, endpoint in maps_in(content.get("endpoints"))]
    return bool(_SERVICE & content.keys()) or any("url" in endpoint for endpoint in endpoints)


def is_extension(obj: Mapping[str, Any]) -> bool:
    """True if *obj* is meant to be an ``Extension`` object."""
    return extension_objects.is_ours(obj)


def may_ask(obj: Mapping[str, Any]) -> bool:
    """False for a document of another tool that only looks like a FuseML workflow, because it has ``steps``.

    Expressions apart: where there is one, it is meant for us.
    """
    if not is_document(obj):
        return True
    steps = [step for _, step in maps_in(obj["steps"]) if "extensions" in step]
    return _is_block(obj.get("extensions")) or any("image" in s or _is_block(s["extensions"]) for s in steps)


def _is_block(value: Any) -> bool:
    """True if *value* is meant as a list of selectors: it holds a field of one."""
    return any(_SELECTOR & content.keys() for _, content in maps_in(value))
