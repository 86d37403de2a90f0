"""Admission reviews: how one is read, when it is refused, and how it is answered."""

import base64
import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from webhook.errors import BadReviewError, RefusedError
from webhook.serving import review

RUN = {"apiVersion": "tekton.dev/v1", "kind": "PipelineRun", "metadata": {"name": "r"}, "spec": {}}


def body(obj: Any = RUN, old: Any = None, **request: Any) -> bytes:
    return json.dumps(
        {
            "apiVersion": "admission.k8s.io/v1",
            "kind": "AdmissionReview",
            "request": {
                "uid": "u-1",
                "kind": {"group": "tekton.dev", "version": "v1", "kind": "PipelineRun"},
                "resource": {"group": "tekton.dev", "version": "v1", "resource": "pipelineruns"},
                "name": "r",
                "namespace": "ml",
                "operation": "CREATE",
                "userInfo": {"username": "alice", "groups": ["system:authenticated"]},
                "object": obj,
                "oldObject": old,
                "dryRun": False,
                **request,
            },
        },
        separators=(",", ":"),
    ).encode()


def with_object(raw: bytes) -> bytes:
    return body("@").replace(b'"@"', raw)


def answer(raw: bytes) -> Any:
    parsed = json.loads(raw)
    if "patch" in parsed["response"]:
        parsed["response"]["patch"] = json.loads(base64.b64decode(parsed["response"]["patch"]))
    return parsed


ADMISSION = review.parse(body())


def test_a_review_is_read() -> None:
    got = review.parse(body(old={"kind": "Old"}, subResource="status"))

    assert (got.uid, got.kind) == ("u-1", "PipelineRun")
    assert (got.operation, got.subresource, got.namespace, got.name) == ("CREATE", "status", "ml", "r")
    assert got.username == "alice"
    assert got.obj == RUN
    assert got.old == {"kind": "Old"}


def test_objects_are_decoded_once_and_null_is_none() -> None:
    got = review.parse(body())

    assert got.obj is got.obj
    assert got.old is None
    assert review.parse(body(None)).obj is None


def test_optional_fields_may_be_absent() -> None:
    got = review.parse(
        b'{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview",'
        b'"request":{"uid":"u","kind":{"kind":"Pod"},"operation":"DELETE"}}'
    )

    assert (got.namespace, got.name, got.subresource, got.username) == ("", "", "", "")
    assert got.obj is None
    assert got.old is None


def test_an_admission_does_not_show_its_object() -> None:
    assert "CANARY" not in repr(review.parse(body({"key": "CANARY"})))


@pytest.mark.parametrize(
    ("raw", "asks"),
    [
        pytest.param(b'{"steps":[{"extensions":[]}]}', True, id="block"),
        pytest.param(b'{"annotations":{"extensions.fuseml.org/pod-selectors":"x"}}', True, id="annotation"),
        pytest.param(b'{"script":"<< extension.a.url >>"}', True, id="expression"),
        pytest.param(b'{"script":"\\u003c\\u003c extension.a.url \\u003e\\u003e"}', True, id="escaped"),
        pytest.param(b'{"script":"\\u003C\\u003C extension.a.url"}', True, id="escaped-in-capitals"),
        pytest.param(b'{"script":"\\u003c\\u003C extension.a.url"}', True, id="escaped-both-ways"),
        pytest.param(b'{"script":"<\\u003c extension.a.url"}', True, id="half-escaped"),
        pytest.param(b'{"script":"\\u003c< extension.a.url"}', True, id="other-half-escaped"),
        pytest.param(b'{"script":"\\\\<< extension.a.url"}', True, id="escape-of-ours"),
        pytest.param(b"{}", False, id="empty"),
        pytest.param(b"null", False, id="null"),
        pytest.param(b'{"apiVersion":"extensions/v1beta1"}', False, id="old-api-group"),
        pytest.param(b'{"group":"apiextensions.k8s.io"}', False, id="other-api-group"),
        pytest.param(b'{"script":"cat <<EOF"}', False, id="heredoc"),
        pytest.param(b'{"script":"a < extension"}', False, id="one-opener"),
        pytest.param(b'{"f:extensions":{}}', False, id="managed-fields"),
    ],
)
def test_an_object_asks_if_it_holds_a_mark_of_ours(raw: bytes, asks: bool) -> None:
    assert review.parse(with_object(raw)).asks is asks


