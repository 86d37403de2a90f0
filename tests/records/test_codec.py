"""What becomes of a record's text: values as typed, every error with its place, ids that are always the same."""

import json
import traceback
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from registry.documents import reader
from registry.errors import InvalidRecordsError, Problem, RegistryError
from registry.records.codec import Found, decode, decode_text, encode
from registry.records.model import Credentials, Endpoint, Extension, SecretRef, Service

FUSEML = (Path(__file__).parent / "fuseml.yaml").read_text()
TYPED = list(yaml.load_all(FUSEML, yaml.BaseLoader))

# What a record says at length and means without saying.
DEFAULTS = {
    "authrequired": "false",
    "default": "false",
    "type": "external",
    "scope": "global",
    "projects": [],
    "users": [],
}


def essence(typed):
    """*typed* without what is at its default, and with one spelling for each field."""
    if isinstance(typed, list):
        return [essence(item) for item in typed]
    if not isinstance(typed, dict):
        return typed
    said = {key: value for key, value in typed.items() if key not in DEFAULTS or value != DEFAULTS[key]}
    return {
        "auth_required" if key == "authrequired" else key: True if key == "authrequired" else essence(value)
        for key, value in said.items()
    }


def extension_of(text):
    found, problems = decode_text(text)
    assert problems == []
    ((extension, _),) = found
    return extension


@pytest.mark.parametrize("typed", TYPED, ids=lambda typed: typed["id"])
def test_record_of_fusemls_documentation_says_what_was_typed(typed):
    assert encode(decode(typed)) == essence(typed)


def test_file_with_several_documents_gives_the_record_of_each():
    found, problems = decode_text(FUSEML, "fuseml.yaml")

    assert problems == []
    assert [extension for extension, _ in found] == [decode(typed) for typed in TYPED]
    assert [FUSEML.splitlines()[line - 1] for _, line in found] == [f"id: {typed['id']}" for typed in TYPED]


def test_record_is_read_into_all_its_fields():
    extension = extension_of("""\
        id: seldon
        product: seldon-core
        version: 1.10
        zone: 007
        description: |
          Two
          lines
        configuration: {INSECURE: False, PORT: 09000, EMPTY: , TILDE: ~, NUMBER: 1e3, DATE: 2026-11-23}
        services:
        - id: API
          resource: git+https
          category: prediction serving
          authrequired: true
          default: yes
          description: An API
          configuration: {namespace: prj_hys568}
          endpoints:
          - {url: "https://a:6443", configuration: {CA: a}}
          - {url: "http://b", type: internal}
          credentials:
          - id: team
            scope: project
            projects: [alpha]
            configuration: {CERT: "a=="}
          - id: turing
            scope: user
            default: On
            projects: [alpha, 1.0]
            users: [alainturing, "system:serviceaccount:a:b"]
            secretRef: {name: turing.minio}
            configuration: {KEY: root.key}
        - id: UI
    """)

    assert extension == Extension(
        id="seldon",
        product="seldon-core",
        version="1.10",
        zone="007",
        description="Two\nlines\n",
        configuration={
            "INSECURE": "False",
            "PORT": "09000",
            "EMPTY": "",
            "TILDE": "~",
            "NUMBER": "1e3",
            "DATE": "2026-11-23",
        },
        services=(
            Service(
                id="API",
                resource="git+https",
                category="prediction serving",
                auth_required=True,
                default=True,
                description="An API",
                configuration={"namespace": "prj_hys568"},
                endpoints=(
                    Endpoint(url="https://a:6443", type="external", configuration={"CA": "a"}),
                    Endpoint(url="http://b", type="internal"),
                ),
                credentials=(
                    Credentials(id="team", scope="project", projects=("alpha",), configuration={"CERT": "a=="}),
                    Credentials(
                        id="turing",
                        scope="user",
                        default=True,
                        projects=("alpha", "1.0"),
                        users=("alainturing", "system:serviceaccount:a:b"),
                        configuration={"KEY": "root.key"},
                        secret_ref=SecretRef(name="turing.minio"),
                    ),
                ),
            ),
            Service(id="UI"),
        ),
    )


@pytest.mark.parametrize("spelling", ["auth_required", "authrequired"])
@pytest.mark.parametrize(
    ("word", "expected"),
    [(word, True) for word in ("true", "True", "TRUE", "yes", "on", "y", "Y")]
    + [(word, False) for word in ("false", "False", "no", "off", "n", "", "~", "null")],
)
def test_boolean_is_read_from_yamls_words(spelling, word, expected):
    extension = extension_of(f"{{id: x, services: [{{id: s, {spelling}: {word}}}]}}")

    assert extension.services[0].auth_required is expected


