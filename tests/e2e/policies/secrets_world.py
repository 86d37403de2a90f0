"""Namespaces with Secrets of every kind that policy-credentials.yaml tells apart."""

from base64 import b64encode
from typing import Any, NamedTuple

from tests.e2e.policies import people
from tests.e2e.policies.installation import WORLD, post
from tests.e2e.support.caller import Caller

TYPE, PREFIX = "fuseml.org/credentials", "fuseml-credentials-"
COPY = f"{PREFIX}mlflow-0a1b2c"
ODD = f"{PREFIX}of-another-type"
TYPED = "of-our-type"
PLAIN, SPARE, FROZEN = "plain", "spare", "frozen"
CERTIFICATES = ("fuseml-webhook-ca", "fuseml-webhook-tls")
OWNER = {"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "11111111-2222-3333-4444-555555555555"}


def encoded(text: str) -> str:
    """*text* as it is in the data of a Secret."""
    return b64encode(text.encode()).decode()


def secret(name: str, type_: str = "Opaque", value: str = "old", **more: Any) -> dict[str, Any]:
    """A Secret; what is in *more* goes into its metadata, except `immutable`."""
    top = {"immutable": more.pop("immutable")} if "immutable" in more else {}
    metadata = {"name": name, **more} if "generateName" not in more else more
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": type_,
            "data": {"password": encoded(value)}, **top}  # fmt: skip


class World(NamedTuple):
    """Names of namespaces: the tenant's, one of hers that is being deleted, the registry's, that of the processes."""

    home: str
    gone: str
    registry: str
    system: str

    @property
    def names(self) -> dict[str, str]:
        """What the namespaces of the product are called in this world."""
        return {"fuseml": self.registry, "fuseml-system": self.system}


REAL = World("home", "gone", "fuseml", "fuseml-system")


def variant(name: str) -> World:
    """A world for a variant of the policies."""
    return World(name, f"{name}-gone", f"{name}-registry", f"{name}-system")


def fixtures(world: World) -> list[tuple[str, dict[str, Any]]]:
    """Every Secret that there is, with its namespace."""
    labelled = secret(SPARE, labels={"app": "mine"})
    here = [secret(COPY, TYPE), secret(ODD), secret(TYPED, TYPE), secret(PLAIN), labelled,
            secret(FROZEN, immutable=True), secret(CERTIFICATES[1])]  # fmt: skip
    return [
        *((world.home, obj) for obj in here),
        (world.gone, secret(COPY, TYPE)), (world.gone, secret(PLAIN)),
        (world.registry, secret(PLAIN)), (world.registry, secret(COPY, TYPE)),
        (world.system, secret(PLAIN)), *((world.system, secret(name)) for name in CERTIFICATES),
    ]  # fmt: skip


def build(admin: Caller, world: World) -> None:
    """Create the namespaces and what is in them, before any policy is in force there."""
    for namespace in world:
        labels = {WORLD: world.home}
        post(admin, "/api/v1/namespaces", {"metadata": {"name": namespace, "labels": labels}})
    for namespace, obj in fixtures(world):
        post(admin, f"/api/v1/namespaces/{namespace}/secrets", obj)
    for namespace in (world.home, world.gone):
        people.grant(admin, namespace, people.TENANT, "all-secrets")
    people.grant(admin, world.home, people.MIGRATOR, "migrate-secrets")
    for namespace in (world.home, world.registry):
        people.grant(admin, namespace, people.KEEPER, "update-secrets")
    people.grant(admin, world.home, people.KEEPER, "all-secrets")
    # It stays in this state: no controller empties it here.
    admin.send("DELETE", f"/api/v1/namespaces/{world.gone}")
