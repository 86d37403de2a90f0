"""FuseML's commands, with its arguments and messages, on each kind of store."""

import json

import pytest

SESSION = [
    ("register --id mlflow --product mlflow --version 1.19.0 --zone local -c A:1,B:x:y",
     'Extension "mlflow" successfully registered'),
    ("service add --id store --resource s3 --auth-required --configuration BUCKET:b mlflow",
     'Service "store" successfully added to extension "mlflow"'),
    ("service add -r http -c ui --auth-required=false --id ui mlflow",
     'Service "ui" successfully added to extension "mlflow"'),
    ("endpoint add --type internal -c URL:http://minio:9000 mlflow store http://minio:9000",
     'Endpoint "http://minio:9000" successfully added to service store from extension "mlflow"'),
    ("endpoint add mlflow store https://minio.example.org/?a=b",
     'Endpoint "https://minio.example.org/?a=b" successfully added to service store from extension "mlflow"'),
    ("credentials add --id ada --scope user --proj p,q --user ada --user bob -c KEY:CANARY-3 mlflow store",
     'Credentials "ada" successfully added to service store from extension "mlflow"'),
    ("credentials add --id all -c KEY:CANARY-1,SECRET:CANARY-2 mlflow store",
     'Credentials "all" successfully added to service store from extension "mlflow"'),
    ("update --desc text -z far mlflow", 'Extension "mlflow" successfully updated'),
    ("service update --auth-required=false --desc files mlflow store",
     'Service "store" from extension "mlflow" successfully updated'),
    ("endpoint update --type external -c URL:other mlflow store http://minio:9000",
     'Endpoint "http://minio:9000" from service store and extension "mlflow" successfully updated'),
    ("credentials update --scope global --proj= --user= mlflow store ada",
     'Credentials "ada" from service store and extension "mlflow" successfully updated'),
    ("endpoint delete mlflow store https://minio.example.org/?a=b",
     'Endpoint "https://minio.example.org/?a=b" successfully deleted from service "store" and extension "mlflow"'),
]  # fmt: skip
END = [
    ("credentials delete mlflow store all",
     'Credentials "all" successfully deleted from service "store" and extension "mlflow"'),
    ("service delete mlflow store", 'Service "store" successfully deleted from extension "mlflow"'),
    ("delete mlflow", "Extension mlflow successfully deleted"),
]  # fmt: skip
TEXT = """\
ID:            mlflow
Description:   text
Product:       mlflow
Version:       1.19.0
Zone:          far
Configuration:
 A = 1
 B = x:y

Services

 ID:  store
   Description:               files
   Resource:                  s3
   Authentication required:   false
   Configuration:
    BUCKET = b

   Endpoints

    URL:  http://minio:9000
      Type:   external
      Configuration:
       URL = other

   Credentials

    ID:  ada
      Scope:   global
      Configuration:
       KEY = <hidden>

    ID:  all
      Scope:   global
      Configuration:
       KEY = <hidden>
       SECRET = <hidden>

 ID:  ui
   Resource:                  http
   Category:                  ui
   Authentication required:   false
"""
TABLE = """\
+--------+---------+---------+------+----------------+-----------------------------+-------------+
| ID     | PRODUCT | VERSION | ZONE | SERVICES       | ENDPOINTS                   | CREDENTIALS |
+--------+---------+---------+------+----------------+-----------------------------+-------------+
| mlflow | mlflow  | 1.19.0  | far  | [ store ]      | [ store ]                   | [ store ]   |
|        |         |         |      | resource: s3   | external: http://minio:9000 | ada: global |
|        |         |         |      | category: N/A  |                             | all: global |
|        |         |         |      |                |                             |             |
|        |         |         |      | [ ui ]         |                             |             |
|        |         |         |      | resource: http |                             |             |
|        |         |         |      | category: ui   |                             |             |
+--------+---------+---------+------+----------------+-----------------------------+-------------+
"""


def test_session_gives_fusemls_outputs(anywhere):
    for command, said in SESSION:
        assert anywhere.ok(*command.split()) == f"{said}\n"

    text = anywhere.ok("get", "mlflow")
    dated = anywhere.kind != "folder"
    assert ("Registered:    2021-11-24T10:00:00Z\n" in text) is dated
    assert text.replace("Registered:    2021-11-24T10:00:00Z\n", "") == TEXT
    assert anywhere.ok("list") == TABLE
    for command, said in END:
        assert anywhere.ok(*command.split()) == f"{said}\n"
    assert anywhere.ok("list", "--format", "json") == "[]\n"


@pytest.fixture
def filled(anywhere):
    for command, _ in SESSION:
        anywhere.ok(*command.split())
    return anywhere


