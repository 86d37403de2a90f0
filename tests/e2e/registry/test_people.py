"""Who calls the registry's service may do what their rights on Extensions allow, and learns nothing else."""

import base64
import re
import socket
import time
from contextlib import closing

import pytest

from registry.service.cluster_access import KEPT
from tests.e2e.registry.installation import EXTENSIONS, RBAC, SECRETS
from tests.e2e.registry.people import EXTENSION, ONE, REQUESTS, VALUE
from tests.e2e.support.waiting import wait_for

AUDIENCE = "https://elsewhere.example"
pytestmark = pytest.mark.usefixtures("empty")


@pytest.fixture
def ask(service):
    """Sends a request; no answer ever holds a value of credentials."""

    def ask(*args, **options):
        answer = service.ask(*args, **options)
        shown = answer.text + str(answer.headers)
        assert VALUE not in shown
        assert base64.b64encode(VALUE.encode()).decode() not in shown
        return answer

    return ask


def comparable(answer, own_id):
    """An answer without what differs from one to the next, and without the id that was asked for."""
    text = re.sub(r'"id": ?"[\w-]+"', "", answer.text).replace(own_id, "ID")
    headers = {k: v for k, v in answer.headers.items() if k not in ("Date", "Content-Length")}
    return answer.status, headers, text


def stored(admin):
    """What is in the namespace: Extensions and Secrets."""
    return [sorted(i["metadata"]["name"] for i in admin.send("GET", p).json()["items"]) for p in (EXTENSIONS, SECRETS)]


@pytest.mark.parametrize("person", ["keeper", "editor"])
def test_who_has_the_rights_can_do_everything(admin, ask, token, person):
    own = token(person)

    for request in REQUESTS:
        answer = ask(request.method, request.path, own, request.body)
        assert answer.status == request.status, f"{request}: {answer.text}"

    assert stored(admin) == [[], []]


def test_values_are_in_the_secret_only(admin, ask, token):
    ask("POST", "/extensions", token("keeper"), EXTENSION)

    (secret,) = admin.send("GET", SECRETS).json()["items"]
    assert [base64.b64decode(v).decode() for v in secret["data"].values()] == [VALUE]
    assert VALUE not in admin.send("GET", EXTENSIONS).text
    assert base64.b64encode(VALUE.encode()).decode() not in admin.send("GET", EXTENSIONS).text


@pytest.mark.parametrize("person", ["reader", "viewer", "stranger"])
def test_who_may_only_read_changes_nothing(admin, ask, token, person):
    """The stranger, too, may read: manifests/base lets everybody see what there is."""
    own = token(person)
    ask("POST", "/extensions", token("keeper"), EXTENSION)
    before = stored(admin)

    for request in REQUESTS:
        answer = ask(request.method, request.path, own, request.body)
        expected = request.status if request.verb in ("get", "list") else 403
        # What an earlier request would have created is not there.
        assert answer.status == expected, f"{request}: {answer.text}"

    assert stored(admin) == before


@pytest.fixture
def restricted(admin):
    """Without the binding of manifests/base that lets everybody read, as docs/install.md describes."""
    path = f"{RBAC}/namespaces/fuseml/rolebindings/fuseml-extensions-view"
    binding = admin.send("GET", path).json()
    admin.send("DELETE", path)
    time.sleep(KEPT)
    yield
    del binding["metadata"]["resourceVersion"], binding["metadata"]["uid"]
    assert admin.send("POST", path.rpartition("/")[0], binding).status == 201
    time.sleep(KEPT)


def test_who_has_no_right_gets_one_answer_whether_it_is_there_or_not(admin, restricted, ask, token):
    own = token("stranger")
    ask("POST", "/extensions", token("keeper"), EXTENSION)

    for request in REQUESTS:
        here = ask(request.method, request.path, own, request.body)
        there = ask(request.method, request.path.replace("demo", "nope"), own, request.body)
        assert here.status == 403, f"{request}: {here.text}"
        assert comparable(here, "demo") == comparable(there, "nope")
    assert ask("GET", ONE, token("reader")).status == 200


def test_right_that_is_taken_away_is_gone_soon(admin, ask, token):
    path = f"{RBAC}/namespaces/fuseml/rolebindings/person-keeper"
    binding = admin.send("GET", path).json()
    own = token("keeper")
    assert ask("POST", "/extensions", own, {"id": "before"}).status == 201

    admin.send("DELETE", path)
    time.sleep(KEPT + 1)
    after = ask("POST", "/extensions", own, {"id": "after"})

    del binding["metadata"]["resourceVersion"], binding["metadata"]["uid"]
    admin.send("POST", path.rpartition("/")[0], binding)
    time.sleep(KEPT)
    assert after.status == 403


