"""Records are changed as FuseML's API has it: partial updates, its messages, and hidden values that stay."""

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import AlreadyExistsError, InvalidRecordsError, NotFoundError, RegistryError
from registry.records import editing
from registry.records.codec import decode, encode
from registry.records.editing import HIDDEN, Place
from tests.records.test_laws import anything, extensions

MLFLOW = decode(
    {
        "id": "mlflow",
        "product": "mlflow",
        "version": "1.19.0",
        "configuration": {"A": "1", "B": "2"},
        "services": [
            {
                "id": "store",
                "resource": "s3",
                "auth_required": "true",
                "endpoints": [{"url": "http://minio:9000", "type": "internal", "configuration": {"U": "u"}}],
                "credentials": [
                    {"id": "root", "configuration": {"KEY": "CANARY-1", "SECRET": "CANARY-2"}},
                    {"id": "ada", "scope": "user", "users": ["ada"], "projects": ["p"], "configuration": {"K": "v"}},
                ],
            },
            {"id": "ui"},
        ],
    }
)
STORE = Place("services", "store")
MINIO = Place("endpoints", "http://minio:9000", "store")
ROOT = Place("credentials", "root", "store")
ADA = Place("credentials", "ada", "store")


@pytest.fixture
def suffix():
    numbers = count(1)
    return lambda: f"{next(numbers):08}"


def problems_of(edit, *args, **kwargs):
    with pytest.raises(InvalidRecordsError) as refusal:
        edit(*args, **kwargs)
    return [str(problem) for problem in refusal.value.problems]


def never():
    raise AssertionError("nothing has to be generated")


# Registering.


def test_extension_of_nothing_is_registered_with_a_generated_id(suffix):
    assert encode(editing.create({}, suffix=suffix)) == {"id": "extension-00000001"}


def test_ids_that_are_not_given_are_generated(suffix):
    body = {
        "id": "",
        "product": "git lab!",
        "services": [
            {"resource": "git+https", "credentials": [{}, {"scope": "user", "users": ["a"]}]},
            {},
            {"id": "x"},
        ],
    }

    extension = editing.create(body, suffix=suffix)

    assert extension.id == "git-lab-00000001"
    assert [s.id for s in extension.services] == ["git-https-00000002", "service-00000003", "x"]
    assert [c.id for c in extension.services[0].credentials] == ["credentials-00000004", "user-00000005"]


def test_an_id_that_is_taken_is_not_generated():
    drawn = iter(["aaaaaaaa", "aaaaaaaa", "bbbbbbbb"])
    body = {"id": "a", "services": [{}, {}]}

    extension = editing.create(body, suffix=lambda: next(drawn))

    assert [s.id for s in extension.services] == ["service-aaaaaaaa", "service-bbbbbbbb"]


def test_all_problems_of_a_body_are_reported_with_their_paths():
    body = {
        "id": "a b",
        "versoin": "1",
        "services": [{"id": "s", "endpoints": [{"type": "intern"}]}, 7, {"id": "s", "credentials": [7]}],
    }

    assert problems_of(editing.create, body, suffix=never) == [
        "id: may hold only letters, digits, '_' and '-', and not begin with '-'; got 'a b'",
        "services[0].endpoints[0].url: is required",
        "services[0].endpoints[0].type: expected 'internal' or 'external', got 'intern'",
        "services[1]: expected a map, got a number",
        "services[2].credentials[0]: expected a map, got a number",
        "versoin: unknown field 'versoin'; did you mean 'version'?",
        "services[2].id: 's' is taken by another of these services",
    ]


@pytest.mark.parametrize("body", [None, "text", 7, [], [{}]])
def test_body_that_is_no_map_is_refused(body):
    assert problems_of(editing.create, body, suffix=never) == ["expected a map of fields"]
    assert problems_of(editing.update, MLFLOW, body, suffix=never) == ["expected a map of fields"]


def test_hidden_value_of_something_new_is_refused():
    body = {"id": "a", "services": [{"id": "s", "credentials": [{"id": "c", "configuration": {"P": HIDDEN}}]}]}

    assert problems_of(editing.create, body, suffix=never) == [
        "services[0].credentials[0].configuration.P: <hidden> stands for a value that is to stay, but there is none; "
        "give the value"
    ]


