"""The requests of FuseML's API, and what each is answered: codes, names, messages, bodies."""

from copy import deepcopy
from dataclasses import replace

import pytest

from registry.errors import ChangedError, UnavailableError
from registry.records import codec
from registry.stores.folder_records.store import FolderRecords
from tests.fakes.memory_records import MemoryRecords
from tests.service.client import EXTENSION, STORE, URL, Client


@pytest.fixture(params=["memory-json", "memory-yaml", "folder-json"])
def client(request, tmp_path):
    store, form = request.param.split("-")
    return Client(MemoryRecords() if store == "memory" else FolderRecords(tmp_path), form)


@pytest.fixture
def filled(client):
    assert client.ask("POST", "/extensions", EXTENSION)[0] == 201
    return client


HIDDEN = {"PASSWORD": "<hidden>"}
SHOWN_STORE = {
    "id": "store",
    "extension_id": "mlflow",
    "resource": "s3",
    "category": "model-store",
    "auth_required": True,
    "status": {},
    "endpoints": [
        {
            "url": "http://e:80/a b",
            "extension_id": "mlflow",
            "service_id": "store",
            "type": "internal",
            "configuration": {"E": "x"},
            "status": {},
        }
    ],
    "credentials": [
        {
            "id": "all",
            "extension_id": "mlflow",
            "service_id": "store",
            "scope": "global",
            "default": False,
            "configuration": HIDDEN,
            "status": {},
        },
        {
            "id": "ada",
            "extension_id": "mlflow",
            "service_id": "store",
            "scope": "user",
            "users": ["ada"],
            "default": True,
            "configuration": {"KEY": "<hidden>"},
            "status": {},
        },
    ],
}
SHOWN = {
    **{k: v for k, v in EXTENSION.items() if k != "services"},
    "status": {},
    "services": [
        {
            "id": "tracking",
            "extension_id": "mlflow",
            "resource": "mlflow-tracking",
            "category": "experiments",
            "auth_required": False,
            "status": {},
        },
        SHOWN_STORE,
    ],
}


def test_registered_extension_is_answered_and_got_with_hidden_values(client):
    assert client.ask("POST", "/extensions", EXTENSION) == (201, SHOWN)
    assert client.ask("GET", "/extensions/mlflow") == (200, SHOWN)
    assert client.ask("GET", "/extensions") == (200, [SHOWN])
    assert client.store.get("mlflow").record == codec.decode(EXTENSION)


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        pytest.param("/extensions/mlflow/services", SHOWN["services"], id="services"),
        pytest.param(STORE, SHOWN_STORE, id="service"),
        pytest.param(f"{STORE}/endpoints", SHOWN_STORE["endpoints"], id="endpoints"),
        pytest.param(f"{STORE}/endpoints/{URL}", SHOWN_STORE["endpoints"][0], id="endpoint"),
        pytest.param(f"{STORE}/credentials", SHOWN_STORE["credentials"], id="credentials"),
        pytest.param(f"{STORE}/credentials/all", SHOWN_STORE["credentials"][0], id="one-set-of-credentials"),
    ],
)
def test_part_is_got(filled, path, shown):
    assert filled.ask("GET", path) == (200, shown)


@pytest.mark.parametrize(
    ("path", "body", "shown"),
    [
        pytest.param(
            "/extensions/mlflow/services",
            {"id": "new", "authrequired": True},
            {"id": "new", "extension_id": "mlflow", "auth_required": True, "status": {}},
            id="service",
        ),
        pytest.param(
            f"{STORE}/endpoints",
            {"url": "http://new"},
            {
                "url": "http://new",
                "extension_id": "mlflow",
                "service_id": "store",
                "type": "external",
                "status": {},
            },
            id="endpoint",
        ),
        pytest.param(
            f"{STORE}/credentials",
            {"id": "new", "configuration": {"PASSWORD": "CANARY"}},
            {**SHOWN_STORE["credentials"][0], "id": "new"},
            id="credentials",
        ),
    ],
)
def test_part_is_added(filled, path, body, shown):
    assert filled.ask("POST", path, body) == (201, shown)
    assert filled.ask("GET", path)[1][-1] == shown


