"""Records -> ``Extension`` objects, and back, as text. Pure."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple

from registry.documents.reader import Document
from registry.documents.streams import head, is_json
from registry.errors import InvalidRecordsError, Problem
from registry.records import codec, rewriting, texts
from registry.records.extension_objects import API_VERSION, KIND, SOURCE_LABEL
from registry.records.model import Credentials, Endpoint, Extension, Service

Form = Literal["extension", "record"]

# What Kubernetes lets the name of an object be (RFC 1123), of what an id may be.
_OBJECT_NAME: Final = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?")
_METADATA_OF_SERVER: Final = frozenset(
    {"name", "uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink"}
)


class Converted(NamedTuple):
    """A record in its other form.

    Attributes:
        text: One YAML document, without a separator before it unless there was one.
        notes: What it does not hold any more.
    """

    text: str
    notes: tuple[str, ...] = ()


def convert(
    document: Document, text: str, *, to: Form | None, dump: Callable[[Any], str], allowed: frozenset[str] = frozenset()
) -> list[Converted]:
    """All records of a *document*, whose text is *text*, in their other form.

    Args:
        to: The form that is wanted; what has it already stays as it is. None: each in the other one.
        dump: Writes data as YAML.
        allowed: Variables that control a loader or an interpreter and may be registered all the same.

    Raises:
        InvalidRecordsError: With every problem that there is, each with its line in *text*.
    """
    parts = list(texts.parts_of(document.content))
    found, problems = texts.decode_document(document, text, allowed=allowed)
    is_alone = len(parts) == 1 and not parts[0].path
    if not problems:
        forms = [_form(part.content, to) for part in parts]
        for part, form, (extension, _) in zip(parts, forms, found, strict=True):
            wrong = missing_in_object(extension) if form == "extension" and not texts.is_object(part.content) else ()
            problems += texts.placed(wrong, part.path, document, text)
    if problems:
        raise InvalidRecordsError(problems)
    whole = [
        _one(part.content, form, extension, text if is_alone else "", dump)
        for part, form, (extension, _) in zip(parts, forms, found, strict=True)
    ]
    if whole and not is_alone and "#" in text:
        whole[0] = whole[0]._replace(notes=(*whole[0].notes, "comments in a list are not kept"))
    return whole


def _form(content: Any, to: Form | None) -> Form:
    return to or ("record" if texts.is_object(content) else "extension")


def _one(content: Any, form: Form, extension: Extension, text: str, dump: Callable[[Any], str]) -> Converted:
    """*extension* in a *form*; *text* is that of its document, "" if it shares that with others."""
    is_object = texts.is_object(content)
    if is_object == (form == "extension"):
        return Converted(text or dump(content))
    if form == "extension":
        rewritten = rewriting.extension_text(text, extension) if text else None
        notes: tuple[str, ...] = ()
        data = object_of(extension)
    else:
        rewritten = rewriting.record_text(text, extension) if text else None
        notes = tuple(_lost(content))
        data = codec.encode(extension)
    if rewritten is not None and _is_the_same(rewritten, extension):
        return Converted(rewritten, notes)
    if "#" in text and not is_json(text):
        notes = (*notes, "comments are not kept: the text cannot be rewritten in place")
    return Converted(head(text) + dump(data), notes)


def object_of(extension: Extension) -> dict[str, Any]:
    """The ``Extension`` object of a record."""
    spec = codec.encode(extension)
    name = spec.pop("id")
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": name}, "spec": spec}


def check_object(extension: Extension) -> None:
    """Make sure that an object can hold *extension*.

    Raises:
        InvalidRecordsError: It cannot: its id is no name, or credentials have no Secret.
    """
    if problems := list(missing_in_object(extension)):
        raise InvalidRecordsError(problems)


def _is_the_same(text: str, extension: Extension) -> bool:
    found, problems = texts.decode_text(text, allowed=_names_in(extension))
    return not problems and [again for again, _ in found] == [extension]


def _names_in(extension: Extension) -> frozenset[str]:
    """All variables: whether they are allowed has been judged before."""
    parts: list[Extension | Service | Endpoint | Credentials] = [extension, *extension.services]
    for service in extension.services:
        parts += [*service.endpoints, *service.credentials]
    return frozenset(name for part in parts for name in part.configuration)


def missing_in_object(extension: Extension) -> Iterator[Problem]:
    """What an object must have and this record has not."""
    if not _OBJECT_NAME.fullmatch(extension.id):
        message = (
            f"{extension.id!r} cannot name an object: names hold a-z, 0-9 and '-'; give it another id, also in "
            "selectors with extension_id"
        )
        yield Problem(message, ("id",))
    for i, service in enumerate(extension.services):
        for j, credentials in enumerate(service.credentials):
            if credentials.secret_ref is None:
                yield Problem(_secret_advice(extension, credentials), ("services", i, "credentials", j))


def secret_name(extension: Extension, credentials: Credentials) -> str:
    """What to call the Secret for the values of *credentials*."""
    return re.sub(r"[^a-z0-9-]+", "-", f"{extension.id}-{credentials.id}".lower()).strip("-")[:63].rstrip("-")


def _secret_advice(extension: Extension, credentials: Credentials) -> str:
    """How to make the Secret. No value is shown: only the names of the variables."""
    name = secret_name(extension, credentials)
    names = list(credentials.configuration)
    if not names:
        return "an object needs a secretRef here, and a configuration that says which key each variable takes"
    keys = " ".join(f"--from-literal={variable}=…" for variable in names)
    return (
        "the values of an object's credentials are in a Secret. Create it in the namespace of the object: "
        f"kubectl create secret generic {name} {keys}; "
        f"if it is shared: kubectl label secret {name} {SOURCE_LABEL}={extension.id}. "
        f"Then write here secretRef: {{name: {name}}} and configuration: "
        f"{{{', '.join(f'{variable}: {variable}' for variable in names)}}}"
    )


def _lost(obj: Mapping[str, Any]) -> Iterator[str]:
    """What a person wrote into an object and a record has no place for."""
    metadata = obj.get("metadata")
    for field in metadata if isinstance(metadata, Mapping) else ():
        if field not in _METADATA_OF_SERVER:
            yield f"metadata.{field} is not kept: a record has none"
