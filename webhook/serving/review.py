"""AdmissionReview in, AdmissionReview out, bytes on both sides. Pure."""

import gc
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import msgspec

from webhook.errors import BadReviewError, Reason, RefusedError

API_VERSION: Final = "admission.k8s.io/v1"
KIND: Final = "AdmissionReview"

DEPTH_LIMIT: Final = 64
# Lists and mappings of one object. Each takes memory and time, in which nobody else gets an answer. Real objects of the
# largest size that etcd keeps hold a tenth of that.
CONTAINER_LIMIT: Final = 500_000
MESSAGE_LIMIT: Final = 8 * 1024
PATCH_LIMIT: Final = 2 * 1024 * 1024
WARNING_LIMIT: Final = 120  # The API's advice; the API server may cut what is longer than 256.

_NULL: Final = msgspec.Raw(b"null")
# The API server writes "<" as \u003c, other clients may not.
_OPENER: Final = re.compile(rb"(?:<|\\u003[cC]){2}")
_WRONG_FIELD: Final = re.compile(r"(?:missing required field `(\w+)`)?(?: - at `\$\.([\w.]+)`)?$")


class _Wire(msgspec.Struct, rename="camel", gc=False):
    """Spelled snake_case here, camelCase on the wire. Fields that nobody reads are not decoded."""


class _Kind(_Wire):
    kind: str


class _UserInfo(_Wire):
    username: str = ""


class _Request(_Wire):
    uid: str
    kind: _Kind
    operation: str
    name: str = ""
    namespace: str = ""
    sub_resource: str = ""
    user_info: _UserInfo = msgspec.field(default_factory=_UserInfo)
    object: msgspec.Raw = _NULL
    old_object: msgspec.Raw = _NULL


class _Review(_Wire):
    api_version: str
    kind: str
    request: _Request


_REVIEW: Final = msgspec.json.Decoder(_Review)
_ANYTHING: Final = msgspec.json.Decoder()


@dataclass(frozen=True, kw_only=True)
class Admission:
    """One object that somebody wants to create or change, as the API server asks about it.

    Attributes:
        kind: As in the object.
        name: Empty at CREATE with generateName.
        namespace: The request's; the object itself may lack one. Empty for cluster-wide kinds.
    """

    uid: str
    kind: str
    operation: str
    subresource: str
    namespace: str
    name: str
    username: str
    _obj: bytes = field(repr=False)
    _old: msgspec.Raw = field(repr=False)

    @cached_property
    def asks(self) -> bool:
        """False if the object surely asks for nothing; it need not be decoded then."""
        raw = self._obj
        # All marks hold one of these words, and two searches that fail are all that most objects cost.
        if b"fuseml" in raw:  # our annotations, misspelt ones included
            return True
        return b"extension" in raw and (b'"extensions"' in raw or bool(_OPENER.search(raw)))

    @cached_property
    def obj(self) -> dict[str, Any] | None:
        """The object, None if there is none. Raises BadReviewError."""
        return _decode(self._obj, "request.object")

    @cached_property
    def old(self) -> dict[str, Any] | None:
        """The object before an UPDATE, None if there is none. Raises BadReviewError."""
        return _decode(self._old, "request.oldObject")


def parse(body: bytes) -> Admission:
    """Read an AdmissionReview.

    A key that is there twice counts once, the last one, in the envelope as in the object.

    Raises:
        BadReviewError: It is not an AdmissionReview, or of a version that is not supported.
    """
    review: _Review = _read(_REVIEW, body, "body")
    if review.kind != KIND or review.api_version != API_VERSION:
        raise BadReviewError(f"expected an {KIND} of {API_VERSION}")
    request = review.request
    # It is repeated in answers and logs, so it must be printable.
    if not 0 < len(request.uid) <= 128 or not request.uid.isprintable():
        raise BadReviewError("request.uid: expected 1 to 128 printable characters")
    return Admission(
        uid=request.uid,
        kind=request.kind.kind,
        operation=request.operation,
        subresource=request.sub_resource,
        namespace=request.namespace,
        name=request.name,
        username=request.user_info.username,
        _obj=bytes(request.object),
        _old=request.old_object,
    )


