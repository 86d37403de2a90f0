"""``fuseml extension register`` from files."""

from pathlib import Path

import pytest

from tests.fakes.rest_server import RefusalError

FUSEML = Path(__file__).parents[2] / "records" / "fuseml.yaml"
EXTENSION = """\
apiVersion: fuseml.org/v1alpha1
kind: Extension
metadata: {name: %s}
spec: {product: minio, version: "1.10"}
"""


@pytest.fixture
def file(tmp_path):
    def write(text, name="given.yaml"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return str(path)

    return write


def ids(runner):
    return runner.ok("list", "--format", "csv", "--field", "ID").split()[1:]


def test_all_documents_of_all_files_and_folders_are_registered(anywhere, file):
    one = file("id: a\n---\n# only a comment\n---\nid: b\nversion: 1.10\n")
    file("[{id: c}, {id: d}]", "below/list.yaml")
    file(EXTENSION % "e", "below/object.yaml")
    below = file('{"id": "f"} {"id": "g"}', "below/stream.json")

    said = anywhere.ok("register", "-f", one, "--file", str(Path(below).parent), "-f", "-", stdin="id: h\n")

    assert said == "".join(f'Extension "{own_id}" successfully registered\n' for own_id in "abcdefgh")
    assert ids(anywhere) == [*"abcdefgh"]


def test_what_is_given_beside_a_file_overrides_it(folder, file):
    path = file("id: a\nproduct: p\nzone: near\nconfiguration: {A: 1}\nservices: [{id: s}]\n")

    folder.ok("register", "-f", path, "--id", "b", "--zone", "", "--desc", "text", "-c", "B:2")

    assert (folder.place / "b.yaml").read_text() == (
        'id: b\nproduct: p\ndescription: text\nconfiguration:\n  B: "2"\nservices:\n  - id: s\n'
    )


def test_fields_beside_several_records_are_wrong_usage(folder, file):
    code, _, errors = folder("register", "-f", file("id: a\n---\nid: b\n"), "--zone", "z")

    assert code == 2
    assert "fields can be given beside a file with one record only" in errors


def test_nothing_is_registered_if_anything_is_wrong(anywhere, file):
    anywhere.ok("register", "--id", "there")
    good = file("id: a\n")
    bad = file(
        "id: b\nzon: z\n---\nid: c\nservices:\n- id: s\n  credentials:\n  - {id: d, configuration: {P: <hidden>}}\n",
        "bad.yaml",
    )
    clash = file("id: there\n---\nid: a\n", "clash.yaml")

    assert anywhere.refusal("register", "-f", good, "-f", bad) == (
        f"error: {bad}:2: zon: unknown field 'zon'; did you mean 'zone'?\n"
        f"error: {bad}:8: services[0].credentials[0].configuration.P: <hidden> stands for a value that is to stay, but "
        "there is none; give the value\n"
    )
    assert anywhere.refusal("register", "-f", good, "-f", clash) == (
        f"error: {clash}:1: an extension with the same ID already exists: there\n"
        f"error: {clash}:3: an extension with the same ID already exists: a\n"
    )
    assert ids(anywhere) == ["there"]


def test_what_a_cluster_cannot_hold_is_said_before_anything_is_written(make_store, file):
    cluster = make_store("cluster")

    said = cluster.refusal("register", "-f", file("id: a\n---\nid: Upper_case\n"))

    assert "given.yaml:3: id: 'Upper_case' cannot name an object" in said
    assert ids(cluster) == []


def test_dry_run_of_many(anywhere, file):
    said = anywhere.ok("register", "-f", file("id: a\n---\nid: b\n"), "--dry-run")

    assert said.splitlines() == [f'Extension "{i}" successfully registered (dry run)' for i in "ab"]
    assert ids(anywhere) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "there is no record in it", id="empty"),
        pytest.param("# nothing\n", "there is no record in it", id="comment"),
        pytest.param("a: [", ":1: ", id="no YAML"),
        pytest.param(
            "kind: Pod\napiVersion: v1\n", ":1: kind: expected a record or an object of kind Extension", id="pod"
        ),
    ],
)
def test_file_without_records_is_refused(folder, file, text, message):
    assert message in folder.refusal("register", "-f", file(text))


def test_failure_half_way_says_how_far_it_came(make_store, file):
    server = make_store("ours")

    def fail(method, path):
        if len(server.place.written()) == 2:
            raise RefusalError(503, "unavailable", "try again")

    server.place.before = fail

    code, shown, errors = server("register", "-f", file("id: a\n---\nid: b\n---\nid: c\n"))

    assert (code, shown) == (1, 'Extension "a" successfully registered\n')
    assert errors == "warning: 1 of 3 have been registered\nerror: try again\n"


def test_every_record_of_fusemls_documentation_is_registered_as_it_stands(anywhere, file):
    said = anywhere.ok("register", "-f", file(FUSEML.read_text().replace("<hidden>", "a-value")))

    assert said.count("successfully registered") == 8
