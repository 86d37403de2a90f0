"""The plan for the webhook's certificates: every leaf in use is accepted by every caBundle in use."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError
from hypothesis import given, settings
from hypothesis import strategies as st

from webhook.controller.certificates.authority import Authority, Leaf, issue, make_authority, read_certificates
from webhook.controller.certificates.duty import UnchangedTimer
from webhook.controller.certificates.plan import (
    CertificateState,
    IssueLeaf,
    MakeAuthority,
    Publish,
    Retire,
    Settings,
    UnchangedFor,
    bundle,
    names,
    plan,
    step,
)

NOW = datetime(2026, 11, 24, tzinfo=UTC)
DAY = timedelta(days=1)
LEAF_LIFE, CA_LIFE = 9 * DAY, 36 * DAY
SETTINGS = Settings(names("fuseml-webhook", "fuseml-system"), settle_bundle=60, settle_leaf=300)

OLD = make_authority(NOW, CA_LIFE)
NEW = make_authority(NOW, CA_LIFE)
BY_OLD = issue(OLD, SETTINGS.names, NOW, LEAF_LIFE)
BY_NEW = issue(NEW, SETTINGS.names, NOW, LEAF_LIFE)
EXPIRED = make_authority(NOW - 2 * CA_LIFE, CA_LIFE)
FOREIGN = make_authority(NOW, CA_LIFE)


def state_of(*authorities, leaf=BY_OLD, published=None, **wanted):
    held = bundle(authorities if published is None else published)
    return CertificateState(authorities, leaf, (held, held), **wanted)


def keyless(authority):
    return Authority(authority.certificate)


NOTHING_YET, BUNDLES_SETTLED, ALL_SETTLED = UnchangedFor(0, 0), UnchangedFor(60, 0), UnchangedFor(300, 300)
LOST = "its key is missing or does not match"
OVER = "two thirds of its lifetime have passed"
BY_OTHER_NAMES = issue(OLD, names("renamed", "fuseml-system"), NOW, LEAF_LIFE)


@pytest.mark.parametrize(
    ("held", "seen", "after", "expected"),
    [
        pytest.param(state_of(OLD), ALL_SETTLED, DAY, None, id="all-well"),
        pytest.param(
            CertificateState((), None, ()),
            NOTHING_YET,
            DAY,
            MakeAuthority((), "there is no certificate authority"),
            id="first",
        ),
        pytest.param(
            state_of(OLD, leaf=None, published=()), NOTHING_YET, DAY, Publish(OLD.pem), id="first-bundle-before-leaf"
        ),
        pytest.param(
            state_of(OLD, leaf=None),
            NOTHING_YET,
            DAY,
            IssueLeaf(OLD, "there is no certificate"),
            id="first-leaf-without-waiting",
        ),
        pytest.param(state_of(OLD), NOTHING_YET, 6 * DAY, IssueLeaf(OLD, OVER), id="leaf-is-due"),
        pytest.param(state_of(OLD), ALL_SETTLED, 24 * DAY, MakeAuthority((OLD,), OVER), id="authority-is-due"),
        pytest.param(
            state_of(OLD, leaf_requested=True),
            NOTHING_YET,
            DAY,
            IssueLeaf(OLD, "requested by annotation"),
            id="leaf-wanted",
        ),
        pytest.param(
            state_of(OLD, authority_requested=True),
            NOTHING_YET,
            DAY,
            MakeAuthority((OLD,), "requested by annotation"),
            id="step-1",
        ),
        pytest.param(
            state_of(NEW, OLD, published=[OLD]), ALL_SETTLED, DAY, Publish(NEW.pem + OLD.pem), id="step-1-publish"
        ),
        pytest.param(state_of(NEW, OLD, authority_requested=True), UnchangedFor(59, 300), DAY, None, id="step-1-wait"),
        pytest.param(
            state_of(NEW, OLD), BUNDLES_SETTLED, DAY, IssueLeaf(NEW, "there is a new authority"), id="step-2-new-leaf"
        ),
        pytest.param(state_of(NEW, OLD, leaf=BY_NEW), UnchangedFor(300, 299), DAY, None, id="step-2-wait"),
        pytest.param(state_of(NEW, OLD, leaf=BY_NEW), ALL_SETTLED, DAY, Retire(NEW), id="step-3"),
        pytest.param(
            state_of(NEW, OLD, leaf=BY_NEW), UnchangedFor(0, 300), DAY, Retire(NEW), id="step-3-the-leaf-is-what-counts"
        ),
        pytest.param(
            state_of(NEW, leaf=BY_NEW, published=[NEW, OLD]), ALL_SETTLED, DAY, Publish(NEW.pem), id="step-3-drop"
        ),
        pytest.param(
            state_of(NEW, OLD), NOTHING_YET, 6 * DAY, IssueLeaf(OLD, OVER), id="leaf-due-while-the-new-one-is-not-known"
        ),
        pytest.param(
            state_of(NEW, keyless(OLD)), NOTHING_YET, 6 * DAY, None, id="leaf-due-and-only-the-unknown-one-can-issue"
        ),
        pytest.param(state_of(OLD, published=()), ALL_SETTLED, DAY, Publish(OLD.pem), id="bundle-removed"),
        pytest.param(state_of(OLD, published=[FOREIGN]), ALL_SETTLED, DAY, Publish(OLD.pem), id="bundle-changed"),
        pytest.param(
            replace(state_of(OLD), bundles=(OLD.pem, b"")), ALL_SETTLED, DAY, Publish(OLD.pem), id="one-bundle-removed"
        ),
        pytest.param(replace(state_of(OLD), bundles=()), ALL_SETTLED, DAY, None, id="no-webhooks"),
        pytest.param(
            state_of(OLD, leaf=BY_OTHER_NAMES),
            NOTHING_YET,
            DAY,
            IssueLeaf(OLD, "its DNS names are not those of the Service"),
            id="renamed",
        ),
        pytest.param(
            state_of(OLD, leaf=Leaf(BY_OLD.certificate, None, None)), NOTHING_YET, DAY, IssueLeaf(OLD, LOST), id="k"
        ),
        pytest.param(
            state_of(OLD, leaf=BY_NEW), NOTHING_YET, DAY, IssueLeaf(OLD, "its issuer is not trusted"), id="foreign-leaf"
        ),
        pytest.param(state_of(keyless(OLD)), NOTHING_YET, DAY, MakeAuthority((keyless(OLD),), LOST), id="key-lost"),
        pytest.param(
            state_of(keyless(NEW), OLD),
            NOTHING_YET,
            DAY,
            MakeAuthority((keyless(NEW), OLD), LOST),
            id="key-lost-in-step-1",
        ),
        pytest.param(
            CertificateState((), BY_OLD, (FOREIGN.pem + OLD.pem,)),
            NOTHING_YET,
            DAY,
            MakeAuthority((keyless(FOREIGN), keyless(OLD)), "there is no certificate authority"),
            id="all-authorities-lost-keeps-what-is-trusted",
        ),
        pytest.param(
            CertificateState((), BY_OLD, (b"",)),
            NOTHING_YET,
            DAY,
            MakeAuthority((keyless(OLD),), "there is no certificate authority"),
            id="all-authorities-and-the-bundle-lost",
        ),
        pytest.param(
            CertificateState((), None, (OLD.pem, OLD.pem)),
            NOTHING_YET,
            DAY,
            MakeAuthority((keyless(OLD),), "there is no certificate authority"),
            id="all-authorities-and-the-leaf-lost",
        ),
        pytest.param(
            state_of(EXPIRED, leaf=None),
            ALL_SETTLED,
            DAY,
            MakeAuthority((), "it is not valid now"),
            id="authority-expired",
        ),
        pytest.param(
            state_of(OLD, leaf=None),
            NOTHING_YET,
            -DAY,
            MakeAuthority((), "it is not valid now"),
            id="authority-of-tomorrow",
        ),
    ],
)
def test_next_action(held, seen, after, expected):
    assert plan(held, seen, NOW + after, SETTINGS) == expected


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        (state_of(OLD), 0),
        (CertificateState((), None, ()), 0),
        (state_of(NEW, OLD), 1),
        (state_of(NEW, OLD, leaf=None), 1),
        (state_of(NEW, OLD, leaf=BY_NEW), 2),
    ],
)
def test_step_of_a_rotation(held, expected):
    assert step(held) == expected


@pytest.mark.parametrize("kept", [True, False], ids=["ours", "another's"])
def test_number_of_trusted_authorities_is_limited_and_includes_the_issuer_of_the_leaf(kept):
    many = (*(keyless(make_authority(NOW, CA_LIFE)) for _ in range(20)), keyless(OLD))
    held = state_of(*many)

    action = plan(held if kept else replace(held, authorities=()), NOTHING_YET, NOW, SETTINGS)

    assert len(action.older) == 8
    assert keyless(OLD) in action.older


# Laws


@cache
def verifies(leaf, trusted, now):
    """Whether an API server with the caBundle *trusted* accepts *leaf*."""
    authorities = read_certificates(trusted)
    if not authorities:
        return False
    verifier = PolicyBuilder().store(Store(list(authorities))).time(now)
    try:
        verifier.build_server_verifier(x509.DNSName(SETTINGS.names[0])).verify(leaf, [])
    except VerificationError:
        return False
    return True


class Cluster:
    """The objects that a controller reads and writes, and the versions that API servers and webhooks may still use."""

    def __init__(self):
        self.seconds = 0.0
        self.authorities, self.leaf, self.wanted = (), None, set()
        self.bundles = (b"", b"")
        # All caBundles and leaves with the time of each change. The first ones were not the controller's.
        self.trusted = []
        self.served = []
        self.restart()
        self.act()
        self.trusted, self.served = self.trusted[-1:], self.served[-1:]

    @property
    def now(self):
        return NOW + timedelta(seconds=self.seconds)

    def restart(self):
        self.timers = UnchangedTimer(lambda: self.seconds), UnchangedTimer(lambda: self.seconds)

    def state(self):
        return CertificateState(self.authorities, self.leaf, self.bundles, "ca" in self.wanted, "leaf" in self.wanted)

    def next(self):
        held = self.state()
        of_bundles, of_leaf = self.timers
        seen = UnchangedFor(of_bundles.seconds(held.bundles), of_leaf.seconds(held.leaf and held.leaf.certificate))
        return plan(held, seen, self.now, SETTINGS)

    def act(self, crash_after=20):
        """Do what the plan says; after *crash_after* actions the process is replaced by a new one."""
        for _ in range(crash_after):
            action = self.next()
            if action is None:
                return
            self.do(action)
            self.check()
        assert crash_after < 20, "the plan never ends"
        self.restart()

    def do(self, action):
        match action:
            case MakeAuthority(older):
                self.authorities = (make_authority(self.now, CA_LIFE), *older)
                self.wanted -= set() if older else {"ca"}
            case Publish(trusted):
                self.bundles = (trusted, trusted)
                self.trusted.append((self.seconds, trusted))
            case IssueLeaf(issuer):
                self.leaf = issue(issuer, SETTINGS.names, self.now, LEAF_LIFE)
                self.wanted -= {"leaf"}
                self.served.append((self.seconds, self.leaf.certificate))
            case Retire(kept):
                self.authorities = (kept,)
                self.wanted -= {"ca"}

    def wait(self, seconds):
        self.seconds += seconds
        self.check()

    def check(self):
        """Each leaf that a webhook may still serve verifies against each caBundle that an API server may still use."""
        for leaf in self._since(self.served, SETTINGS.settle_leaf):
            for trusted in self._since(self.trusted, SETTINGS.settle_bundle):
                assert verifies(leaf, trusted, self.now)

    def _since(self, history, lag):
        """The values that were current at some time within the last *lag* seconds."""
        ends = [*(start for start, _ in history), float("inf")][1:]
        return [value for (_, value), end in zip(history, ends, strict=False) if end > self.seconds - lag]


# A controller that is killed after some of its actions, and soon started again.
ACTS = st.tuples(
    st.just("act"), st.sampled_from([1.0, 5.0, 31.0, 59.0, 61.0, 299.0, 301.0]), st.sampled_from([0, 1, 2, 3, 19])
)
# Days without a controller, but too few for the leaf to expire.
PAUSES = st.tuples(st.just("pause"), st.sampled_from([3600.0, 86400.0, 2 * 86400.0]), st.just(19))
WANTS = st.tuples(st.sampled_from(["ca", "leaf"]))
# Damage that others do to the objects.
FAULTS = st.tuples(
    st.sampled_from(["authorities lost", "keys lost", "newest key lost", "leaf lost", "leaf garbled", "bundle lost"])
)


def happen(cluster, event):
    match event:
        case "act" | "pause", seconds, crash_after:
            cluster.wait(seconds)
            cluster.act(crash_after)
        case ("ca" | "leaf" as what,):
            cluster.wanted.add(what)
        case ("authorities lost",):
            cluster.authorities = ()
        case ("keys lost",):
            cluster.authorities = tuple(keyless(authority) for authority in cluster.authorities)
        case ("newest key lost",) if cluster.authorities:
            cluster.authorities = (keyless(cluster.authorities[0]), *cluster.authorities[1:])
        case ("leaf lost",):  # Webhooks continue to serve the one that they have loaded.
            cluster.leaf = None
        case ("leaf garbled",) if cluster.leaf:
            cluster.leaf = Leaf(cluster.leaf.certificate, None, None)
        case ("bundle lost",):
            cluster.bundles = (b"", cluster.bundles[1])


def settle(cluster):
    """Let a controller work for a quarter of an hour."""
    for _ in range(15):
        cluster.wait(60.0)
        cluster.act()


@settings(max_examples=60)
@given(st.lists(st.one_of(ACTS, ACTS, PAUSES, WANTS), max_size=40))
def test_every_leaf_verifies_against_every_bundle(events):
    cluster = Cluster()

    for event in events:
        happen(cluster, event)

    settle(cluster)
    assert len(cluster.authorities) == 1
    assert cluster.bundles == (cluster.authorities[0].pem,) * 2
    assert not cluster.wanted
    assert cluster.next() is None


@settings(max_examples=60)
@given(st.lists(st.one_of(ACTS, ACTS, WANTS, FAULTS), max_size=30))
def test_damage_is_repaired_without_rejecting_a_leaf(events):
    cluster = Cluster()

    for event in events:
        if event == ("authorities lost",):
            # If the leaf or a bundle were lost together with it, nothing would show which authorities are trusted.
            happen(cluster, ("act", 5.0, 19))
        happen(cluster, event)
        if event == ("authorities lost",):
            happen(cluster, ("act", 5.0, 19))

    settle(cluster)
    assert len(cluster.authorities) == 1
    assert cluster.bundles == (cluster.authorities[0].pem,) * 2
    assert cluster.authorities[0].issued(cluster.leaf.certificate)
    assert cluster.next() is None


def test_rotation_takes_three_steps_and_both_waits():
    cluster = Cluster()
    (old,) = cluster.authorities
    cluster.wanted.add("ca")
    seen = []

    for _ in range(90):
        cluster.act()
        trusted = len(read_certificates(cluster.bundles[0]))
        seen.append((trusted, old.issued(cluster.leaf.certificate)))
        cluster.wait(5.0)

    assert seen == [(2, True)] * 12 + [(2, False)] * 60 + [(1, False)] * 18


def test_certificates_are_renewed_for_years():
    cluster = Cluster()

    for _ in range(400):
        happen(cluster, ("pause", 2 * 86400.0, 19))
        happen(cluster, ("act", 61.0, 19))
        happen(cluster, ("act", 301.0, 19))

    days = cluster.seconds / 86400
    assert days / 6 - 1 < len(cluster.served) < days / 6 + days / 24 + 2
    assert len(cluster.trusted) // 2 == pytest.approx(days / 24, abs=2)
