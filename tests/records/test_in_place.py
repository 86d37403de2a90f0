"""A record is changed where it stands: the rest of the text, comments included, stays byte for byte."""

import difflib
import json
import re
from dataclasses import replace

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from registry.errors import NotEditableError
from registry.records.codec import decode, encode
from registry.records.conversion import object_of
from registry.records.in_place import texts as in_place
from registry.records.in_place import yaml_text
from registry.records.texts import decode_text
from tests.records.test_laws import Unquoted, extensions, services
from tests.records.texts import extension_of
from webhook.objects import manifests

HAND_WRITTEN = """\
# The team's services.
---
id:   mlflow          # do not rename
product:    mlflow
version:    1.19.0    # upgraded in June

# Reached from the cluster only.
services:
- id: store
  resource: 's3'
  authrequired: yes
  endpoints:
    - url: http://minio:9000    # inside
      type: internal
  credentials:
  - {id: root, configuration: {KEY: k, "SECRET": "s"}}  # rotate
  - id: ada
    scope: user
    users: [ada, bob]
  description: |
    Two
    lines
- id: ui
---
# Somebody else's.
- id: other
  version: 1.10
"""


def edit(text, extension_id, change):
    """The lines that differ after *change* of the plain data of a record."""
    ((extension, _),) = [found for found in decode_text(text)[0] if found.extension.id == extension_id]
    plain = encode(extension)
    change(plain)
    return diff(text, in_place.replaced(text, decode(plain)))


def diff(before, after):
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def store(plain):
    return plain["services"][0]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(
            lambda r: r.update(version="1.20.0"),
            ["-version:    1.19.0    # upgraded in June", "+version:    1.20.0    # upgraded in June"],
            id="text",
        ),
        pytest.param(lambda r: r.pop("product"), ["-product:    mlflow"], id="removed"),
        pytest.param(lambda r: r.update(zone="a b"), ["+zone: a b"], id="added"),
        pytest.param(lambda r: r.update(zone="1.10"), ['+zone: "1.10"'], id="added-number"),
        pytest.param(lambda r: r.update(version="yes"), None, id="word"),
        pytest.param(
            lambda r: r.update(configuration={"A": "1", "B": "b: c"}),
            ["+configuration:", '+  A: "1"', '+  B: "b: c"'],
            id="map-added",
        ),
        pytest.param(
            lambda r: store(r).update(resource="it's"), ["-  resource: 's3'", "+  resource: 'it''s'"], id="quotes"
        ),
        pytest.param(lambda r: store(r).pop("auth_required"), ["-  authrequired: yes"], id="synonym"),
        pytest.param(
            lambda r: store(r)["endpoints"].append({"url": "http://b"}), ["+    - url: http://b"], id="item-added"
        ),
        pytest.param(lambda r: store(r)["endpoints"][0].pop("type"), ["-      type: internal"], id="default-removed"),
        pytest.param(
            lambda r: store(r)["credentials"][0]["configuration"].update(SECRET='t"'),
            [
                '-  - {id: root, configuration: {KEY: k, "SECRET": "s"}}  # rotate',
                '+  - {id: root, configuration: {KEY: k, "SECRET": "t\\""}}  # rotate',
            ],
            id="in-brackets",
        ),
        pytest.param(
            lambda r: store(r)["credentials"][0]["configuration"].pop("KEY"),
            [
                '-  - {id: root, configuration: {KEY: k, "SECRET": "s"}}  # rotate',
                '+  - {id: root, configuration: {"SECRET": "s"}}  # rotate',
            ],
            id="removed-in-brackets",
        ),
        pytest.param(
            lambda r: store(r)["credentials"][1].update(users=["ada", "eve"]),
            ["-    users: [ada, bob]", "+    users: [ada, eve]"],
            id="list-of-texts",
        ),
        pytest.param(
            lambda r: store(r)["credentials"].pop(0),
            ['-  - {id: root, configuration: {KEY: k, "SECRET": "s"}}  # rotate'],
            id="item-removed",
        ),
        pytest.param(
            lambda r: store(r).update(description="One\nmore\n"),
            ["-    Two", "-    lines", "+    One", "+    more"],
            id="lines",
        ),
        pytest.param(lambda r: r["services"].pop(1), ["-- id: ui"], id="service-removed"),
        pytest.param(
            lambda r: r["services"].append({"id": "x", "endpoints": [{"url": "http://x"}]}),
            ["+- id: x", "+  endpoints:", "+    - url: http://x"],
            id="service-added",
        ),
    ],
)
def test_only_the_lines_of_what_changed_differ(change, expected):
    found = edit(HAND_WRITTEN, "mlflow", change)

    if expected is None:
        expected = ["-version:    1.19.0    # upgraded in June", '+version:    "yes"    # upgraded in June']
    assert found == expected or found == [line.replace('"yes"', "yes") for line in expected]


