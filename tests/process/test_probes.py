"""Pages in plain HTTP: for probes and Prometheus."""

import http.client
import socket
import threading
from contextlib import ExitStack, closing

import pytest

from webhook.process.listening import ListenError
from webhook.process.probes import CONNECTIONS, Page, PageServer, state

PAGES = {"/healthz": lambda: state(True, "fine"), "/readyz": lambda: state(False, "a\nb"), "/x": lambda: Page(b"<x/>")}


@pytest.fixture
def server():
    server = PageServer("127.0.0.1:0", PAGES)
    server.start()
    yield server
    server.shutdown()
    server.server_close()


def get(server, path):
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()


def test_each_page_has_its_path(server):
    assert get(server, "/healthz") == (200, "fine\n")
    assert get(server, "/readyz") == (503, "a\nb\n")
    assert get(server, "/x") == (200, "<x/>")


def test_anything_else_is_not_found(server):
    assert get(server, "/secrets")[0] == 404


def test_query_is_no_part_of_the_path(server):
    assert get(server, "/healthz?verbose")[0] == 200


def test_silent_client_holds_up_nobody(server):
    with socket.create_connection(("127.0.0.1", server.port)):
        assert get(server, "/healthz")[0] == 200


def test_many_silent_clients_take_a_limited_number_of_threads(server):
    with ExitStack() as clients:
        address = ("127.0.0.1", server.port)
        sockets = [clients.enter_context(socket.create_connection(address, timeout=30)) for _ in range(3 * CONNECTIONS)]

        assert get(server, "/healthz")[0] == 200
        # Their connections are closed, the oldest first.
        assert all(s.recv(1) == b"" for s in sockets[:CONNECTIONS])
        assert threading.active_count() < 2 * CONNECTIONS


def test_the_answer_does_not_name_the_software_below(server):
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)) as connection:
        connection.request("GET", "/healthz")

        assert connection.getresponse().getheader("Server").strip() == "fuseml"


@pytest.mark.parametrize("address", ["", "8080", "127.0.0.1:x", ":70000"])
def test_what_is_no_address_is_refused(address):
    with pytest.raises(ListenError, match="expected host:port"):
        PageServer(address, PAGES)


def test_address_that_is_taken_is_named(server):
    with pytest.raises(ListenError, match=f"cannot listen on 127.0.0.1:{server.port}: address already in use"):
        PageServer(f"127.0.0.1:{server.port}", PAGES)


@pytest.mark.parametrize("address", [":0", "[::1]:0", "localhost:0"])
def test_host_may_be_left_out_or_be_any(address):
    server = PageServer(address, PAGES)
    server.server_close()

    assert server is not None
