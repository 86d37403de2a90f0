"""Log lines: what they look like, and that nobody waits for them."""

import json
import logging
import os
import sys
from collections.abc import Iterator

import pytest

from webhook.process import logs


@pytest.fixture
def logger() -> Iterator[tuple[logging.Logger, int]]:
    """A logger that writes to a pipe, and the other end of the pipe."""
    read, write = os.pipe()
    handler = logs.DroppingHandler(write)
    handler.setFormatter(logs.JsonFormatter())
    logger = logging.Logger("test")
    logger.addHandler(handler)
    yield logger, read
    os.close(read)
    os.close(write)


def lines(read: int) -> list[dict[str, object]]:
    found = [json.loads(line) for line in os.read(read, 1_000_000).decode().splitlines()]
    for line in found:
        assert line.pop("time", "2026-01-01T00:00:00.000+00:00")[10:11] == "T"
    return found


def test_a_message_is_a_field(logger: tuple[logging.Logger, int]) -> None:
    log, read = logger
    log.warning("%d of %s", 3, "many\nlines")

    assert lines(read) == [{"level": "warning", "logger": "test", "message": "3 of many\nlines"}]


def test_a_mapping_is_fields(logger: tuple[logging.Logger, int]) -> None:
    log, read = logger
    log.info({"uid": "u", "ms": 1.5})

    assert lines(read) == [{"level": "info", "logger": "test", "uid": "u", "ms": 1.5}]


def test_an_exception_is_its_type_and_places(logger: tuple[logging.Logger, int]) -> None:
    log, read = logger
    try:
        raise KeyError("CANARY")
    except KeyError:
        log.exception("it failed")

    (line,) = lines(read)
    (place,) = line.pop("at")  # type: ignore[misc]  # It is a list.
    assert line == {"level": "error", "logger": "test", "message": "it failed", "error": "KeyError"}
    assert place.startswith(__file__)


def test_half_a_character_does_no_harm(logger: tuple[logging.Logger, int]) -> None:
    log, read = logger
    log.info({"name": "a\ud800"})

    assert lines(read) == [{"level": "info", "logger": "test", "name": "a\ud800"}]


def test_lines_that_nobody_reads_are_dropped_and_counted(logger: tuple[logging.Logger, int]) -> None:
    log, read = logger
    for n in range(5000):
        log.info("%0100d", n)
    kept = len(lines(read))
    log.info("again")

    assert 0 < kept < 5000
    assert lines(read) == [
        {"level": "warning", "dropped": 5000 - kept},
        {"level": "info", "logger": "test", "message": "again"},
    ]


def test_a_line_that_cannot_be_made_is_dropped_and_counted(logger: tuple[logging.Logger, int]) -> None:
    log, read = logger
    log.info("%d", "CANARY")
    log.info("again")

    assert [line.get("dropped") for line in lines(read)] == [1, None]


def test_an_error_that_ends_a_process_is_said_to_a_person(capsys: pytest.CaptureFixture[str]) -> None:
    logs.say_error("no registry")

    assert capsys.readouterr().err == "error: no registry\n"


def test_an_error_that_ends_a_process_is_a_line_of_its_log(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    root = logging.RootLogger(logging.INFO)
    handler = logs.DroppingHandler(write)
    handler.setFormatter(logs.JsonFormatter())
    root.addHandler(handler)
    monkeypatch.setattr(logging, "getLogger", lambda: root)
    monkeypatch.setattr(logs, "_log", root)
    logs.say_error("no registry")
    os.close(write)
    with os.fdopen(read, "rb") as lines:
        (line,) = map(json.loads, lines)

    assert (line["level"], line["message"]) == ("error", "no registry")


def test_other_plans_for_logs_are_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.RootLogger(logging.WARNING)
    monkeypatch.setattr(logging, "getLogger", lambda: root)
    monkeypatch.setattr(sys, "stderr", sys.__stderr__)

    logs.configure()
    logs.configure()

    assert [type(handler) for handler in root.handlers] == [logs.DroppingHandler]
    assert root.level == logging.INFO