def test_auth_required_is_written_with_its_underscore():
    extension = extension_of("{id: x, services: [{id: s, authrequired: true}]}")

    assert encode(extension) == {"id": "x", "services": [{"id": "s", "auth_required": True}]}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{id: x, product: , version: ~, zone: null, configuration: ~, services: null}", id="extension"),
        pytest.param('{"id": "x", "product": null, "configuration": null, "services": null}', id="json"),
        pytest.param("{id: x, description: '', services: []}", id="empty"),
    ],
)
def test_field_that_is_there_but_empty_was_not_given(text):
    assert extension_of(text) == Extension(id="x")


def test_records_come_as_lists_and_documents_with_their_lines():
    found, problems = decode_text("# two\n- id: a\n\n-\n  id: b\n---\nid: c\n--- [{id: d},\n {id: e}]\n---\n# none\n")

    assert problems == []
    assert found == [
        Found(Extension(id="a"), 2),
        Found(Extension(id="b"), 5),
        Found(Extension(id="c"), 7),
        Found(Extension(id="d"), 8),
        Found(Extension(id="e"), 9),
    ]


def test_good_records_are_read_beside_bad_ones():
    found, problems = decode_text("id: a\n---\n- id: b\n- id: c c\n---\nid: d\nid: e\n---\nid: f\n---\n*x", "r.yaml")

    assert [extension.id for extension, _ in found] == ["a", "b", "f"]
    assert [str(problem) for problem in problems] == [
        "r.yaml:4: [1].id: may hold only letters, digits, '_' and '-', and not begin with '-'; got 'c c'",
        "r.yaml:7: 'id' stands twice in this map",
        "r.yaml:11: an alias stands for nothing; put text that begins with '*' in quotes",
    ]


EXTENSION_FIELDS = "id, product, version, zone, description, configuration, services"
SERVICE_FIELDS = "id, resource, category, description, auth_required, default, configuration, endpoints, credentials"
UNPRINTABLE = "holds a character that cannot be printed, such as a line break"
NO_KEY = "is no key of a Secret: those hold letters, digits, '-', '_' and '.'"
BAD_ID = "may hold only letters, digits, '_' and '-', and not begin with '-'; got"


def service(content):
    return "id: x\nservices:\n- id: s\n" + "".join(f"  {line}\n" for line in content.splitlines())


def credentials(content):
    return service("credentials:\n- id: c\n" + "".join(f"  {line}\n" for line in content.splitlines()))


def steering(path, name):
    return (
        f"{path}.configuration.{name}: variable {name!r} gives orders to a loader, shell or interpreter; "
        f"the operator may allow it with --allow-variable {name}"
    )


IN_SERVICE = "services[0]"
IN_CREDENTIALS = "services[0].credentials[0]"

