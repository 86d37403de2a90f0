"""The real process, on a free port of this machine."""

import http.client
import json
import signal
import socket
import ssl
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.certificates import self_signed

PATIENCE = 60.0
TOKEN = "0123456789abcdef"
URL = "http:%2F%2Fe:80%2Fa%20b"


class Server:
    def __init__(self, folder, *options):
        self.log = folder / "log"
        program = [sys.executable, "-c", "from webhook.cli.main import main; main()", "registry"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([*program, "--listen", "127.0.0.1:0", *map(str, options)], stderr=log)
        end = time.monotonic() + PATIENCE
        while not (said := self.log.read_text()).endswith("\n"):
            assert self.process.poll() is None, said
            assert time.monotonic() < end
            time.sleep(0.05)
        self.port = int(json.loads(said.splitlines()[0])["message"].split(":")[2].split(",")[0])

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def connection(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def ask(self, method, path, body=None, headers=None, connection=None):
        if connection is None:
            with closing(self.connection()) as connection:
                return self.ask(method, path, body, headers, connection)
        connection.request(method, path, body, {"Accept": "application/json", **(headers or {})})
        answer = connection.getresponse()
        content = answer.read()
        return answer.status, json.loads(content) if content else None

    def send(self, content):
        """The first line of the answer to *content*, and the rest."""
        with closing(socket.create_connection(("127.0.0.1", self.port), PATIENCE)) as sock:
            sock.sendall(content)
            answer = b""
            while part := sock.recv(65536):
                answer += part
        return answer


@contextmanager
def running(folder, *options):
    server = Server(folder, *options)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("registry")
    (folder / "records").mkdir()
    with running(folder, "--registry", folder / "records") as server:
        yield server


def test_url_of_an_endpoint_is_one_segment(server):
    service = {"id": "s", "endpoints": [{"url": "http://e:80/a b"}]}
    headers = {"Content-Type": "application/json"}
    assert server.ask("POST", "/extensions", json.dumps({"id": "url", "services": [service]}), headers)[0] == 201

    code, shown = server.ask("GET", f"/extensions/url/services/s/endpoints/{URL}")

    assert (code, shown["url"]) == (200, "http://e:80/a b")
    assert server.ask("GET", "/extensions/url/services/s/endpoints/http://e:80/a%20b")[0] == 404


def test_request_of_fuseml_s_client_is_served(server):
    """In parts of no announced length, without Content-Type and Accept, as Go's client sends what goa gives it."""
    head = "HTTP/1.1\r\nHost: localhost:8000\r\nUser-Agent: Go-http-client/1.1\r\nTransfer-Encoding: chunked\r\n"
    head += "Connection: close\r\nAccept-Encoding: gzip\r\n\r\n"

    added = server.send(f'POST /extensions {head}d\r\n{{"id":"goa"}}\n\r\n0\r\n\r\n'.encode())
    listed = server.send(f'GET /extensions {head}18\r\n{{"extension_id": "goa"}}\n\r\n0\r\n\r\n'.encode())
    broken = server.send(f"POST /extensions {head}2\r\n{{}}{{}}\r\n0\r\n\r\n".encode())

    assert added.startswith(b"HTTP/1.1 201 ")
    assert added.endswith(b"\r\n\r\nid: goa\nstatus: {}\n")
    assert listed.endswith(b"\r\n\r\n- id: goa\n  status: {}\n")
    assert broken.startswith(b"HTTP/1.1 400 ")


def test_connection_serves_several_requests(server):
    with closing(server.connection()) as connection:
        for _ in range(3):
            assert server.ask("GET", "/readyz", connection=connection) == (200, {"ready": True})


def test_large_body_is_refused_before_it_is_sent(server):
    head = "POST /extensions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100000000"

    with closing(socket.create_connection(("127.0.0.1", server.port), PATIENCE)) as sock:
        sock.sendall(f"{head}\r\n\r\n".encode())
        answer = sock.recv(65536)

    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "line", [b"\x16\x03\x01\x02\x00", b"GET\r\n\r\n", b"GET / HTTP/1.1\r\nA uthorization: CANARY\r\n\r\n"]
)
def test_what_is_no_request_is_refused_and_not_logged(server, line):
    answer = server.send(line + b"\r\n\r\n")

    assert answer.startswith((b"HTTP/1.1 400 ", b""))
    assert b"CANARY" not in answer
    assert "CANARY" not in server.log.read_text()
    assert server.ask("GET", "/healthz")[0] == 200


def test_path_that_climbs_leads_nowhere(server):
    for path in ("/extensions/../../etc/passwd", "/extensions/..%2F..%2Fetc%2Fpasswd", "/%2e%2e/etc/passwd", "//etc"):
        assert server.ask("GET", path)[0] in (400, 404)


def test_other_name_for_this_machine_is_refused(server):
    assert server.ask("GET", "/extensions", headers={"Host": "evil.example"})[0] == 421


def test_certificate_is_replaced_without_a_restart(tmp_path):
    def write():
        certificate, key = self_signed()
        (tmp_path / "tls.key").write_bytes(key)
        (tmp_path / "tls.crt").write_bytes(certificate)
        return certificate.decode()

    def served():
        return ssl.get_server_certificate(("127.0.0.1", server.port), timeout=PATIENCE)

    first = write()
    (tmp_path / "tokens").write_text(TOKEN)
    (tmp_path / "records").mkdir()
    options = [
        "--registry",
        tmp_path / "records",
        "--tls-cert",
        tmp_path / "tls.crt",
        "--tls-key",
        tmp_path / "tls.key",
    ]
    with running(tmp_path, *options, "--token-file", tmp_path / "tokens") as server:
        assert served().strip() == first.strip()
        second = write()
        assert served().strip() == second.strip()

        context = ssl.create_default_context(cafile=tmp_path / "tls.crt")
        connection = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=PATIENCE, context=context)
        with closing(connection):
            assert server.ask("GET", "/extensions", connection=connection)[0] == 401
            headers = {"Authorization": f"Bearer {TOKEN}"}
            assert server.ask("GET", "/extensions", headers=headers, connection=connection) == (200, [])


def test_it_stops_when_it_is_told_to(tmp_path):
    (tmp_path / "records").mkdir()
    server = Server(tmp_path, "--registry", tmp_path / "records")
    assert server.ask("GET", "/readyz")[0] == 200

    assert server.stop() == 0


EXPOSED = "other machines could reach it, which needs"
TOKENS, TLS = "who may use it: --token-file", "TLS: --tls-cert and --tls-key"


@pytest.mark.parametrize("listen", [":0", "0.0.0.0:0", "[::]:0"])
@pytest.mark.parametrize(("given", "needed"), [((), f"{TOKENS} and {TLS}"), (("tokens",), TLS), (("tls",), TOKENS)])
def test_it_is_not_exposed(tmp_path, listen, given, needed):
    certificate, key = self_signed()
    (tmp_path / "c").write_bytes(certificate)
    (tmp_path / "k").write_bytes(key)
    (tmp_path / "t").write_text(TOKEN)
    options = {"tokens": ["--token-file", "t"], "tls": ["--tls-cert", "c", "--tls-key", "k"]}
    program = [Path(sys.executable).with_name("fuseml"), "registry", "--registry", ".", "--listen", listen]

    result = subprocess.run(
        [*program, *(word for name in given for word in options[name])],
        cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip

    assert result.returncode == 1
    message = f"cannot listen on {listen}: {EXPOSED} {needed}; or listen on 127.0.0.1:8000"
    assert json.loads(result.stderr)["message"] == message
