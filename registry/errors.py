"""What can go wrong in the registry.

RegistryError
├── AlreadyExistsError     what is to be added is there
├── ChangedError           a record is no longer what it was when it was read
├── ConstraintError        a version constraint that Masterminds/semver would not parse (versions.py)
├── InvalidSelectorError   a selector breaks the format
├── InvalidRecordsError    records break the format; holds every problem at once
│   └── KeptRecordsError   records that are kept break it, so that somebody must correct them first
├── NotEditableError       a record can be read, but its text or object must be changed by hand
├── NotFoundError          there is no such extension, service, endpoint or credentials
├── ReadOnlyError          whoever asks may not write there
├── UnavailableError       where records are kept cannot be used now: busy, full or not reached
└── UnreadableError        a registry's folder, or a file in it, that cannot be read at all
    ├── ForbiddenError     what the API server does not let the caller read
    └── NotServedError     a kind of objects that the API server does not know
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


class RegistryError(Exception):
    """Base of all errors of this package."""


class UnreadableError(RegistryError):
    """A registry's folder, or a file in it, cannot be read."""


class ForbiddenError(UnreadableError):
    """The API server does not let the caller read this; the rest may be readable."""


class NotServedError(UnreadableError):
    """The API server knows no such kind of objects; nothing of it is stored there."""


class NotFoundError(RegistryError):
    """There is no such extension, or it has no such part."""


class AlreadyExistsError(RegistryError):
    """What is to be added is there already."""


class ChangedError(RegistryError):
    """The record is no longer what it was when it was read; read it again, and decide again."""


class ReadOnlyError(RegistryError):
    """Whoever asks may read where records are kept, but not write there."""


class UnavailableError(RegistryError):
    """Where records are kept cannot be used now. Nothing has been changed, unless the message says otherwise."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a document, and where: for a person to find and fix it.

    Attributes:
        path: Keys and indexes that lead to it from the top of the document.
        line: From 1; 0 = not known.
        rule: What a field breaks, in pydantic's words such as ``string_too_long``; "" = a rule of ours.
    """

    message: str
    path: tuple[str | int, ...] = ()
    file: str = ""
    line: int = 0
    rule: str = field(default="", compare=False, repr=False)

    def __str__(self) -> str:
        """``file:line: path: message``, each part only if known."""
        place = f"{self.file}:{self.line}" if self.file and self.line else self.file
        return ": ".join(part for part in (place, dotted(self.path), self.message) if part)

    def as_dict(self) -> dict[str, Any]:
        """The same for a program to read."""
        return {"file": self.file, "line": self.line, "path": dotted(self.path), "message": self.message}


_PLAIN = re.compile(r"[A-Za-z0-9_.-]{1,100}")


def dotted(path: Sequence[str | int]) -> str:
    """``services[0].endpoints[1].url``; other keys than plain words as ``configuration['a key']``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f"[{part[:100]!r}]"
    return text


class InvalidRecordsError(RegistryError):
    """Records break the format; *problems* lists all of them, not only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class KeptRecordsError(InvalidRecordsError):
    """What is kept breaks the format: whoever asks cannot help it, and somebody must correct it first."""


class NotEditableError(RegistryError):
    """A record can be read, but not be changed where it stands without a risk for what stands beside it.

    Attributes:
        problem: What is in the way, and where.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


class InvalidSelectorError(RegistryError):
    """A selector breaks the format; *problems* lists all of them, with their paths in the selector."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))
