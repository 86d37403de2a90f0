"""Decides the next action for the webhook's certificates. Pure.

Each plan is one action, and the state is read again before the next one. So the controller may stop at any point. An
authority is replaced in three steps: the new one is created and trusted in addition to the old one, then it issues the
leaf, then the old one is dropped. Between these steps the plan waits until every API server knows the new caBundle, and
until every webhook serves the new leaf.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from webhook.controller.certificates.authority import (
    Authority,
    Leaf,
    due_for_renewal,
    flaw,
    read_authorities,
    valid,
)

# Each key that is lost during a rotation leaves one more trusted authority, and a caBundle that another program wrote
# may hold hundreds.
_MOST_TRUSTED: Final = 8


@dataclass(frozen=True, slots=True)
class Settings:
    """What the operator chose.

    Attributes:
        names: DNS names of the webhook's Service; the first is the one that API servers use.
        settle_bundle: Seconds after which every API server knows a changed caBundle.
        settle_leaf: Seconds after which every webhook serves a changed leaf.
    """

    names: tuple[str, ...]
    settle_bundle: float = 60.0
    settle_leaf: float = 300.0


@dataclass(frozen=True, slots=True)
class CertificateState:
    """What the three objects in the cluster hold.

    Attributes:
        authorities: Newest first.
        leaf: None if no certificate can be read.
        bundles: The caBundle of each webhook in the configuration.
        authority_requested: An annotation requests a new authority.
        leaf_requested: An annotation requests a new leaf.
    """

    authorities: tuple[Authority, ...]
    leaf: Leaf | None
    bundles: tuple[bytes, ...]
    authority_requested: bool = False
    leaf_requested: bool = False


@dataclass(frozen=True, slots=True)
class UnchangedFor:
    """For how many seconds this process has read the same caBundles and the same leaf each time."""

    bundles: float
    leaf: float


@dataclass(frozen=True, slots=True)
class MakeAuthority:
    """Create a new authority; the *older* ones stay trusted."""

    older: tuple[Authority, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Publish:
    """Write *bundle* as the caBundle of every webhook in the configuration."""

    bundle: bytes


@dataclass(frozen=True, slots=True)
class IssueLeaf:
    """Let *issuer* issue a new leaf."""

    issuer: Authority
    why: str


@dataclass(frozen=True, slots=True)
class Retire:
    """Stop trusting all authorities but *kept*."""

    kept: Authority


Action = MakeAuthority | Publish | IssueLeaf | Retire


def names(service: str, namespace: str) -> tuple[str, ...]:
    """The DNS names of a Service. API servers use the first one."""
    return (
        f"{service}.{namespace}.svc",
        f"{service}.{namespace}.svc.cluster.local",
        f"{service}.{namespace}",
        service,
    )


def bundle(authorities: Sequence[Authority]) -> bytes:
    """The certificates of *authorities* in PEM, as a caBundle holds them."""
    return b"".join(authority.pem for authority in authorities)


def step(state: CertificateState) -> int:
    """The step of a rotation: 0 no rotation, 1 the new authority becomes trusted, 2 its leaf is being rolled out."""
    if len(state.authorities) < 2:
        return 0
    return 2 if _issued_by(state.leaf, state.authorities[0]) else 1


def plan(state: CertificateState, unchanged: UnchangedFor, now: datetime, settings: Settings) -> Action | None:
    """The next action; None = nothing can be done now."""
    why = _why_authority(state, now)
    if why:
        return MakeAuthority(_still_trusted(state, now), why)
    trusted = bundle(state.authorities)
    if any(held != trusted for held in state.bundles):
        return Publish(trusted)
    settled = unchanged.bundles >= settings.settle_bundle
    issuer = _issuer(state, now, settled=settled)
    why = _why_leaf(state, now, settings, settled=settled)
    if why and issuer:
        return IssueLeaf(issuer, why)
    if not why and step(state) == 2 and unchanged.leaf >= settings.settle_leaf:
        return Retire(state.authorities[0])
    return None


def _why_authority(state: CertificateState, now: datetime) -> str:
    if not state.authorities:
        return "there is no certificate authority"
    newest = state.authorities[0]
    if not newest.can_issue:
        return "its key is missing or does not match"
    if not valid(newest.certificate, now):
        return "it is not valid now"
    if len(state.authorities) > 1:  # A rotation is under way, and also fulfils any request for one.
        return ""
    if state.authority_requested:
        return "requested by annotation"
    return "two thirds of its lifetime have passed" if due_for_renewal(newest.certificate, now) else ""


def _still_trusted(state: CertificateState, now: datetime) -> tuple[Authority, ...]:
    """The authorities that API servers trust now: the leaf that is served may be issued by any of them."""
    found = state.authorities
    if not found:
        # The Secret lost its authorities, or another program made the certificates before.
        texts = b"".join(dict.fromkeys(state.bundles))
        if state.leaf and state.leaf.issuer:
            texts += Authority(state.leaf.issuer).pem
        found = tuple(dict.fromkeys(read_authorities(texts, b"")))
    kept = [authority for authority in found if valid(authority.certificate, now)]
    # If there are too many, the issuer of the current leaf must be among those that stay.
    first = sorted(kept, key=lambda authority: not _issued_by(state.leaf, authority))[:_MOST_TRUSTED]
    return tuple(authority for authority in kept if authority in first)


def _issuer(state: CertificateState, now: datetime, *, settled: bool) -> Authority | None:
    """An authority that all API servers trust: the newest once the caBundles have settled, before that the oldest."""
    if settled:
        return state.authorities[0]
    oldest = next(a for a in reversed(state.authorities) if valid(a.certificate, now))
    return oldest if oldest.can_issue else None


def _why_leaf(state: CertificateState, now: datetime, settings: Settings, *, settled: bool) -> str:
    why = flaw(state.leaf, state.authorities, settings.names, now)
    if why or state.leaf is None:
        return why
    if state.leaf_requested:
        return "requested by annotation"
    if due_for_renewal(state.leaf.certificate, now):
        return "two thirds of its lifetime have passed"
    if settled and not _issued_by(state.leaf, state.authorities[0]):
        return "there is a new authority"
    return ""


def _issued_by(leaf: Leaf | None, authority: Authority) -> bool:
    return leaf is not None and authority.issued(leaf.certificate)