# CANARY stands for the value of a credential.
REFUSED = [
    pytest.param("text", ["1: expected an extension's record, got text"], id="text-for-a-record"),
    pytest.param("- text", ["1: [0]: expected an extension's record, got text"], id="text-in-a-list-of-records"),
    pytest.param("- [id]", ["1: [0]: expected an extension's record, got a list"], id="list-in-a-list-of-records"),
    pytest.param("-", ["1: [0]: expected an extension's record, got nothing"], id="nothing-in-a-list-of-records"),
    # Unknown fields, on every level.
    pytest.param("id: x\nzones: a", ["2: zones: unknown field 'zones'; did you mean 'zone'?"], id="typo"),
    pytest.param("id: x\nURI: a", [f"2: URI: unknown field 'URI'; there are {EXTENSION_FIELDS}"], id="unknown"),
    pytest.param(
        "id: x\na.b c\\n: d", [f"2: ['a.b c\\\\n']: unknown field 'a.b c\\\\n'; there are {EXTENSION_FIELDS}"], id="odd"
    ),
    pytest.param(
        f"? {'long' * 50}\n: x",
        [f"1: ['{'long' * 25}']: unknown field '{'long' * 25}'; there are {EXTENSION_FIELDS}"],
        id="unknown-and-long",
    ),
    pytest.param(
        service("endpoint: []"),
        ["4: services[0].endpoint: unknown field 'endpoint'; did you mean 'endpoints'?"],
        id="typo-in-a-service",
    ),
    pytest.param(
        service("status: {}"),
        [f"4: services[0].status: unknown field 'status'; there are {SERVICE_FIELDS}"],
        id="unknown-in-a-service",
    ),
    pytest.param(
        service("endpoints:\n- url: a\n  uri: b"),
        ["6: services[0].endpoints[0].uri: unknown field 'uri'; did you mean 'url'?"],
        id="typo-in-an-endpoint",
    ),
    pytest.param(
        credentials("configurations: {PASSWORD: CANARY}"),
        [f"6: {IN_CREDENTIALS}.configurations: unknown field 'configurations'; did you mean 'configuration'?"],
        id="typo-in-credentials",
    ),
    pytest.param(
        credentials("secret_ref: {name: a}"),
        [f"6: {IN_CREDENTIALS}.secret_ref: unknown field 'secret_ref'; did you mean 'secretRef'?"],
        id="secret-ref-in-snake-case",
    ),
    pytest.param(
        credentials("secretRef: {name: a, key: CANARY}\nconfiguration: {A: k}"),
        [f"6: {IN_CREDENTIALS}.secretRef.key: unknown field 'key'; there are name"],
        id="unknown-in-a-secret-ref",
    ),
    pytest.param(
        credentials("configuration:\nPASSWORD: CANARY"),
        [
            f"7: {IN_CREDENTIALS}.PASSWORD: unknown field 'PASSWORD'; there are id, scope, default, projects, users, "
            "configuration, secretRef"
        ],
        id="configuration-that-is-not-indented",
    ),
    pytest.param(
        "id: x\nauthrequired: true",
        [f"2: authrequired: unknown field 'authrequired'; there are {EXTENSION_FIELDS}"],
        id="authrequired-in-an-extension",
    ),
    pytest.param(
        service("authrequired: true\nauth_required: false"),
        ["4: services[0].authrequired: stands beside 'auth_required', which means the same"],
        id="both-spellings",
    ),
    # Types.
    pytest.param("id: [x]", ["1: id: expected text, got a list"], id="list-for-text"),
    pytest.param("id: x\nproduct: {a: b}", ["2: product: expected text, got a map"], id="map-for-text"),
    pytest.param("id: x\nservices: text", ["2: services: expected a list, got text"], id="text-for-a-list"),
    pytest.param("id: x\nservices: {id: s}", ["2: services: expected a list, got a map"], id="map-for-a-list"),
    pytest.param(
        "id: x\nservices:\n-\n- []",
        [
            "3: services[0]: expected a map, got nothing",
            "4: services[1]: expected a map, got a list",
        ],
        id="no-maps-in-a-list",
    ),
    pytest.param("id: x\nconfiguration: text", ["2: configuration: expected a map, got text"], id="text-for-a-map"),
    pytest.param("id: x\nconfiguration: [a]", ["2: configuration: expected a map, got a list"], id="list-for-a-map"),
    pytest.param(
        credentials("configuration: CANARY"),
        [f"6: {IN_CREDENTIALS}.configuration: expected a map, got text"],
        id="value",
    ),
    pytest.param(
        credentials("configuration:\n  PASSWORD=CANARY"),
        [f"6: {IN_CREDENTIALS}.configuration: expected a map, got text"],
        id="name-and-value-as-text",
    ),
    pytest.param(
        credentials("configuration: [CANARY]"),
        [f"6: {IN_CREDENTIALS}.configuration: expected a map, got a list"],
        id="list-of-values",
    ),
    pytest.param(
        credentials("configuration: {A: [CANARY], B: {C: CANARY}}"),
        [
            f"6: {IN_CREDENTIALS}.configuration.A: expected text, got a list",
            f"6: {IN_CREDENTIALS}.configuration.B: expected text, got a map",
        ],
        id="values-that-are-no-text",
    ),
    pytest.param(service("credentials: CANARY"), ["4: services[0].credentials: expected a list, got text"], id="login"),
    pytest.param(
        service("credentials: {PASSWORD: CANARY}"),
        ["4: services[0].credentials: expected a list, got a map"],
        id="login-without-a-dash",
    ),
    pytest.param(
        service("credentials: [CANARY]"), ["4: services[0].credentials[0]: expected a map, got text"], id="list-of-text"
    ),
    pytest.param(
        credentials("secretRef: CANARY\nconfiguration: {A: k}"),
        [f"6: {IN_CREDENTIALS}.secretRef: expected a map, got text"],
        id="text-for-a-secret-ref",
    ),
    pytest.param(
        credentials("secretRef: {}\nconfiguration: {A: k}"),
        [f"6: {IN_CREDENTIALS}.secretRef.name: is required"],
        id="secret-ref-without-a-name",
    ),
    pytest.param(
        service("auth_required: maybe\ndefault: 1"),
        [
            "4: services[0].auth_required: expected true or false, got 'maybe'",
            "5: services[0].default: expected true or false, got '1'",
        ],
        id="no-booleans",
    ),
    pytest.param(
        service("authrequired: [true]"),
        ["4: services[0].authrequired: expected true or false, got \"['true']\""],
        id="list-for-a-boolean",
    ),
    pytest.param(
        credentials("default: t"), [f"6: {IN_CREDENTIALS}.default: expected true or false, got 't'"], id="one-letter"
    ),
    # Ids, lengths, characters.
    pytest.param("id: a b", [f"1: id: {BAD_ID} 'a b'"], id="space-in-an-id"),
    pytest.param("id: -a", [f"1: id: {BAD_ID} '-a'"], id="dash-before-an-id"),
    pytest.param("id: é", [f"1: id: {BAD_ID} 'é'"], id="accent-in-an-id"),
    pytest.param('id: "a\\n"', [f"1: id: {BAD_ID} 'a\\n'"], id="line-break-after-an-id"),
    pytest.param(
        "id: a/b\nservices: [{id: a.b}]",
        [
            f"1: id: {BAD_ID} 'a/b'",
            f"2: services[0].id: {BAD_ID} 'a.b'",
        ],
        id="ids-of-both",
    ),
    pytest.param(
        service("credentials: [{id: 'a b', configuration: {P: CANARY}}]"),
        [f"4: {IN_CREDENTIALS}.id: {BAD_ID} 'a b'"],
        id="id-of-credentials",
    ),
    pytest.param(f"id: {'a' * 101}", ["1: id: is longer than 100 characters"], id="long-id"),
    *(
        pytest.param(f"id: x\n{key}: {'é' * 101}", [f"2: {key}: is longer than 100 characters"], id=f"long-{key}")
        for key in ("product", "version", "zone")
    ),
    pytest.param(f"id: x\ndescription: {'a' * 1001}", ["2: description: is longer than 1000 characters"], id="prose"),
    pytest.param(
        service(f"resource: {'a' * 101}\ncategory: {'a' * 101}\ndescription: {'a' * 1001}"),
        [
            "4: services[0].resource: is longer than 100 characters",
            "5: services[0].category: is longer than 100 characters",
            "6: services[0].description: is longer than 1000 characters",
        ],
        id="long-fields-of-a-service",
    ),
    pytest.param(
        'id: x\nproduct: "a\\nb"\nzone: "\\0"',
        [f"2: product: {UNPRINTABLE}", f"3: zone: {UNPRINTABLE}"],
        id="line-break-in-a-product",
    ),
    pytest.param("id: x\nversion: a\u202eb", [f"2: version: {UNPRINTABLE}"], id="text-turned-around"),
    # Endpoints.
    pytest.param(
        service("endpoints: [{type: internal}, {url: }, {url: ''}]"),
        [f"4: services[0].endpoints[{i}].url: is required" for i in range(3)],
        id="endpoint-without-a-url",
    ),
    pytest.param(
        service(f"endpoints: [{{url: {'a' * 201}}}]"),
        ["4: services[0].endpoints[0].url: is longer than 200 characters"],
        id="long-url",
    ),
    pytest.param(
        service('endpoints: [{url: "http://a\\r\\nb"}]'), [f"4: services[0].endpoints[0].url: {UNPRINTABLE}"], id="url"
    ),
    pytest.param(
        service("endpoints: [{url: a, type: Internal}]"),
        ["4: services[0].endpoints[0].type: expected 'internal' or 'external', got 'Internal'"],
        id="endpoint-of-another-type",
    ),
    pytest.param(
        service("endpoints:\n- url: http://a\n- url: http://b\n- url: http://a"),
        ["7: services[0].endpoints[2].url: 'http://a' is taken by another of these endpoints"],
        id="equal-urls",
    ),
    # Configuration.
    pytest.param(
        service('configuration: {"": a, "B=c": d, "E\\n": f, "%s": g}' % ("H" * 254)),
        [
            "4: services[0].configuration: has a name that is empty or longer than 253 characters",
            "4: services[0].configuration: has a name with '=' in it; write NAME: value",
            "4: services[0].configuration: has a name with a character that cannot be printed, such as a line break",
            "4: services[0].configuration: has a name that is empty or longer than 253 characters",
        ],
        id="impossible-names",
    ),
    pytest.param(
        credentials("configuration: {PASSWORD=CANARY, SSH_KEY=CANARY}"),
        [f"6: {IN_CREDENTIALS}.configuration: has a name with '=' in it; write NAME: value"] * 2,
        id="name-and-value-as-a-name",
    ),
    pytest.param(
        credentials('configuration:\n  A: "CANARY\\0"'),
        [f"7: {IN_CREDENTIALS}.configuration.A: holds a NUL character, which no environment variable can"],
        id="nul-in-a-value",
    ),
    pytest.param(
        credentials(f"configuration:\n  A: CANARY{'é' * 16384}"),
        [f"7: {IN_CREDENTIALS}.configuration.A: is longer than 32768 bytes"],
        id="long-value",
    ),
    *(
        pytest.param(f"id: x\nconfiguration:\n  {name}: a", [f"3: {steering('', name)[1:]}"], id=f"{name}-steers")
        for name in ("LD_PRELOAD", "PATH", "PYTHONPATH", "NODE_OPTIONS", "BASH_ENV", "https_proxy", "NO_PROXY", "IFS")
    ),
    pytest.param(
        service(
            "configuration: {GIT_SSH_COMMAND: a}\n"
            "endpoints: [{url: a, configuration: {HTTP_PROXY: a}}]\n"
            "credentials: [{id: c, configuration: {KUBERNETES_SERVICE_HOST: CANARY}}]"
        ),
        [
            "4: " + steering(IN_SERVICE, "GIT_SSH_COMMAND"),
            "5: " + steering("services[0].endpoints[0]", "HTTP_PROXY"),
            "6: " + steering(IN_CREDENTIALS, "KUBERNETES_SERVICE_HOST"),
        ],
        id="steering-on-every-level",
    ),
    # Ids that are not unique.
    pytest.param(
        "id: x\nservices:\n- id: a\n- id: b\n- id: a",
        ["5: services[2].id: 'a' is taken by another of these services"],
        id="equal-services",
    ),
    pytest.param(
        service("credentials:\n- {id: a, configuration: {P: CANARY}}\n- {id: a}\n- {id: a}"),
        [
            "6: services[0].credentials[1].id: 'a' is taken by another of these credentials",
            "7: services[0].credentials[2].id: 'a' is taken by another of these credentials",
        ],
        id="equal-credentials",
    ),
    # Scopes.
    pytest.param(
        credentials("scope: team\nprojects: [a]\nconfiguration: {P: CANARY}"),
        [f"6: {IN_CREDENTIALS}.scope: expected 'global', 'project' or 'user', got 'team'"],
        id="unknown-scope",
    ),
    pytest.param(
        credentials("projects: [a]\nusers: [b]"),
        [
            f"6: {IN_CREDENTIALS}.projects: is not read with scope 'global'; set scope: project, or leave it out",
            f"7: {IN_CREDENTIALS}.users: is not read with scope 'global'; set scope: user, or leave it out",
        ],
        id="lists-without-a-scope",
    ),
    pytest.param(
        credentials("scope: project\nprojects: [a]\nusers: [b]"),
        [f"8: {IN_CREDENTIALS}.users: is not read with scope 'project'; set scope: user, or leave it out"],
        id="users-of-a-project",
    ),
    pytest.param(
        credentials("scope: project"),
        [f"6: {IN_CREDENTIALS}.scope: scope 'project' needs a list of projects that may use it"],
        id="project-without-projects",
    ),
    pytest.param(
        credentials("scope: user\nprojects: [a]\nusers: []"),
        [f"6: {IN_CREDENTIALS}.scope: scope 'user' needs a list of users that may use it"],
        id="user-without-users",
    ),
    pytest.param(
        credentials("scope: project\nprojects: alpha"),
        [f"7: {IN_CREDENTIALS}.projects: expected a list, got text"],
        id="text-for-projects",
    ),
    pytest.param(
        credentials("scope: user\nprojects:\n-\nusers:\n- ''\n- [a]"),
        [
            f"8: {IN_CREDENTIALS}.projects[0]: must not be empty",
            f"10: {IN_CREDENTIALS}.users[0]: must not be empty",
            f"11: {IN_CREDENTIALS}.users[1]: expected text, got a list",
        ],
        id="nameless-projects-and-users",
    ),
    # References to Secrets.
    pytest.param(
        credentials("secretRef: {name: My_Secret}\nconfiguration: {A: k}"),
        [
            f"6: {IN_CREDENTIALS}.secretRef.name: is no name of a Secret: those hold lower-case letters, digits, '-' "
            "and '.'"
        ],
        id="impossible-secret",
    ),
    pytest.param(
        credentials("secretRef: {name: a}"),
        [
            f"6: {IN_CREDENTIALS}.secretRef: needs a configuration that says which key of the Secret each variable "
            "takes: {NAME: key}"
        ],
        id="secret-ref-without-keys",
    ),
    pytest.param(
        credentials(
            "secretRef: {name: a}\nconfiguration: {GOOD: root-user.1_A, BAD: CANARY/+=, EMPTY: '', L: [CANARY]}"
        ),
        [
            f"7: {IN_CREDENTIALS}.configuration.L: expected text, got a list",
            f"7: {IN_CREDENTIALS}.configuration.BAD: {NO_KEY}",
            f"7: {IN_CREDENTIALS}.configuration.EMPTY: {NO_KEY}",
        ],
        id="values-where-keys-belong",
    ),
    # What YAML itself makes of it.
    pytest.param(
        "id: x\nid: y\nzones: z",
        [
            "2: 'id' stands twice in this map",
            "3: zones: unknown field 'zones'; did you mean 'zone'?",
        ],
        id="twice-the-same-key",
    ),
    pytest.param(
        credentials("configuration:\n  P: CANARY\n  P: CANARY"), ["8: 'P' stands twice in this map"], id="twice-a-value"
    ),
    pytest.param(
        credentials("configuration: {P: *CANARY}"),
        ["6: an alias stands for nothing; put text that begins with '*' in quotes"],
        id="value-that-looks-like-an-alias",
    ),
    pytest.param(
        credentials("configuration: {P: @CANARY}"),
        ["6: no valid YAML: found character that cannot start any token"],
        id="value-that-begins-with-a-reserved-character",
    ),
    pytest.param(
        credentials("configuration: {P: CANARY\n"),
        ["6: no valid YAML: did not find expected ',' or '}'"],
        id="unclosed",
    ),
]