def test_an_old_object_does_not_ask() -> None:
    assert not review.parse(body(old={"extensions": []})).asks


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        pytest.param(b"", "body: not JSON", id="empty"),
        pytest.param(b"hello", "body: not JSON", id="no-json"),
        pytest.param(body()[:-20], "body: not JSON", id="truncated"),
        pytest.param(body() + b"x", "body: not JSON", id="trailing"),
        pytest.param(b"\xef\xbb\xbf" + body(), "body: not JSON", id="byte-order-mark"),
        pytest.param(body().replace(b'"alice"', b'"\xff"'), "body: not JSON", id="no-utf-8"),
        pytest.param(body().replace(b'"alice"', b'"\\ud800"'), "body: not JSON", id="half-a-character"),
        pytest.param(with_object(b"NaN"), "body: not JSON", id="not-a-number"),
        pytest.param(b"[" * 100_000, "body: missing or invalid", id="deep-body"),
        pytest.param(with_object(b"[" * 100_000), "body: nested too deep", id="deep-lists"),
        pytest.param(with_object(b'{"a":' * 100_000), "body: nested too deep", id="deep-mappings"),
        pytest.param(b"[]", "body: missing or invalid", id="list"),
        pytest.param(b"null", "body: missing or invalid", id="null"),
        pytest.param(b"{}", "apiVersion: missing or invalid", id="no-version"),
        pytest.param(body().replace(b'"request":', b'"x":'), "request: missing or invalid", id="no-request"),
        pytest.param(
            b'{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":null}',
            "request: missing or invalid",
            id="null-request",
        ),
        pytest.param(body().replace(b'"uid"', b'"id"'), "request.uid: missing or invalid", id="no-uid"),
        pytest.param(body(uid=7), "request.uid: missing or invalid", id="uid-number"),
        pytest.param(body(uid=""), "request.uid: expected 1 to 128 printable characters", id="uid-empty"),
        pytest.param(body(uid="a\nb"), "request.uid: expected 1 to 128 printable characters", id="uid-of-two-lines"),
        pytest.param(body(uid="a" * 129), "request.uid: expected 1 to 128 printable characters", id="uid-long"),
        pytest.param(body(kind={"kind": ["Pod"]}), "request.kind.kind: missing or invalid", id="kind-list"),
        pytest.param(
            body(userInfo={"username": None}),
            "request.userInfo.username: missing or invalid",
            id="user-null",
        ),
        pytest.param(
            body().replace(b".io/v1", b".io/v1beta1"),
            "expected an AdmissionReview of admission.k8s.io/v1",
            id="v1beta1",
        ),
        pytest.param(
            body().replace(b'"AdmissionReview"', b'"Review"'),
            "expected an AdmissionReview of admission.k8s.io/v1",
            id="other-kind",
        ),
    ],
)
def test_a_body_that_is_no_review_is_refused(raw: bytes, message: str) -> None:
    with pytest.raises(BadReviewError) as caught:
        review.parse(raw)

    assert str(caught.value) == message


def nested(levels: int, opener: bytes, closer: bytes) -> bytes:
    return opener * levels + closer * levels


TOO_MANY = "request.object: more than 500000 lists and mappings"


