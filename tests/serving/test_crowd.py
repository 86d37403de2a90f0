"""Which connection goes when there are too many, or when all together hold too much."""

from dataclasses import dataclass
from typing import cast

import pytest

from webhook.serving import crowd
from webhook.serving.connection import Connection, State
from webhook.serving.crowd import Crowd


@dataclass(eq=False)
class Fake:
    """As much of a connection as is looked at."""

    name: str
    since: float
    answered: int = 0
    size: int = 0
    state: State = State.READING


def crowd_of(*fakes: Fake) -> Crowd:
    return Crowd(cast("Connection", fake) for fake in fakes)


def name(found: Connection | None) -> str:
    return cast("Fake", found).name if found is not None else ""


OLD, NEW = Fake("old", 1.0), Fake("new", 2.0)
USED, RESTED = Fake("used", 4.0, answered=1), Fake("rested", 3.0, answered=7)
WORKING = Fake("working", 0.0, answered=1, state=State.ANSWERING)


@pytest.mark.parametrize(
    ("fakes", "expected"),
    [
        pytest.param([], "", id="none"),
        pytest.param([WORKING], "", id="one-that-is-answered"),
        pytest.param([WORKING, NEW, OLD], "old", id="the-oldest-newcomer"),
        pytest.param([USED, RESTED, WORKING], "rested", id="the-longest-unused"),
        pytest.param([NEW, USED, RESTED], "rested", id="newcomers-keep-their-share"),
        pytest.param([NEW, OLD, USED, RESTED], "old", id="and-no-more"),
    ],
)
def test_the_least_needed_goes(fakes: list[Fake], expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd, "CONNECTIONS", 4)

    assert name(crowd_of(*fakes).least_needed()) == expected


def test_who_stays_cannot_keep_others_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd, "CONNECTIONS", 8)
    stay = [Fake(f"stays-{n}", float(n), answered=1) for n in range(7)]
    kept = crowd_of(*stay, Fake("newcomer", 100.0))

    # The place is for another newcomer; the first one keeps its own.
    assert name(kept.least_needed()) == "stays-0"


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        pytest.param([40, 60], "", id="just-enough"),
        pytest.param([40, 61], "0", id="the-oldest"),
        pytest.param([10, 91, 10], "", id="small-ones-do-not-count"),
        pytest.param([101], "0", id="alone"),
    ],
)
def test_all_together_hold_no_more(sizes: list[int], expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd, "BYTES", 100)
    monkeypatch.setattr(crowd, "SMALL", 10)
    fakes = [Fake(str(n), float(n), size=size) for n, size in enumerate(sizes)]

    assert name(crowd_of(*fakes).too_large(cast("Connection", max(fakes, key=lambda f: f.size)))) == expected