@pytest.mark.parametrize(("text", "expected"), REFUSED)
def test_every_problem_is_told_with_file_line_and_path(text, expected):
    _, problems = decode_text(text, "r.yaml")

    assert [str(problem) for problem in problems] == [f"r.yaml:{line}" for line in expected]


@pytest.mark.parametrize(("text", "expected"), REFUSED)
def test_nothing_that_is_refused_shows_a_credential(text, expected):
    found, problems = decode_text(text.replace("id: x", 'id: x\nconfiguration: {"": bad}', 1), "r.yaml")

    error = InvalidRecordsError(problems)
    shown = [str(problems), repr(found), str(error), repr(error), str([p.as_dict() for p in problems])]
    for document in reader.read(text):
        shown.append(repr(document))
        for content in document.content if isinstance(document.content, list) else [document.content]:
            try:
                decode(content)
            except InvalidRecordsError as e:
                shown.append("".join(traceback.format_exception(e)))
    assert "CANARY" not in "".join(shown)


def test_record_that_is_accepted_does_not_show_a_credential():
    (found,), _ = decode_text(credentials("configuration: {PASSWORD: CANARY}"))

    (login,) = found.extension.services[0].credentials
    assert login.configuration == {"PASSWORD": "CANARY"}
    assert (
        repr(login)
        == str(login)
        == ("Credentials(id='c', scope='global', default=False, projects=(), users=(), secret_ref=None)")
    )
    assert "CANARY" not in f"{found} {found!r} {found.extension} {found.extension.services!r}"