def test_record_in_a_list_in_another_document_is_changed():
    assert edit(HAND_WRITTEN, "other", lambda r: r.update(version="1.11")) == ["-  version: 1.10", "+  version: 1.11"]


def test_generated_ids_are_written_down_so_that_they_stay():
    text = "product: p # here\nservices:\n  - resource: r\n    credentials: [{scope: global}]\n  - {}\n"
    extension = extension_of(text)

    result = in_place.replaced(text, replace(extension, zone="z"))

    assert extension_of(result) == replace(extension, zone="z")
    assert result.splitlines()[0] == f"id: {extension.id}"


def test_what_follows_the_first_field_of_an_item_moves_up():
    text = "id: a\nservices:\n- description: x # old\n  id: s # stays\n"

    result = in_place.replaced(text, decode({"id": "a", "services": [{"id": "s"}]}))

    assert result == "id: a\nservices:\n- id: s # stays\n"


def test_record_is_removed_with_its_lines_only():
    text = HAND_WRITTEN + "- id: third # stays\n"

    assert diff(text, in_place.removed(text, "other")) == ["-- id: other", "-  version: 1.10"]
    assert in_place.removed("id: a\n", "a") == ""
    assert in_place.removed("id: a\n--- # b\nid: b\n", "a") == "--- # b\nid: b\n"
    assert in_place.removed("id: a\n---\nid: b\n", "b") == "id: a\n"
    assert in_place.removed("# free\n---\n- id: a\n---\nid: b\n", "a") == "# free\n---\nid: b\n"


OBJECT = """\
apiVersion: fuseml.org/v1alpha1
kind: Extension
metadata: {name: mlflow, labels: {a: b}}  # ours
spec:
  version: "1.10"
  configuration:
    INSECURE: "False" # still
"""


def test_object_is_changed_in_its_own_form():
    def change(plain):
        plain["version"] = "1.2"
        plain["configuration"] = {"INSECURE": "True", "NAME": "1"}

    assert edit(OBJECT, "mlflow", change) == [
        '-  version: "1.10"',
        '+  version: "1.2"',
        '-    INSECURE: "False" # still',
        '+    INSECURE: "True" # still',
        '+    NAME: "1"',
    ]


def test_object_in_a_list_is_changed():
    text = "apiVersion: v1\nkind: List\nitems:\n" + "".join(
        f"{'- ' if i == 0 else '  '}{line}" for i, line in enumerate(OBJECT.splitlines(keepends=True))
    )

    assert edit(text, "mlflow", lambda r: r.update(zone="z")) == ["+    zone: z"]


def test_json_stays_json():
    text = json.dumps({"id": "a", "version": "1", "services": [{"id": "s"}]}, indent=2)

    def change(plain):
        plain["version"] = "2\u2028"
        plain["services"].append({"id": "t", "auth_required": True})
        plain["zone"] = "z"

    plain = json.loads(text)
    change(plain)
    plain["version"] = "2"
    result = in_place.replaced(text, decode(plain))

    assert json.loads(result) == plain
    assert diff(text, result)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("id: a\nversion: [", "2: invalid YAML", id="broken"),
        pytest.param("id: a\nversion: '1'\nzones: z\n", "3: zones: unknown field 'zones'", id="wrong"),
        pytest.param("id: a\nversion: &v '1'\n---\nid: b\n", "2: is shared with another place", id="anchor"),
        pytest.param("- id: a\n  version: &v '1'\n- id: b\n  version: *v\n", "2: is shared with another", id="alias"),
        pytest.param("- &x\n  id: a\n  version: '1'\n- <<: *x\n  id: b\n", "1: is shared", id="merged-from"),
        pytest.param("- {id: b, services: &s []}\n- <<: {version: '1'}\n  id: a\n", "2: is merged from", id="merged"),
        pytest.param('id: a\nversion: "{{ .Values.version }}"\n', "2: is a template", id="helm"),
        pytest.param("? id\n: a\n? version\n: '1'\n", None, id="explicit-keys"),
    ],
)
def test_text_that_is_not_understood_is_left_alone(text, problem):
    if problem is None:
        assert extension_of(in_place.replaced(text, decode({"id": "a", "version": "2"}))).version == "2"
        return
    with pytest.raises(NotEditableError) as refusal:
        in_place.replaced(text, decode({"id": "a", "version": "2"}))

    found = refusal.value.problem
    assert f"{found.line}: {'zones: ' if 'zones' in found.path else ''}{found.message}".startswith(problem)
    assert str(found).endswith(("by hand", "correct this first", "made from"))


