"""A problem that lasts is logged once, and so is its end."""

import logging

from registry.reporting import OngoingProblem

LOG = logging.getLogger("registry.owner")


def logged(caplog):
    return [(record.levelname, record.name, record.message) for record in caplog.records]


def test_a_problem_is_logged_when_it_begins_changes_and_ends(caplog):
    caplog.set_level(logging.INFO)
    problem = OngoingProblem(LOG)

    told = [problem.report("a 100%"), problem.report("a 100%"), problem.report("b"), problem.over("fine")]

    assert told == [True, False, True, True]
    assert logged(caplog) == [
        ("ERROR", "registry.owner", "a 100%"),
        ("ERROR", "registry.owner", "b"),
        ("INFO", "registry.owner", "fine"),
    ]


def test_nothing_is_over_that_never_began(caplog):
    caplog.set_level(logging.INFO)

    assert OngoingProblem(LOG).over("fine") is False
    assert logged(caplog) == []


def test_a_problem_that_comes_back_is_logged_again(caplog):
    problem = OngoingProblem(LOG, level=logging.WARNING)

    problem.report("a")
    problem.over("fine")
    problem.report("a")

    assert [level for level, _, _ in logged(caplog)] == ["WARNING", "WARNING"]


def test_a_problem_is_true_while_it_lasts():
    problem = OngoingProblem(LOG)

    states = [bool(problem), problem.report("a") and bool(problem), problem.over("fine") and bool(problem)]

    assert states == [False, True, False]
