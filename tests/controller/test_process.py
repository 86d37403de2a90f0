"""The process, as the kubelet and the API server see it."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from tests.fakes import object_api
from tests.fakes.object_api import AUTHORITIES, CONFIGURATION, LEAF, LEASE, FakeObjects, serving, write_kubeconfig
from webhook.cli.controller import controller

# What a person may have to wait for on a machine that is busy with other things.
PATIENCE = 30.0


def until(question, what):
    end = time.monotonic() + PATIENCE
    while not question():
        assert time.monotonic() < end, what
        time.sleep(0.02)


class Process:
    def __init__(self, kubeconfig, log, *options):
        self.log = log
        command = [sys.executable, "-c", "from webhook.cli.controller import controller; controller()"]
        command += ["--namespace", "fuseml", "--kubeconfig", str(kubeconfig), "--listen", "127.0.0.1:0"]
        with log.open("wb") as stderr:
            self.popen = subprocess.Popen([*command, *options], stderr=stderr, stdin=subprocess.DEVNULL)

    def says(self, text):
        until(lambda: text in self.log.read_text() or self.popen.poll() is not None, f"it never says {text!r}")
        assert text in self.log.read_text()

    def stop(self):
        self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(PATIENCE)


@pytest.fixture
def fake():
    fake = FakeObjects()
    object_api.install(fake)
    return fake


@pytest.fixture
def start(fake, tmp_path):
    started = []

    def _start(*options):
        kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", fake.url)
        started.append(Process(kubeconfig, tmp_path / f"log{len(started)}", *options))
        return started[-1]

    yield _start
    for process in started:
        if process.popen.poll() is None:
            process.popen.kill()
        process.popen.wait()


def test_installs_and_gives_its_lease_back(fake, start):
    with serving(fake):
        process = start()
        process.says("new leaf")

        assert process.stop() == 0

    assert fake.objects[LEASE]["spec"]["holderIdentity"] == ""
    assert {path for method, path in fake.writes()} == {LEASE, AUTHORITIES, CONFIGURATION, LEAF}
    told = [json.loads(line)["message"] for line in process.log.read_text().splitlines()]
    assert re.fullmatch(r"controller \S+, health on port \d+", told[0])
    assert (told[1], told[-1]) == ("leading", "SIGTERM: stopping")


def test_standby_takes_over_at_once(fake, start):
    with serving(fake):
        first = start()
        first.says("new leaf")
        second = start()
        second.says("health on port")

        first.stop()
        stopped = time.monotonic()
        second.says("leading")

        assert time.monotonic() - stopped < 10
        assert second.stop() == 0


def test_goes_on_after_it_was_halted(fake, start):
    with serving(fake):
        process = start()
        process.says("new leaf")

        process.popen.send_signal(signal.SIGSTOP)
        time.sleep(1.2)  # Longer than it waits for a signal at a time.
        process.popen.send_signal(signal.SIGCONT)

        renewals = fake.requests.count(("PUT", LEASE))
        until(lambda: fake.requests.count(("PUT", LEASE)) > renewals + 1, "it does not renew its lease")
        assert process.stop() == 0


def test_waits_for_an_api_server_that_is_away(fake, start):
    with serving(fake):
        pass
    port = int(fake.url.rpartition(":")[2])
    process = start()
    process.says("API server: cannot be reached")
    assert process.popen.poll() is None

    with serving(fake, port):
        process.says("new leaf")
        assert process.stop() == 0

    assert process.log.read_text().count("cannot be reached") == 1


def test_external_certificates_are_left_alone(fake, start):
    with serving(fake):
        process = start("--certificates", "external")
        process.says("leading")
        until(lambda: ("GET", object_api.CONFIGURATIONS) in fake.requests, "it never looks at the order")
        process.stop()

    assert {path for method, path in fake.writes()} == {LEASE}


def test_tells_where_it_listens_and_ends_on_an_interrupt(fake, start):
    with serving(fake):
        process = start()
        process.says("health on port")
        assert re.search(r"health on port [1-9][0-9]*", process.log.read_text())

        os.kill(process.popen.pid, signal.SIGINT)

        assert process.popen.wait(PATIENCE) == 0


@pytest.mark.parametrize("part", ["election.Election", "loop.Loop"])
def test_process_ends_with_any_of_its_threads(fake, tmp_path, part):
    module = part.partition(".")[0]
    program = (
        f"from webhook.cli import controller; from webhook.controller import {module}; "
        f"{part}.run = lambda self, stop: None; controller.controller()"
    )
    with serving(fake):
        kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", fake.url)
        result = subprocess.run(
            [sys.executable, "-c", program, "--namespace=fuseml", f"--kubeconfig={kubeconfig}", "--listen=127.0.0.1:0"],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == f"error: {module} has ended"


def run(*options):
    return CliRunner().invoke(controller, ["--namespace", "fuseml", *options])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--ca-days", "200"], "--ca-days must be at least three times --leaf-days"),
        (
            ["--leaf-days", "0.01"],
            "--leaf-days must be at least three times --settle-bundle and --settle-leaf together",
        ),
        (["--namespace", "Fuse ML"], "'Fuse ML' is no name in Kubernetes"),
        (["--service", "a.b"], "'a.b' is no name in Kubernetes"),
        (["--certificates", "none"], "'none' is not one of"),
        (["--interval", "0"], "0.0 is not in the range"),
        (["--leaf-days", "0"], "0.0 is not in the range"),
    ],
)
def test_wrong_usage_is_said(options, expected):
    result = run(*options)

    assert result.exit_code == 2
    assert expected in result.output


def test_kubeconfig_that_cannot_be_read_ends_it(tmp_path):
    command = [sys.executable, "-c", "from webhook.cli.controller import controller; controller()"]
    missing = str(tmp_path / "none")

    result = subprocess.run(
        [*command, "--namespace", "fuseml", "--kubeconfig", missing, "--listen", "127.0.0.1:0"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert result.returncode == 1
    assert result.stderr.startswith(f"error: {missing}: ")
    assert "Traceback" not in result.stderr
