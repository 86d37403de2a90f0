"""What no record may say, on which line it is found, and that no message shows a credential."""

import traceback

import pytest

from registry.documents import reader
from registry.errors import InvalidRecordsError
from registry.records.codec import decode
from registry.records.texts import decode_text
from tests.records.texts import EXTENSION_FIELDS, SERVICE_FIELDS, credentials, service

UNPRINTABLE = "holds a character that cannot be printed, such as a line break"
NO_KEY = "is not a key of a Secret: keys hold letters, digits, '-', '_' and '.'"
BAD_ID = "may hold only letters, digits, '_' and '-', and not begin with '-'; got"


def steering(path, name):
    return (
        f"{path}.configuration.{name}: variable {name!r} controls a loader, shell, interpreter or tool; "
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
        ["4: services[0].authrequired: is given beside 'auth_required', which means the same"],
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
        ["4: services[0].authrequired: expected true or false, got a list"],
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
            "2: 'id' occurs twice in this map",
            "3: zones: unknown field 'zones'; did you mean 'zone'?",
        ],
        id="twice-the-same-key",
    ),
    pytest.param(
        credentials("configuration:\n  P: CANARY\n  P: CANARY"), ["8: 'P' occurs twice in this map"], id="twice-a-value"
    ),
    pytest.param(
        credentials("configuration: {P: *CANARY}"),
        ["6: an alias refers to no anchor; put text that begins with '*' in quotes"],
        id="value-that-looks-like-an-alias",
    ),
    pytest.param(
        credentials("configuration: {P: @CANARY}"),
        ["6: invalid YAML: found character that cannot start any token"],
        id="value-that-begins-with-a-reserved-character",
    ),
    pytest.param(
        credentials("configuration: {P: CANARY\n"),
        ["6: invalid YAML: did not find expected ',' or '}'"],
        id="unclosed",
    ),
]


@pytest.mark.parametrize(("text", "expected"), REFUSED)
def test_every_problem_is_reported_with_file_line_and_path(text, expected):
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


@pytest.mark.parametrize(
    "name",
    [
        *("GIT_URL", "GIT_REPO", "GIT_TOKEN", "GIT_USERNAME", "GIT_AUTHOR_NAME", "GIT_TERMINAL_PROMPT", "GIT_SSH_KEY"),
        *("GIT_SSH_URL", "GIT_DIRECTORY", "GIT_EDITORS", "GITHUB_TOKEN", "SSH_HOST", "SSH_KEY", "SSH_USER"),
    ],
)
def test_names_that_git_and_ssh_do_not_obey_can_be_registered(name):
    assert decode({"id": "x", "product": "p", "configuration": {name: "a"}}).configuration == {name: "a"}


@pytest.mark.parametrize(
    "name",
    [
        *(
            "GIT_SSH",
            "GIT_SSH_COMMAND",
            "GIT_EXEC_PATH",
            "GIT_CONFIG",
            "GIT_CONFIG_COUNT",
            "GIT_CONFIG_KEY_0",
            "GIT_PAGER",
        ),
        *("GIT_ASKPASS", "GIT_EDITOR", "GIT_EXTERNAL_DIFF", "GIT_PROXY_COMMAND", "GIT_TEMPLATE_DIR", "GIT_DIR"),
        *("GIT_TRACE", "GIT_WORK_TREE", "GIT_SSL_NO_VERIFY", "GIT_ALLOW_PROTOCOL"),
        *("SSH_ASKPASS", "SSH_AUTH_SOCK", "SSH_SK_PROVIDER"),
    ],
)
def test_names_that_git_and_ssh_obey_are_refused(name):
    with pytest.raises(InvalidRecordsError, match="loader, shell, interpreter or tool"):
        decode({"id": "x", "product": "p", "configuration": {name: "a"}})
