"""A running server answers reviews: one by one, many in a row, before it has a registry, and more than it can do."""

import json
from contextlib import ExitStack, closing

from tests.serving.running_server import ANSWER, HEAD, REVIEW, Running, Start, ask, ended, eventually, read_answer


def test_a_review_is_answered(server: Running) -> None:
    with closing(server.tls()) as sock:
        got = ask(sock)

    assert got.body == ANSWER
    got.headers.pop("date")
    assert got.headers == {
        "server": "fuseml",
        "connection": "keep-alive",
        "content-type": "application/json",
        "content-length": str(len(ANSWER)),
    }


def test_a_connection_serves_many_reviews(server: Running) -> None:
    with closing(server.tls()) as sock:
        assert [ask(sock).body for _ in range(50)] == [ANSWER] * 50


def test_requests_may_be_sent_without_waiting_for_answers(server: Running) -> None:
    message = HEAD % len(REVIEW) + REVIEW
    with closing(server.tls()) as sock:
        sock.sendall(message * 20)
        held = b""
        while held.count(ANSWER) < 20:
            received = sock.recv(65536)
            assert received, "the connection ended"
            held += received

    assert held.count(b"HTTP/1.1 200 OK") == 20


def test_a_client_that_waits_to_send_its_body_is_asked_for_it(server: Running) -> None:
    with closing(server.tls()) as sock:
        sock.sendall((HEAD % len(REVIEW)).replace(b"Host", b"Expect: 100-continue\r\nHost"))
        go_on = sock.recv(65536)
        sock.sendall(REVIEW)

        assert go_on == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert read_answer(sock).body == ANSWER


def test_without_a_registry_clients_are_asked_to_come_later(start: Start) -> None:
    server = start(registry=None)
    with closing(server.tls()) as sock:
        got = ask(sock)

        assert (got.status, got.headers["retry-after"], got.body) == (503, "1", b"registry not loaded\n")
        assert server.get("/readyz") == (503, b'{"ready":false,"reason":"registry not loaded"}\n')
        assert server.line.endswith("zone 'eu', no registry yet; this is a test")

        (server.folder / "registry").write_text("7")

        ready = b'{"ready":true,"revision":"7","extensions":7}\n'
        eventually(lambda: server.get("/readyz") == (200, ready))
        assert ask(sock).body == ANSWER


def test_reviews_beyond_what_may_wait_are_put_off(start: Start) -> None:
    server = start(takes=1.5, limits={"WAITING": 2})
    with ExitStack() as opened:
        socks = [opened.enter_context(server.tls()) for _ in range(8)]
        for sock in socks:
            sock.sendall(HEAD % len(REVIEW) + REVIEW)

        got = [read_answer(sock) for sock in socks]

        put_off = [a for a in got if a.status == 503]
        assert sorted({a.status for a in got}) == [200, 503]
        assert [a.headers["retry-after"] for a in put_off] == ["1"] * len(put_off)
        assert [a.headers["connection"] for a in put_off] == ["close"] * len(put_off)
        assert ended(socks[[a.status for a in got].index(503)])
        with closing(server.tls()) as again:
            assert ask(again).body == ANSWER


def test_the_time_of_a_review_begins_with_its_last_byte(start: Start) -> None:
    server = start(takes=1.0, threads=1)
    with ExitStack() as connections:
        clients = [connections.enter_context(closing(server.tls())) for _ in range(3)]
        for client in clients:
            client.sendall(HEAD % len(REVIEW) + REVIEW)
        assert [read_answer(client).body for client in clients] == [ANSWER] * 3

    lines = [json.loads(line) for line in server.errors().splitlines() if line.startswith("{")]
    first, second, third = sorted(line["ms"] for line in lines if "ms" in line)
    assert first >= 1000
    # They waited for the only thread.
    assert second >= 1500
    assert third >= 2500