@pytest.mark.parametrize(
    ("path", "body", "changes"),
    [
        pytest.param("/extensions/mlflow", {"zone": "z2"}, {"zone": "z2"}, id="extension"),
        pytest.param("/extensions/mlflow", {"configuration": {"B": "1"}}, {"configuration": {"B": "1"}}, id="map"),
        pytest.param(STORE, {"description": "d"}, {"description": "d"}, id="service"),
        pytest.param(f"{STORE}/endpoints/{URL}", {"type": "external"}, {"type": "external"}, id="endpoint"),
        pytest.param(f"{STORE}/credentials/ada", {"users": ["bob"]}, {"users": ["bob"]}, id="credentials"),
        pytest.param(
            f"{STORE}/credentials/all", {"configuration": HIDDEN}, {"configuration": HIDDEN}, id="hidden-values"
        ),
    ],
)
def test_put_changes_what_is_given_and_keeps_the_rest(filled, path, body, changes):
    before = filled.ask("GET", path)[1]

    assert filled.ask("PUT", path, body) == (200, {**before, **changes})
    assert filled.ask("GET", path) == (200, {**before, **changes})


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("http://new:80", "http%253A%252F%252Fnew%253A80"),
        ("http://new:80/a b", "http%253A%252F%252Fnew%253A80%252Fa+b"),
        ("http://new:80/a+b", "http%253A%252F%252Fnew%253A80%252Fa%252Bb"),
        ("http://new/a%20b", "http%253A%252F%252Fnew%252Fa%252520b"),
        ("http://new/a%20b", "http:%2F%2Fnew%2Fa%2520b"),
        ("/" * 190, "%252F" * 190),
    ],
)
def test_url_that_fuseml_s_command_line_encodes_twice_is_found(filled, url, sent):
    filled.ask("POST", f"{STORE}/endpoints", {"url": url})

    assert filled.ask("GET", f"{STORE}/endpoints/{sent}")[1]["url"] == url
    assert filled.ask("PUT", f"{STORE}/endpoints/{sent}", {"type": "internal"})[1]["type"] == "internal"
    assert filled.ask("DELETE", f"{STORE}/endpoints/{sent}")[0] == 204


def test_url_that_was_sent_counts_before_what_else_it_may_mean(filled):
    for url in ("http://new/a b", "http://new/a%20b"):
        filled.ask("POST", f"{STORE}/endpoints", {"url": url})

    assert filled.ask("GET", f"{STORE}/endpoints/http:%2F%2Fnew%2Fa%2520b")[1]["url"] == "http://new/a%20b"


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("http://nope", "http%253A%252F%252Fnope"),
        ("http://nope/a b", "http%253A%252F%252Fnope%252Fa+b"),
        ("http://nope/a%20b", "http:%2F%2Fnope%2Fa%2520b"),
        ("nope", "nope"),
    ],
)
def test_url_that_is_not_there_is_named_as_it_was_typed(filled, url, sent):
    status, answer, *_ = filled.ask("GET", f"{STORE}/endpoints/{sent}")

    assert status == 404
    assert answer["message"].endswith(f"extension service: {url}")


def test_empty_text_clears_a_field(filled):
    assert "zone" not in filled.ask("PUT", "/extensions/mlflow", {"zone": ""})[1]


@pytest.mark.parametrize("path", ["/extensions/mlflow", STORE, f"{STORE}/endpoints/{URL}", f"{STORE}/credentials/all"])
def test_what_is_deleted_is_gone(filled, path):
    assert filled.ask("DELETE", path) == (204, None)
    assert filled.ask("GET", path)[0] == 404
    assert filled.ask("DELETE", path)[0] == 404


@pytest.mark.parametrize("path", ["/extensions/mlflow", STORE, f"{STORE}/endpoints/{URL}", f"{STORE}/credentials/all"])
def test_what_was_got_and_is_put_changes_nothing(filled, path):
    before = filled.store.get("mlflow")

    assert filled.ask("PUT", path, filled.ask("GET", path)[1])[0] == 200
    assert filled.store.get("mlflow") == before


