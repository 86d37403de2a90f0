"""The record of an installation: Extension > Service > Endpoint, Credentials. Pure.

The format is FuseML's (docs/records.md); ``default`` of a service and ``secretRef`` are ours.
"""

import re
from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AliasChoices, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic.dataclasses import dataclass

from registry.records.variables import MAX_VALUE_BYTES
from registry.suggestions import shown

HALF_A_CHARACTER = "holds a lone surrogate, which is half a character"

_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")
_SECRET = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_TRUE = frozenset({"true", "yes", "on", "y"})
_FALSE = frozenset({"false", "no", "off", "n"})


def _boolean(value: object) -> bool:
    """YAML 1.1's words for a boolean."""
    word = str(value).lower()
    if word not in _TRUE | _FALSE:
        raise ValueError(f"expected true or false, got {shown(value)}")
    return word in _TRUE


def _printable(value: str) -> str:
    """*value*, if a message and a variable can hold it unchanged."""
    if not value.isprintable():
        raise ValueError("holds a character that cannot be printed, such as a line break")
    return value


def _id(value: str) -> str:
    if not _ID.fullmatch(value):
        raise ValueError(f"may hold only letters, digits, '_' and '-', and not begin with '-'; got {value!r}")
    return value


def _secret(value: str) -> str:
    if not _SECRET.fullmatch(value):
        raise ValueError("is no name of a Secret: those hold lower-case letters, digits, '-' and '.'")
    return value


def _key(value: str) -> str:
    """*value*, if it can be a name in a configuration. No message shows the name, for it may be a value by mistake."""
    if not 1 <= len(value) <= 253:
        raise ValueError("has a name that is empty or longer than 253 characters")
    if "=" in value:
        raise ValueError("has a name with '=' in it; write NAME: value")
    if not value.isprintable():
        raise ValueError("has a name with a character that cannot be printed, such as a line break")
    return value


def _deliverable(value: str) -> str:
    """*value*, if an environment variable can hold it."""
    if "\0" in value:
        raise ValueError("holds a NUL character, which no environment variable can")
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise ValueError(HALF_A_CHARACTER) from None
    if size > MAX_VALUE_BYTES:
        raise ValueError(f"is longer than {MAX_VALUE_BYTES} bytes")
    return value


def _schema(**keywords: Any) -> Any:
    """What a JSON schema says of a validator of ours."""
    return Field(json_schema_extra=keywords)


# Lengths are those of FuseML's API: 100 for what selectors compare, 1000 for prose, 200 for URLs.
Name = Annotated[str, StringConstraints(max_length=100), AfterValidator(_printable)]
Id = Annotated[str, StringConstraints(max_length=100), AfterValidator(_id), _schema(pattern=f"^{_ID.pattern}$")]
Description = Annotated[str, StringConstraints(max_length=1000)]
Url = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_printable)]
Member = Annotated[str, StringConstraints(min_length=1, max_length=253), AfterValidator(_printable)]
EndpointType = Literal["internal", "external"]
Scope = Literal["global", "project", "user"]
Boolean = Annotated[bool, BeforeValidator(_boolean)]
Value = Annotated[str, AfterValidator(_deliverable), _schema(maxLength=MAX_VALUE_BYTES)]
Key = Annotated[str, AfterValidator(_key)]
Configuration = Annotated[
    Mapping[Key, Value], _schema(propertyNames={"minLength": 1, "maxLength": 253, "pattern": "^[^=]*$"})
]

_CONFIG = ConfigDict(extra="forbid", hide_input_in_errors=True)


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Endpoint:
    """An address of a service. An *internal* one is reached only from the extension's own zone."""

    url: Url
    type: EndpointType = "external"
    configuration: Configuration = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class SecretRef:
    """The Kubernetes Secret that holds the values of credentials."""

    name: Annotated[str, AfterValidator(_secret), _schema(pattern=f"^{_SECRET.pattern}$")]


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Credentials:
    """A login of a service, and who may use it.

    Attributes:
        configuration: Variable name -> value; with *secret_ref*, variable name -> key in that Secret.
    """

    id: Id
    scope: Scope = "global"
    default: Boolean = False
    projects: tuple[Member, ...] = ()
    users: tuple[Member, ...] = ()
    configuration: Configuration = field(default_factory=dict, repr=False)
    secret_ref: Annotated[SecretRef | None, Field(validation_alias=AliasChoices("secretRef", "secret_ref"))] = None


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Service:
    """One API or UI of an extension. Its endpoints are equivalent.

    Attributes:
        auth_required: Without credentials that the consumer may use, the service cannot be chosen.
        default: Preferred when several services fit a selector.
    """

    id: Id
    resource: Name = ""
    category: Name = ""
    description: Description = ""
    auth_required: Annotated[Boolean, Field(validation_alias=AliasChoices("auth_required", "authrequired"))] = False
    default: Boolean = False
    configuration: Configuration = field(default_factory=dict)
    endpoints: tuple[Endpoint, ...] = ()
    credentials: tuple[Credentials, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Extension:
    """One installation of a product."""

    id: Id
    product: Name = ""
    version: Name = ""
    zone: Name = ""
    description: Description = ""
    configuration: Configuration = field(default_factory=dict)
    services: tuple[Service, ...] = ()