def test_all_problems_of_all_documents_come_at_once():
    text = "id: x\nzones: a\nservices:\n- id: s\n  endpoints:\n  - uri: b\n---\n- id: y\n- services: c\n---\nid: [\n"

    _, problems = decode_text(text, "r.yaml")

    assert [str(problem) for problem in problems] == [
        "r.yaml:2: zones: unknown field 'zones'; did you mean 'zone'?",
        "r.yaml:6: services[0].endpoints[0].url: is required",
        "r.yaml:6: services[0].endpoints[0].uri: unknown field 'uri'; did you mean 'url'?",
        "r.yaml:9: [1].services: expected a list, got text",
        "r.yaml:11: no valid YAML: did not find expected node content",
    ]


def test_problem_tells_programs_where_it_is():
    _, problems = decode_text("id: x\nservices: [{id: s, zone: a}]", "r.yaml")

    assert [problem.as_dict() for problem in problems] == [
        {
            "file": "r.yaml",
            "line": 2,
            "path": "services[0].zone",
            "message": f"unknown field 'zone'; there are {SERVICE_FIELDS}",
        }
    ]


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        pytest.param(Problem("wrong"), "wrong", id="message"),
        pytest.param(Problem("wrong", ("a", 0, 1, "b")), "a[0][1].b: wrong", id="path"),
        pytest.param(Problem("wrong", ("a", "b c", "d")), "a['b c'].d: wrong", id="path-with-a-space"),
        pytest.param(Problem("wrong", ("\ud800\x1b",)), "['\\ud800\\x1b']: wrong", id="path-that-cannot-be-printed"),
        pytest.param(Problem("wrong", ("a",), "f"), "f: a: wrong", id="file"),
        pytest.param(Problem("wrong", ("a",), "f", 7), "f:7: a: wrong", id="file-and-line"),
        pytest.param(Problem("wrong", ("a",), "", 7), "a: wrong", id="line-without-a-file"),
    ],
)
def test_problem_is_one_line_for_people(problem, expected):
    assert str(problem) == expected


