"""What a thief of a token would try, to read or change a Secret: every verb, patch, dry run and error there is."""

from base64 import b64encode
from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

from tests.e2e.support.caller import Answer, Caller

JSON_PATCH, MERGE_PATCH = "application/json-patch+json", "application/merge-patch+json"
STRATEGIC_PATCH, APPLY_PATCH = "application/strategic-merge-patch+json", "application/apply-patch+yaml"
DRY = "dryRun=All"
PARTIAL = ";g=meta.k8s.io;v=v1"
# The API server shows an object in all of these.
FORMS = [
    "application/json", "application/yaml", "application/cbor", "application/vnd.kubernetes.protobuf",
    f"application/json;as=Table{PARTIAL}", f"application/json;as=PartialObjectMetadata{PARTIAL}",
    f"application/json;as=PartialObjectMetadataList{PARTIAL}",
]  # fmt: skip
# Fields whose value the API server quotes when it refuses it.
QUOTED = [
    "/type", "/immutable", "/metadata/labels", "/metadata/annotations", "/metadata/name", "/metadata/namespace",
    "/metadata/resourceVersion", "/metadata/uid", "/metadata/creationTimestamp", "/metadata/finalizers",
    "/metadata/ownerReferences", "/metadata/generateName", "/kind", "/apiVersion", "/stringData",
]  # fmt: skip
SUBRESOURCES = ["status", "scale", "finalize", "log", "token", "proxy", "binding", "exec"]


class Attempt(NamedTuple):
    """A request that was sent, and the answer."""

    what: str
    answer: Answer


def attempts(caller: Caller, namespace: str, name: str, key: str = "password") -> list[Attempt]:
    """Try to read and to change the Secret *name*, whose value is under *key*; return every answer.

    First comes what changes nothing, and last what removes it.
    """
    secrets = f"/api/v1/namespaces/{namespace}/secrets"
    requests = [
        *_readings(secrets, name),
        *_patches(f"{secrets}/{name}", name, key),
        *_trial_deletions(secrets, name),
        *_creations(secrets, name),
        *_updates(f"{secrets}/{name}", name),
        *_subresources(f"{secrets}/{name}", name),
        *_deletions(secrets, name),
    ]
    found = []
    for method, path, body, kind, accept in requests:
        what = f"{method} {path} {kind} {accept} {body!r:.200}"
        found.append(Attempt(what, caller.send(method, path, body, kind, accept)))
    return found


def guesses(caller: Caller, namespace: str, name: str, guess: dict[str, str]) -> dict[str, Answer]:
    """What the API server answers to each way of guessing the values of the Secret *name*."""
    path, immutable = f"/api/v1/namespaces/{namespace}/secrets/{name}?{DRY}", {"immutable": True}
    encoded = {key: b64encode(value.encode()).decode() for key, value in guess.items()}
    tests = [{"op": "test", "path": f"/data/{key}", "value": value} for key, value in encoded.items()]
    put = {"metadata": {"name": name}, "type": "Opaque", "data": encoded}
    typed = {"apiVersion": "v1", "kind": "Secret", **put}
    return {
        "update": caller.send("PUT", path, put),
        "update of an immutable one": caller.send("PUT", path, put | immutable),
        "update, written as text": caller.send("PUT", path, {**put, **immutable, "data": None, "stringData": guess}),
        "update to another type": caller.send("PUT", path, put | immutable | {"type": "example.com/other"}),
        "JSON patch": caller.send("PATCH", path, tests, JSON_PATCH),
        "merge patch": caller.send("PATCH", path, put | immutable, MERGE_PATCH),
        "server-side apply": caller.send("PATCH", f"{path}&fieldManager=thief", typed, APPLY_PATCH),
        "creation": caller.send("POST", f"{path.partition(f'/{name}?')[0]}?{DRY}", put),
    }  # fmt: skip


Request = tuple[str, str, Any, str, str]


def _request(
    method: str, path: str, body: Any = None, kind: str = "application/json", accept: str = "application/json"
) -> Request:
    return method, path, body, kind, accept


def _readings(secrets: str, name: str) -> Iterator[Request]:
    for form in FORMS:
        yield _request("GET", f"{secrets}/{name}", accept=form)
        yield _request("GET", secrets, accept=form)
        yield _request("GET", f"{secrets}?watch=1&timeoutSeconds=1", accept=form)
    yield _request("GET", f"{secrets}?fieldSelector=metadata.name={name}")
    yield _request("GET", f"{secrets.replace('/api/v1', '/api/v1/watch')}/{name}?timeoutSeconds=1")
    yield _request("GET", "/api/v1/secrets")
    yield _request("GET", "/api/v1/secrets?watch=1&timeoutSeconds=1")