@pytest.mark.parametrize(
    "unit",
    [
        pytest.param(b"[]", id="lists"),
        pytest.param(b"{}", id="mappings"),
        pytest.param(b"[[]]", id="nested"),
        pytest.param(b'{"a":[]}', id="both"),
    ],
)
def test_more_lists_and_mappings_than_a_real_object_has_are_refused_unread(unit: bytes) -> None:
    each = unit.count(b"[") + unit.count(b"{")
    # The object itself and the list in it are two.
    most = (review.CONTAINER_LIMIT - 2) // each
    enough = review.parse(with_object(b'{"x":[' + b",".join([unit] * most) + b"]}"))
    too_many = review.parse(with_object(b'{"x":[' + b",".join([unit] * (most + 1)) + b"]}"))

    assert enough.obj is not None
    with pytest.raises(BadReviewError) as caught:
        _ = too_many.obj
    assert str(caught.value) == TOO_MANY


def test_a_large_object_of_texts_and_numbers_is_read() -> None:
    obj = {"script": "x" * 2_000_000, "n": list(range(300_000))}

    assert review.parse(body(obj)).obj == obj


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        pytest.param(b"[]", "request.object: expected an object", id="list"),
        pytest.param(b"7", "request.object: expected an object", id="number"),
        pytest.param(b'{"a":"\xff"}', "request.object: not JSON", id="no-utf-8"),
        pytest.param(b'{"a":' + b"1" * 5000 + b"}", "request.object: missing or invalid", id="huge-number"),
        pytest.param(
            b'{"a":' + nested(64, b"[", b"]") + b"}",
            "request.object: nested deeper than 64 levels",
            id="too-deep",
        ),
        pytest.param(
            b'{"a":' + nested(500, b"[", b"]") + b"}",
            "request.object: nested deeper than 64 levels",
            id="much-too-deep",
        ),
    ],
)
def test_a_value_that_is_no_object_is_refused_when_it_is_read(raw: bytes, message: str) -> None:
    admission = review.parse(with_object(raw))

    with pytest.raises(BadReviewError) as caught:
        _ = admission.obj

    assert str(caught.value) == message


def test_an_old_object_is_refused_in_the_same_way() -> None:
    with pytest.raises(BadReviewError, match=r"^request\.oldObject: expected an object$"):
        _ = review.parse(body(old=[])).old


def test_an_object_of_64_levels_is_read() -> None:
    admission = review.parse(with_object(b'{"a":' + nested(63, b"[", b"]") + b"}"))

    assert admission.obj is not None


def test_the_last_of_two_equal_keys_counts() -> None:
    raw = body(name="second").replace(b'"name":"second"', b'"name":"first","name":"second"')

    assert review.parse(raw).name == "second"


def test_an_answer_without_changes_has_no_patch() -> None:
    assert answer(review.allowed(ADMISSION)) == {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "response": {"uid": "u-1", "allowed": True},
    }


def test_changes_are_answered_as_a_compact_json_patch() -> None:
    ops = ({"op": "add", "path": "/spec/x", "value": [1, "ü"]},)

    raw = review.allowed(ADMISSION, ops=ops, warnings=["w"], audit={"ids": "a/b"})

    assert answer(raw)["response"] == {
        "uid": "u-1",
        "allowed": True,
        "patchType": "JSONPatch",
        "patch": list(ops),
        "warnings": ["w"],
        "auditAnnotations": {"ids": "a/b"},
    }
    patch = base64.b64decode(json.loads(raw)["response"]["patch"])
    assert patch == '[{"op":"add","path":"/spec/x","value":[1,"ü"]}]'.encode()


def test_a_patch_that_is_too_large_is_refused() -> None:
    ops = ({"op": "add", "path": "/a", "value": "x" * review.PATCH_LIMIT},)

    with pytest.raises(RefusedError) as caught:
        review.allowed(ADMISSION, ops=ops)

    assert str(caught.value) == "the patch is larger than 2 MiB: ask for less in one object, or split it"