def test_thousands_of_problems_in_one_file_take_no_longer_than_reading_it_twice():
    documents_ = "".join(f"---\nid: e{i}\nzones: x\n" for i in range(3000))
    items = "---\n" + "".join(f"- id: i{i}\n  zones: x\n" for i in range(3000))

    _, problems = decode_text(documents_ + items)

    lines = (documents_ + items).splitlines()
    assert len(problems) == 6000
    assert all(lines[problem.line - 1].strip() == "zones: x" for problem in problems)


@pytest.mark.parametrize("name", ["PATH", "HTTPS_PROXY"])
def test_steering_variable_may_be_allowed_by_its_name(name):
    text = f"{{id: x, configuration: {{{name}: a}}}}"

    assert decode_text(text, allowed=frozenset({name}))[1] == []
    assert len(decode_text(text, allowed=frozenset({"LD_PRELOAD"}))[1]) == 1


@pytest.mark.parametrize(
    "name", ["MY_PATH", "LDAP_URL", "PROXY_URL", "S3_ENDPOINT_URL", "path", "a.key", "9", "x y", "é"]
)
def test_other_names_are_accepted(name):
    assert decode({"id": "x", "configuration": {name: "a"}}).configuration == {name: "a"}


@pytest.mark.parametrize("size", [32767, 32768])
def test_value_may_be_as_long_as_32_kib(size):
    assert decode({"id": "x", "configuration": {"A": "a" * size}}).configuration == {"A": "a" * size}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(None, "expected an extension's record, got nothing", id="nothing"),
        pytest.param(7, "expected an extension's record, got a number", id="number"),
        pytest.param(True, "expected an extension's record, got true or false", id="boolean"),
        pytest.param({"services": 5}, "services: expected a list, got a number", id="number-for-a-list"),
        pytest.param({"services": True}, "services: expected a list, got true or false", id="boolean-for-a-list"),
        pytest.param({"services": [None]}, "services[0]: expected a map, got nothing", id="nothing-for-a-map"),
        pytest.param({"version": 1.1}, "version: expected text, got a number", id="number-for-text"),
        pytest.param(
            {"configuration": {"A": None}}, "configuration.A: expected text, got nothing", id="nothing-for-text"
        ),
        pytest.param({"configuration": {5: "a"}}, "configuration: expected text, got a number", id="number-for-a-name"),
        pytest.param({"product": "\ud800"}, "product: holds a lone surrogate, which is half a character", id="half"),
        pytest.param(
            {"configuration": {"A": "\ud800"}},
            "configuration.A: holds a lone surrogate, which is half a character",
            id="half-a-character-in-a-value",
        ),
    ],
)
def test_content_that_came_without_text_is_refused_as_well(content, message):
    with pytest.raises(InvalidRecordsError) as refusal:
        decode(content)

    assert str(refusal.value) == message


