"""The worker that waits for no client for ever."""

import socket
import threading

import pytest
from gunicorn.config import Config
from gunicorn.workers import gthread

from webhook.registry_server.worker import PatientWorker


@pytest.fixture
def worker(monkeypatch):
    def wait_for_a_request(self, conn):
        return conn.sock.recv(1)

    monkeypatch.setattr(gthread.ThreadWorker, "handle", wait_for_a_request)
    config = Config()
    config.fuseml_patience = 0.05
    worker = PatientWorker(1, 1, [], None, 30, config, None)
    yield worker
    worker.tmp.close()


def test_thread_of_a_slow_client_is_free_again(worker):
    ours, theirs = socket.socketpair()
    results = []
    thread = threading.Thread(target=lambda: results.append(worker.handle(Connection(ours))))
    thread.start()

    while thread.is_alive():
        worker.notify()
        thread.join(0.01)

    assert results == [b""]
    assert theirs.recv(1) == b""
    for sock in (ours, theirs):
        sock.close()


def test_client_that_sends_in_time_is_served(worker):
    ours, theirs = socket.socketpair()
    theirs.send(b"x")

    assert worker.handle(Connection(ours)) == b"x"
    worker.notify()
    theirs.send(b"y")
    assert ours.recv(1) == b"y"
    for sock in (ours, theirs):
        sock.close()


class Connection:
    def __init__(self, sock):
        self.sock = sock