@pytest.mark.parametrize(
    ("warning", "lines"),
    [
        pytest.param("a", ["a"], id="as-it-is"),
        pytest.param("a\nb\r\nc", ["a", "b", "c"], id="one-line-each"),
        pytest.param("\n\n", None, id="nothing-to-say"),
        pytest.param("a\x1b[31mb\x7f\u202ec\ud800", ["a[31mbc"], id="control-characters"),
        pytest.param("a\tb", ["a b"], id="tab"),
        pytest.param("x" * 120, ["x" * 120], id="just-fits"),
        pytest.param("x" * 121, ["x" * 119 + "…"], id="too-long"),
    ],
)
def test_warnings_are_short_lines(warning: str, lines: list[str] | None) -> None:
    assert answer(review.allowed(ADMISSION, warnings=[warning]))["response"].get("warnings") == lines


def test_a_refusal_says_why() -> None:
    assert answer(review.denied(ADMISSION, "steps[a]: no\nsteps[b]: no\x00")) == {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "response": {
            "uid": "u-1",
            "allowed": False,
            "status": {"code": 422, "reason": "Invalid", "message": "steps[a]: no\nsteps[b]: no"},
        },
    }


def test_a_refusal_may_have_another_code() -> None:
    status = answer(review.denied(ADMISSION, "no", code=403, reason="Forbidden"))["response"]["status"]

    assert status == {"code": 403, "reason": "Forbidden", "message": "no"}


@pytest.mark.parametrize("line", ["ä" * 50, "ä" * 20_000], ids=["many-lines", "one-line"])
def test_a_long_refusal_is_cut(line: str) -> None:
    message = answer(review.denied(ADMISSION, "\n".join([line] * 1000)))["response"]["status"]["message"]

    assert message.endswith("ä\n…")
    assert review.MESSAGE_LIMIT - 200 < len(message.encode()) < review.MESSAGE_LIMIT + 10
    assert set(message[:-2].split("\n")) <= {line, line[: review.MESSAGE_LIMIT // 2]}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
PATHS = st.sampled_from(
    [(), ("apiVersion",), ("kind",), ("request",)]
    + [("request", k) for k in json.loads(body())["request"]]
    + [("request", "kind", "kind"), ("request", "userInfo", "username"), ("request", "object", "spec")]
)


def survive(raw: bytes) -> None:
    """Read any bytes: either every part of the review can be read, or the error is one short line."""
    try:
        admission = review.parse(raw)
        _ = admission.asks
        review.allowed(admission)
        _ = admission.obj, admission.old
    except BadReviewError as e:
        assert 0 < len(str(e)) < 120
        assert str(e).isprintable()


@given(st.binary(max_size=200))
def test_any_bytes_are_survived(raw: bytes) -> None:
    survive(raw)


@given(PATHS, JSON)
def test_any_value_in_any_place_is_survived(path: tuple[str, ...], value: Any) -> None:
    document: Any = json.loads(body())
    if not path:
        document = value
    else:
        parent = document
        for key in path[:-1]:
            parent = parent[key]
        parent[path[-1]] = value

    survive(json.dumps(document).encode())


@settings(max_examples=400)
@given(st.data())
def test_any_damage_is_survived(data: st.DataObject) -> None:
    raw = bytearray(body({"extensions": [{"a": [1.5, "\\ud800", None]}]}, old={"b": {}}))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw)))
        upto = data.draw(st.integers(at, min(at + 12, len(raw))))
        raw[at:upto] = data.draw(
            st.binary(max_size=6) | st.sampled_from([b"NaN", b"[" * 3000, b"\\ud800", b"9" * 5000, b'"', b"}"])
        )

    survive(bytes(raw))


@given(st.integers(1, 90))
@example(64)
@example(65)
@example(66)
def test_lists_and_mappings_count_as_the_same_depth(levels: int) -> None:
    lists: Any = []
    for _ in range(levels - 1):
        lists = [lists]
    mappings: Any = {"a": []}
    for _ in range(levels - 2):
        mappings = {"a": mappings}

    assert review._is_flat(lists) is (levels <= review.DEPTH_LIMIT)
    assert review._is_flat(mappings) is (max(levels, 2) <= review.DEPTH_LIMIT)
