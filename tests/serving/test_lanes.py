"""Requests wait for threads apart by their size, and so that none of them is forgotten."""

import threading
from queue import SimpleQueue
from typing import Any

import pytest

from webhook.serving import lanes
from webhook.serving.connection import CompleteRequest
from webhook.serving.lanes import Lanes


class Working:
    """Threads that take requests, say so, and go on with the next when they may."""

    def __init__(self) -> None:
        self.taken: SimpleQueue[int] = SimpleQueue()
        self.may_go_on = threading.Semaphore(0)

    def work(self, waiting: SimpleQueue[Any]) -> None:
        while True:
            _, request = waiting.get()
            self.taken.put(len(request.body))
            self.may_go_on.acquire()

    def sizes(self, count: int) -> list[int]:
        return sorted(self.taken.get(timeout=10) for _ in range(count))


def of(size: int) -> CompleteRequest:
    return CompleteRequest(None, b"x" * size)


def put(queues: Lanes, size: int) -> bool:
    return queues.put(None, of(size))  # type: ignore[arg-type]  # a connection is only handed on


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "LIGHT", 10)
    monkeypatch.setattr(lanes, "WAITING", 3)
    monkeypatch.setattr(lanes, "LANE_BYTES", 100)


@pytest.mark.usefixtures("small")
def test_heavy_requests_are_taken_one_at_a_time() -> None:
    working = Working()
    queues = Lanes(3, working.work)
    assert all(put(queues, 11) for _ in range(3))

    assert working.sizes(1) == [11]
    assert working.taken.empty()
    working.may_go_on.release()
    assert working.sizes(1) == [11]


@pytest.mark.usefixtures("small")
def test_light_and_empty_requests_do_not_wait_for_heavy_ones() -> None:
    working = Working()
    queues = Lanes(2, working.work)
    for size in (50, 50, 10, 1, 0):
        assert put(queues, size)

    assert working.sizes(4) == [0, 1, 10, 50]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("sizes", "size", "fits"),
    [
        pytest.param([1] * 4, 1, False, id="too-many-light"),
        pytest.param([1] * 4, 0, True, id="empty-beside-light"),
        pytest.param([1] * 4, 11, True, id="heavy-beside-light"),
        pytest.param([40, 40], 20, True, id="bytes-that-just-fit"),
        pytest.param([40, 40], 21, False, id="too-many-bytes"),
        pytest.param([40, 40], 10, True, id="light-beside-heavy"),
        pytest.param([], 1000, True, id="larger-than-the-limit-but-alone"),
        pytest.param([11], 1000, False, id="larger-than-the-limit"),
        pytest.param([0] * 300, 0, True, id="empty-ones-are-as-many-as-connections"),
    ],
)
def test_each_lane_has_its_own_limit(sizes: list[int], size: int, fits: bool) -> None:
    working = Working()
    queues = Lanes(1, working.work)
    seen = set()
    for one in sizes:
        put(queues, one)
        if (lane := 0 if not one else 1 if one <= 10 else 2) not in seen:
            working.sizes(1)  # The first of each lane is being worked on.
            seen.add(lane)

    assert put(queues, size) is fits


@pytest.mark.usefixtures("small")
def test_an_answered_request_makes_room() -> None:
    working = Working()
    queues = Lanes(1, working.work)
    assert put(queues, 60)
    assert not put(queues, 60)

    queues.answered(of(60))

    assert put(queues, 60)
