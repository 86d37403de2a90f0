"""How requests are sent, and what errors and odd answers become."""

import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from registry.client.changes import Request
from registry.client.http import Api
from registry.errors import (
    AlreadyExistsError,
    ChangedError,
    ForbiddenError,
    InvalidRecordsError,
    NotFoundError,
    ReadOnlyError,
    UnavailableError,
    UnreadableError,
)
from tests.certificates import self_signed

READ = Request("GET", ("extensions", "a"))
WRITE = Request("POST", ("extensions",), {"id": "a"})
CHANGE = Request("PUT", ("extensions", "a"), {})


@contextmanager
def answering(status=200, body=b"{}", headers=(), *, context=None, waits=None):
    """A server that gives one answer to everything; its address, and the headers that it has received."""
    received = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args):
            pass

        def _do(self):
            received.append(self.headers)
            if waits:
                waits.wait(10)
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = _do  # noqa: N815 - called by name

    class Server(ThreadingHTTPServer):
        def handle_error(self, *args):
            pass  # A client that does not trust the certificate hangs up.

    server = Server(("127.0.0.1", 0), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}", received
    finally:
        if waits:
            waits.set()
        server.shutdown()
        server.server_close()


def refusal_of(api, request=READ):
    with pytest.raises(Exception) as raised:  # noqa: PT011 - the test looks at its type and text
        api.send(request)
    return type(raised.value), str(raised.value)


def error_body(name, message="some message: a"):
    return b'{"name":"%s","id":"x","message":"%s","temporary":false}' % (name.encode(), message.encode())


@pytest.mark.parametrize(
    ("status", "name", "request_", "expected"),
    [
        pytest.param(404, "NotFound", READ, NotFoundError, id="not found"),
        pytest.param(409, "Conflict", WRITE, AlreadyExistsError, id="is there"),
        pytest.param(409, "Conflict", CHANGE, ChangedError, id="conflict of a change"),
        pytest.param(412, "PreconditionFailed", CHANGE, ChangedError, id="another revision"),
        pytest.param(400, "missing_payload", READ, InvalidRecordsError, id="no body"),
        pytest.param(400, "decode_payload", WRITE, InvalidRecordsError, id="unreadable body"),
        pytest.param(400, "invalid_pattern", WRITE, InvalidRecordsError, id="pattern"),
        pytest.param(400, "invalid_enum_value", WRITE, InvalidRecordsError, id="enum"),
        pytest.param(400, "invalid_length", WRITE, InvalidRecordsError, id="length"),
        pytest.param(400, "missing_field", WRITE, InvalidRecordsError, id="missing"),
        pytest.param(413, "too_large", WRITE, InvalidRecordsError, id="too large"),
        pytest.param(401, "unauthorized", READ, ForbiddenError, id="reading without a token"),
        pytest.param(403, "forbidden", WRITE, ReadOnlyError, id="writing without a right"),
        pytest.param(404, "fault", READ, UnavailableError, id="unknown path"),
        pytest.param(503, "unavailable", READ, UnavailableError, id="busy"),
        pytest.param(500, "fault", WRITE, UnavailableError, id="defect"),
    ],
)
def test_error_of_the_api_is_one_of_ours_with_its_message(status, name, request_, expected):
    with answering(status, error_body(name), [("Content-Type", "application/json+json")]) as (url, _):
        assert refusal_of(Api(url), request_) == (expected, "some message: a")


@pytest.mark.parametrize(
    ("status", "body", "headers", "message"),
    [
        pytest.param(404, b"404 page not found", [], "there is no registry at this address", id="another server"),
        pytest.param(200, b"<html>", [], "the answer is no JSON; is this the address of a registry?", id="a page"),
        pytest.param(502, b"<html>", [], "answered 502, not as a registry does", id="a proxy"),
        pytest.param(
            302,
            b"",
            [("Location", "https://login.example.org/?back=x")],
            "redirects to https://login.example.org; give the address of the registry itself",
            id="a login page",
        ),
    ],
)
def test_what_is_no_registry_is_said_to_be_none(status, body, headers, message):
    with answering(status, body, headers) as (url, _):
        assert refusal_of(Api(url)) == (UnavailableError, f"{url}: {message}")


def test_server_that_wants_a_token_and_says_nothing():
    with answering(401, b"") as (url, _):
        message = f"{url}: wants to know who asks; give a token by --token-file, or in FUSEML_TOKEN"

        assert refusal_of(Api(url)) == (ForbiddenError, message)
        assert refusal_of(Api(url), WRITE) == (ReadOnlyError, message)


