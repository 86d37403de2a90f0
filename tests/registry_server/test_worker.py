"""The worker that waits for no client for ever."""

import socket
import threading

import pytest
from gunicorn.config import Config
from gunicorn.workers import gthread

from webhook.registry_server import server
from webhook.registry_server.worker import STOPPING, PatientWorker


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
        worker.end_overdue()
        thread.join(0.01)

    assert results == [b""]
    assert theirs.recv(1) == b""
    for sock in (ours, theirs):
        sock.close()


def test_client_that_sends_in_time_is_served(worker):
    ours, theirs = socket.socketpair()
    theirs.send(b"x")

    assert worker.handle(Connection(ours)) == b"x"
    worker.end_overdue()
    theirs.send(b"y")
    assert ours.recv(1) == b"y"
    for sock in (ours, theirs):
        sock.close()


def test_worker_that_stops_waits_for_less(worker, monkeypatch):
    worker.cfg.fuseml_patience = 60
    monkeypatch.setattr("webhook.registry_server.worker.STOPPING", 0.05)
    worker.method_queue.init()
    ours, theirs = socket.socketpair()
    thread = threading.Thread(target=lambda: worker.handle(Connection(ours)))
    worker.alive = True
    thread.start()

    worker.handle_exit(15, None)
    while thread.is_alive():
        worker.end_overdue()
        thread.join(0.01)

    assert not worker.alive
    worker.method_queue.close()
    for sock in (ours, theirs):
        sock.close()


def test_stopping_ends_before_gunicorn_kills():
    assert STOPPING + 5 < server.GRACE


class Connection:
    def __init__(self, sock):
        self.sock = sock
