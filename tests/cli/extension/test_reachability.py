"""``fuseml extension test``: whether endpoints can be reached from here, without saying anything to them."""

import json
import socket
import ssl
import threading
import time
from contextlib import contextmanager

import pytest

from tests.certificates import self_signed
from webhook.cli.extension.probing import Address, address_of


@contextmanager
def listening(context=None):
    """A server that keeps what it is told: its port, and what it has received."""
    received = []
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(connection, server_side=True) if context else connection as talking:
                    received.append(talking.recv(100))
            except OSError:
                received.append(None)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1], received
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(5)


def wait_for(number, received):
    """Waits until as many connections have ended."""
    end = time.monotonic() + 10
    while len(received) < number and time.monotonic() < end:
        time.sleep(0.01)
    return received


@pytest.fixture
def certificate(tmp_path):
    files = tmp_path / "tls.crt", tmp_path / "tls.key"
    for file, content in zip(files, self_signed(), strict=True):
        file.write_bytes(content)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    return context, str(files[0])


@pytest.fixture
def test(folder):
    """Tests the endpoints of a record; gives exit code and results."""

    def run(*urls, options=(), type_="external"):
        endpoints = [{"url": url, "type": type_} for url in urls]
        login = {"id": "c", "configuration": {"KEY": "CANARY"}}
        record = {"id": "a", "services": [{"id": "s", "endpoints": endpoints, "credentials": [login]}]}
        (folder.place / "a.json").write_text(json.dumps(record))
        code, shown, errors = folder("test", "a", "-o", "json", "--wait", "1", *options)
        assert "TCP, and TLS for https; nothing else is sent\n" in errors
        return code, [row["result"] for row in json.loads(shown)]

    return run


def test_endpoint_is_connected_to_and_told_nothing(test):
    with listening() as (port, received):
        assert test(f"http://127.0.0.1:{port}", f"127.0.0.1:{port}") == (0, ["reached: TCP"] * 2)

        assert wait_for(2, received) == [b"", b""]


def test_nobody_listens(test):
    with listening() as (port, _):
        pass

    assert test(f"http://127.0.0.1:{port}") == (1, ["not reached: Connection refused"])


def test_tls_is_tried_where_it_is_meant(test, certificate):
    context, authority = certificate
    with listening(context) as (port, received):
        url = f"https://127.0.0.1:{port}"
        code, (result,) = test(url, options=["--endpoint-authority", authority])
        assert (code, result[:21]) == (0, "reached: TCP, TLSv1.3")
        assert wait_for(1, received) == [b""]
        code, (result,) = test(url)

    assert code == 1
    assert result.startswith("not reached: TCP connects, but the certificate is not accepted: self")


def test_tls_with_a_server_that_has_none(test):
    with listening() as (port, _):
        code, (result,) = test(f"https://127.0.0.1:{port}")

    assert code == 1
    assert result.startswith("not reached: ")


def test_address_without_a_host_is_not_tried_and_no_failure(test):
    assert test("s3://bucket/path", "gs://b") == (0, ["not tried: it names no host and port"] * 2)


def test_endpoints_of_one_type(test):
    assert test("http://127.0.0.1:1", options=["--type", "external"], type_="internal") == (0, [])


def test_results_are_a_table_for_people(folder):
    (folder.place / "a.yaml").write_text("{id: a, services: [{id: s, endpoints: [{url: s3://b}]}]}")

    assert folder("test", "a")[1].splitlines()[1:4:2] == [
        "| EXTENSION | SERVICE | ENDPOINT | TYPE     | RESULT                               |",
        "| a         | s       | s3://b   | external | not tried: it names no host and port |",
    ]
    assert folder("test")[0] == 2


def test_authority_must_be_readable(folder):
    folder.ok("register", "--id", "a")

    assert folder.refusal("test", "a", "--endpoint-authority", "none") == (
        "error: none: cannot be read as PEM certificates: No such file or directory\n"
    )


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://h", Address("h", 80, has_tls=False)),
        ("https://h/path?q", Address("h", 443, has_tls=True)),
        ("https://h:8443", Address("h", 8443, has_tls=True)),
        ("http://[::1]:9000", Address("::1", 9000, has_tls=False)),
        ("[::1]:9000", Address("::1", 9000, has_tls=False)),
        ("postgresql://u:p@db/x", Address("db", 5432, has_tls=False)),
        ("kafka.team:9092", Address("kafka.team", 9092, has_tls=False)),
        ("s3://bucket", None),
        ("http://h:port", None),
        ("a,b:9092", None),
        ("", None),
    ],
)
def test_address_of_an_endpoint(url, expected):
    assert address_of(url) == expected
