"""Records become Extension objects, and the other way round; what a person wrote stays as it is."""

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from webhook.cli.main import commands

RECORD = """\
# The team's store.
---
# about it
product: minio
id: minio-1   # the id
version: 1.10
description:
# before services
services:
  # about s3
  - resource: s3
    authrequired: yes   # needed
    default: "true"
    endpoints:
    - url: http://minio # here
      configuration:
        A:    yes
        ON: 0x10
        B: "x"
        C: ~
        E:
        D: |
          text
           more
    credentials:
      - {secretRef: {name: login}, configuration: {K: 1}}
# the end
"""
EXTENSION = """\
# The team's store.
---
# about it
apiVersion: fuseml.org/v1alpha1
kind: Extension
metadata:
  name: minio-1   # the id
spec:
  product: minio
  version: "1.10"
  description: ""
  # before services
  services:
    # about s3
    - id: s3-kxt1xjd4
      resource: s3
      auth_required: true   # needed
      default: true
      endpoints:
      - url: http://minio # here
        configuration:
          A:    "yes"
          "ON": "0x10"
          B: "x"
          C: "~"
          E: ""
          D: |
            text
             more
      credentials:
        - {id: credentials-82ft4za9, secretRef: {name: login}, configuration: {K: "1"}}
  # the end
"""
AGAIN = """\
# The team's store.
---
# about it
id: minio-1   # the id
product: minio
version: "1.10"
description: ""
# before services
services:
  # about s3
  - id: s3-kxt1xjd4
    resource: s3
    auth_required: true   # needed
    default: true
    endpoints:
    - url: http://minio # here
      configuration:
        A:    "yes"
        "ON": "0x10"
        B: "x"
        C: "~"
        E: ""
        D: |
          text
           more
    credentials:
      - {id: credentials-82ft4za9, secretRef: {name: login}, configuration: {K: "1"}}
# the end
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs ``fuseml convert`` in an empty folder; gives exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def invoke(*args, stdin=None):
        result = CliRunner().invoke(commands, ["convert", *args], input=stdin)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.stdout_bytes.decode(), result.stderr

    return invoke


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_record_becomes_an_object_and_a_record_again(run, end):
    record, extension, again = (text.replace("\n", end) for text in (RECORD, EXTENSION, AGAIN))

    assert run("-", stdin=record.encode()) == (0, extension, "")
    assert run("-", stdin=extension.encode()) == (0, again, "")
    assert run("-", stdin=again.encode()) == (0, extension, "")


def test_form_that_is_there_already_is_left_as_it_is(run):
    for form, text in (("record", RECORD), ("extension", EXTENSION)):
        assert run("-", "--to", form, stdin=text) == (0, text, "")


def test_folder_becomes_one_stream(run):
    Path("records").mkdir()
    Path("records/a.yaml").write_text("id: a\nproduct: x\n")
    Path("records/b.json").write_text('[{"id": "b", "product": "x"}, {"id": "c", "product": "x"}]')
    Path("records/c.yaml").write_text("# d\nid: d\n---\nid: e")

    code, output, _ = run("records")

    assert code == 0
    assert [obj["metadata"]["name"] for obj in yaml.safe_load_all(output)] == ["a", "b", "c", "d", "e"]
    assert run("--to", "record", "-", stdin=output)[0] == 0


def test_what_kubectl_writes_becomes_records(run):
    obj = list(yaml.safe_load_all(EXTENSION))[-1]
    obj["metadata"] |= {"uid": "7", "namespace": "fuseml", "labels": {"a": "b"}, "resourceVersion": "1"}
    obj["status"] = {"conditions": []}

    code, output, errors = run("-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": [obj]}))

    assert code == 0
    (record,) = yaml.safe_load_all(output)
    assert (record["id"], record["version"]) == ("minio-1", "1.10")
    assert errors == (
        "warning: stdin: metadata.namespace is not kept: a record has none\n"
        "warning: stdin: metadata.labels is not kept: a record has none\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{id: a, product: b} # c\n", id="flow"),
        pytest.param("--- {id: a, product: b} # c\n", id="after-the-separator"),
        pytest.param("id: &x a # c\nproduct: *x\n", id="anchor-at-the-id"),
        pytest.param("id: |-\n  a\n# c\nproduct: b\n", id="id-in-a-block"),
        pytest.param(
            "# c\nid: a\nservices: &s\n- {id: b, endpoints: [{url: x, configuration: &c {}}]}\n", id="anchors"
        ),
    ],
)
def test_text_that_cannot_be_rewritten_is_written_from_its_data(run, text):
    code, output, errors = run("-", stdin=text)

    assert code == 0
    (obj,) = yaml.safe_load_all(output)
    assert (obj["kind"], obj["metadata"], "id" in obj["spec"]) == ("Extension", {"name": "a"}, False)
    assert ("#" in output) or errors == (
        "warning: stdin: comments are not kept: the text cannot be rewritten in place\n"
    )


LITERAL = """\
id: minio
services:
  - id: s3
    credentials:
      - id: login
        configuration:
          S3_KEY: hunter2
          S3_SECRET: hunter3
"""


def test_values_of_credentials_cannot_become_an_object_and_are_not_shown(run):
    code, output, errors = run("-", stdin=f"{LITERAL}---\nid: other\n")

    assert (code, next(yaml.safe_load_all(output))["metadata"]) == (1, {"name": "other"})
    assert errors == (
        "error: stdin:5: services[0].credentials[0]: the values of an object's credentials are in a Secret. Create it "
        "in the namespace of the object: kubectl create secret generic minio-login --from-literal=S3_KEY=… "
        "--from-literal=S3_SECRET=…; if it is shared: kubectl label secret minio-login "
        "extensions.fuseml.org/extension=minio. Then write here secretRef: {name: minio-login} and configuration: "
        "{S3_KEY: S3_KEY, S3_SECRET: S3_SECRET}\n"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "\nid: My_Store\n",
            "2: id: 'My_Store' cannot name an object: names hold a-z, 0-9 and '-'; give it another id, also in "
            "selectors with extension_id",
            id="name",
        ),
        pytest.param("id: a\nproduct: [b]\n", "2: product: expected text, got a list", id="wrong-record"),
        pytest.param("a: [\n", "1: invalid YAML: did not find expected node content", id="no-yaml"),
        pytest.param(
            "kind: ConfigMap\n",
            "1: kind: expected a record or an object of kind Extension, got 'ConfigMap'",
            id="another-kind",
        ),
        pytest.param(
            "id: a\nservices: [{id: b, credentials: [{id: c}]}]\n",
            "2: services[0].credentials[0]: an object needs a secretRef here, and a configuration that says which key "
            "each variable takes",
            id="credentials-without-anything",
        ),
    ],
)
def test_what_cannot_be_converted_says_why(run, text, message):
    assert run("-", stdin=text) == (1, "", f"error: stdin:{message}\n")


@pytest.mark.parametrize(
    "text",
    ["", "# nothing\n", "[]", "[] # nothing", "kind: List\napiVersion: v1\nitems: [] # nothing", "--- # nothing\n..."],
)
def test_nothing_to_convert_is_an_error(run, text):
    assert run("-", stdin=text) == (1, "", "error: stdin: there is no object in it\n")


def test_no_file_to_convert_is_an_error(run):
    assert run()[0] == 2


def test_every_example_is_converted_there_and_back(run):
    for registry in sorted((Path(__file__).parents[2] / "examples").glob("*/registry")):
        code, output, errors = run(str(registry))

        assert (code, "from-literal" in errors) in ((0, False), (1, True))
        if output:
            assert run("-", stdin=output)[0] == 0