def test_hidden_is_an_ordinary_value_elsewhere():
    body = {"id": "a", "configuration": {"P": HIDDEN}}

    assert editing.create(body, suffix=never).configuration == {"P": HIDDEN}


# Updating.


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, {}, id="nothing"),
        pytest.param({"version": "1.20.0"}, {"version": "1.20.0"}, id="field"),
        pytest.param({"version": None, "product": "m"}, {"product": "m"}, id="null-is-not-given"),
        pytest.param({"version": ""}, {"version": None}, id="empty-text-clears"),
        pytest.param({"configuration": {"C": "3"}}, {"configuration": {"C": "3"}}, id="map-is-replaced"),
        pytest.param({"configuration": {}}, {"configuration": None}, id="empty-map-clears"),
        pytest.param({"services": []}, {"services": None}, id="empty-list-clears"),
        pytest.param({"id": "mlflow", "status": {"registered": "2021"}}, {}, id="what-answers-say"),
        pytest.param({"id": ""}, {}, id="empty-id"),
    ],
)
def test_update_of_an_extension_is_partial(changes, expected):
    updated = encode(editing.update(MLFLOW, changes, suffix=never))

    assert updated == {k: v for k, v in {**encode(MLFLOW), **expected}.items() if v is not None}


@pytest.mark.parametrize(
    ("place", "changes", "expected"),
    [
        pytest.param(STORE, {"category": "c"}, {"category": "c"}, id="service"),
        pytest.param(STORE, {"authrequired": False}, {"auth_required": None}, id="fuseml-spelling"),
        pytest.param(STORE, {"auth_required": False}, {"auth_required": None}, id="boolean"),
        pytest.param(STORE, {"extension_id": "mlflow", "id": "store"}, {}, id="own-ids"),
        pytest.param(MINIO, {"type": "external"}, {"type": None}, id="endpoint"),
        pytest.param(MINIO, {"url": "http://minio:9000", "service_id": "store"}, {}, id="own-url"),
        pytest.param(MINIO, {"configuration": {}}, {"configuration": None}, id="endpoint-configuration"),
        pytest.param(ADA, {"users": ["bob"]}, {"users": ["bob"]}, id="list-is-replaced"),
        pytest.param(ADA, {"projects": []}, {"projects": None}, id="empty-list-clears"),
        pytest.param(ROOT, {"configuration": {"K": "v"}}, {"configuration": {"K": "v"}}, id="values"),
        pytest.param(
            ROOT,
            {"configuration": {"KEY": HIDDEN, "N": "n"}},
            {"configuration": {"KEY": "CANARY-1", "N": "n"}},
            id="some",
        ),
        pytest.param(
            ROOT,
            {"configuration": {"A": "k"}, "secretRef": {"name": "minio"}},
            {"configuration": {"A": "k"}, "secretRef": {"name": "minio"}},
            id="to-a-secret",
        ),
    ],
)
def test_update_of_a_part_is_partial(place, changes, expected):
    before = encode(editing.find(MLFLOW, place))

    updated = editing.update_part(MLFLOW, place, changes, suffix=never)

    assert encode(editing.find(updated, place)) == {k: v for k, v in {**before, **expected}.items() if v is not None}
    others = [part for part in (STORE, MINIO, ROOT, ADA) if part.kind == place.kind and part != place]
    assert all(editing.find(updated, other) == editing.find(MLFLOW, other) for other in others)


