"""Who may use which credentials, and which of several are used."""

import pytest

from registry.resolving.access import Access, access, credentials_for, lacks_project
from registry.resolving.selectors import Consumer
from tests.resolving.extensions import ME, USERS, ask, chosen, extension, login


@pytest.mark.parametrize(
    ("fields", "consumer", "expected"),
    [
        pytest.param({"scope": "global"}, Consumer(), True, id="global-anyone"),
        pytest.param({"scope": "project", "projects": ("mine",)}, ME, True, id="project-listed"),
        pytest.param({"scope": "project", "projects": ("theirs",)}, ME, False, id="project-not-listed"),
        pytest.param({"scope": "project", "projects": ("mine-too", "min")}, ME, False, id="project-with-a-like-name"),
        pytest.param({"scope": "project", "projects": ("me",)}, ME, False, id="project-called-like-the-user"),
        pytest.param(USERS, ME, True, id="user-listed"),
        pytest.param(USERS, Consumer(project="any", user="you"), True, id="user-listed-in-any-project"),
        pytest.param(USERS, Consumer(project="mine", user="them"), False, id="user-not-listed"),
        pytest.param(USERS, Consumer(project="me"), False, id="project-called-like-a-user"),
        pytest.param(USERS, Consumer(user="ME"), False, id="user-in-another-case"),
        pytest.param({**USERS, "projects": ("mine",)}, ME, True, id="user-and-project-listed"),
        pytest.param({**USERS, "projects": ("theirs",)}, ME, False, id="user-listed-project-not"),
        pytest.param(
            {**USERS, "projects": ("mine",)}, Consumer(project="mine", user="x"), False, id="project-listed-user-not"
        ),
        pytest.param({"scope": "user", "users": ("m.*",)}, ME, False, id="no-patterns"),
    ],
)
def test_credentials_are_used_in_their_scope_only(fields, consumer, expected):
    assert (access(login(**fields), consumer, shared=False) is Access.GRANTED) == expected

    required = ask([extension("a", auth_required=True, credentials=(login(**fields),))], consumer)
    voluntary = ask([extension("a", credentials=(login(**fields),))], consumer)

    assert (required.binding is not None) == expected
    assert voluntary.binding is not None
    assert (voluntary.binding.credentials is not None) == expected


def test_service_that_requires_credentials_and_has_none_is_out():
    assert chosen(ask([extension("a", auth_required=True)])) is None


@pytest.mark.parametrize(
    ("logins", "expected"),
    [
        pytest.param([], None, id="none"),
        pytest.param([login("a"), login("b", scope="project", projects=("mine",))], "b", id="project-before-global"),
        pytest.param(
            [login("a", scope="project", projects=("mine",)), login("b", **USERS)], "b", id="user-before-project"
        ),
        pytest.param([login("a", default=True), login("b", **USERS)], "b", id="scope-before-default"),
        pytest.param([login("a"), login("b", default=True)], "b", id="default-before-id"),
        pytest.param([login("b"), login("a"), login("C")], "C", id="id-in-the-order-of-characters"),
        pytest.param([login("a", scope="project", projects=("theirs",)), login("b")], "b", id="only-those-in-scope"),
    ],
)
def test_best_credentials_are_chosen(logins, expected):
    resolution = ask([extension("a", credentials=tuple(logins))])

    assert resolution.binding is not None
    credentials = resolution.binding.credentials
    assert (credentials and credentials.id) == expected
    assert next(iter(credentials_for(resolution.binding.service, ME, shared=False)), None) == credentials


@pytest.mark.parametrize(
    ("fields", "consumer", "expected"),
    [
        pytest.param({"scope": "global"}, Consumer(project="mine"), Access.GRANTED, id="global-with-project"),
        pytest.param({"scope": "global"}, Consumer(owner="me"), Access.GRANTED, id="global-with-owner"),
        pytest.param({"scope": "global"}, Consumer(user="me"), Access.NO_PROJECT, id="global-with-neither"),
        pytest.param(
            {"scope": "project", "projects": ("mine",)}, Consumer(project="mine"), Access.GRANTED, id="project-listed"
        ),
        pytest.param({"scope": "project", "projects": ("theirs",)}, ME, Access.OUT_OF_SCOPE, id="project-not-listed"),
        pytest.param({"scope": "project", "projects": ("mine",)}, Consumer(), Access.NO_PROJECT, id="no-project"),
        pytest.param(USERS, Consumer(owner="me"), Access.GRANTED, id="owner-listed"),
        pytest.param(USERS, Consumer(project="mine", user="me"), Access.OUT_OF_SCOPE, id="a-user-is-no-owner"),
        pytest.param(USERS, Consumer(user="me"), Access.NO_PROJECT, id="user-without-project"),
        pytest.param(
            {**USERS, "projects": ("mine",)}, Consumer(owner="me"), Access.OUT_OF_SCOPE, id="owner-in-no-project"
        ),
        pytest.param(
            {**USERS, "projects": ("mine",)},
            Consumer(owner="me", project="mine"),
            Access.GRANTED,
            id="owner-in-project",
        ),
    ],
)
def test_shared_credentials_depend_on_the_namespaces_project_and_owner_alone(fields, consumer, expected):
    assert access(login(**fields), consumer, shared=True) is expected


def test_a_project_is_lacked_only_where_there_are_shared_credentials():
    (with_login,), (without,) = extension("a", credentials=(login("a"),)).services, extension("b").services

    assert lacks_project(with_login, Consumer(), shared=True)
    assert not lacks_project(with_login, Consumer(), shared=False)
    assert not lacks_project(with_login, Consumer(project="mine"), shared=True)
    assert not lacks_project(without, Consumer(), shared=True)