def test_login_in_a_secret_stays_there_when_its_extension_is_put(filled):
    login = {"id": "k", "secretRef": {"name": "minio"}, "configuration": {"PASSWORD": "rootPassword"}}
    filled.ask("POST", f"{STORE}/credentials", login)
    before = filled.store.get("mlflow")
    body = filled.ask("GET", "/extensions/mlflow")[1]
    assert body["services"][1]["credentials"][-1]["configuration"] == login["configuration"]
    assert filled.ask("PUT", "/extensions/mlflow", body)[0] == 200
    assert filled.store.get("mlflow") == before

    # As FuseML's own client sees it, and sends it back.
    body["services"][1]["credentials"][-1] |= {"configuration": HIDDEN}
    del body["services"][1]["credentials"][-1]["secretRef"]
    assert filled.ask("PUT", "/extensions/mlflow", body)[0] == 200
    assert filled.store.get("mlflow") == before


def test_ids_that_are_not_given_are_generated(client):
    shown = client.ask("POST", "/extensions", {"product": "minio", "services": [{"resource": "s3"}]})[1]

    assert shown["id"].startswith("minio-")
    assert len(shown["id"]) == len("minio-") + 8
    assert shown["services"][0]["id"].startswith("s3-")
    assert client.ask("POST", "/extensions", {})[0] == 201


