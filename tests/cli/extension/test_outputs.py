"""What the commands write for scripts."""

import csv
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.records.codec import decode, encode
from registry.records.editing import hide
from registry.records.texts import decode_text
from tests.records.test_laws import extensions, words
from webhook.cli.extension.output.fuseml_form import extension_form
from webhook.cli.extension.output.plain import one, several
from webhook.cli.extension.output.tables import columns_of, csv_text, table
from webhook.cli.extension.output.text import get_text

RECORDS = """\
- id: a
  version: 1.10
  services:
  - id: s
    configuration: {INSECURE: False}
    endpoints: [{url: http://e, type: internal}]
    credentials: [{id: c, configuration: {KEY: CANARY}}]
- id: b
"""


@pytest.fixture
def filled(folder):
    (folder.place / "all.yaml").write_text(RECORDS)
    return folder


def test_records_are_written_as_in_files(filled):
    assert filled.ok("list", "-o", "yaml") == (
        'id: a\nversion: "1.10"\nservices:\n  - id: s\n    configuration:\n      INSECURE: "False"\n    endpoints:\n'
        "      - url: http://e\n        type: internal\n    credentials:\n      - id: c\n        configuration:\n"
        "          KEY: <hidden>\n---\nid: b\n"
    )
    assert filled.ok("get", "b", "-o", "yaml") == "id: b\n"
    assert json.loads(filled.ok("list", "-o", "json"))[1] == {"id": "b"}
    assert json.loads(filled.ok("get", "a", "-o", "json"))["version"] == "1.10"


def test_names_are_written_one_a_line(filled):
    assert filled.ok("list", "-o", "name") == "a\nb\n"
    assert filled.ok("get", "a", "-o", "name") == "a\n"
    assert filled.ok("service", "list", "a", "-o", "name") == "s\n"
    assert filled.ok("endpoint", "list", "a", "s", "-o", "name") == "http://e\n"
    assert filled.ok("credentials", "list", "a", "s", "-o", "name") == "c\n"


def test_parts_are_written_as_in_records(filled):
    assert filled.ok("endpoint", "list", "a", "s", "-o", "yaml") == "- url: http://e\n  type: internal\n"
    assert json.loads(filled.ok("credentials", "list", "a", "s", "-o", "json")) == [
        {"id": "c", "configuration": {"KEY": "<hidden>"}}
    ]


def test_csv_is_that_of_fusemls_format(filled):
    for command in (["list"], ["service", "list", "a"], ["endpoint", "list", "a", "s"]):
        assert filled.ok(*command, "-o", "csv") == filled.ok(*command, "--format", "csv")
        assert filled.ok(*command, "-o", "table") == filled.ok(*command)


def test_nothing_is_written_of_nothing(folder):
    written = {output: folder.ok("list", "-o", output) for output in ("yaml", "json", "name")}

    assert written == {"yaml": "", "json": "[]\n", "name": ""}


def test_two_ways_to_write_are_wrong_usage(filled):
    for command in (["list"], ["get", "a"], ["service", "list", "a"]):
        code, _, errors = filled(*command, "-o", "yaml", "--format", "json")

        assert (code, errors.endswith("Error: give either --output or --format\n")) == (2, True)


def test_generated_ids_are_for_scripts(anywhere):
    own_id = anywhere.ok("register", "-p", "mlflow", "-o", "name").strip()
    service_id = anywhere.ok("service", "add", own_id, "-r", "s3", "-o", "name").strip()
    login = anywhere.ok("credentials", "add", own_id, service_id, "-c", "KEY:CANARY", "-o", "json")

    assert json.loads(login)["configuration"] == {"KEY": "<hidden>"}
    assert anywhere.ok("service", "list", own_id, "-o", "name") == f"{service_id}\n"


def test_several_are_registered_into_one_stream(folder, tmp_path):
    (tmp_path / "two.yaml").write_text(RECORDS)

    written = folder.ok("register", "-f", str(tmp_path / "two.yaml"), "-o", "yaml")

    assert written == folder.ok("list", "-o", "yaml")


@settings(max_examples=40)
@given(st.lists(extensions, max_size=3, unique_by=lambda e: e.id))
def test_what_is_written_says_the_same(records):
    text = several(records, "yaml")

    assert [found for found, _ in decode_text(text)[0]] == records
    assert [decode(content) for content in json.loads(several(records, "json"))] == records
    for record in records:
        assert decode_text(one(record, "yaml"))[0][0].extension == record
        for service in record.services:
            assert encode(service) == json.loads(one(service, "json"))


@given(extensions)
def test_text_and_table_hold_no_value_and_never_fail(record):
    hidden = hide(record)
    form = extension_form(hidden)

    get_text(hidden)
    known = ["id", "services", "credentials", "configuration"]
    lines = table(columns_of(["ID", "Services", "Credentials", "Configuration"], known), [form])

    assert len({len(line) for line in lines.splitlines()}) == 1


@given(st.lists(st.tuples(words, words), max_size=3))
def test_csv_is_read_back(pairs):
    rows = [{"id": a, "zone": b} for a, b in pairs]

    text = csv_text(columns_of(["id", "Where:zone"], ["id", "zone"]), rows)

    assert list(csv.reader(io.StringIO(text))) == [["id", "Where"], *([a, b] for a, b in pairs)]


def test_what_a_terminal_would_obey_is_shown_as_text():
    tabular = table(columns_of(["id"], ["id"]), [{"id": "a\x1b[31m"}])
    text = get_text(decode({"id": "a", "description": "a\x1b[31m"}))

    for shown in (tabular, text):
        assert "a\\x1b[31m" in shown
        assert "\x1b" not in shown
