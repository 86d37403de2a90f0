"""What a step asks for, and who asks. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from registry.errors import InvalidSelectorError, Problem
from registry.records.variables import is_name
from registry.resolving import versions
from registry.suggestions import did_you_mean, shown

CRITERIA = (
    "extension_id",
    "service_id",
    "zone",
    "product",
    "version",
    "service_category",
    "service_resource",
)
_WORD = re.compile(r"[\w.~^+/-]+")
_BOOLEANS = ("inject", "optional")
# A template that rendered to nothing must not widen what is asked for.
_EMPTY = "is empty; a criterion that is there must say something: give its value, or leave it out"
# As in records (model.py): no longer text can equal one. Constraints have a limit of their own (versions.py).
MAX_CRITERION = 100
# What fits between the quotes of an expression's ["..."], and into a message.
_HANDLE = re.compile(r"""[^\x00-\x1f\x7f"'\\<>{}]{1,100}""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """Who asks.

    Attributes:
        zone: "" means that the operator configured none.
        namespace: Where the run is; Secrets of no other namespace can be given to it.
        project: Of the namespace; "" if it has none.
        owner: The person to whom the namespace belongs; "" if it says none.
        user: Who submitted the run; "" if nobody vouches for that.
    """

    zone: str = ""
    namespace: str = ""
    project: str = ""
    owner: str = ""
    user: str = ""

    @property
    def without_user(self) -> "Consumer":
        """The same, but for the user."""
        return replace(self, user="") if self.user else self


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """What a step asks for. A criterion that is "" was not given.

    Attributes:
        name: The handle for expressions.
        version: A version as text, or a constraint with the meaning of Masterminds/semver v3.
        env_prefix: Put before the name of each injected variable.
        inject: False gives no variables, only values for expressions.
        optional: True makes no match fine.
    """

    name: str
    extension_id: str = ""
    service_id: str = ""
    zone: str = ""
    product: str = ""
    version: str = ""
    service_category: str = ""
    service_resource: str = ""
    env_prefix: str = ""
    inject: bool = True
    optional: bool = False

    @property
    def criteria(self) -> dict[str, str]:
        """The criteria that were given."""
        return {field: value for field in CRITERIA if (value := getattr(self, field))}

    def __str__(self) -> str:
        """``'store' (product=mlflow, version='>=1.2')``."""
        return f"{self.name!r} ({described(self.criteria)})"


def described(criteria: Mapping[str, str]) -> str:
    """``product=mlflow, version='>=1.2'``, with quotes around values that hold other characters than those of words."""
    return ", ".join(f"{k}={v if _WORD.fullmatch(v) else repr(v)}" for k, v in criteria.items())


_FIELDS = tuple(f.name for f in fields(Selector))


def parse(content: object) -> Selector:
    """Read one selector.

    Raises:
        InvalidSelectorError: With every problem that there is, each with its path in the selector.
    """
    if not isinstance(content, Mapping):
        raise InvalidSelectorError([Problem("expected a map such as {name: store, product: mlflow}")])
    problems = _unknown(content)
    empty = [field for field in CRITERIA if field in content and _says_nothing(content[field])]
    problems += [Problem(_EMPTY, (field,)) for field in empty]
    given = {k: v for k, v in content.items() if k in _FIELDS and k not in empty and _is_given(k, v)}
    values: dict[str, Any] = {}
    for field, value in given.items():
        try:
            values[field] = _boolean(value) if field in _BOOLEANS else _text(field, value)
        except ValueError as e:
            problems.append(Problem(str(e), (field,)))
    if "name" not in given:
        problems.append(Problem("is required: expressions use it, as in << extension.NAME.url >>", ("name",)))
    if not any(field in content for field in CRITERIA):
        problems.append(Problem(f"has no criteria; give at least one of {', '.join(CRITERIA)}"))
    if problems:
        raise InvalidSelectorError(problems)
    return Selector(**values)


def _says_nothing(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _is_given(field: str, value: object) -> bool:
    return value is not None and (value != "" or field in _BOOLEANS)


def _unknown(content: Mapping[Any, Any]) -> list[Problem]:
    problems = []
    for field in content:
        if field not in _FIELDS:
            meant = did_you_mean(str(field), _FIELDS)
            problems.append(Problem(f"unknown field {str(field)[:100]!r}; {meant}", (str(field),)))
    return problems


def _text(field: str, value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(_no_text(field, value))
    if field == "name" and not (_HANDLE.fullmatch(value) and value.isprintable()):
        raise ValueError(f"{value[:100]!r} cannot be a name: use 1 to 100 letters, digits, '-' or '_'")
    if field == "env_prefix" and not is_name(value):
        raise ValueError(f"{value[:100]!r} cannot begin a variable's name: use letters, digits and '_'")
    if field == "version":
        _check_version(value)
    elif len(value) > MAX_CRITERION:
        raise ValueError(f"is longer than {MAX_CRITERION} characters, and so is no value in a record")
    if not value.isprintable():
        raise ValueError("holds a character that cannot be printed, such as a line break")
    return value


def _no_text(field: str, value: object) -> str:
    if isinstance(value, bool):
        value = str(value).lower()
    if isinstance(value, (int, float, str)):
        # 1.10 without quotes has become the number 1.1 long before it gets here.
        return f'expected text, got {value}; write it in quotes, as {field}: "..."'
    return f"expected text, got a {'list' if isinstance(value, list) else 'map'}"


def _check_version(value: str) -> None:
    """Refuse a malformed constraint; other text is fine, as it may equal a version that is not a semantic one."""
    if len(value) > MAX_CRITERION or any(sign in value for sign in "<>=~^|,*! "):
        versions.satisfies("0", value)


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise ValueError(f"expected true or false, got {shown(value)}")
