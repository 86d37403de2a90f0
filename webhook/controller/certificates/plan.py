"""What to do next about the webhook's certificates. Pure.

One thing at a time: whoever does it looks again before the next, and so may be stopped anywhere. A new authority is
taken into use in three steps: it is made and trusted beside the old one, then it issues the leaf, then the old one is
dropped. Between them, all who serve the old leaf and all who trust the old bundle get the time to notice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from webhook.controller.certificates.authority import Authority, Leaf, current, due, flaw, read_authorities

# Each loss of a key in the middle of a rotation adds one that is still trusted; another's bundle may hold hundreds.
_TRUSTED: Final = 8


@dataclass(frozen=True, slots=True)
class Settings:
    """What the operator chose.

    Attributes:
        names: DNS names of the webhook's Service, the one that API servers use first.
        settle_bundle: Seconds after which every API server has seen a changed caBundle.
        settle_leaf: Seconds after which every webhook serves a changed leaf.
    """

    names: tuple[str, ...]
    settle_bundle: float = 60.0
    settle_leaf: float = 300.0


@dataclass(frozen=True, slots=True)
class World:
    """What the cluster holds.

    Attributes:
        authorities: Newest first.
        leaf: None if there is none.
        bundles: The caBundle of each webhook in the configuration.
        authority_wanted: Somebody asks for a new authority.
        leaf_wanted: Somebody asks for a new leaf.
    """

    authorities: tuple[Authority, ...]
    leaf: Leaf | None
    bundles: tuple[bytes, ...]
    authority_wanted: bool = False
    leaf_wanted: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """For how many seconds the cluster has been seen, time after time, to hold what it holds now."""

    bundles: float
    leaf: float


@dataclass(frozen=True, slots=True)
class MakeAuthority:
    """Make a new authority, and keep *beside* it those that were trusted before."""

    beside: tuple[Authority, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Publish:
    """Make *bundle* the caBundle of every webhook in the configuration."""

    bundle: bytes


@dataclass(frozen=True, slots=True)
class IssueLeaf:
    """Have *by* issue a new leaf."""

    by: Authority
    why: str


@dataclass(frozen=True, slots=True)
class Retire:
    """Trust *kept* alone."""

    kept: Authority


Action = MakeAuthority | Publish | IssueLeaf | Retire


def names(service: str, namespace: str) -> tuple[str, ...]:
    """DNS names of a Service; API servers use the first."""
    return (
        f"{service}.{namespace}.svc",
        f"{service}.{namespace}.svc.cluster.local",
        f"{service}.{namespace}",
        service,
    )


def bundle(authorities: Sequence[Authority]) -> bytes:
    """Give the text by which *authorities* are trusted."""
    return b"".join(authority.pem for authority in authorities)


def step(world: World) -> int:
    """How far a rotation is: 0 none, 1 the new authority becomes trusted, 2 its leaf is taken up."""
    if len(world.authorities) < 2:
        return 0
    return 2 if _is_by(world.leaf, world.authorities[0]) else 1


def plan(world: World, seen: Seen, now: datetime, settings: Settings) -> Action | None:
    """What to do next; None = nothing but to wait."""
    why = _why_authority(world, now)
    if why:
        return MakeAuthority(_still_trusted(world, now), why)
    trusted = bundle(world.authorities)
    if any(held != trusted for held in world.bundles):
        return Publish(trusted)
    newest = world.authorities[0]
    settled = seen.bundles >= settings.settle_bundle
    issuer = _issuer(world, now, settled=settled)
    why = _why_leaf(world, now, settings, settled=settled)
    if why and issuer:
        return IssueLeaf(issuer, why)
    if not why and len(world.authorities) > 1 and _is_by(world.leaf, newest) and seen.leaf >= settings.settle_leaf:
        return Retire(newest)
    return None


def _why_authority(world: World, now: datetime) -> str:
    if not world.authorities:
        return "there is none"
    newest = world.authorities[0]
    if not newest.issuing:
        return "its key is missing or another's"
    if not current(newest.certificate, now):
        return "it is not valid now"
    if len(world.authorities) > 1:  # What asks for a new one gets the one that is on its way.
        return ""
    if world.authority_wanted:
        return "asked for"
    return "two thirds of its life are over" if due(newest.certificate, now) else ""


def _still_trusted(world: World, now: datetime) -> tuple[Authority, ...]:
    """What API servers trust now, for a leaf by any of them may still be served."""
    found = world.authorities
    if not found:
        # Ours were lost, or there were another's.
        texts = b"".join(dict.fromkeys(world.bundles))
        if world.leaf and world.leaf.issuer:
            texts += Authority(world.leaf.issuer).pem
        found = tuple(dict.fromkeys(read_authorities(texts, b"")))
    kept = [authority for authority in found if current(authority.certificate, now)]
    # Of too many, the one that matters most.
    first = sorted(kept, key=lambda authority: not _is_by(world.leaf, authority))[:_TRUSTED]
    return tuple(authority for authority in kept if authority in first)


def _issuer(world: World, now: datetime, *, settled: bool) -> Authority | None:
    """Whose leaf everyone trusts by now: the newest authority's after a while, until then the oldest's."""
    if settled:
        return world.authorities[0]
    oldest = next(a for a in reversed(world.authorities) if current(a.certificate, now))
    return oldest if oldest.issuing else None


def _why_leaf(world: World, now: datetime, settings: Settings, *, settled: bool) -> str:
    why = flaw(world.leaf, world.authorities, settings.names, now)
    if why or world.leaf is None:
        return why
    if world.leaf_wanted:
        return "asked for"
    if due(world.leaf.certificate, now):
        return "two thirds of its life are over"
    if settled and not _is_by(world.leaf, world.authorities[0]):
        return "there is a new authority"
    return ""


def _is_by(leaf: Leaf | None, authority: Authority) -> bool:
    return leaf is not None and authority.issued(leaf.certificate)