def _patches(secret: str, name: str, key: str) -> Iterator[Request]:
    typed = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}}
    empty = [
        (MERGE_PATCH, {}), (STRATEGIC_PATCH, {}), (JSON_PATCH, []), (APPLY_PATCH, typed),
        ("application/apply-patch+cbor", b"\xd9\xd9\xf7\xa0"), ("application/json", {}),
    ]  # fmt: skip
    for (kind, patch), dry, manager in product(
        empty, ("", DRY), ("", "fieldManager=thief", "force=true&fieldManager=t")
    ):
        yield _request("PATCH", f"{secret}?{dry}&{manager}", patch, kind)
    for form in FORMS:
        yield _request("PATCH", f"{secret}?{DRY}", {}, MERGE_PATCH, form)
    for source, to in product((f"/data/{key}", "/data", "", "/metadata"), QUOTED):
        yield _request("PATCH", f"{secret}?{DRY}", [{"op": "copy", "from": source, "path": to}], JSON_PATCH)
        yield _request("PATCH", f"{secret}?{DRY}", [{"op": "move", "from": source, "path": to}], JSON_PATCH)
    label = [{"op": "add", "path": "/metadata/labels", "value": {}}]
    yield _request("PATCH", f"{secret}?{DRY}", [
        *label, {"op": "copy", "from": f"/data/{key}", "path": "/metadata/labels/a"}], JSON_PATCH)  # fmt: skip
    for patch in ({"type": None}, {"data": None}, {"data": {key: 1}}, {"metadata": {"name": "other"}}):
        yield _request("PATCH", secret, patch, MERGE_PATCH)


def _bodies(name: str) -> Iterator[Any]:
    """What is written in place of the Secret, most of it wrong in some way."""
    plain = {"metadata": {"name": name}}
    yield plain
    for more in (
        {"type": "Opaque"}, {"type": "fuseml.org/credentials"}, {"type": "kubernetes.io/tls"}, {"immutable": True},
        {"type": "kubernetes.io/service-account-token"}, {"data": {"a b": "eA=="}}, {"data": {"a": "no base64"}},
        {"data": 1}, {"stringData": {"a": "b"}}, {"unknown": 1}, {"kind": "ConfigMap"}, {"apiVersion": "v2"},
    ):  # fmt: skip
        yield plain | more
    owner = {"apiVersion": "v1", "kind": "Secret", "name": name, "uid": "1"}
    for metadata in (
        {"resourceVersion": "1"}, {"resourceVersion": "x"}, {"uid": "1"}, {"namespace": "elsewhere"},
        {"finalizers": ["example.com/x"]}, {"finalizers": ["no finalizer"]}, {"ownerReferences": [owner]},
        {"labels": {"a": " b "}}, {"generateName": name}, {"creationTimestamp": "2000-01-01T00:00:00Z"},
        {"deletionTimestamp": "2000-01-01T00:00:00Z"}, {"managedFields": [{"manager": "x"}]}, {"managedFields": []},
    ):  # fmt: skip
        yield {"metadata": {"name": name, **metadata}}
    yield from ({}, [], None, "", "{", b"\x00", {"metadata": None}, {"metadata": {"name": "another"}})


def _creations(secrets: str, name: str) -> Iterator[Request]:
    for body, query in product(_bodies(name), (DRY, "", "fieldValidation=Strict")):
        yield _request("POST", f"{secrets}?{query}", body)
    for form in FORMS:
        yield _request("POST", f"{secrets}?{DRY}", {"metadata": {"name": name}}, accept=form)
    yield _request("POST", secrets, {"metadata": {"generateName": f"{name}-"}})


def _updates(secret: str, name: str) -> Iterator[Request]:
    for body, query in product(_bodies(name), (DRY, "", "fieldValidation=Strict")):
        yield _request("PUT", f"{secret}?{query}", body)
    for form in FORMS:
        yield _request("PUT", f"{secret}?{DRY}", {"metadata": {"name": name}}, accept=form)


def _subresources(secret: str, name: str) -> Iterator[Request]:
    for subresource, method in product(SUBRESOURCES, ("GET", "POST", "PUT", "PATCH", "DELETE")):
        kind = MERGE_PATCH if method == "PATCH" else "application/json"
        yield _request(method, f"{secret}/{subresource}", {"metadata": {"name": name}}, kind)


def _trial_deletions(secrets: str, name: str) -> Iterator[Request]:
    secret = f"{secrets}/{name}"
    policies = ("Background", "Foreground", "Orphan", "Unknown")
    for policy, form in product(policies, FORMS):
        yield _request("DELETE", f"{secret}?{DRY}&propagationPolicy={policy}", accept=form)
    options = {"kind": "DeleteOptions", "apiVersion": "v1", "dryRun": ["All"]}
    for more in (
        {}, {"preconditions": {"uid": "1"}}, {"preconditions": {"resourceVersion": "1"}}, {"gracePeriodSeconds": 60},
        {"gracePeriodSeconds": 0}, {"orphanDependents": True}, {"orphanDependents": False}, {"unknown": 1},
        {"ignoreStoreReadErrorWithClusterBreakingPotential": True}, *({"propagationPolicy": p} for p in policies),
    ):  # fmt: skip
        yield _request("DELETE", secret, options | more)
    for query in (DRY, f"{DRY}&fieldSelector=metadata.name={name}", f"{DRY}&propagationPolicy=Foreground"):
        yield _request("DELETE", f"{secrets}?{query}")


def _deletions(secrets: str, name: str) -> Iterator[Request]:
    secret = f"{secrets}/{name}"
    # None of these is a dry run: a body, even an empty one, replaces the options of the query.
    for query, body in (
        (DRY, {}),
        ("propagationPolicy=Foreground", None),
        ("propagationPolicy=Orphan", None),
        ("", None),
    ):
        yield _request("DELETE", f"{secret}?{query}", body)
    yield _request("DELETE", f"{secrets}?fieldSelector=metadata.name={name}")
    yield _request("DELETE", secrets)
