"""What the controller tells probes and Prometheus."""

import http.client
import re
import socket
from contextlib import closing
from datetime import UTC, datetime

import pytest

from webhook.controller.status import STUCK, Status
from webhook.process.listening import ListenError
from webhook.process.probes import HealthServer


@pytest.fixture
def clock():
    return [0.0]


@pytest.fixture
def status(clock):
    return Status(clock=lambda: clock[0])


@pytest.fixture
def server(status):
    server = HealthServer("127.0.0.1:0", status)
    server.start()
    yield server
    server.shutdown()
    server.server_close()


def get(server, path):
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()


def test_health_is_a_loop_that_turns(server, status, clock):
    clock[0] = STUCK - 1
    assert get(server, "/healthz") == (200, "last turn 119 s ago\n")
    clock[0] = STUCK
    assert get(server, "/healthz")[0] == 503

    status.turned()

    assert get(server, "/healthz") == (200, "last turn 0 s ago\n")


def test_readiness_says_what_is_wrong(server, status):
    assert get(server, "/readyz") == (200, "standby\n")
    status.leader = True
    assert get(server, "/readyz") == (200, "leader\n")

    status.set_problem("order", "b")
    status.set_problem("certificates", "a")

    assert get(server, "/readyz") == (503, "certificates: a\norder: b\n")


def test_metrics_of_a_standby_say_that_it_is_one(server, status):
    status.expiries = {"leaf": datetime(2026, 11, 24, tzinfo=UTC)}

    assert get(server, "/metrics")[1].splitlines()[2:] == ["fuseml_controller_leader 0"]


def test_metrics_of_the_leader(server, status):
    status.leader = True
    status.step = 2
    status.in_the_way = 1
    status.pods_waiting = 3
    status.expiries = {"leaf": datetime(2026, 11, 24, tzinfo=UTC), "ca": datetime(2031, 11, 24, tzinfo=UTC)}

    code, text = get(server, "/metrics")

    assert code == 200
    assert [line for line in text.splitlines() if not line.startswith("#")] == [
        "fuseml_controller_leader 1",
        'fuseml_certificate_not_after_seconds{what="ca"} 1953244800',
        'fuseml_certificate_not_after_seconds{what="leaf"} 1795478400',
        "fuseml_certificate_rotation_step 2",
        "fuseml_configurations_in_the_way 1",
        "fuseml_pods_waiting 3",
    ]
    assert re.findall(r"^# TYPE (\S+) gauge$", text, re.MULTILINE) == re.findall(r"^# HELP (\S+) ", text, re.MULTILINE)


def test_anything_else_is_not_found(server):
    assert get(server, "/secrets")[0] == 404


def test_query_is_no_part_of_the_path(server):
    assert get(server, "/readyz?verbose")[0] == 200


def test_silent_client_holds_up_nobody(server):
    with socket.create_connection(("127.0.0.1", server.port)):
        assert get(server, "/healthz")[0] == 200


def test_nothing_is_told_of_the_software(server):
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as connection:
        connection.request("GET", "/healthz")

        assert connection.getresponse().getheader("Server").strip() == "fuseml"


@pytest.mark.parametrize("address", ["", "8080", "127.0.0.1:x", ":70000"])
def test_address_that_is_none_is_refused(status, address):
    with pytest.raises(ListenError, match="expected host:port"):
        HealthServer(address, status)


def test_address_that_is_taken_is_named(server, status):
    with pytest.raises(ListenError, match=f"cannot listen on 127.0.0.1:{server.port}: address already in use"):
        HealthServer(f"127.0.0.1:{server.port}", status)


@pytest.mark.parametrize("address", [":0", "[::1]:0", "localhost:0"])
def test_address_may_be_left_out_or_be_any(status, address):
    server = HealthServer(address, status)
    server.server_close()

    assert server is not None
