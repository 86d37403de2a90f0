"""Duties run while their process leads, and one that fails does not stop the others."""

import logging
import threading

import pytest

from webhook.controller.api_calls import ClusterError, NotLeaderError
from webhook.controller.loop import LONGEST, Loop
from webhook.controller.status import Status


class FakeElection:
    """The part of an election that the loop uses."""

    term = 0

    def __init__(self):
        self.won = False

    def leads(self):
        return self.won

    def win(self):
        self.won = True
        self.term += 1

    def check(self, term):
        if term != self.term:
            raise NotLeaderError


class Duty:
    interval = 5.0

    def __init__(self, name="duty", error=None):
        self.name = name
        self.error = error
        self.runs = 0

    def reconcile(self, now):
        self.runs += 1
        if self.error:
            raise self.error


class Bench:
    def __init__(self, *duties):
        self.now = 0.0
        self.election = FakeElection()
        self.status = Status()
        self.checks = []
        self.loop = Loop(self.election, self._make_duties, status=self.status, clock=lambda: self.now)
        self.duties = duties or (Duty(),)
        self.stop = threading.Event()

    def _make_duties(self, check):
        self.checks.append(check)
        return self.duties

    def turn(self, seconds=0.0):
        end = self.now + seconds
        while True:
            self.loop.turn(self.stop)
            if self.now >= end:
                return
            self.now += 1


def test_no_duty_runs_while_another_process_leads():
    bench = Bench()

    bench.turn(60)

    assert bench.duties[0].runs == 0


def test_duty_runs_again_after_its_interval():
    bench = Bench()
    bench.election.win()

    bench.turn(60)

    assert 10 <= bench.duties[0].runs <= 16


def test_each_term_gets_new_duties():
    bench = Bench()
    for _ in range(2):
        bench.election.win()
        bench.turn(10)
    first, second = bench.checks

    second()
    with pytest.raises(NotLeaderError):
        first()


def test_problem_of_an_earlier_term_is_forgotten():
    bench = Bench(Duty(error=ClusterError("x")))
    bench.election.win()
    bench.turn()
    bench.duties = ()

    bench.election.win()
    bench.turn()

    assert bench.status.ready() == (True, "standby")


def test_failing_duty_does_not_delay_the_others():
    bench = Bench(Duty("first", ClusterError("a: b")), Duty("second"))
    bench.election.win()

    bench.turn(600)

    assert 600 / LONGEST <= bench.duties[0].runs < 20
    assert bench.duties[1].runs >= 100
    assert bench.status.ready() == (False, "first: a: b")


def test_problem_and_its_end_are_logged_once(caplog):
    caplog.set_level(logging.INFO)
    duty = Duty(error=ClusterError("Secret is missing"))
    bench = Bench(duty)
    bench.election.win()

    bench.turn(300)
    duty.error = None
    bench.turn(300)

    assert caplog.messages == ["duty: Secret is missing", "duty: works again"]
    assert bench.status.ready() == (True, "standby")


def test_defect_is_reported_without_its_text(caplog):
    bench = Bench(Duty(error=RuntimeError("a value")))
    bench.election.win()

    bench.turn()

    assert bench.status.ready() == (False, "duty: defect: RuntimeError")
    assert [record.getMessage() for record in caplog.records] == ["duty 'duty' failed", "duty: defect: RuntimeError"]


def test_lost_lease_is_no_problem():
    bench = Bench(Duty(error=NotLeaderError("x")))
    bench.election.win()

    bench.turn()

    assert bench.status.problems == {}


def test_no_duty_starts_after_the_stop():
    bench = Bench(Duty("first"), Duty("second"))
    bench.election.win()
    bench.duties[0].reconcile = lambda now: bench.stop.set()

    bench.loop.run(bench.stop)

    assert bench.duties[1].runs == 0
