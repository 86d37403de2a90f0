"""A template -> the text of a record, or of an ``Extension`` whose credentials are in Secrets. Pure.

Templates are written as records. Their credentials have one form only, so that they can be rewritten line by line:
``credentials:``, in it ``- id: …`` and ``configuration:``, in it one line for each variable; ``#NAME: value``, without
a space after ``#``, is an optional one.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from yaml.events import ScalarEvent

from registry.documents import reader
from registry.documents.encoding import lines_of
from registry.documents.kubectl_types import value_of
from registry.errors import InvalidRecordsError, Problem
from registry.records import codec, rewriting
from registry.records.conversion import missing_in_object, secret_name
from registry.records.extension_objects import SOURCE_LABEL
from registry.records.model import Credentials, Extension

_PLAIN: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_ID: Final = re.compile(r"^id: .*$", re.MULTILINE)
_ZONE: Final = re.compile(r"^#zone: .*$", re.MULTILINE)
_VARIABLE: Final = re.compile(r"(?P<before> *#?)(?P<name>[A-Za-z_][A-Za-z0-9_]*): (?P<value>.*?)(?P<comment> +# .*)?\n")


def record(template: str, *, extension_id: str = "", zone: str = "") -> str:
    """The text of a record.

    Args:
        template: The text of a template.
        extension_id: The record's id instead of the product.
        zone: Where the product runs; without one, the line is left for a person to fill in.

    Raises:
        InvalidRecordsError: The id or the zone cannot be one.
    """
    given = {"id": extension_id, "zone": zone}
    text = template
    for field, pattern in (("id", _ID), ("zone", _ZONE)):
        if value := given[field]:
            if not value.isprintable():
                raise InvalidRecordsError([Problem("holds a character that cannot be printed", (field,))])
            text = pattern.sub(f"{field}: {_scalar(value)}".replace("\\", r"\\"), text, count=1)
    decoded = _decoded(text)
    for field, value in given.items():
        if value and getattr(decoded, field) != value:
            raise InvalidRecordsError([Problem(f"{value!r} counts as none; give another one", (field,))])
    return text


def extension(template: str, *, extension_id: str = "", zone: str = "") -> str:
    """The text of an ``Extension``: as :func:`record`, with a Secret for each login and the commands that create it.

    Raises:
        InvalidRecordsError: The id or the zone cannot be one, or the id cannot name an object.
    """
    text = record(template, extension_id=extension_id, zone=zone)
    values = _decoded(text)
    text = "".join(_with_secrets(lines_of(text), values))
    decoded = _decoded(text)
    if problems := list(missing_in_object(decoded)):
        raise InvalidRecordsError(problems)
    rewritten = rewriting.extension_text(text, decoded)
    assert rewritten is not None, "a template is a block of YAML with an id"  # noqa: S101 - a test reads every template
    return rewritten


def _decoded(text: str) -> Extension:
    (document,) = reader.read(text)
    return codec.decode(document.content, is_template=True)


def _scalar(value: str) -> str:
    """*value* as a YAML scalar that every reader takes for this text."""
    if _PLAIN.fullmatch(value) and isinstance(value_of(ScalarEvent(None, None, (True, False), value)), str):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _with_secrets(lines: Iterable[str], extension: Extension) -> Iterator[str]:
    """*lines* of a record whose credentials name keys of Secrets, instead of values."""
    logins = iter([credentials for service in extension.services for credentials in service.credentials])
    credentials_at = configuration_at = -1
    for line in lines:
        text = line.strip()
        column = len(line) - len(line.lstrip(" "))
        if text and not text.startswith("#"):
            credentials_at = credentials_at if column > credentials_at else -1
            configuration_at = configuration_at if column > configuration_at else -1
        if text == "credentials:":
            credentials_at = column
        elif text == "configuration:" and credentials_at >= 0:
            configuration_at = column
            yield from (" " * column + added for added in _secret(extension, next(logins)))
        elif configuration_at >= 0 and (variable := _VARIABLE.fullmatch(line)):
            name = variable["name"]
            yield f"{variable['before']}{name}: {name}{variable['comment'] or ''}\n"
            continue
        yield line


def _secret(extension: Extension, credentials: Credentials) -> Iterator[str]:
    """The reference to a Secret, and in a comment how it is created: no value is typed into a shell's history."""
    name = secret_name(extension, credentials)
    yield "# The values are in a Secret in the namespace of this object. Write a file login.env:\n"
    yield from (f"#   {variable}={value}\n" for variable, value in credentials.configuration.items())
    yield f"# kubectl create secret generic {name} --from-env-file=login.env\n"
    yield "# In the namespace of the registry, where it is shared, it needs a label as well:\n"
    yield f"# kubectl label secret {name} {SOURCE_LABEL}={extension.id}\n"
    yield "secretRef:\n"
    yield f"  name: {name}\n"
