"""EDGE: the three objects in the cluster that hold the webhook's certificates."""

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

from webhook.controller.api_calls import CALL_OPTIONS, WRITE_OPTIONS, metadata, translate_errors
from webhook.controller.certificates.authority import Authority, Leaf, key_pem, read_authorities, read_leaf
from webhook.controller.certificates.plan import CertificateState, bundle

AUTHORITIES: Final = "fuseml-webhook-ca"
LEAF: Final = "fuseml-webhook-tls"
# An annotation that requests a new certificate. Its value must fit the Secret: "ca" or "leaf".
ROTATE: Final = "extensions.fuseml.org/rotate"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The objects as they were read, and the state that they describe."""

    state: CertificateState
    authorities: V1Secret
    leaf: V1Secret
    configuration: V1MutatingWebhookConfiguration


class CertificateObjects:
    """Reads and writes the three objects. A write fails if the object was changed after it was read.

    Args:
        namespace: The namespace of the Secrets.
        configuration: The name of the MutatingWebhookConfiguration.
        check: Called before each write; raises NotLeaderError if this process must not write.
    """

    def __init__(self, api: ApiClient, *, namespace: str, configuration: str, check: Callable[[], None]) -> None:
        self._core = CoreV1Api(api)
        self._admission = AdmissionregistrationV1Api(api)
        self._namespace = namespace
        self._configuration = configuration
        self._check = check

    def read(self) -> Snapshot:
        """Read all three objects.

        They are read in the reverse of the order in which they are written. So a decision is never based on data older
        than the object that it changes, and a process that was suspended cannot write back an outdated caBundle.

        Raises:
            ClusterError: One of them cannot be read.
        """
        leaf = self._secret(LEAF)
        with translate_errors(f"MutatingWebhookConfiguration {self._configuration!r}", "get, patch"):
            configuration = self._admission.read_mutating_webhook_configuration(self._configuration, **CALL_OPTIONS)
        authorities = self._secret(AUTHORITIES)
        state = CertificateState(
            read_authorities(_value(authorities, "ca.crt"), _value(authorities, "ca.key")),
            read_leaf(_value(leaf, "tls.crt"), _value(leaf, "tls.key"), _value(leaf, "ca.crt")),
            tuple(_decoded(webhook.client_config.ca_bundle) for webhook in configuration.webhooks or ()),
            authority_requested=_requested(authorities) == "ca",
            leaf_requested=_requested(leaf) == "leaf",
        )
        return Snapshot(state, authorities, leaf, configuration)

    def save_authorities(self, snapshot: Snapshot, authorities: Sequence[Authority], *, done: bool) -> None:
        """Store *authorities* as the trusted ones; *done* also removes the annotation that requested the rotation."""
        keys = b"".join(key_pem(authority.key) for authority in authorities if authority.key)
        self._save(snapshot.authorities, {"ca.crt": bundle(authorities), "ca.key": keys}, done=done)

    def save_leaf(self, snapshot: Snapshot, leaf: Leaf) -> None:
        """Store *leaf* for the webhook to serve, and remove the annotation that requested it."""
        if leaf.key is None or leaf.issuer is None:
            raise ValueError("a leaf without its key or issuer cannot be served")
        content = {"tls.crt": leaf.pem, "tls.key": key_pem(leaf.key), "ca.crt": Authority(leaf.issuer).pem}
        self._save(snapshot.leaf, content, done=True)

    def publish(self, snapshot: Snapshot, trusted: bytes) -> None:
        """Write *trusted* as the caBundle of each webhook in the configuration, and change nothing else."""
        version = metadata(snapshot.configuration).resource_version
        ops: list[dict[str, Any]] = [{"op": "replace", "path": "/metadata/resourceVersion", "value": version}]
        ops += [
            {"op": "add", "path": f"/webhooks/{i}/clientConfig/caBundle", "value": _encoded(trusted)}
            for i, held in enumerate(snapshot.state.bundles)
            if held != trusted
        ]
        self._check()
        with translate_errors(f"MutatingWebhookConfiguration {self._configuration!r}", "get, patch"):
            self._admission.patch_mutating_webhook_configuration(self._configuration, ops, **WRITE_OPTIONS)

    def _secret(self, name: str) -> V1Secret:
        with translate_errors(self._title(name), "get, update"):
            return self._core.read_namespaced_secret(name, self._namespace, **CALL_OPTIONS)

    def _save(self, secret: V1Secret, content: Mapping[str, bytes], *, done: bool) -> None:
        secret.data = dict(secret.data or {}) | {key: _encoded(value) for key, value in content.items()}
        if done:
            (metadata(secret).annotations or {}).pop(ROTATE, None)
        self._check()
        name = metadata(secret).name or ""
        with translate_errors(self._title(name), "get, update"):
            self._core.replace_namespaced_secret(name, self._namespace, secret, **WRITE_OPTIONS)

    def _title(self, name: str) -> str:
        return f"Secret {name!r} in namespace {self._namespace!r}"


def unusable_requests(snapshot: Snapshot) -> list[str]:
    """Describe each ``rotate`` annotation whose value does not fit its Secret."""
    return [
        f"Secret {metadata(secret).name!r}: {ROTATE}={_requested(secret)!r} has no effect here; use {usable!r}"
        for secret, usable in ((snapshot.authorities, "ca"), (snapshot.leaf, "leaf"))
        if _requested(secret) not in {"", usable}
    ]


def _requested(secret: V1Secret) -> str:
    return (metadata(secret).annotations or {}).get(ROTATE, "")


def _value(secret: V1Secret, key: str) -> bytes:
    return _decoded((secret.data or {}).get(key))


def _decoded(text: str | bytes | None) -> bytes:
    return base64.b64decode(text or b"")


def _encoded(value: bytes) -> str:
    return base64.b64encode(value).decode()