ERRORS = [
    ("get nope", "an extension with the given ID could not be found: nope"),
    ("delete nope", "an extension with the given ID could not be found: nope"),
    ("update nope --desc x", "an extension with the given ID could not be found: nope"),
    ("register --id mlflow", "an extension with the same ID already exists: mlflow"),
    ("service add nope", "an extension with the given ID could not be found: nope"),
    ("service add --id ui mlflow", "a service with the same ID already exists under the 'mlflow' extension: ui"),
    ("service update mlflow nope",
     "a service with the given ID could not be found under the 'mlflow' extension: nope"),
    ("service delete mlflow nope",
     "a service with the given ID could not be found under the 'mlflow' extension: nope"),
    ("service list nope", "an extension with the given ID could not be found: nope"),
    ("endpoint add mlflow nope http://x",
     "a service with the given ID could not be found under the 'mlflow' extension: nope"),
    ("endpoint add mlflow store http://minio:9000",
     "an endpoint with the same URL already exists under the 'mlflow/store' extension service: http://minio:9000"),
    ("endpoint delete mlflow store http://x",
     "an endpoint with the given URL could not be found under the 'mlflow/store' extension service: http://x"),
    ("endpoint list mlflow nope",
     "a service with the given ID could not be found under the 'mlflow' extension: nope"),
    ("credentials add --id all mlflow store",
     "a set of credentials with the same ID already exists under the 'mlflow/store' extension service: all"),
    ("credentials update mlflow store nope",
     "a set of credentials with the given ID could not be found under the 'mlflow/store' extension service: nope"),
    ("credentials delete mlflow store nope",
     "a set of credentials with the given ID could not be found under the 'mlflow/store' extension service: nope"),
]  # fmt: skip


def test_errors_are_fusemls(filled):
    for command, said in ERRORS:
        assert filled.refusal(*command.split()) == f"error: {said}\n", command


def test_values_are_in_no_output(filled):
    for command in ("list", "get mlflow", "service list mlflow", "credentials list mlflow store"):
        for format_ in ("json", "yaml"):
            assert "CANARY" not in filled.ok(*command.split(), "--format", format_)
        assert "CANARY" not in filled.ok(*command.split())


def test_dry_run_writes_nothing_and_says_so(filled):
    before = filled.ok("get", "mlflow")
    for command, said in [
        ("register --id new", 'Extension "new" successfully registered'),
        ("update mlflow --desc other", 'Extension "mlflow" successfully updated'),
        ("service delete mlflow ui", 'Service "ui" successfully deleted from extension "mlflow"'),
        ("delete mlflow", "Extension mlflow successfully deleted"),
    ]:
        if filled.kind == "cluster" and command == "delete mlflow":
            # It shows what that means in the cluster, too: test_impact.py.
            continue
        assert filled.ok(*command.split(), "--dry-run") == f"{said} (dry run)\n"
    refused = filled.refusal("register", "--id", "mlflow", "--dry-run")

    assert refused == "error: an extension with the same ID already exists: mlflow\n"
    assert filled.ok("get", "mlflow") == before


def test_parts_are_listed_with_their_own_columns(folder):
    for command, _ in SESSION:
        folder.ok(*command.split())

    # FuseML's client shows the resource in both columns.
    assert folder.ok("service", "list", "mlflow", "--format", "csv") == (
        "ID,Resource,Category,Configuration\nstore,s3,,BUCKET: b\nui,http,ui,\n"
    )
    assert folder.ok("endpoint", "list", "mlflow", "store", "--format", "csv") == (
        "URL,Type,Configuration\nhttp://minio:9000,external,URL: other\n"
    )
    assert folder.ok("credentials", "list", "mlflow", "store", "--format", "csv") == (
        "ID,Scope,Projects,Users,Configuration\nada,global,,,KEY: <hidden>\n"
        'all,global,,,"KEY: <hidden>\nSECRET: <hidden>"\n'
    )


@pytest.mark.parametrize(
    ("field", "shown"),
    [
        pytest.param("ID", "mlflow", id="as the column"),
        pytest.param("Where:zone", "far", id="another name"),
        pytest.param("a:configuration.b", "x:y", id="below"),
        pytest.param("description", "text", id="not among the default ones"),
        pytest.param("Version:nothing.below:version", None, id="not there"),
    ],
)
def test_fields_are_chosen(folder, field, shown):
    for command, _ in SESSION:
        folder.ok(*command.split())

    code, text, errors = folder("list", "--format", "csv", "--field", field)

    if shown is None:
        assert code == 2
        assert "there is no field 'nothing'; there are id, product, version" in " ".join(errors.split())
    else:
        assert text == f"{field.partition(':')[0]}\n{shown}\n"


def test_fields_are_named_as_fuseml_names_them(folder):
    for command, _ in SESSION:
        folder.ok(*command.split())

    shown = folder.ok("get", "mlflow", "--format", "yaml")

    for name in ("extensionid: mlflow", "serviceid: store", "authrequired: false", "  default: false"):
        assert name in shown
    assert shown.startswith("---\nid: mlflow\nproduct: mlflow\n")


