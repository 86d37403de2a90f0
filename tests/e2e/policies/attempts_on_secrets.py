"""What each person tries with Secrets, and whether it should succeed. Pure."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.e2e.policies.people import (
    ADMINISTRATOR,
    CONTROLLER,
    GARBAGE_COLLECTOR,
    KEEPER,
    MIGRATOR,
    NAMESPACE_CONTROLLER,
    TENANT,
)
from tests.e2e.policies.secrets_world import (
    CERTIFICATES,
    COPY,
    FROZEN,
    ODD,
    OWNER,
    PLAIN,
    PREFIX,
    TYPE,
    TYPED,
    World,
    encoded,
    secret,
)
from tests.e2e.support.secret_reader import APPLY_PATCH, JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH

ONLY_COPIES = "of Secrets the controller may write only its copies of credentials"
ONLY_THE_CONTROLLER = "are copies of shared credentials; only the controller of fuseml-system writes them"
NO_RIGHT = "cannot {} resource"


class Row(NamedTuple):
    """An attempt.

    Attributes:
        refused: A part of the message with which it is refused; empty if it succeeds.
    """

    what: str
    who: str
    method: str
    path: str
    refused: str
    body: Any = None
    kind: str = "application/json"
    query: str = ""


def rows(world: World) -> list[Row]:
    """All attempts."""
    return [*_controller(world), *_tenant(world), *_tenant_changes(world), *_others(world)]


def _path(namespace: str, name: str = "") -> str:
    return f"/api/v1/namespaces/{namespace}/secrets" + (f"/{name}" if name else "")


def _controller(world: World) -> Iterator[Row]:
    home, new = world.home, f"{PREFIX}new"

    def create(what: str, obj: dict[str, Any], refused: str = ONLY_COPIES, namespace: str = home) -> Row:
        return Row(f"controller creates {what}", CONTROLLER, "POST", _path(namespace), refused, obj)

    def update(what: str, obj: dict[str, Any], refused: str = ONLY_COPIES, namespace: str = home) -> Row:
        return Row(
            f"controller updates {what}", CONTROLLER, "PUT", _path(namespace, obj["metadata"]["name"]), refused, obj
        )

    def delete(what: str, name: str, refused: str = ONLY_COPIES, namespace: str = home, query: str = "") -> Row:
        return Row(f"controller deletes {what}", CONTROLLER, "DELETE", _path(namespace, name), refused, query=query)

    yield create("a copy", secret(new, TYPE), "")
    yield create("an immutable copy", secret(new, TYPE, immutable=True), "")
    yield create("a copy with a generated name", secret("", TYPE, generateName=PREFIX), "")
    yield create("a Secret", secret("new"))
    yield create("a Secret with a generated name", secret("", generateName="new-"))
    yield create("one of another type under our prefix", secret(new))
    yield create("one of our type under another name", secret("new", TYPE))
    yield create("one of our type with a generated name", secret("", TYPE, generateName="fuseml-credentials"))
    yield create("a login token", secret("bootstrap-token-abcdef", "bootstrap.kubernetes.io/token"))
    token = {"kubernetes.io/service-account.name": "default"}
    yield create("a token", secret(new, "kubernetes.io/service-account-token", annotations=token))
    yield create("a copy with a finalizer", secret(new, TYPE, finalizers=["example.com/x"]))
    yield create("a copy with an owner", secret(new, TYPE, ownerReferences=[OWNER]))
    yield create("a copy in the registry", secret(new, TYPE), namespace=world.registry)
    yield create("a copy beside the processes", secret(new, TYPE), namespace=world.system)
    yield create("a certificate", secret(CERTIFICATES[0]), namespace=world.system)
    yield update("a copy", secret(COPY, TYPE, "new"), "")
    yield update("a copy's labels", secret(COPY, TYPE, labels={"a": "b"}), "")
    yield update("a copy, with a finalizer", secret(COPY, TYPE, finalizers=["example.com/x"]))
    yield update("a copy, with an owner", secret(COPY, TYPE, ownerReferences=[OWNER]))
    yield update("a Secret", secret(PLAIN, value="new"))
    yield update("a Secret, as it is", secret(PLAIN))
    yield update("a Secret, without values", secret(PLAIN) | {"data": None})
    yield update("a Secret under our prefix", secret(ODD, value="new"))
    yield update("a Secret under another name", secret(TYPED, TYPE, "new"))
    yield update("a Secret to our type", secret(ODD, TYPE), "field is immutable")
    yield update("a Secret called as a certificate", secret(CERTIFICATES[1], value="new"))
    for name in CERTIFICATES:
        yield update(name, secret(name, value="new"), "", world.system)
    yield update("another Secret beside the processes", secret(PLAIN, value="new"), namespace=world.system)
    yield update("a Secret of the registry", secret(PLAIN, value="new"), namespace=world.registry)
    yield update("a copy in the registry", secret(COPY, TYPE, "new"), namespace=world.registry)
    yield delete("a copy", COPY, "")
    for policy in ("Foreground", "Orphan"):
        query = f"propagationPolicy={policy}"
        yield delete(f"a Secret, {policy}", PLAIN, query=query)
        yield delete(f"a certificate, {policy}", CERTIFICATES[0], namespace=world.system, query=query)
    for name in (PLAIN, ODD, TYPED, FROZEN):
        yield delete(f"a Secret called {name}", name)
    yield delete("a certificate", CERTIFICATES[1], namespace=world.system)
    yield delete("a Secret of the registry", PLAIN, namespace=world.registry)
    yield delete("a copy in the registry", COPY, namespace=world.registry)
    yield Row("controller deletes all", CONTROLLER, "DELETE", _path(home), NO_RIGHT.format("deletecollection"))
    for kind, patch in ((MERGE_PATCH, {}), (STRATEGIC_PATCH, {}), (JSON_PATCH, []), (APPLY_PATCH, secret(COPY, TYPE))):
        query = "fieldManager=x" if kind == APPLY_PATCH else ""
        yield Row(f"controller patches, {kind}", CONTROLLER, "PATCH", _path(home, COPY), NO_RIGHT.format("patch"),
                  patch, kind, query)  # fmt: skip


def _tenant(world: World) -> Iterator[Row]:
    home, no = world.home, ONLY_THE_CONTROLLER

    def create(what: str, obj: dict[str, Any], refused: str) -> Row:
        return Row(f"tenant creates {what}", TENANT, "POST", _path(home), refused, obj)

    def apply(what: str, obj: dict[str, Any], refused: str) -> Row:
        path = _path(home, obj["metadata"]["name"])
        return Row(
            f"tenant applies {what}", TENANT, "PATCH", path, refused, obj, APPLY_PATCH, "fieldManager=x&force=true"
        )

    def delete(what: str, name: str, refused: str = no, namespace: str = home, query: str = "") -> Row:
        return Row(f"tenant deletes {what}", TENANT, "DELETE", _path(namespace, name), refused, query=query)

    yield create("a Secret", secret("new"), "")
    yield create("a Secret with a generated name", secret("", generateName="new-"), "")
    yield create("one whose name begins nearly as ours", secret("fuseml-credentialsx"), "")
    yield create("one under our prefix", secret(f"{PREFIX}new"), no)
    yield create("one under our prefix, generated", secret("", generateName=PREFIX), no)
    yield create("one of our type", secret("new", TYPE), no)
    yield create("a copy", secret(f"{PREFIX}new", TYPE), no)
    yield create("a copy without values", secret(f"{PREFIX}new", TYPE) | {"data": None}, no)
    yield apply("a new Secret", secret("new"), "")
    yield apply("a new one under our prefix", secret(f"{PREFIX}new"), no)
    yield apply("a new one of our type", secret("new", TYPE), no)
    yield apply("a Secret", secret(PLAIN, value="new"), "")
    yield apply("a copy", secret(COPY, TYPE, "new"), no)
    yield apply("a copy as it is", secret(COPY, TYPE), "")
    yield Row(
        "tenant updates a Secret", TENANT, "PUT", _path(home, PLAIN), "", secret(PLAIN, value="new", labels={"a": "b"})
    )
    yield Row("tenant makes a Secret immutable", TENANT, "PUT", _path(home, PLAIN), "", secret(PLAIN, immutable=True))
    for kind, patch in _patches("new"):
        yield Row(f"tenant patches a Secret, {kind}", TENANT, "PATCH", _path(home, PLAIN), "", patch, kind)
        for name in (COPY, ODD, TYPED):
            yield Row(f"tenant patches {name}, {kind}", TENANT, "PATCH", _path(home, name), no, patch, kind)
    for what, name in (("a copy", COPY), ("one under our prefix", ODD), ("one of our type", TYPED)):
        yield delete(what, name)
        yield delete(f"{what} in the foreground", name, query="propagationPolicy=Foreground")
    yield delete("a Secret", PLAIN, "")
    yield delete("all", "")
    yield delete("those that are labelled", "", "", query="labelSelector=app=mine")
    gone = secret(COPY, TYPE, "new")
    yield Row("tenant updates a copy while the namespace goes", TENANT, "PUT", _path(world.gone, COPY), no, gone)
    yield delete("a copy while the namespace goes", COPY, "", world.gone)
    yield delete("all while the namespace goes", "", "", world.gone)


def _patches(value: str) -> Iterator[tuple[str, Any]]:
    new = {"data": {"password": encoded(value)}}
    yield MERGE_PATCH, new
    yield STRATEGIC_PATCH, new
    yield JSON_PATCH, [{"op": "replace", "path": "/data/password", "value": encoded(value)}]


def _tenant_changes(world: World) -> Iterator[Row]:
    """Each part of a copy on its own."""
    path = _path(world.home, COPY)
    for what, patch in {
        "value": {"data": {"password": encoded("new")}},
        "value more": {"data": {"more": ""}},
        "value as text": {"stringData": {"password": "new"}},
        "immutability": {"immutable": True},
        "label": {"metadata": {"labels": {"a": "b"}}},
        "annotation": {"metadata": {"annotations": {"a": "b"}}},
        "finalizer": {"metadata": {"finalizers": ["example.com/x"]}},
        "owner": {"metadata": {"ownerReferences": [OWNER]}},
    }.items():
        yield Row(f"tenant changes a copy's {what}", TENANT, "PATCH", path, ONLY_THE_CONTROLLER, patch, MERGE_PATCH)
    change_type = {"type": "Opaque"}
    yield Row("tenant changes a copy's type", TENANT, "PATCH", path, "field is immutable", change_type, MERGE_PATCH)
    yield Row("tenant replaces a copy", TENANT, "PUT", path, ONLY_THE_CONTROLLER, secret(COPY, TYPE, "new"))


def _others(world: World) -> Iterator[Row]:
    home, path, new = world.home, _path(world.home, COPY), f"{PREFIX}new"
    for kind, patch in ((MERGE_PATCH, {}), (JSON_PATCH, [])):
        yield Row(f"migrator stores a copy again, {kind}", MIGRATOR, "PATCH", path, "", patch, kind)
    yield Row("migrator replaces a copy by itself", MIGRATOR, "PUT", path, "", secret(COPY, TYPE))
    yield Row("migrator changes a copy", MIGRATOR, "PUT", path, ONLY_THE_CONTROLLER, secret(COPY, TYPE, "new"))
    yield Row("keeper updates a copy", KEEPER, "PUT", path, "", secret(COPY, TYPE, "new"))
    yield Row("keeper deletes a copy", KEEPER, "DELETE", path, ONLY_THE_CONTROLLER)
    yield Row("keeper creates a copy", KEEPER, "POST", _path(home), ONLY_THE_CONTROLLER, secret(new, TYPE))
    yield Row("administrator creates a copy", ADMINISTRATOR, "POST", _path(home), "", secret(new, TYPE))
    yield Row("administrator repairs a copy", ADMINISTRATOR, "PUT", path, "", secret(COPY, TYPE, "new"))
    yield Row("administrator deletes a copy", ADMINISTRATOR, "DELETE", path, "")
    yield Row("administrator deletes all", ADMINISTRATOR, "DELETE", _path(home), "")
    yield Row("administrator deletes a copy in the registry", ADMINISTRATOR, "DELETE", _path(world.registry, COPY), "")
    yield Row("garbage collector deletes a copy", GARBAGE_COLLECTOR, "DELETE", path, "")
    yield Row("namespace controller empties a namespace", NAMESPACE_CONTROLLER, "DELETE", _path(world.gone), "")