def test_values_do_not_get_into_an_object():
    text = OBJECT + "  services: [{id: s}]\n"
    login = {"id": "c", "configuration": {"P": "CANARY"}}

    with pytest.raises(NotEditableError) as refusal:
        in_place.replaced(text, decode({"id": "mlflow", "services": [{"id": "s", "credentials": [login]}]}))

    assert "in a cluster the values of credentials are in a Secret" in str(refusal.value)
    assert "CANARY" not in str(refusal.value)


# Laws.

styles = st.sampled_from(["block", "flow", "mixed", "unquoted", "own", "json", "json-lines", "indented"])


def written(plain, style):
    dump = {
        "block": lambda: yaml.safe_dump(plain, sort_keys=False, default_flow_style=False),
        "flow": lambda: yaml.safe_dump(plain, sort_keys=False, default_flow_style=True, width=40),
        "mixed": lambda: yaml.safe_dump(plain, sort_keys=False, default_flow_style=None, allow_unicode=True),
        "unquoted": lambda: yaml.dump(plain, Dumper=Unquoted, sort_keys=False),
        "own": lambda: yaml_text.text_of(decode(plain)),
        "json": lambda: json.dumps(plain),
        "json-lines": lambda: json.dumps(plain, indent=2, ensure_ascii=False),
        "indented": lambda: yaml.safe_dump(plain, sort_keys=False, indent=4, default_style="'"),
    }
    return dump[style]()


@given(extensions)
def test_own_text_says_the_same_to_every_reader(extension):
    text = yaml_text.text_of(extension)

    assert extension_of(text) == extension
    (as_object,) = manifests.load(text)
    assert decode(as_object.content) == extension


@settings(deadline=None, max_examples=60)
@given(extensions, extensions, styles)
def test_any_record_becomes_any_other_or_is_refused(extension, other, style):
    other = replace(other, id=extension.id)
    text = written(encode(extension), style)
    assume(extension_of(text) == extension)

    try:
        result = in_place.replaced(text, other)
    except NotEditableError:
        # Another order, or what only JSON escapes.
        assert extension.services or "json" in style
    else:
        assert extension_of(result) == other
        assert in_place.replaced(result, other) == result


@settings(deadline=None, max_examples=40)
@given(extensions, st.lists(services, max_size=1), st.sampled_from(["block", "own"]), st.data())
def test_comments_stay_wherever_they_are(extension, more, style, data):
    extension = replace(extension, description="d", product="p", zone="z", configuration={"A_X": "1"})
    changed = data.draw(
        st.sampled_from(
            [
                replace(extension, description="other text"),
                replace(extension, zone=""),
                replace(extension, configuration={"A_X": "2", "B_X": "3"}),
                replace(extension, version="9"),
                replace(extension, services=(*extension.services, *more)),
            ]
        )
    )
    assume(len({s.id for s in changed.services}) == len(changed.services))
    plain_lines = written(encode(extension), style).splitlines(keepends=True)
    lines = []
    for number, line in enumerate(plain_lines):
        if line[:1].isalpha() and data.draw(st.booleans()):
            lines.append(f"# comment {number}\n")
        lines.append(line)
    text = "".join(lines)
    assume(decode_text(text)[1] == [] and extension_of(text) == extension)

    result = in_place.replaced(text, changed)

    assert extension_of(result) == changed
    assert [line for line in result.splitlines() if line.startswith("# comment")] == [
        line for line in text.splitlines() if line.startswith("# comment")
    ]
    removed = [line for line in diff(text, result) if line.startswith("-")]
    # A long version may stand on several lines.
    of_version = re.search(r"^version:.*\n(?: .*\n)*", text, re.MULTILINE)
    assert len(removed) <= max(1, of_version[0].count("\n") if of_version else 0)


@settings(deadline=None, max_examples=40)
@given(extensions, extensions, styles, styles)
def test_records_beside_it_stay_byte_for_byte(extension, other, style, other_style):
    assume(extension.id != other.id)
    first, second = written(encode(extension), style), written(encode(other), other_style)
    text = f"{first}\n---\n{second}\n"
    assume([e for e, _ in decode_text(text)[0]] == [extension, other])

    try:
        result = in_place.replaced(text, replace(other, zone="elsewhere"))
    except NotEditableError:
        return
    assert result.startswith(f"{first}\n---\n")
    assert in_place.removed(text, extension.id).endswith(f"{second}\n")


@given(
    extensions.filter(lambda e: all(c.secret_ref for s in e.services for c in s.credentials)),
    st.text("ab1.", max_size=5),
)
@settings(deadline=None, max_examples=40)
def test_objects_are_changed_so_that_kubectl_reads_text(extension, version):
    extension = replace(extension, id="x")
    text = manifests.dump(object_of(extension))

    result = in_place.replaced(text, replace(extension, version=version))

    assert extension_of(result) == replace(extension, version=version)
    (document,) = manifests.load(result)
    assert isinstance(document.content["spec"].get("version", ""), str)