def allowed(
    admission: Admission,
    *,
    ops: Sequence[Mapping[str, Any]] = (),
    warnings: Iterable[str] = (),
    audit: Mapping[str, str] | None = None,
) -> bytes:
    """Write the answer that lets the object pass, changed by *ops* if there are any.

    Raises:
        RefusedError: The patch is larger than an API server should be sent.
    """
    response: dict[str, Any] = {"uid": admission.uid, "allowed": True}
    if ops:
        patch = msgspec.json.encode(ops)
        if len(patch) > PATCH_LIMIT:
            raise RefusedError(
                [f"the patch is larger than {PATCH_LIMIT >> 20} MiB: ask for less in one object, or split it"],
                [Reason.LIMIT],
            )
        response["patchType"] = "JSONPatch"
        response["patch"] = b64encode(patch).decode()
    response |= _warnings(warnings)
    if audit:
        response["auditAnnotations"] = dict(audit)
    return _answer(response)


def denied(
    admission: Admission, message: str, *, warnings: Iterable[str] = (), code: int = 422, reason: str = "Invalid"
) -> bytes:
    """Write the answer that refuses the object; *message* and *warnings* are shown to whoever submitted it."""
    status = {"code": code, "reason": reason, "message": clean(message, MESSAGE_LIMIT)}
    response: dict[str, Any] = {"uid": admission.uid, "allowed": False, "status": status}
    return _answer(response | _warnings(warnings))


def _warnings(warnings: Iterable[str]) -> dict[str, list[str]]:
    lines = [_shorten(line) for text in warnings for line in _lines(text)]
    return {"warnings": lines} if lines else {}


def clean(message: str, limit: int) -> str:
    """Give the lines of *message* that say something, without control characters, in at most *limit* bytes or so."""
    return _fit("\n".join(_lines(message)), limit)


def _answer(response: dict[str, Any]) -> bytes:
    return msgspec.json.encode({"apiVersion": API_VERSION, "kind": KIND, "response": response})


def _decode(raw: bytes | msgspec.Raw, where: str) -> dict[str, Any] | None:
    text = memoryview(raw)
    # Those within texts count as well, which matters to no object that anybody writes.
    if len(text) > CONTAINER_LIMIT and _brackets(text.tobytes()) > CONTAINER_LIMIT:
        raise BadReviewError(f"{where}: more than {CONTAINER_LIMIT} lists and mappings")
    obj = _read(_ANYTHING, raw, where)
    if obj is not None and not isinstance(obj, dict):
        raise BadReviewError(f"{where}: expected an object")
    if obj is not None and not _is_flat(obj):
        raise BadReviewError(f"{where}: nested deeper than {DEPTH_LIMIT} levels")
    return obj


def _brackets(text: bytes) -> int:
    return text.count(b"[") + text.count(b"{")


def _read(decoder: "msgspec.json.Decoder[Any]", data: bytes | msgspec.Raw, where: str) -> Any:
    """Decode; whatever is wrong becomes a BadReviewError that quotes nothing of *data*."""
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as e:
        raise BadReviewError(f"{_wrong_field(str(e)) or where}: missing or invalid") from e
    except RecursionError:
        # Its cause has a frame for every level; nobody needs to keep them.
        raise BadReviewError(f"{where}: nested too deep") from None
    except ValueError as e:  # Malformed JSON, and text that is no UTF-8.
        raise BadReviewError(f"{where}: not JSON") from e


def _wrong_field(message: str) -> str:
    """Take the field's path from msgspec's message, which ends in it, if at all."""
    found = _WRONG_FIELD.search(message)
    return ".".join(part for part in found.group(2, 1) if part) if found else ""


def _is_flat(obj: object) -> bool:
    """True if *obj* has at most DEPTH_LIMIT levels; an innermost mapping of plain values does not count."""
    level = [obj]
    for _ in range(DEPTH_LIMIT):
        # The members of a container that are containers themselves: a loop in Python takes six times as long.
        level = list(filter(gc.is_tracked, gc.get_referents(*level)))
        if not level:
            return True
    return False


def _lines(text: str) -> Iterator[str]:
    """Give each line that says something, without control characters.

    An API server drops a warning that holds one, and a terminal obeys it.
    """
    for line in text.splitlines():
        clean = line if line.isprintable() else "".join(c for c in line.replace("\t", " ") if c.isprintable())
        if clean.strip():
            yield clean


def _shorten(line: str) -> str:
    return line if len(line) <= WARNING_LIMIT else line[: WARNING_LIMIT - 1] + "…"


def _fit(message: str, limit: int) -> str:
    """Cut *message* at the end of a line, so that it stays under *limit* bytes."""
    encoded = message.encode()
    if len(encoded) <= limit:
        return message
    kept = encoded[:limit].decode(errors="ignore")
    return (kept.rpartition("\n")[0] or kept) + "\n…"
