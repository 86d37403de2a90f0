"""Duties go on, whatever becomes of one of them, while their process leads."""

import logging
import threading

import pytest

from webhook.controller.api_calls import ClusterError, NotLeaderError
from webhook.controller.loop import LONGEST, Loop
from webhook.controller.status import Status


class Office:
    """An election as the loop sees it."""

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
    pause = 5.0

    def __init__(self, name="duty", error=None):
        self.name = name
        self.error = error
        self.acts = 0

    def act(self, now):
        self.acts += 1
        if self.error:
            raise self.error


class Bench:
    def __init__(self, *duties):
        self.now = 0.0
        self.office = Office()
        self.status = Status()
        self.appointed = []
        self.loop = Loop(self.office, self._appoint, status=self.status, clock=lambda: self.now)
        self.duties = duties or (Duty(),)
        self.stop = threading.Event()

    def _appoint(self, check):
        self.appointed.append(check)
        return self.duties

    def turn(self, seconds=0.0):
        end = self.now + seconds
        while True:
            self.loop.turn(self.stop)
            if self.now >= end:
                return
            self.now += 1


def test_nothing_is_done_while_another_leads():
    bench = Bench()

    bench.turn(60)

    assert bench.duties[0].acts == 0


def test_duty_acts_again_and_again():
    bench = Bench()
    bench.office.win()

    bench.turn(60)

    assert 10 <= bench.duties[0].acts <= 16


def test_each_term_has_duties_of_its_own():
    bench = Bench()
    for _ in range(2):
        bench.office.win()
        bench.turn(10)
    first, second = bench.appointed

    second()
    with pytest.raises(NotLeaderError):
        first()


def test_problem_of_an_earlier_term_is_forgotten():
    bench = Bench(Duty(error=ClusterError("x")))
    bench.office.win()
    bench.turn()
    bench.duties = ()

    bench.office.win()
    bench.turn()

    assert bench.status.ready() == (True, "standby")


def test_duty_that_fails_does_not_hold_up_others():
    bench = Bench(Duty("first", ClusterError("a: b")), Duty("second"))
    bench.office.win()

    bench.turn(600)

    assert 600 / LONGEST <= bench.duties[0].acts < 20
    assert bench.duties[1].acts >= 100
    assert bench.status.ready() == (False, "first: a: b")


def test_what_is_wrong_and_its_end_are_said_once(caplog):
    caplog.set_level(logging.INFO)
    duty = Duty(error=ClusterError("secret is away"))
    bench = Bench(duty)
    bench.office.win()

    bench.turn(300)
    duty.error = None
    bench.turn(300)

    assert caplog.messages == ["duty: secret is away", "duty: fine again"]
    assert bench.status.ready() == (True, "standby")


def test_defect_is_told_without_its_text(caplog):
    bench = Bench(Duty(error=RuntimeError("a value")))
    bench.office.win()

    bench.turn()

    assert bench.status.ready() == (False, "duty: defect: RuntimeError")
    assert [record.getMessage() for record in caplog.records] == ["duty 'duty' failed", "duty: defect: RuntimeError"]


def test_lost_lease_is_no_problem():
    bench = Bench(Duty(error=NotLeaderError("x")))
    bench.office.win()

    bench.turn()

    assert bench.status.problems == {}


def test_no_duty_is_begun_after_the_stop():
    bench = Bench(Duty("first"), Duty("second"))
    bench.office.win()
    bench.duties[0].act = lambda now: bench.stop.set()

    bench.loop.run(bench.stop)

    assert bench.duties[1].acts == 0