def test_empty_fields_are_written_as_fuseml_writes_them(folder):
    folder.ok("register", "--id", "bare")
    folder.ok("service", "add", "--id", "s", "bare")

    shown = json.loads(folder.ok("get", "bare", "--format", "json"))

    service = {
        "id": "s", "extensionid": "bare", "resource": None, "category": None, "authrequired": False,
        "description": None, "configuration": {}, "status": {}, "endpoints": [], "credentials": [],
    }  # fmt: skip
    assert shown == {
        "id": "bare", "product": None, "version": None, "description": None, "zone": None, "configuration": {},
        "status": {}, "services": [service],
    }  # fmt: skip


def test_empty_table_has_its_frame(folder):
    assert folder.ok("list", "--field", "ID") == "+----+\n| ID |\n+----+\n+----+\n"


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", ["a/s", "a/t", "b/u", "c"]),
        ("--id a", ["a/s", "a/t"]),
        ("--product p", ["a/s", "a/t", "b/u"]),
        ("-p p --version >=1.2", ["b/u"]),
        ("--version ~1.1", ["a/s", "a/t"]),
        ("-z far", ["b/u"]),
        ("-r s3", ["a/s", "b/u"]),
        ("--service-resource s3 -c store", ["a/s"]),
        ("--service-id t", ["a/t"]),
        ("--service-id none", []),
        ("--id c --service-id t", []),
        ("--id= --zone=", ["a/s", "a/t", "b/u", "c"]),
    ],
)
def test_list_shows_what_is_asked_for(folder, query, ids):
    (folder.place / "all.yaml").write_text(
        "- {id: a, product: p, version: 1.1.0, services: [{id: s, resource: s3, category: store}, {id: t}]}\n"
        "- {id: b, product: p, version: 1.2.0, zone: far, services: [{id: u, resource: s3}]}\n"
        "- {id: c, product: q}\n"
    )

    text = folder.ok("list", *query.split(), "--format", "csv", "--field", "ID,Services")

    found = []
    for line in text.replace('"', "").splitlines()[1:]:
        if not line.startswith(("resource", "category")) and line:
            own, _, service = line.partition(",")
            owner = own if service or own in "abc" else found[-1].partition("/")[0]
            name = (service or own).strip("[ ]")
            found.append(owner if name == owner else f"{owner}/{name}")
    assert found == ids


def test_wrong_constraint_is_wrong_usage(folder):
    code, _, errors = folder("list", "--version", ">=1..")

    assert code == 2
    assert "Invalid value for --version: " in errors


def test_record_that_cannot_be_read_is_said_beside_the_others(folder):
    (folder.place / "a.yaml").write_text("id: a\n")
    (folder.place / "bad.yaml").write_text("a: b\n")

    code, shown, errors = folder("list", "--format", "csv", "--field", "ID")

    assert (code, shown) == (0, "ID\na\n")
    assert errors.startswith(f"warning: {folder.place}/bad.yaml:1: a: unknown field 'a'")


def test_configuration_is_replaced_merged_or_cleared(filled):
    def of_store():
        return filled.ok("endpoint", "list", "mlflow", "store", "--format", "csv", "--field", "Configuration")

    endpoint = ("mlflow", "store", "http://minio:9000")
    assert of_store() == "Configuration\nURL: other\n"
    filled.ok("endpoint", "update", *endpoint, "-c", "A:1")
    assert of_store() == "Configuration\nA: 1\n"
    filled.ok("endpoint", "update", *endpoint, "-c", "B:2", "--merge")
    assert of_store() == 'Configuration\n"A: 1\nB: 2"\n'
    filled.ok("endpoint", "update", *endpoint, "-c", "")
    assert of_store() == 'Configuration\n""\n'


def test_registering_needs_something(folder):
    code, _, errors = folder("register", "--zone", "z")

    assert code == 2
    assert errors.endswith("Error: an ID or a product must be configured for the extension\n")


def test_id_is_generated(folder):
    said = folder.ok("register", "-p", "mlflow")

    own_id = said.split('"')[1]
    assert own_id.startswith("mlflow-")
    assert len(own_id) == len("mlflow-12345678")
    assert folder.ok("service", "add", own_id).startswith('Service "service-')


def test_hand_written_file_changes_in_the_line_that_is_meant(folder):
    file = folder.place / "by-hand.yaml"
    before = "# ours\nid: a   # the one\nproduct: p\nzone: near  # see the wiki\n\nservices:\n- {id: s, resource: s3}\n"
    file.write_text(before)

    folder.ok("update", "a", "-z", "far")

    assert file.read_text() == before.replace("zone: near", "zone: far")