def test_booleans_may_come_as_such():
    assert decode({"id": "x", "services": [{"id": "s", "default": True, "auth_required": False}]}) == Extension(
        id="x", services=(Service(id="s", default=True),)
    )


NAMELESS = """\
product: ML flow/2
services:
- resource: s3
  credentials:
  - scope: project
    projects: [a]
    configuration: {PASSWORD: one}
- {}
"""


def ids_of(extension):
    return [
        extension.id,
        *(s.id for s in extension.services),
        *(c.id for s in extension.services for c in s.credentials),
    ]


def test_missing_ids_are_given_as_fuseml_does_but_always_the_same():
    assert ids_of(extension_of(NAMELESS)) == [
        "ML-flow-2-fh3an6r0",
        "s3-zmoy6oye",
        "service-0613nksw",
        "project-0mr0nra1",
    ]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(NAMELESS.replace("one", "another password"), id="value-of-a-credential"),
        pytest.param("# comment\n\n" + NAMELESS, id="comment"),
        pytest.param(NAMELESS + "product: ''\n".replace("product", "zone"), id="empty-field"),
        pytest.param(json.dumps(next(iter(reader.read(NAMELESS))).content), id="json"),
        pytest.param(NAMELESS.removeprefix("product: ML flow/2\n") + "product: ML flow/2\n", id="order-of-the-fields"),
    ],
)
def test_generated_ids_do_not_depend_on(text):
    assert ids_of(extension_of(text)) == ids_of(extension_of(NAMELESS))


def test_generated_ids_differ_for_what_differs():
    other = extension_of(NAMELESS.replace("PASSWORD", "TOKEN"))

    assert not set(ids_of(extension_of(NAMELESS))[1::2]) & set(ids_of(other)[1::2])


def test_both_spellings_of_auth_required_give_the_same_id():
    spelled = [
        extension_of(f"services: [{{resource: s3, {name}: true}}]") for name in ("auth_required", "authrequired")
    ]

    assert spelled[0] == spelled[1]


def test_equal_parts_without_ids_are_told_apart():
    extension = extension_of("services: [{resource: a}, {resource: a}, {credentials: [{}, {}, {}]}]")

    assert len(set(ids_of(extension))) == len(ids_of(extension)) == 7


def test_generated_id_keeps_clear_of_a_given_one():
    (given_id,) = ids_of(extension_of("services: [{}]"))[1:]

    extension = extension_of(f"services: [{{}}, {{id: {given_id}}}]")

    assert extension.services[1].id == given_id
    assert extension.services[0].id != given_id


@pytest.mark.parametrize(
    ("product", "prefix"),
    [
        pytest.param("mlflow", "mlflow", id="as-it-is"),
        pytest.param("--ml..flow!", "ml-flow", id="what-ids-cannot-hold"),
        pytest.param("é", "extension", id="nothing-left"),
        pytest.param("a" * 100, "a" * 91, id="long"),
    ],
)
def test_generated_id_begins_with_the_product(product, prefix):
    generated = decode({"product": product}).id

    assert (generated[:-9], generated[-9], len(generated[-8:])) == (prefix, "-", 8)


def test_record_keeps_nothing_of_the_content_it_was_read_from():
    content = {"id": "x", "configuration": {"A": "a"}, "services": [{"resource": "s3"}]}

    extension = decode(content)
    content["configuration"]["A"] = "changed"

    assert extension.configuration == {"A": "a"}
    assert content["services"] == [{"resource": "s3"}]


