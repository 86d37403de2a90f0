"""Print at the end of a run how long each part of it took, so that growth is seen."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


class Durations:
    """A plugin of pytest, for the process that starts the workers."""

    def __init__(self, config: pytest.Config) -> None:
        self._selection = _selection(config)
        self._began = time.monotonic()
        self._steps: dict[str, float] = {}
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._tests: defaultdict[str, set[str]] = defaultdict(set)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure a step that comes before the tests."""
        began = time.monotonic()
        yield
        self._steps[name] = time.monotonic() - began

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add the set-up, the call or the end of a test to its file."""
        file = report.nodeid.partition("::")[0]
        self._seconds[file] += report.duration
        self._tests[file].add(report.nodeid)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show the sums, the longest file first."""
        if not self._seconds:
            return
        write = terminalreporter.write_line
        terminalreporter.section(f"durations, {self._selection}")
        for name, seconds in self._steps.items():
            write(f"{_clock(seconds)}  {name}")
        for file, seconds in sorted(self._seconds.items(), key=lambda entry: -entry[1]):
            write(f"{_clock(seconds)}  {file} ({len(self._tests[file])})")
        total = time.monotonic() - self._began
        write(f"{_clock(sum(self._seconds.values()))}  all tests, one after the other")
        write(f"{_clock(total)}  this run, start to end")


def _selection(config: pytest.Config) -> str:
    tier = "quick tier" if config.option.markexpr == "not full" else config.option.markexpr or "all tests"
    return f"{tier}, -k {config.option.keyword!r}" if config.option.keyword else tier


def _clock(seconds: float) -> str:
    return f"{int(seconds // 60):3}:{int(seconds % 60):02}"