@pytest.mark.parametrize(
    ("place", "changes", "problem"),
    [
        pytest.param(
            STORE, {"id": "s"}, "id: cannot be changed: it is 'store'; add another one, and delete this one", id="id"
        ),
        pytest.param(
            MINIO,
            {"url": "http://b"},
            "url: cannot be changed: it is 'http://minio:9000'; add another one, and delete this one",
            id="url",
        ),
        pytest.param(MINIO, {"type": "inside"}, "type: expected 'internal' or 'external', got 'inside'", id="type"),
        pytest.param(ROOT, {"scope": "all"}, "scope: expected 'global', 'project' or 'user', got 'all'", id="scope"),
        pytest.param(ROOT, {"scope": "user"}, "scope: scope 'user' needs a list of users that may use it", id="users"),
        pytest.param(STORE, {"resource": "r" * 101}, "resource: is longer than 100 characters", id="long"),
        pytest.param(STORE, {"desc": "d"}, None, id="unknown"),
        pytest.param(
            ROOT, {"extension_id": "e"}, "extension_id: is 'e', but the body was sent for 'mlflow'", id="other"
        ),
        pytest.param(
            ROOT, {"service_id": "ui"}, "service_id: is 'ui', but the body was sent for 'store'", id="service"
        ),
        pytest.param(
            ROOT,
            {"configuration": {"NEW": HIDDEN}},
            "configuration.NEW: <hidden> stands for a value that is to stay, but there is none; give the value",
            id="hidden",
        ),
    ],
)
def test_wrong_update_is_refused_with_the_path_in_what_was_sent(place, changes, problem):
    (found,) = problems_of(editing.update_part, MLFLOW, place, changes, suffix=never)

    assert found == problem if problem else found.startswith("desc: unknown field 'desc'")


def test_id_of_an_extension_cannot_be_changed():
    assert problems_of(editing.update, MLFLOW, {"id": "other"}, suffix=never) == [
        "id: cannot be changed: it is 'mlflow'; add another one, and delete this one"
    ]


def test_variables_that_control_an_interpreter_need_the_operators_leave():
    changes = {"configuration": {"HTTPS_PROXY": "p"}}

    (problem,) = problems_of(editing.update, MLFLOW, changes, suffix=never)
    allowed = editing.update(MLFLOW, changes, suffix=never, allowed=frozenset({"HTTPS_PROXY"}))

    assert problem.startswith("configuration.HTTPS_PROXY: variable 'HTTPS_PROXY' controls")
    assert allowed.configuration == {"HTTPS_PROXY": "p"}


# Adding and deleting.


def test_parts_are_added_after_the_others(suffix):
    with_service = editing.add(MLFLOW, "services", {"resource": "r", "credentials": [{}]}, suffix=suffix)
    with_endpoint = editing.add(MLFLOW, "endpoints", {"url": "http://b"}, service_id="store", suffix=never)
    with_login = editing.add(MLFLOW, "credentials", {}, service_id="ui", suffix=suffix)

    assert with_service.place == Place("services", "r-00000001")
    assert [s.id for s in with_service.extension.services] == ["store", "ui", "r-00000001"]
    assert [c.id for c in with_service.extension.services[2].credentials] == ["credentials-00000002"]
    assert with_endpoint.place == Place("endpoints", "http://b", "store")
    assert [e.url for e in with_endpoint.extension.services[0].endpoints] == ["http://minio:9000", "http://b"]
    assert with_login.place == Place("credentials", "credentials-00000003", "ui")
    assert editing.find(with_login.extension, with_login.place).id == "credentials-00000003"


@pytest.mark.parametrize(
    ("kind", "service_id", "body", "message"),
    [
        ("services", "", {"id": "ui"}, "a service with the same ID already exists under the 'mlflow' extension: ui"),
        (
            "endpoints",
            "store",
            {"url": "http://minio:9000"},
            "an endpoint with the same URL already exists under the 'mlflow/store' extension service: http://minio:9000",
        ),
        (
            "credentials",
            "store",
            {"id": "root"},
            "a set of credentials with the same ID already exists under the 'mlflow/store' extension service: root",
        ),
    ],
)
def test_what_is_there_is_not_added(kind, service_id, body, message):
    with pytest.raises(AlreadyExistsError) as refusal:
        editing.add(MLFLOW, kind, body, service_id=service_id, suffix=never)

    assert str(refusal.value) == message