MISSING = "could not be found"
REFUSED = [
    ("POST", "/extensions", {"id": "mlflow"}, 409, "Conflict", "an extension with the same ID already exists: mlflow"),
    ("GET", "/extensions/x", None, 404, "NotFound", f"an extension with the given ID {MISSING}: x"),
    ("PUT", "/extensions/x", {}, 404, "NotFound", f"an extension with the given ID {MISSING}: x"),
    ("DELETE", "/extensions/x", None, 404, "NotFound", f"an extension with the given ID {MISSING}: x"),
    ("GET", "/extensions/x/services", None, 404, "NotFound", f"an extension with the given ID {MISSING}: x"),
    ("POST", "/extensions/x/services", {}, 404, "NotFound", f"an extension with the given ID {MISSING}: x"),
    (
        "POST", "/extensions/mlflow/services", {"id": "store"}, 409, "Conflict",
        "a service with the same ID already exists under the 'mlflow' extension: store",
    ),
    (
        "GET", "/extensions/mlflow/services/x", None, 404, "NotFound",
        f"a service with the given ID {MISSING} under the 'mlflow' extension: x",
    ),
    (
        "GET", "/extensions/mlflow/services/x/endpoints", None, 404, "NotFound",
        f"a service with the given ID {MISSING} under the 'mlflow' extension: x",
    ),
    (
        "POST", f"{STORE}/endpoints", {"url": "http://e:80/a b"}, 409, "Conflict",
        "an endpoint with the same URL already exists under the 'mlflow/store' extension service: http://e:80/a b",
    ),
    (
        "GET", f"{STORE}/endpoints/http:%2F%2Fx", None, 404, "NotFound",
        f"an endpoint with the given URL {MISSING} under the 'mlflow/store' extension service: http://x",
    ),
    (
        "POST", f"{STORE}/credentials", {"id": "all"}, 409, "Conflict",
        "a set of credentials with the same ID already exists under the 'mlflow/store' extension service: all",
    ),
    (
        "DELETE", f"{STORE}/credentials/x", None, 404, "NotFound",
        f"a set of credentials with the given ID {MISSING} under the 'mlflow/store' extension service: x",
    ),
    ("POST", "/extensions", b"", 400, "missing_payload", "the request has no body, and needs one"),
    ("PUT", "/extensions/mlflow", b"", 400, "missing_payload", "the request has no body, and needs one"),
    ("POST", "/extensions", [], 400, "decode_payload", "the body must be a map of fields"),
    ("POST", "/extensions", {"services": {}}, 400, "decode_payload", "services: expected a list, got a map"),
    (
        "POST", "/extensions", {"auth": "x"}, 400, "BadRequest",
        "auth: unknown field 'auth'; there are id, product, version, zone, description, configuration, services",
    ),
    ("POST", "/extensions", {"id": "x" * 101}, 400, "invalid_length", "id: is longer than 100 characters"),
    (
        "POST", "/extensions", {"description": "x" * 1001}, 400, "invalid_length",
        "description: is longer than 1000 characters",
    ),
    (
        "POST", f"{STORE}/endpoints", {"url": "x" * 201}, 400, "invalid_length", "url: is longer than 200 characters"
    ),
    (
        "POST", "/extensions", {"id": "a b"}, 400, "invalid_pattern",
        "id: may hold only letters, digits, '_' and '-', and not begin with '-'; got 'a b'",
    ),
    ("POST", f"{STORE}/endpoints", {}, 400, "missing_field", "url: is required"),
    (
        "PUT", f"{STORE}/endpoints/{URL}", {"type": "x"}, 400, "invalid_enum_value",
        "type: expected 'internal' or 'external', got 'x'",
    ),
    (
        "POST", f"{STORE}/credentials", {"scope": "x"}, 400, "invalid_enum_value",
        "scope: expected 'global', 'project' or 'user', got 'x'",
    ),
    (
        "POST", "/extensions/mlflow/services", {"auth_required": "perhaps"}, 400, "decode_payload",
        "auth_required: expected true or false, got 'perhaps'",
    ),
    (
        "POST", f"{STORE}/credentials", {"id": "n", "configuration": {"P": "<hidden>"}}, 400, "BadRequest",
        "configuration.P: <hidden> stands for a value that is to stay, but there is none; give the value",
    ),
    (
        "PUT", "/extensions/mlflow", {"id": "other"}, 400, "BadRequest",
        "id: cannot be changed: it is 'mlflow'; add another one, and delete this one",
    ),
    (
        "POST", "/extensions", {"configuration": {"LD_PRELOAD": "x"}}, 400, "BadRequest",
        "configuration.LD_PRELOAD: variable 'LD_PRELOAD' controls a loader, shell, interpreter or tool; "
        "the operator may allow it with --allow-variable LD_PRELOAD",
    ),
    (
        "GET", "/extensions/a%20b", None, 400, "invalid_pattern",
        "id: may hold only letters, digits, '_' and '-', and not begin with '-'; got 'a b'",
    ),
    (
        "GET", "/extensions/..%2F..%2Fetc%2Fpasswd", None, 400, "invalid_pattern",
        "id: may hold only letters, digits, '_' and '-', and not begin with '-'; got '../../etc/passwd'",
    ),
]  # fmt: skip
NOWHERE = "there is nothing at this path; /openapi.json lists what there is"
REFUSED += [
    ("GET", path, None, 404, "fault", NOWHERE)
    for path in (
        "/nope", "/extensions/", "/extensions//services", "/extensions/mlflow/x", "/extensions/%FF",
        "/extensions/mlflow/services/store/endpoints/http://e:80/a%20b", "/../extensions",
    )
]  # fmt: skip
REFUSED += [
    (method, path, None, 405, "MethodNotAllowed", "method not allowed")
    for method, path in (
        ("PUT", "/extensions"), ("DELETE", "/extensions"), ("PATCH", "/extensions/mlflow"), ("OPTIONS", "/extensions"),
        ("POST", "/extensions/mlflow"), ("POST", STORE), ("PUT", f"{STORE}/endpoints"), ("POST", "/healthz"),
    )
]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "name", "message"),
    [pytest.param(*row, id=f"{row[0]} {row[1]} {row[4]} {row[5]:.30}") for row in REFUSED],
)
def test_refusal(filled, method, path, body, status, name, message):
    code, shown = filled.ask(method, path, body)

    assert shown.pop("id")
    assert (code, shown) == (
        status,
        {"name": name, "message": message, "temporary": False, "timeout": False, "fault": name == "fault"},
    )