def unknown(token, admin):
    """Headers of those whom the API server does not know."""
    valid = token("keeper")
    head, body, signature = valid.split(".")
    other = base64.urlsafe_b64encode(b'{"sub":"system:serviceaccount:people:keeper"}').rstrip(b"=").decode()
    return {
        "none": {},
        "empty": {"Authorization": "Bearer "},
        "another scheme": {"Authorization": f"Basic {valid}"},
        "unknown": {"Authorization": "Bearer 0123456789abcdef"},
        "for somebody else": {"Authorization": f"Bearer {token('keeper', AUDIENCE)}"},
        "another body": {"Authorization": f"Bearer {head}.{other}.{signature}"},
        "no signature": {"Authorization": f"Bearer {head}.{body}."},
        "long": {"Authorization": f"Bearer {'a' * 8000}"},
        "not ASCII": {"Authorization": "Bearer \xe4"},
        "impersonation": {"Authorization": "Bearer x", "Impersonate-User": "admin"},
    }


def test_who_is_not_known_gets_nothing(admin, ask, token):
    ask("POST", "/extensions", token("keeper"), EXTENSION)
    before = stored(admin)

    for kind, headers in unknown(token, admin).items():
        for request in REQUESTS:
            here = ask(request.method, request.path, "", request.body, **headers)
            there = ask(request.method, request.path.replace("demo", "nope"), "", request.body, **headers)
            assert here.status == 401, f"{kind}: {request}: {here.text}"
            assert comparable(here, "demo") == comparable(there, "nope")

    assert stored(admin) == before


def test_account_that_was_deleted_is_not_known(admin, ask, token):
    accounts = "/api/v1/namespaces/people/serviceaccounts"
    admin.send("POST", accounts, {"metadata": {"name": "gone"}})
    own = token("gone")
    assert ask("GET", "/extensions", own).status == 200

    admin.send("DELETE", f"{accounts}/gone")

    # The API server, too, keeps for some seconds what it knows of a token.
    wait_for(lambda: ask("GET", "/extensions", own).status == 401, 20, "the end of the account")


@pytest.mark.parametrize(
    "path",
    [
        "/extensions/../../api/v1/namespaces/fuseml/secrets",
        "/extensions/..%2F..%2Fsecrets",
        "/extensions/..",
        "/extensions/.",
        "/extensions/%2e%2e",
        "/extensions/demo%2Fstatus",
        "/extensions/demo%2F..%2F..%2Fsecrets",
        "/extensions/demo%3FdryRun=All",
        "/extensions/demo%23",
        "/extensions/demo%00",
        "/extensions/%FF",
        f"/extensions/{'a' * 3000}",
        "//extensions/demo",
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_path_that_climbs_leads_nowhere(admin, ask, token, method, path):
    ask("POST", "/extensions", token("keeper"), EXTENSION)
    before = stored(admin)

    answer = ask(method, path, token("keeper"), {} if method == "PUT" else None)

    assert answer.status in (400, 404, 405, 414), answer.text
    assert stored(admin) == before


@pytest.mark.parametrize("person", ["keeper", ""])
def test_body_of_100_mb_is_refused_and_the_service_goes_on(service, ask, token, person):
    own = token(person) if person else ""
    head = (
        "POST /extensions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        + (f"Authorization: Bearer {own}\r\n" if own else "")
        + "Content-Length: 104857600\r\n\r\n"
    )
    sent = 0
    with closing(socket.create_connection(("127.0.0.1", service.port), 60)) as sock:
        sock.sendall(head.encode())
        try:
            while sent < 104857600:
                sent += sock.send(b" " * 65536)
        except OSError:
            pass
        try:
            answer = sock.recv(65536)
        except OSError:
            answer = b""

    # Who still sends when the connection is closed may not be able to read the answer.
    assert not answer or answer.startswith(b"HTTP/1.1 413 " if person else b"HTTP/1.1 401 ")
    assert sent < 104857600
    assert ask("GET", "/extensions", token("keeper")).status == 200


def test_log_says_who_has_changed_what_and_no_value(service, ask, token):
    ask("POST", "/extensions", token("keeper"), EXTENSION)

    log = service.log.read_text()
    assert "system:serviceaccount:people:keeper" in log
    assert VALUE not in log
    assert "Connection pool is full" not in log
