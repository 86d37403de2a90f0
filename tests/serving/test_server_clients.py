"""A running server and clients that are slow, silent, or hostile: they are cut off, and hold up nobody else."""

import socket
import ssl
import time
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress

import pytest

from tests.serving.running_server import (
    ANSWER,
    HEAD,
    PATIENCE,
    REVIEW,
    STAGE,
    Running,
    Start,
    ask,
    ended,
    eventually,
    read_answer,
)


def silent(server: Running) -> socket.socket:
    return server.socket()


def half_hello(server: Running) -> socket.socket:
    sock = server.socket()
    sock.sendall(b"\x16\x03\x01\x02\x00\x01\x00")
    return sock


def plain_http(server: Running) -> socket.socket:
    sock = server.socket()
    sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    return sock


def handshaken(server: Running) -> socket.socket:
    return server.tls()


def half_head(server: Running) -> socket.socket:
    sock = server.tls()
    sock.sendall(b"POST /mutate HTTP/1.1\r\nHo")
    return sock


def half_body(server: Running) -> socket.socket:
    sock = server.tls()
    sock.sendall(HEAD % 1000 + b"{")
    return sock


def lying_about_length(server: Running) -> socket.socket:
    sock = server.tls()
    sock.sendall(HEAD % (len(REVIEW) + 1) + REVIEW)
    return sock


def refused_and_still_there(server: Running) -> socket.socket:
    sock = server.tls()
    sock.sendall(b"NONSENSE\r\n\r\n")
    return sock


def not_taking_answers(server: Running) -> socket.socket:
    sock = server.tls()
    sock.setblocking(False)
    with suppress(ssl.SSLWantWriteError):
        for _ in range(100):
            sock.send((HEAD % len(REVIEW) + REVIEW) * 20)
    return sock


ATTACKS = [
    silent,
    half_hello,
    plain_http,
    handshaken,
    half_head,
    half_body,
    lying_about_length,
    refused_and_still_there,
    not_taking_answers,
]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda a: a.__name__)
def test_slow_and_silent_clients_hold_up_nobody(attack: Callable[[Running], socket.socket], server: Running) -> None:
    with ExitStack() as opened:
        good = opened.enter_context(server.tls())
        for _ in range(8 if attack is not_taking_answers else 48):
            opened.enter_context(attack(server))
        times = []
        for _ in range(20):
            begin = time.monotonic()
            assert ask(good).body == ANSWER
            with closing(server.tls()) as fresh:
                assert ask(fresh).body == ANSWER
            times.append(time.monotonic() - begin)

    # gunicorn's own worker waits here for as long as one of these clients may take, or longer, or never answers.
    assert sorted(times)[len(times) // 2] < STAGE / 4
    assert max(times) < STAGE


def test_slow_clients_are_cut_off(server: Running) -> None:
    with ExitStack() as opened:
        socks = [opened.enter_context(attack(server)) for attack in (silent, half_hello, half_head, half_body)]

        assert [ended(sock) for sock in socks] == [True] * 4


def test_a_client_that_sends_byte_by_byte_is_cut_off(server: Running) -> None:
    with closing(server.tls()) as sock:
        begin = time.monotonic()
        with suppress(OSError):
            while time.monotonic() < begin + PATIENCE:
                sock.sendall(b"x")
                time.sleep(0.05)
        took = time.monotonic() - begin

    assert took < PATIENCE / 2


def test_an_endless_head_is_refused(server: Running) -> None:
    with closing(server.tls()) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 17_000)

        assert read_answer(sock).status == 400
        assert ended(sock)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"\r\n\r\n", id="nothing"),
        pytest.param(b"\x00\xff\r\n\r\n", id="no-text"),
        pytest.param(b"GET / HTTP/9.9\r\n\r\n", id="version"),
        pytest.param(HEAD.replace(b"%d", b"-5"), id="negative-length"),
        pytest.param(HEAD.replace(b"%d", b"5\r\nContent-Length: 6"), id="two-lengths"),
        pytest.param(HEAD.replace(b"%d", b"5\r\nTransfer-Encoding: chunked"), id="length-and-chunks"),
    ],
)
def test_bytes_that_are_no_request_are_refused(raw: bytes, server: Running) -> None:
    with closing(server.tls()) as sock:
        sock.sendall(raw)
        got = read_answer(sock)

        assert (got.status, got.body) == (400, b"")
        assert ended(sock)


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(server: Running) -> None:
    with closing(server.tls()) as sock:
        sock.sendall(HEAD % (8 * 1024 * 1024))
        got = read_answer(sock)

        assert (got.status, got.body) == (413, b"body larger than 7 MiB\n")
        assert got.headers["connection"] == "close"


def test_a_client_that_sends_too_large_a_body_still_gets_its_answer(server: Running) -> None:
    with closing(server.tls()) as sock:
        sock.sendall(HEAD % (8 * 1024 * 1024) + b" " * 8 * 1024 * 1024)

        assert read_answer(sock).status == 413


def test_an_endless_body_is_refused(server: Running) -> None:
    with closing(server.tls()) as sock:
        sock.sendall(HEAD.replace(b"Content-Length: %d", b"Transfer-Encoding: chunked"))
        assert read_answer(sock).status == 411
        sent = 0
        with suppress(OSError):
            while sent < 1000:
                sock.sendall(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
                sent += 1

    assert sent < 1000


def test_half_sent_bodies_do_not_fill_the_memory(start: Start) -> None:
    server = start(limits={"BYTES": 4_000_000, "REQUEST": 2 * PATIENCE})
    with ExitStack() as opened:
        socks = [opened.enter_context(server.tls()) for _ in range(6)]
        for sock in socks:
            sock.sendall(HEAD % 2_000_000 + b" " * 1_000_000)

        # Six million bytes are more than the limit: two had to go, long before their time was over. Which two, depends
        # on when the server, if it is busy, comes to each.
        for sock in socks:
            sock.settimeout(0.1)
        assert eventually(lambda: sum(ended(sock) for sock in socks) == 2)
        with closing(server.tls()) as good:
            assert ask(good).body == ANSWER


def test_when_connections_run_out_the_oldest_unused_one_is_closed(server: Running) -> None:
    with ExitStack() as opened:
        good = opened.enter_context(server.tls())
        assert ask(good).body == ANSWER
        others = [opened.enter_context(server.tls()) for _ in range(110)]

        assert ended(others[0])
        assert ask(good).body == ANSWER
