"""The controller as a process, as the kubelet and the API server see it."""

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
from tests.fakes.object_api import (
    AUTHORITIES,
    CONFIGURATION,
    EXTENSIONS,
    LEAF,
    LEASE,
    FakeObjects,
    extension_path,
    serving,
    write_kubeconfig,
)
from webhook.cli.controller import controller

# Seconds. Long enough for a busy machine.
TIMEOUT = 30.0


def wait_until(condition, failure):
    end = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < end, failure
        time.sleep(0.02)


class Process:
    def __init__(self, kubeconfig, log, *options):
        self.log = log
        command = [sys.executable, "-c", "from webhook.cli.controller import controller; controller()"]
        command += ["--namespace", "fuseml-system", "--kubeconfig", str(kubeconfig), "--listen", "127.0.0.1:0"]
        with log.open("wb") as stderr:
            self.popen = subprocess.Popen([*command, *options], stderr=stderr, stdin=subprocess.DEVNULL)

    def wait_for_log(self, text):
        wait_until(lambda: text in self.log.read_text() or self.popen.poll() is not None, f"{text!r} is never logged")
        assert text in self.log.read_text()

    def stop(self):
        self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(TIMEOUT)


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


def test_controller_installs_certificates_and_releases_its_lease(fake, start):
    with serving(fake):
        process = start()
        process.wait_for_log("new leaf")

        assert process.stop() == 0

    assert fake.objects[LEASE]["spec"]["holderIdentity"] == ""
    assert {path for method, path in fake.writes()} == {LEASE, AUTHORITIES, CONFIGURATION, LEAF}
    messages = [json.loads(line)["message"] for line in process.log.read_text().splitlines()]
    assert re.fullmatch(r"controller \S+, health on port \d+", messages[0])
    assert (messages[1], messages[-1]) == ("this process leads", "SIGTERM: stopping")


def test_standby_takes_over_at_once(fake, start):
    with serving(fake):
        first = start()
        first.wait_for_log("new leaf")
        second = start()
        second.wait_for_log("health on port")

        first.stop()
        stopped = time.monotonic()
        second.wait_for_log("this process leads")

        assert time.monotonic() - stopped < 10
        assert second.stop() == 0


def test_process_continues_after_sigstop_and_sigcont(fake, start):
    with serving(fake):
        process = start()
        process.wait_for_log("new leaf")

        process.popen.send_signal(signal.SIGSTOP)
        time.sleep(1.2)  # Longer than one wait for a signal.
        process.popen.send_signal(signal.SIGCONT)

        renewals = fake.requests.count(("PUT", LEASE))
        wait_until(lambda: fake.requests.count(("PUT", LEASE)) > renewals + 1, "it does not renew its lease")
        assert process.stop() == 0


def test_process_waits_for_an_unreachable_api_server(fake, start):
    with serving(fake):
        pass
    port = int(fake.url.rpartition(":")[2])
    process = start()
    process.wait_for_log("API server: cannot be reached")
    assert process.popen.poll() is None

    with serving(fake, port):
        process.wait_for_log("new leaf")
        assert process.stop() == 0

    assert process.log.read_text().count("cannot be reached") == 1


def test_external_certificates_are_left_alone(fake, start):
    with serving(fake):
        process = start("--certificates", "external")
        process.wait_for_log("this process leads")
        wait_until(lambda: ("GET", object_api.CONFIGURATIONS) in fake.requests, "it never lists the configurations")
        process.stop()

    assert {path for method, path in fake.writes()} == {LEASE}


def test_extensions_are_given_a_status(fake, start):
    def register(name, variable):
        metadata = {"namespace": "ml", "uid": f"u-{name}", "generation": 1}
        path = extension_path("ml", name)
        fake.put(path, {"kind": "Extension", "metadata": metadata, "spec": {"configuration": {variable: "x"}}})
        wait_until(lambda: "status" in fake.objects[path], f"{name} is given no status")
        return fake.objects[path]["status"]["conditions"][-1]["reason"]

    with serving(fake):
        process = start("--certificates", "external", "--allow-variable", "PATH")
        reasons = [register("allowed", "PATH"), register("odd", "LD_PRELOAD")]
        process.wait_for_log("extension ml/odd does not work: InvalidRecord")
        assert process.stop() == 0

    assert reasons == ["Ready", "InvalidRecord"]


def test_extensions_that_cannot_be_followed_are_reported(fake, start):
    fake.refuse[EXTENSIONS] = 403
    with serving(fake):
        process = start("--certificates", "external")
        process.wait_for_log("extensions: Extensions: cannot be followed")
        process.stop()


def test_process_logs_its_port_and_ends_on_sigint(fake, start):
    with serving(fake):
        process = start()
        process.wait_for_log("health on port")
        assert re.search(r"health on port [1-9][0-9]*", process.log.read_text())

        os.kill(process.popen.pid, signal.SIGINT)

        assert process.popen.wait(TIMEOUT) == 0


@pytest.mark.parametrize("part", ["election.Election", "loop.Loop"])
def test_process_ends_if_one_of_its_threads_ends(fake, tmp_path, part):
    module = part.partition(".")[0]
    program = (
        f"from webhook.cli import controller; from webhook.controller import {module}; "
        f"{part}.run = lambda self, stop: None; controller.controller()"
    )
    with serving(fake):
        kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", fake.url)
        result = subprocess.run(
            [
                sys.executable,
                "-c",
                program,
                "--namespace=fuseml-system",
                f"--kubeconfig={kubeconfig}",
                "--listen=127.0.0.1:0",
            ],
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )

    assert result.returncode == 1
    assert json.loads(result.stderr.splitlines()[-1])["message"] == f"{module} has ended"


def invoke(*options):
    return CliRunner().invoke(controller, ["--namespace", "fuseml-system", *options])


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
def test_wrong_option_is_reported(options, expected):
    result = invoke(*options)

    assert result.exit_code == 2
    assert expected in result.output


def test_unreadable_kubeconfig_ends_the_process(tmp_path):
    command = [sys.executable, "-c", "from webhook.cli.controller import controller; controller()"]
    missing = str(tmp_path / "none")

    result = subprocess.run(
        [*command, "--namespace", "fuseml-system", "--kubeconfig", missing, "--listen", "127.0.0.1:0"],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )

    assert result.returncode == 1
    assert json.loads(result.stderr)["message"].startswith(f"{missing}: ")
    assert "Traceback" not in result.stderr
