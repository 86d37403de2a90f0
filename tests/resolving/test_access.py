"""Who may use which credentials, and which of several are used."""

import pytest

from registry.resolving.access import credentials_for, may_use
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
    assert may_use(login(**fields), consumer) == expected

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
    assert next(iter(credentials_for(resolution.binding.service, ME)), None) == credentials
