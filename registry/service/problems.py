"""What can be wrong with a request, and the answer that says so: names, codes and body are those of FuseML. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from registry.errors import (
    AlreadyExistsError,
    ChangedError,
    InvalidRecordsError,
    InvalidSelectorError,
    KeptRecordsError,
    NotEditableError,
    NotFoundError,
    Problem,
    ReadOnlyError,
    RegistryError,
)

# More of them do not help anybody to correct the first ones.
MAX_PROBLEMS: Final = 20
MAX_MESSAGE: Final = 8 * 1024
_LATER: Final = {"Retry-After": "1"}
# Goa's names for what pydantic finds.
_NAMES: Final = {
    "missing": "missing_field",
    "string_too_long": "invalid_length",
    "string_too_short": "invalid_length",
    "literal_error": "invalid_enum_value",
    "string_type": "decode_payload",
    "string_unicode": "decode_payload",
    "tuple_type": "decode_payload",
    "dict_type": "decode_payload",
    "dataclass_type": "decode_payload",
    "value_error": "invalid_pattern",
}
_BOOLEANS: Final = ("auth_required", "authrequired", "default")


class RequestError(RegistryError):
    """A request is not carried out.

    Attributes:
        status: Of HTTP.
        name: For programs.
        headers: That the answer has in addition.
    """

    def __init__(self, status: int, name: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.name = name
        self.headers = dict(headers or {})


def unreadable(message: str) -> RequestError:
    """A body, a query or a header that cannot be read."""
    return RequestError(400, "decode_payload", message)


def unknown_path() -> RequestError:
    """A path that leads nowhere."""
    return RequestError(404, "fault", "there is nothing at this path; /openapi.json lists what there is")


def precondition_failed() -> RequestError:
    """The record is not, or no longer, as the request's conditions demand."""
    message = "the extension is not as If-Match or If-None-Match demands; read it again, and decide again"
    return RequestError(412, "PreconditionFailed", message)


def defect() -> RequestError:
    """An error of ours. What it was is only logged: its text may hold values."""
    return RequestError(500, "fault", "internal error; the log of the server says where")


def request_error(error: RegistryError) -> RequestError:
    """The answer to an *error* of the registry."""
    if isinstance(error, RequestError):
        return error
    found = next((answer for kind, answer in _ANSWERS if isinstance(error, kind)), None)
    if found is None:
        return RequestError(503, "Unavailable", "where records are kept cannot be used now; try again", _LATER)
    status, name, message_of = found
    if status == 400:
        name = _name(error.problems[0])  # type: ignore[attr-defined]  # such errors have problems
    return RequestError(status, name, message_of(error))


def _kept(error: Any) -> str:
    problems = error.problems if isinstance(error, KeptRecordsError) else (error.problem,)
    # Where the folder is, is not for everyone; which file it is helps whoever corrects it.
    nearby = [replace(p, file=p.file.rpartition("/")[2]) for p in problems]
    return f"what is kept must be corrected first: {_listed(nearby)}"


# The first that fits counts.
_ANSWERS: Final[tuple[tuple[type[RegistryError], tuple[int, str, Callable[[Any], str]]], ...]] = (
    (NotFoundError, (404, "NotFound", str)),
    (KeptRecordsError, (409, "Conflict", _kept)),
    (NotEditableError, (409, "Conflict", _kept)),
    (AlreadyExistsError, (409, "Conflict", str)),
    (ChangedError, (409, "Conflict", str)),
    (InvalidRecordsError, (400, "", lambda e: _listed(e.problems))),
    (InvalidSelectorError, (400, "", lambda e: _listed(e.problems))),
    (ReadOnlyError, (403, "Forbidden", lambda e: "the server may not write where records are kept; its log says more")),
)


def body_of(error: RequestError, error_id: str) -> dict[str, Any]:
    """The body of the answer.

    Args:
        error_id: Tells one occurrence from others.
    """
    return {
        "name": error.name,
        "id": error_id,
        # Half a character, which UTF-8 cannot write, may stand in what was sent.
        "message": str(error)[:MAX_MESSAGE].encode("utf-8", "backslashreplace").decode(),
        "temporary": error.status == 503,
        "timeout": False,
        "fault": error.name == "fault",
    }


def _name(problem: Problem) -> str:
    if problem.rule == "value_error" and problem.path[-1:] and problem.path[-1] in _BOOLEANS:
        return "decode_payload"
    return _NAMES.get(problem.rule, "BadRequest")


def _listed(problems: Sequence[Problem]) -> str:
    texts = [str(problem) for problem in problems[:MAX_PROBLEMS]]
    if len(problems) > MAX_PROBLEMS:
        texts.append(f"and {len(problems) - MAX_PROBLEMS} more")
    return "\n".join(texts)