@pytest.mark.parametrize(
    ("place", "message"),
    [
        (Place("services", "x"), "a service with the given ID could not be found under the 'mlflow' extension: x"),
        (
            Place("endpoints", "http://x", "store"),
            "an endpoint with the given URL could not be found under the 'mlflow/store' extension service: http://x",
        ),
        (
            Place("credentials", "x", "store"),
            "a set of credentials with the given ID could not be found under the 'mlflow/store' extension service: x",
        ),
        (
            Place("credentials", "root", "x"),
            "a service with the given ID could not be found under the 'mlflow' extension: x",
        ),
    ],
)
def test_what_is_not_there_is_not_found(place, message):
    for edit in (
        lambda: editing.find(MLFLOW, place),
        lambda: editing.delete_part(MLFLOW, place),
        lambda: editing.update_part(MLFLOW, place, {}, suffix=never),
    ):
        with pytest.raises(NotFoundError) as refusal:
            edit()
        assert str(refusal.value) == message


@pytest.mark.parametrize("place", [STORE, MINIO, ROOT, ADA])
def test_deleted_part_is_gone_and_the_others_stay(place):
    deleted = editing.delete_part(MLFLOW, place)

    with pytest.raises(NotFoundError):
        editing.find(deleted, place)
    assert deleted == editing.delete_part(MLFLOW, place)
    assert len(str(encode(deleted))) < len(str(encode(MLFLOW)))


def test_what_is_shown_has_no_values_but_the_names_of_keys_in_a_secret():
    logins = [
        {"id": "a", "configuration": {"KEY": "CANARY"}},
        {"id": "b", "secretRef": {"name": "minio"}, "configuration": {"KEY": "accesskey"}},
    ]

    shown = encode(editing.hide(decode({"id": "x", "services": [{"id": "s", "credentials": logins}]})))

    assert [login["configuration"]["KEY"] for login in shown["services"][0]["credentials"]] == [HIDDEN, "accesskey"]


# Laws.


def answer_of(extension):
    """The record as FuseML's API shows it, in full."""
    plain = {**encode(editing.hide(extension)), "status": {"registered": "2021-11-24T10:00:00Z"}}
    for service in plain.get("services", []):
        service |= {"extension_id": extension.id, "status": {}, "auth_required": service.get("auth_required", False)}
        for part in (*service.get("endpoints", []), *service.get("credentials", [])):
            part |= {"extension_id": extension.id, "service_id": service["id"], "status": {}}
    return plain


@given(extensions)
def test_record_that_is_read_and_written_again_stays_as_it_is(extension):
    plain = answer_of(extension)

    assert "CANARY" not in str(answer_of(MLFLOW))
    assert editing.update(extension, plain, suffix=never) == extension
    for service in plain.get("services", []):
        assert editing.update_part(extension, Place("services", service["id"]), service, suffix=never) == extension
        for login in service.get("credentials", []):
            place = Place("credentials", login["id"], service["id"])
            assert editing.update_part(extension, place, login, suffix=never) == extension
        for endpoint in service.get("endpoints", []):
            place = Place("endpoints", endpoint["url"], service["id"])
            assert editing.update_part(extension, place, endpoint, suffix=never) == extension


@given(extensions, extensions)
def test_what_is_added_and_deleted_leaves_no_trace(extension, other):
    for service in other.services:
        try:
            added = editing.add(extension, "services", encode(service), suffix=never)
        except AlreadyExistsError:
            continue
        assert editing.find(added.extension, added.place) == service
        assert editing.delete_part(added.extension, added.place) == extension


@given(extensions, anything, st.sampled_from([STORE, MINIO, ROOT]))
def test_any_body_changes_the_record_or_is_refused(extension, body, place):
    suffix = map("{:08}".format, count()).__next__
    for edit in (
        lambda: editing.create(body, suffix=suffix),
        lambda: editing.update(extension, body, suffix=suffix),
        lambda: editing.update_part(MLFLOW, place, body, suffix=suffix),
        lambda: editing.add(MLFLOW, place.kind, body, service_id="store", suffix=suffix).extension,
    ):
        try:
            edited = edit()
        except RegistryError as e:
            assert "CANARY" not in str(e)
        else:
            assert decode(encode(edited)) == edited
