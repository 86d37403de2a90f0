"""A server process from its start to its end: what it says, where it listens, signals, and workers that die."""

import json
import os
import signal
import socket
import subprocess
import time
from contextlib import closing
from typing import Any

import pytest

from tests.serving.load import Load, new_connections, one_connection
from tests.serving.running_server import (
    ANSWER,
    HEAD,
    PATIENCE,
    REVIEW,
    Running,
    Start,
    ask,
    end_process,
    ended,
    eventually,
    port_in,
    read_answer,
)


def test_the_start_is_reported_in_one_line(server: Running) -> None:
    where = f"webhook on https://127.0.0.1:{server.port}"

    assert server.line == f"{where}, zone 'eu', 3 extensions; this is a test"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        pytest.param({"certificate": "/nowhere/tls.crt"}, "/nowhere/tls.crt: no such file", id="no-certificate"),
        pytest.param({"key": "/dev/null"}, "are no usable PEM files", id="no-key"),
        pytest.param({"listen": "8443"}, "cannot listen on '8443': expected host:port", id="no-host"),
        pytest.param({"listen": "x:70000"}, "cannot listen on 'x:70000': expected host:port", id="no-port"),
        pytest.param({"listen": "192.0.2.1:0"}, "cannot listen on 192.0.2.1:0: cannot assign", id="not-ours"),
    ],
)
def test_a_server_that_cannot_start_says_why(options: dict[str, Any], text: str, start: Start) -> None:
    server = start(wait=False, **options)

    assert server.process.wait(PATIENCE) == 1
    (line,) = map(json.loads, server.errors().splitlines())
    assert line["level"] == "error"
    assert text in line["message"]


def test_a_port_that_is_taken_is_reported(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        server = start(wait=False, listen=address)

        assert server.process.wait(PATIENCE) == 1
        assert json.loads(server.errors())["message"] == f"cannot listen on {address}: address already in use"


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
@pytest.mark.parametrize(
    ("listen", "shown"), [("[::1]:0", "https://[::1]:"), (":0", "https://[::]:")], ids=["one", "all"]
)
def test_ipv6_is_listened_on(listen: str, shown: str, start: Start) -> None:
    server = start(wait=False, listen=listen).listening()

    assert server.line.startswith(f"webhook on {shown}")
    for host in ["::1", "127.0.0.1"] if listen == ":0" else ["::1"]:
        socket.create_connection((host, server.port), timeout=PATIENCE).close()


def test_no_review_is_lost_while_a_server_stops(start: Start) -> None:
    drain = 5.0
    server = start(drain=drain)
    load = Load(one_connection(server), one_connection(server), new_connections(server))
    try:
        eventually(lambda: load.answers > 20)

        server.process.send_signal(signal.SIGTERM)
        begin = time.monotonic()
        unready = eventually(lambda: server.get("/readyz")[0] == 503)
        at = load.answers
        eventually(lambda: load.answers > at + 20)
    finally:
        load.stop()
    code = server.process.wait(PATIENCE)

    assert unready
    assert load.failures == []
    assert load.closed > 2
    assert code == 0
    assert time.monotonic() - begin > drain - 0.1
    with pytest.raises(ConnectionRefusedError):
        server.socket()


def test_a_review_in_flight_is_finished_before_the_end(start: Start) -> None:
    server = start(takes=3.0, limits={"LINGER": 0.2})
    with closing(server.tls()) as sock, closing(server.tls()) as idle:
        sock.sendall(HEAD % len(REVIEW) + REVIEW)
        time.sleep(1.0)  # By then it is in flight.

        server.process.send_signal(signal.SIGTERM)

        assert read_answer(sock).body == ANSWER
        assert ended(sock)
        assert ended(idle)
    assert server.process.wait(PATIENCE) == 0


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_obeys_a_signal_that_comes_before_it_is_ready(sent: signal.Signals, start: Start) -> None:
    server = start(boots=1.0, wait=False)
    eventually(server.workers)

    server.process.send_signal(sent)

    assert server.process.wait(14) == 0  # gunicorn kills a worker that has missed the signal after 15 seconds.


def test_an_interrupt_ends_at_once(start: Start) -> None:
    server = start(drain=60.0)
    with closing(server.tls()):
        begin = time.monotonic()
        code = server.end()

    assert code == 0
    assert time.monotonic() - begin < PATIENCE / 2


def test_a_killed_worker_is_replaced(start: Start) -> None:
    server = start()
    (worker,) = server.workers()
    begin = time.monotonic()

    os.kill(worker, signal.SIGKILL)

    assert eventually(lambda: server.get("/readyz") == (200, b'{"ready":true,"revision":"3","extensions":3}\n'))
    assert server.workers() != [worker]
    assert time.monotonic() - begin < 20.0  # A worker that hangs is replaced after 30.


def test_a_worker_without_its_parent_ends(start: Start) -> None:
    server = start()
    server.process.kill()
    server.process.wait(PATIENCE)

    def refused() -> bool:
        try:
            server.socket().close()
        except ConnectionRefusedError:
            return True
        return False

    assert eventually(refused)


def test_a_server_goes_on_when_nobody_reads_its_log(start: Start) -> None:
    server = start()
    read, write = os.pipe()
    blocked = subprocess.Popen(server.process.args, stderr=write, stdin=subprocess.DEVNULL)
    os.close(write)
    try:
        line = b""
        while not line.endswith(b"\n"):
            received = os.read(read, 1)
            assert received, "the server ended"
            line += received
        server.port = port_in(line.decode())
        with closing(server.tls()) as sock:
            # At 200 bytes a line, these are twice as many as a pipe holds.
            assert [ask(sock).status for _ in range(700)] == [200] * 700
    finally:
        try:
            end_process(blocked)
        finally:
            os.close(read)