def test_nobody_listens():
    with answering() as (url, _):
        pass

    assert refusal_of(Api(url)) == (UnavailableError, f"{url}: cannot be reached: Connection refused")


def test_host_is_not_known():
    kind, message = refusal_of(Api("http://no-such-host.invalid"))

    assert kind is UnavailableError
    assert message.startswith("http://no-such-host.invalid: cannot be reached: ")
    assert "0x" not in message


def test_server_that_does_not_answer_is_not_waited_for():
    with answering(waits=threading.Event()) as (url, _):
        api = Api(url, timeout=0.2)

        assert refusal_of(api) == (UnavailableError, f"{url}: no answer within 0.2 s")
        lost = f"{url}: no answer within 0.2 s; what was asked for may have been done"
        assert refusal_of(api, WRITE) == (UnavailableError, lost)


def test_token_and_etag_are_sent_and_nothing_is_logged_of_them():
    lines = []
    with answering() as (url, received):
        Api(url, token="CANARY", log=lines.append).send(CHANGE, if_match='"7"')

    assert (received[0]["Authorization"], received[0]["If-Match"]) == ("Bearer CANARY", '"7"')
    assert lines[0].startswith(f"PUT {url}/extensions/a: 200, ")
    assert "CANARY" not in str(lines)


@pytest.mark.parametrize("url", ["http://h/base", "http://h/base/"])
def test_address_may_have_a_path(url):
    assert Api(url).url == "http://h/base"


@pytest.mark.parametrize(
    ("url", "token", "message"),
    [
        pytest.param("fuseml:8080", "", "'fuseml:8080' is no address of a registry", id="no scheme"),
        pytest.param("ftp://h", "", "'ftp://h' is no address of a registry", id="another scheme"),
        pytest.param("http://h:x", "", "'http://h:x' is no address: Port", id="port"),
        pytest.param("http://h?x=1", "", "'http://h?x=1' has more than an address", id="query"),
        pytest.param("http://ada:CANARY@h", "", "the address of the registry must hold no login", id="login"),
        pytest.param("http://h", "CANARY", "http://h: a token is sent over TLS only", id="token in clear"),
        pytest.param("https://h", "CANARY\nX: y", "the token holds a character that no token has", id="line break"),
    ],
)
def test_address_or_token_that_cannot_be_used(url, token, message):
    with pytest.raises(UnreadableError) as refusal:
        Api(url, token=token)

    assert str(refusal.value).startswith(message)
    assert "CANARY" not in str(refusal.value)


@pytest.fixture
def certificate(tmp_path):
    files = tmp_path / "tls.crt", tmp_path / "tls.key"
    for file, content in zip(files, self_signed(), strict=True):
        file.write_bytes(content)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    return context, str(files[0])


def test_certificate_must_be_signed_by_the_authority(certificate, tmp_path):
    context, authority = certificate
    with answering(context=context) as (url, _):
        assert Api(url, authority=authority).send(READ).content == {}
        kind, message = refusal_of(Api(url))

    assert kind is UnavailableError
    assert message.startswith(f"{url}: the certificate is not accepted: self")
    assert message.endswith("--certificate-authority names a file of who may have signed it")


def test_tls_with_a_server_that_has_none():
    with answering() as (url, _):
        kind, message = refusal_of(Api(url.replace("http:", "https:")))

    assert kind is UnavailableError
    assert message.endswith(("no TLS there; is it http://?", "the TLS handshake fails"))


def test_authority_must_be_readable(tmp_path):
    (tmp_path / "ca.pem").write_text("no PEM")

    for name in ("ca.pem", "none.pem"):
        with pytest.raises(UnreadableError, match=f"{name}: cannot be read as PEM certificates"):
            Api("https://h", authority=str(tmp_path / name))


def test_answer_without_end_is_not_read(monkeypatch):
    monkeypatch.setattr("registry.client.http._MAX_ANSWER", 10)
    with answering(body=b"[" + b" " * 100 + b"]") as (url, _):
        assert refusal_of(Api(url)) == (UnavailableError, f"{url}: the answer is larger than 0 MiB")


def test_proxy_of_the_environment_is_used(monkeypatch):
    with answering(body=b'{"id": "by the proxy"}') as (url, _):
        monkeypatch.setenv("http_proxy", url)
        monkeypatch.delenv("no_proxy", raising=False)

        assert Api("http://registry.invalid").send(READ).content == {"id": "by the proxy"}
