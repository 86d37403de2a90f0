"""EDGE: the three objects of the cluster that hold the webhook's certificates."""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kubernetes.client import (
    AdmissionregistrationV1Api,
    ApiClient,
    CoreV1Api,
    V1MutatingWebhookConfiguration,
    V1Secret,
)

from webhook.controller.api_calls import LIMITED, WRITING, asking, metadata
from webhook.controller.certificates.authority import Authority, Leaf, key_pem, read_authorities, read_leaf
from webhook.controller.certificates.plan import World, bundle

AUTHORITIES: Final = "fuseml-webhook-ca"
LEAF: Final = "fuseml-webhook-tls"
# Its value says what the Secret that bears it holds.
ROTATE: Final = "extensions.fuseml.org/rotate"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The objects as they were read, and what they mean."""

    world: World
    authorities: V1Secret
    leaf: V1Secret
    configuration: V1MutatingWebhookConfiguration


class Objects:
    """Reads and writes them; a write fails if the object was changed since it was read.

    Args:
        namespace: Where the Secrets are.
        configuration: Name of the MutatingWebhookConfiguration.
        check: Called before each write, and raises if there must be none.
    """

    def __init__(self, api: ApiClient, *, namespace: str, configuration: str, check: Callable[[], None]) -> None:
        self._core = CoreV1Api(api)
        self._admission = AdmissionregistrationV1Api(api)
        self._namespace = namespace
        self._configuration = configuration
        self._check = check

    def look(self) -> Snapshot:
        """Read all of them.

        In the reverse of the order in which they are written: what is decided from is never older than what is
        written to, so a process that was asleep meanwhile cannot put back a bundle that was right when it read it.

        Raises:
            ClusterError: One of them cannot be read.
        """
        leaf = self._secret(LEAF)
        with asking(f"MutatingWebhookConfiguration {self._configuration!r}", "get, patch"):
            configuration = self._admission.read_mutating_webhook_configuration(self._configuration, **LIMITED)
        authorities = self._secret(AUTHORITIES)
        world = World(
            read_authorities(_value(authorities, "ca.crt"), _value(authorities, "ca.key")),
            read_leaf(_value(leaf, "tls.crt"), _value(leaf, "tls.key"), _value(leaf, "ca.crt")),
            tuple(_decoded(webhook.client_config.ca_bundle) for webhook in configuration.webhooks or ()),
            authority_wanted=_asked(authorities) == "ca",
            leaf_wanted=_asked(leaf) == "leaf",
        )
        return Snapshot(world, authorities, leaf, configuration)

    def save_authorities(self, snapshot: Snapshot, authorities: Sequence[Authority], *, done: bool) -> None:
        """Make *authorities* the ones that are trusted; *done* also takes away what asked for it."""
        keys = b"".join(key_pem(authority.key) for authority in authorities if authority.key)
        self._save(snapshot.authorities, {"ca.crt": bundle(authorities), "ca.key": keys}, done=done)

    def save_leaf(self, snapshot: Snapshot, leaf: Leaf) -> None:
        """Give *leaf* to the webhooks, and take away what asked for it."""
        if leaf.key is None or leaf.issuer is None:
            raise ValueError("a leaf without its key or issuer cannot be served")
        content = {"tls.crt": leaf.pem, "tls.key": key_pem(leaf.key), "ca.crt": Authority(leaf.issuer).pem}
        self._save(snapshot.leaf, content, done=True)

    def publish(self, snapshot: Snapshot, trusted: bytes) -> None:
        """Make *trusted* the caBundle of each webhook in the configuration, and change nothing else."""
        version = metadata(snapshot.configuration).resource_version
        ops: list[dict[str, Any]] = [{"op": "replace", "path": "/metadata/resourceVersion", "value": version}]
        ops += [
            {"op": "add", "path": f"/webhooks/{i}/clientConfig/caBundle", "value": _encoded(trusted)}
            for i, held in enumerate(snapshot.world.bundles)
            if held != trusted
        ]
        self._check()
        with asking(f"MutatingWebhookConfiguration {self._configuration!r}", "get, patch"):
            self._admission.patch_mutating_webhook_configuration(self._configuration, ops, **WRITING)

    def _secret(self, name: str) -> V1Secret:
        with asking(self._title(name), "get, update"):
            return self._core.read_namespaced_secret(name, self._namespace, **LIMITED)

    def _save(self, secret: V1Secret, content: Mapping[str, bytes], *, done: bool) -> None:
        secret.data = dict(secret.data or {}) | {key: _encoded(value) for key, value in content.items()}
        if done:
            (metadata(secret).annotations or {}).pop(ROTATE, None)
        self._check()
        name = metadata(secret).name or ""
        with asking(self._title(name), "get, update"):
            self._core.replace_namespaced_secret(name, self._namespace, secret, **WRITING)

    def _title(self, name: str) -> str:
        return f"Secret {name!r} in namespace {self._namespace!r}"


def unclear(snapshot: Snapshot) -> list[str]:
    """What is asked of a Secret that cannot be done with it."""
    return [
        f"Secret {metadata(secret).name!r}: {ROTATE}={_asked(secret)!r} means nothing here; only {means!r} does"
        for secret, means in ((snapshot.authorities, "ca"), (snapshot.leaf, "leaf"))
        if _asked(secret) not in {"", means}
    ]


def _asked(secret: V1Secret) -> str:
    return (metadata(secret).annotations or {}).get(ROTATE, "")


def _value(secret: V1Secret, key: str) -> bytes:
    return _decoded((secret.data or {}).get(key))


def _decoded(text: str | bytes | None) -> bytes:
    return base64.b64decode(text or b"")


def _encoded(value: bytes) -> str:
    return base64.b64encode(value).decode()
