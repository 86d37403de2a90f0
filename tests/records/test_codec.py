"""What a record's text says: values as they were typed, and what is accepted."""

from pathlib import Path

import pytest
import yaml

from registry.errors import InvalidRecordsError
from registry.records.codec import decode, encode
from registry.records.model import Credentials, Endpoint, Extension, SecretRef, Service
from registry.records.texts import Found, decode_text
from tests.records.texts import extension_of

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
        "r.yaml:7: 'id' occurs twice in this map",
        "r.yaml:11: an alias refers to no anchor; put text that begins with '*' in quotes",
    ]


@pytest.mark.parametrize("name", ["PATH", "HTTPS_PROXY"])
def test_controlling_variable_may_be_allowed_by_its_name(name):
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
        pytest.param({"version": 1.1}, "version: expected text, got a number; put it in quotes", id="number-for-text"),
        pytest.param(
            {"configuration": {"A": None}}, "configuration.A: expected text, got nothing", id="nothing-for-text"
        ),
        pytest.param(
            {"configuration": {5: "a"}},
            "configuration: expected text, got a number; put it in quotes",
            id="number-for-a-name",
        ),
        pytest.param(
            {"version": True}, "version: expected text, got true or false; put it in quotes", id="boolean-for-text"
        ),
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


def test_record_keeps_nothing_of_the_content_it_was_read_from():
    content = {"id": "x", "configuration": {"A": "a"}, "services": [{"resource": "s3"}]}

    extension = decode(content)
    content["configuration"]["A"] = "changed"

    assert extension.configuration == {"A": "a"}
    assert content["services"] == [{"resource": "s3"}]


def test_hidden_name_of_a_key_is_read_only_where_a_record_is_shown():
    login = {"id": "c", "secretRef": {"name": "minio"}, "configuration": {"KEY": "<hidden>"}}
    shown = {"id": "a", "services": [{"id": "s", "credentials": [login]}]}

    assert encode(decode(shown, is_shown=True)) == shown
    with pytest.raises(InvalidRecordsError, match="is not a key of a Secret"):
        decode(shown)
