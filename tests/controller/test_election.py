"""At most one process leads at any time."""

import threading
from copy import deepcopy
from datetime import UTC, datetime

import pytest

from tests.fakes import object_api
from tests.fakes.object_api import LEASE, FakeObjects, serving
from webhook.controller import election
from webhook.controller.api_calls import NotLeaderError
from webhook.controller.election import LEASE_DURATION, RENEW_DEADLINE, Election
from webhook.controller.status import Status


class Candidate(Election):
    def __init__(self, api):
        self.now = 1000.0
        self.status = Status()
        super().__init__(api, namespace="fuseml-system", status=self.status, clock=lambda: self.now)


@pytest.fixture
def fake():
    fake = FakeObjects()
    object_api.install(fake)
    return fake


@pytest.fixture
def api(fake):
    with serving(fake) as api:
        yield api


@pytest.fixture
def both(api):
    return Candidate(api), Candidate(api)


def turn(seconds, *candidates):
    for candidate in candidates:
        candidate.now += seconds
        candidate.try_once()


def leaders(*candidates):
    return [candidate.leads() for candidate in candidates]


def test_first_candidate_leads(fake, both):
    turn(0, *both)

    assert leaders(*both) == [True, False]
    assert fake.objects[LEASE]["spec"]["holderIdentity"] == both[0].identity
    assert fake.objects[LEASE]["spec"]["leaseDurationSeconds"] == LEASE_DURATION
    assert fake.objects[LEASE]["spec"]["leaseTransitions"] == 1
    assert [candidate.status.leader for candidate in both] == [True, False]


def test_identities_differ_in_one_process(both):
    assert both[0].identity != both[1].identity


def test_leader_that_renews_stays_leader(fake, both):
    turn(0, *both)
    before = deepcopy(fake.objects[LEASE]["spec"])

    for _ in range(20):
        turn(2, *both)

    assert leaders(*both) == [True, False]
    assert both[0].term == 1
    after = fake.objects[LEASE]["spec"]
    assert after["renewTime"] > before.pop("renewTime")
    assert after | before == after


def test_renewal_is_one_request(fake, both):
    turn(0, both[0])
    fake.requests.clear()

    turn(2, both[0])

    assert fake.requests == [("PUT", LEASE)]


def test_other_process_takes_over_when_the_leader_is_gone(both):
    turn(0, *both)

    turn(LEASE_DURATION - 0.1, both[1])
    assert leaders(*both)[1] is False
    turn(0.2, both[1])

    assert leaders(*both)[1] is True


def test_clock_of_the_leader_does_not_matter(fake, both):
    turn(0, *both)
    fake.objects[LEASE]["spec"]["renewTime"] = "2001-01-01T00:00:00.000001Z"

    turn(2, both[1])

    assert leaders(*both)[1] is False


def test_leader_stops_before_its_lease_ends(fake, both):
    turn(0, *both)
    fake.refuse[LEASE] = 500

    turn(RENEW_DEADLINE - 0.1, both[0])
    assert both[0].leads()
    turn(0.2, both[0])

    assert not both[0].leads()
    assert not both[0].status.leader
    assert RENEW_DEADLINE + 5 < LEASE_DURATION, "a call that began before the deadline ends before the Lease does"


def test_leader_that_was_suspended_does_not_act(both):
    turn(0, *both)
    turn(LEASE_DURATION + 1, both[1])

    both[0].now += LEASE_DURATION + 1
    with pytest.raises(NotLeaderError):
        both[0].check(1)
    both[0].try_once()

    assert leaders(*both) == [False, True]


def test_check_of_an_earlier_term_fails(both):
    turn(0, both[0])
    both[0].check(1)

    turn(RENEW_DEADLINE + 1, both[0])

    assert both[0].leads()
    with pytest.raises(NotLeaderError):
        both[0].check(1)
    both[0].check(2)


def test_renew_deadline_counts_from_before_the_request(fake, both):
    def slow(method, path):
        if method == "PUT":
            both[0].now += 4.0

    fake.before = slow
    turn(0, both[0])

    both[0].now = 1000.0 + RENEW_DEADLINE - 0.1
    assert both[0].leads()
    both[0].now += 0.2
    assert not both[0].leads()


def test_two_simultaneous_candidates_do_not_both_lead(fake, both):
    raced = []

    def race(method, path):
        if method == "PUT" and not raced:
            raced.append(True)
            both[1].try_once()

    fake.before = race
    turn(0, both[0])

    assert leaders(*both) == [False, True]
    assert both[0].status.problems == {}


def test_leader_notices_that_another_took_the_lease(fake, both):
    turn(0, both[0])
    spec = fake.objects[LEASE]["spec"] | {"holderIdentity": "an operator"}
    fake.put(LEASE, fake.objects[LEASE] | {"spec": spec})

    turn(2, both[0])
    turn(2, both[0])

    assert not both[0].leads()


def test_released_lease_is_acquired_at_once(fake, both):
    turn(0, *both)

    both[0].release()
    turn(0.1, both[1])

    assert leaders(*both) == [False, True]
    assert fake.objects[LEASE]["spec"]["leaseTransitions"] == 3


def test_standby_releases_nothing(fake, both):
    turn(0, *both)
    fake.requests.clear()

    both[1].release()

    assert fake.requests == []


def test_release_that_fails_only_logs_a_warning(fake, both, caplog):
    turn(0, both[0])
    fake.refuse[LEASE] = 500

    both[0].release()

    assert "Lease not released, other processes wait for 15 s" in caplog.text


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (
            404,
            "Lease 'fuseml-controller' in namespace 'fuseml-system': not found; apply the manifests, which contain it",
        ),
        (
            403,
            "Lease 'fuseml-controller' in namespace 'fuseml-system': forbidden; this service account needs get, update",
        ),
    ],
)
def test_problem_is_logged_once(fake, both, caplog, status, expected):
    fake.refuse[LEASE] = status

    for _ in range(3):
        turn(2, both[0])

    assert caplog.messages == [f"election: {expected}"]
    assert both[0].status.problems == {"election": expected}
    fake.refuse.clear()
    turn(2, both[0])
    assert both[0].status.problems == {}
    assert both[0].leads()


def test_candidate_survives_an_unreachable_api_server(fake, caplog):
    with serving(fake) as api:
        candidate = Candidate(api)
        candidate.try_once()

    turn(2, candidate)

    assert candidate.leads()
    assert "API server: cannot be reached" in caplog.text
    turn(RENEW_DEADLINE, candidate)
    assert not candidate.leads()


def test_whole_second_is_written_with_a_fraction(fake, both, monkeypatch):
    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2026, 11, 24, 6, 20, 14, tzinfo=UTC)

    monkeypatch.setattr(election, "datetime", Clock)
    turn(0, both[0])

    assert fake.objects[LEASE]["spec"]["renewTime"] == "2026-11-24T06:20:14.000001+00:00"


def test_thread_ends_when_stop_is_set(both):
    stop = threading.Event()
    thread = threading.Thread(target=both[0].run, args=(stop,))
    thread.start()

    stop.set()
    thread.join(10)

    assert not thread.is_alive()