words = st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), max_size=20)
names = words.filter(lambda text: text not in reader.NULLS)
some_names = st.lists(names.filter(bool), unique=True, min_size=1, max_size=2).map(tuple)
ids = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,9}", fullmatch=True).filter(lambda text: text not in reader.NULLS)
values = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
keys = st.from_regex(r"[A-Z_][A-Z0-9]{0,4}_X", fullmatch=True) | words.filter(lambda text: text and "=" not in text)
keys = keys.filter(lambda name: not reader.NULLS & {name} and name not in ("LD_X", "GIT_X", "SSH_X", "JDK_X"))
configurations = st.dictionaries(keys, values, max_size=3)
prose = st.text(st.characters(exclude_categories=["Cs"]), max_size=50).filter(lambda text: text not in reader.NULLS)
endpoints = st.builds(
    Endpoint,
    url=words.filter(lambda text: text not in reader.NULLS),
    type=st.sampled_from(["internal", "external"]),
    configuration=configurations,
)
logins = st.one_of(
    st.builds(Credentials, id=ids, default=st.booleans(), configuration=configurations),
    st.builds(Credentials, id=ids, scope=st.just("project"), projects=some_names, configuration=configurations),
    st.builds(Credentials, id=ids, scope=st.just("user"), users=some_names, projects=some_names | st.just(())),
    st.builds(
        Credentials,
        id=ids,
        secret_ref=st.builds(SecretRef, name=st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,9}[a-z0-9])?", fullmatch=True)),
        configuration=st.dictionaries(
            keys, st.from_regex(r"[A-Za-z0-9._-]{1,9}", fullmatch=True), min_size=1, max_size=2
        ),
    ),
)
services = st.builds(
    Service,
    id=ids,
    resource=names,
    category=names,
    description=prose,
    auth_required=st.booleans(),
    default=st.booleans(),
    configuration=configurations,
    endpoints=st.lists(endpoints, max_size=2, unique_by=lambda e: e.url).map(tuple),
    credentials=st.lists(logins, max_size=2, unique_by=lambda c: c.id).map(tuple),
)
extensions = st.builds(
    Extension,
    id=ids,
    product=names,
    version=names,
    zone=names,
    description=prose,
    configuration=configurations,
    services=st.lists(services, max_size=2, unique_by=lambda s: s.id).map(tuple),
)


@given(extensions)
def test_what_is_encoded_is_decoded_to_the_same(extension):
    plain = encode(extension)

    assert decode(plain) == extension
    assert extension_of(yaml.safe_dump(plain, sort_keys=False)) == extension
    assert extension_of(json.dumps(plain)) == extension
    assert encode(decode(plain)) == plain


@given(extensions)
def test_repr_of_any_record_is_the_same_whatever_its_credentials_hold(extension):
    plain = encode(extension)
    for service_ in plain.get("services", []):
        for login in service_.get("credentials", []):
            login["configuration"] = dict.fromkeys(login.get("configuration", {"A": ""}), "CANARY")

    assert repr(decode(plain)) == repr(extension)


def test_record_can_be_changed_in_a_copy():
    login = Credentials(id="c", secret_ref=SecretRef(name="a"), configuration={"A": "k"})
    store = Service(id="s", auth_required=True, credentials=(login,))

    changed = replace(store, default=True, credentials=(replace(login, default=True),))

    assert encode(changed) == {
        "id": "s",
        "auth_required": True,
        "default": True,
        "credentials": [
            {"id": "c", "default": True, "configuration": {"A": "k"}, "secretRef": {"name": "a"}},
        ],
    }


def test_part_of_a_record_is_checked_as_it_is_made():
    with pytest.raises(ValueError, match="expected true or false"):
        Service(id="s", default="maybe")


def test_refusal_of_a_part_does_not_show_a_credential():
    with pytest.raises(ValueError, match="NUL") as refusal:
        Credentials(id="c", configuration={"A": "CANARY\0"})

    assert "CANARY" not in f"{refusal.value} {refusal.value!r}"


FIELDS = [
    *(
        "id",
        "product",
        "version",
        "zone",
        "description",
        "configuration",
        "services",
        "resource",
        "category",
        "default",
    ),
    *("auth_required", "authrequired", "endpoints", "credentials", "url", "type", "scope", "projects", "users"),
    *("secretRef", "name"),
]
anything = st.recursive(
    st.text(max_size=5) | st.integers() | st.floats() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), inner),
    max_leaves=15,
)


@given(anything)
def test_any_content_is_decoded_or_refused(content):
    try:
        extension = decode(content)
    except RegistryError as e:
        assert isinstance(e, InvalidRecordsError)
        assert e.problems
    else:
        assert decode(encode(extension)) == extension


@given(st.text() | st.text("\t\n -:?[]{}#&*!|>'\"%@,<ids1~"))
def test_any_text_is_decoded_or_has_problems(text):
    found, problems = decode_text(text, "r.yaml")

    assert all(isinstance(extension, Extension) for extension, _ in found)
    assert all(str(problem).startswith("r.yaml") and "\n" not in str(problem) for problem in problems)