def test_all_problems_of_a_body_are_said_at_once(filled):
    body = {"id": "a b", "services": [{"endpoints": [{"type": "x"}]}], "nope": "1"}

    message = filled.ask("POST", "/extensions", body)[1]["message"]

    assert [line.partition(":")[0] for line in message.splitlines()] == [
        "id", "services[0].endpoints[0].url", "services[0].endpoints[0].type", "nope"
    ]  # fmt: skip


def test_wrong_verb_is_answered_with_the_right_ones(filled):
    assert filled.answer("PATCH", "/extensions/mlflow").headers["Allow"] == "DELETE, GET, HEAD, PUT"


def test_error_of_the_store_is_said_without_a_traceback():
    class Broken(MemoryRecords):
        def get(self, extension_id):
            raise UnavailableError("/secret/place: CANARY")

    client = Client(Broken())
    answer = client.answer("GET", "/extensions/a")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.json["message"] == "where records are kept cannot be used now; try again"
    assert client.ask("GET", "/readyz") == (
        503, {"ready": False, "reason": "where records are kept cannot be used"}
    )  # fmt: skip


def test_defect_is_reported_and_not_shown():
    class Broken(MemoryRecords):
        def list(self):
            raise ValueError("CANARY")

    defects = []
    code, shown = Client(Broken(), on_defect=defects.append).ask("GET", "/extensions")

    assert (code, shown["message"]) == (500, "internal error; the log of the server says where")
    assert [type(e) for e in defects] == [ValueError]


def test_folder_with_a_broken_file_says_which_and_goes_on(tmp_path):
    (tmp_path / "broken.yaml").write_text("id: b\nproduct: [\n")
    client = Client(FolderRecords(tmp_path))
    message = "what is kept must be corrected first: broken.yaml:2: invalid YAML: did not find expected node content"

    assert client.ask("POST", "/extensions", {"id": "a"})[1]["message"] == message
    answer = client.answer("GET", "/extensions")
    assert (answer.json, answer.headers["Warning"]) == ([], '299 - "1 problems keep records from being listed"')


def test_record_that_a_person_must_change_is_a_conflict(tmp_path):
    (tmp_path / "a.yaml").write_text("id: a\nconfiguration: &c {A: x}\nservices: [{id: s, configuration: *c}]\n")
    client = Client(FolderRecords(tmp_path))

    code, shown = client.ask("PUT", "/extensions/a", {"configuration": {"A": "y"}})

    assert (code, shown["name"]) == (409, "Conflict")
    assert shown["message"].startswith("what is kept must be corrected first: a.yaml:2: ")


def test_writers_that_meet_are_both_served(filled):
    put, others = filled.store.put, [deepcopy(EXTENSION)]

    def put_later(record, expected):
        if others:
            others.pop()
            filled.store.put = put
            put(replace(record, zone="z9", product="mlflow"), expected)
            raise ChangedError("somebody was faster")
        return put(record, expected)

    filled.store.put = put_later

    assert filled.ask("PUT", "/extensions/mlflow", {"product": "new"})[0] == 200
    assert filled.store.get("mlflow").record.zone == "z9"


def test_health(client):
    assert client.ask("GET", "/healthz") == (200, {"healthy": True})
    assert client.ask("GET", "/readyz") == (200, {"ready": True})
    assert Client(MemoryRecords(), unready=lambda: "draining").ask("GET", "/readyz") == (
        503, {"ready": False, "reason": "draining"}
    )  # fmt: skip


@pytest.mark.parametrize("path", ["//extensions/mlflow", "///extensions", "/extensions//mlflow", "/extensions/mlflow/"])
def test_slashes_too_many_lead_nowhere(filled, path):
    """A proxy in front may not have recognized such a path."""
    environ = {"RAW_URI": path, "HTTP_HOST": "localhost:8000"}

    answer = filled.app.test_client().get("/", base_url="http://localhost:8000", environ_overrides=environ)

    assert (answer.status_code, b"nothing at this path" in answer.data) == (404, True)
