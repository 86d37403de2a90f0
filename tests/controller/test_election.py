"""One acts, never two."""

import threading
from copy import deepcopy
from datetime import UTC, datetime

import pytest

from tests.fakes import object_api
from tests.fakes.object_api import LEASE, FakeObjects, serving
from webhook.controller import election
from webhook.controller.api_calls import NotLeaderError
from webhook.controller.election import DURATION, TENURE, Election
from webhook.controller.status import Status


class Candidate(Election):
    def __init__(self, api):
        self.now = 1000.0
        self.status = Status()
        super().__init__(api, namespace="fuseml", status=self.status, clock=lambda: self.now)


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
        candidate.turn()


def leaders(*candidates):
    return [candidate.leads() for candidate in candidates]


def test_first_to_ask_leads(fake, both):
    turn(0, *both)

    assert leaders(*both) == [True, False]
    assert fake.objects[LEASE]["spec"]["holderIdentity"] == both[0].identity
    assert fake.objects[LEASE]["spec"]["leaseDurationSeconds"] == DURATION
    assert fake.objects[LEASE]["spec"]["leaseTransitions"] == 1
    assert [candidate.status.leader for candidate in both] == [True, False]


def test_identities_differ_in_one_process(both):
    assert both[0].identity != both[1].identity


def test_leader_that_renews_stays(fake, both):
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


def test_other_takes_over_when_the_leader_is_gone(both):
    turn(0, *both)

    turn(DURATION - 0.1, both[1])
    assert leaders(*both)[1] is False
    turn(0.2, both[1])

    assert leaders(*both)[1] is True


def test_what_the_leaders_clock_says_does_not_count(fake, both):
    turn(0, *both)
    fake.objects[LEASE]["spec"]["renewTime"] = "2001-01-01T00:00:00.000001Z"

    turn(2, both[1])

    assert leaders(*both)[1] is False


def test_leader_stops_before_its_lease_ends(fake, both):
    turn(0, *both)
    fake.refuse[LEASE] = 500

    turn(TENURE - 0.1, both[0])
    assert both[0].leads()
    turn(0.2, both[0])

    assert not both[0].leads()
    assert not both[0].status.leader
    assert TENURE + 5 < DURATION, "a call that was begun in time may end in time"


def test_leader_that_was_asleep_does_not_act(both):
    turn(0, *both)
    turn(DURATION + 1, both[1])

    both[0].now += DURATION + 1
    with pytest.raises(NotLeaderError):
        both[0].check(1)
    both[0].turn()

    assert leaders(*both) == [False, True]


def test_what_was_begun_in_an_earlier_term_is_not_finished(both):
    turn(0, both[0])
    both[0].check(1)

    turn(TENURE + 1, both[0])

    assert both[0].leads()
    with pytest.raises(NotLeaderError):
        both[0].check(1)
    both[0].check(2)


def test_tenure_counts_from_before_the_request(fake, both):
    def slow(method, path):
        if method == "PUT":
            both[0].now += 4.0

    fake.before = slow
    turn(0, both[0])

    both[0].now = 1000.0 + TENURE - 0.1
    assert both[0].leads()
    both[0].now += 0.2
    assert not both[0].leads()


def test_two_that_ask_at_once_do_not_both_lead(fake, both):
    raced = []

    def race(method, path):
        if method == "PUT" and not raced:
            raced.append(True)
            both[1].turn()

    fake.before = race
    turn(0, both[0])

    assert leaders(*both) == [False, True]
    assert both[0].status.problems == {}


def test_lease_that_was_taken_by_another_is_noticed(fake, both):
    turn(0, both[0])
    spec = fake.objects[LEASE]["spec"] | {"holderIdentity": "an operator"}
    fake.put(LEASE, fake.objects[LEASE] | {"spec": spec})

    turn(2, both[0])
    turn(2, both[0])

    assert not both[0].leads()


def test_released_lease_is_taken_at_once(fake, both):
    turn(0, *both)

    both[0].release()
    turn(0.1, both[1])

    assert leaders(*both) == [False, True]
    assert fake.objects[LEASE]["spec"]["leaseTransitions"] == 3


def test_one_that_does_not_lead_releases_nothing(fake, both):
    turn(0, *both)
    fake.requests.clear()

    both[1].release()

    assert fake.requests == []


def test_lease_that_cannot_be_released_is_no_failure(fake, both, caplog):
    turn(0, both[0])
    fake.refuse[LEASE] = 500

    both[0].release()

    assert "lease not given back, others wait for 15 s" in caplog.text


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (404, "Lease 'fuseml-controller' in namespace 'fuseml': not found; apply the manifests, which hold it"),
        (403, "Lease 'fuseml-controller' in namespace 'fuseml': forbidden; this service account needs get, update"),
    ],
)
def test_what_is_wrong_is_said_once(fake, both, caplog, status, expected):
    fake.refuse[LEASE] = status

    for _ in range(3):
        turn(2, both[0])

    assert caplog.messages == [f"election: {expected}"]
    assert both[0].status.problems == {"election": expected}
    fake.refuse.clear()
    turn(2, both[0])
    assert both[0].status.problems == {}
    assert both[0].leads()


def test_unreachable_server_is_no_end(fake, caplog):
    with serving(fake) as api:
        candidate = Candidate(api)
        candidate.turn()

    turn(2, candidate)

    assert candidate.leads()
    assert "API server: cannot be reached" in caplog.text
    turn(TENURE, candidate)
    assert not candidate.leads()


def test_whole_second_is_written_with_its_fraction(fake, both, monkeypatch):
    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2026, 11, 24, 6, 20, 14, tzinfo=UTC)

    monkeypatch.setattr(election, "datetime", Clock)
    turn(0, both[0])

    assert fake.objects[LEASE]["spec"]["renewTime"] == "2026-11-24T06:20:14.000001+00:00"


def test_thread_stops_when_it_is_told(both):
    stop = threading.Event()
    thread = threading.Thread(target=both[0].run, args=(stop,))
    thread.start()

    stop.set()
    thread.join(10)

    assert not thread.is_alive()
