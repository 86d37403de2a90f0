"""A running server under attack, and honest clients that are served all the same."""

import signal
import ssl
import subprocess
import time
from contextlib import ExitStack, closing

import pytest

from tests.serving.attacks import dear_review, sized
from tests.serving.honest import Honest, attack
from tests.serving.running_server import ANSWER, HEAD, PATIENCE, REVIEW, Start, ask, read_answer

# One for each thing that the server does for a client. All others: tests/e2e/disruption/test_attacks.py.
KINDS = (
    "connections",
    "handshakes",
    "idle-connections",
    "key-updates",
    "endless-bodies",
    "large-reviews",
    "pipelined",
    "sending-on",
)


@pytest.mark.parametrize("kind", KINDS)
def test_honest_clients_are_served_whatever_others_do(kind: str, start: Start) -> None:
    address = ("127.0.0.1", start().port)
    # The attack goes on until they are answered, however long that takes on a busy machine.
    honest = Honest(address, timeout=PATIENCE)
    with attack(address, kind, clients=4, per_client=40):
        time.sleep(0.7)
        honest.ask(1.0)

    assert honest.probes.failures == []
    assert honest.reviews.failures == []
    assert honest.fresh_reviews.failures == []


def test_a_pipeline_is_put_off_once_and_ends(start: Start) -> None:
    server = start(takes=2.0, threads=1, limits={"WAITING": 1})
    with ExitStack() as opened:
        # One in work, one that waits.
        for _ in range(2):
            opened.enter_context(server.tls()).sendall(HEAD % len(REVIEW) + REVIEW)
            time.sleep(0.3)
        sock = opened.enter_context(server.tls())
        sock.sendall((HEAD % len(REVIEW) + REVIEW) * 50)
        held = b""
        while received := sock.recv(65536):
            held += received

    assert held.count(b"HTTP/1.1 503 Service Unavailable") == held.count(b"HTTP/1.1 ") == 1


def test_probes_do_not_wait_for_reviews(start: Start) -> None:
    server = start(takes=3.0, threads=2)
    with ExitStack() as opened:
        for _ in range(6):
            opened.enter_context(server.tls()).sendall(HEAD % len(REVIEW) + REVIEW)
        begin = time.monotonic()
        status, _ = server.get("/healthz")
        took = time.monotonic() - begin

    assert status == 200
    assert took < 3.0


def test_probes_are_answered_while_reviews_are_put_off(start: Start) -> None:
    server = start(takes=3.0, threads=1, limits={"WAITING": 1})
    with ExitStack() as opened:
        for _ in range(6):
            opened.enter_context(server.tls()).sendall(HEAD % len(REVIEW) + REVIEW)

        assert [server.get("/healthz")[0] for _ in range(10)] == [200] * 10


def test_a_review_does_not_wait_for_heavy_ones(start: Start) -> None:
    takes = 2.0
    server = start(takes=takes, threads=1)
    heavy = sized(dear_review(300 * 1024))
    with ExitStack() as opened:
        socks = [opened.enter_context(server.tls()) for _ in range(4)]
        for sock in socks:
            sock.sendall(heavy)
        time.sleep(0.3)
        begin = time.monotonic()
        assert ask(opened.enter_context(server.tls())).body == ANSWER
        took = time.monotonic() - begin
        statuses = [read_answer(sock).status for sock in socks]

    # Heavy ones are worked on one after the other.
    assert took < 2 * takes
    assert time.monotonic() - begin > 3 * takes - 0.5
    assert statuses == [200] * 4


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=lambda v: v.name)
@pytest.mark.parametrize("used", [False, True], ids=["unused", "used"])
def test_an_idle_connection_is_told_that_the_server_stops(version: ssl.TLSVersion, used: bool, start: Start) -> None:
    server = start(limits={"LINGER": 0.2})
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = version
    # Without a close_notify, this socket raises SSLEOFError at the end.
    with context.wrap_socket(server.socket(), suppress_ragged_eofs=False) as sock:
        if used:
            assert ask(sock).body == ANSWER

        server.process.send_signal(signal.SIGTERM)

        assert sock.recv(1) == b""
    assert server.process.wait(PATIENCE) == 0


def test_an_idle_connection_is_told_that_its_time_is_over(start: Start) -> None:
    server = start(limits={"TICK": 0.1, "REQUEST": 0.5})
    context = ssl._create_unverified_context()
    with context.wrap_socket(server.socket(), suppress_ragged_eofs=False) as sock:
        sock.sendall(b"POST /mutate HT")

        assert sock.recv(1) == b""


def test_attackers_end_with_the_test(start: Start) -> None:
    server = start()
    with attack(("127.0.0.1", server.port), "garbage", clients=2):
        time.sleep(0.3)

    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert f"tests.serving.attacks 127.0.0.1 {server.port} " not in listed


def test_a_record_for_each_byte_makes_a_request(start: Start) -> None:
    server = start()
    with closing(server.tls()) as sock:
        for byte in HEAD % len(REVIEW) + REVIEW:
            sock.sendall(bytes([byte]))

        assert read_answer(sock).body == ANSWER
