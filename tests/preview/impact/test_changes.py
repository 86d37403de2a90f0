"""Records of files as changes of a registry: where each goes, what is wrong with it, and values that are not shown."""

import pytest

from registry.errors import Problem
from registry.records import codec
from registry.resolving.index import Index
from tests.preview.impact.world import BEFORE, MINIO, with_login
from webhook.preview.impact.changes import ChangedViews, Key, Registered, records_in

PLAIN = "id: minio\nproduct: minio\n"
EXTENSION = """\
apiVersion: fuseml.org/v1alpha1
kind: Extension
metadata: {name: minio, namespace: team-a}
spec: {product: minio}
"""


def read(text):
    return list(records_in(text.splitlines(keepends=True), "f.yaml"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(PLAIN, [("minio", "", "f.yaml:1")], id="record"),
        pytest.param(EXTENSION, [("minio", "team-a", "f.yaml:1")], id="extension"),
        pytest.param(
            f"{PLAIN}---\n{EXTENSION}", [("minio", "", "f.yaml:1"), ("minio", "team-a", "f.yaml:4")], id="both"
        ),
        pytest.param("- id: a\n- id: b\n", [("a", "", "f.yaml:1"), ("b", "", "f.yaml:2")], id="list"),
        pytest.param(
            "apiVersion: v1\nkind: List\nitems:\n"
            + "".join(
                f"- apiVersion: fuseml.org/v1alpha1\n  kind: Extension\n  metadata: {{name: {n}, namespace: {n}{n}}}\n"
                f"  spec: {{}}\n"
                for n in "ab"
            ),
            [("a", "aa", "f.yaml:4"), ("b", "bb", "f.yaml:8")],
            id="objects-in-a-list",
        ),
        pytest.param("# nothing\n", [], id="nothing"),
    ],
)
def test_records_are_read_with_where_they_belong(text, expected):
    found = read(text)

    assert all(isinstance(registered, Registered) for registered in found)
    assert [(r.record.id, r.namespace, r.place) for r in found] == expected


def test_problems_have_their_line_and_the_other_documents_are_read():
    wrong, fine = read("id: a\nuri: b\n---\nid: c\n")

    assert (wrong.file, wrong.line, wrong.path, fine.record.id) == ("f.yaml", 2, ("uri",), "c")
    assert isinstance(wrong, Problem)


def of(views, namespace):
    return {extension.id: extension.product for extension in views.seen_from(namespace).extensions}


def record(id_, product):
    return codec.decode({"id": id_, "product": product})


CLUSTER = Index(
    [record("a", "everyones"), record("b", "everyones")],
    namespace="fuseml",
    private=[Index([record("a", "own")], namespace="team-a")],
)


@pytest.mark.parametrize(
    ("changes", "team_a", "team_b"),
    [
        pytest.param({Key("fuseml", "a"): record("a", "new")}, {"a": "own"}, {"a": "new"}, id="everyones"),
        pytest.param({Key("fuseml", "a"): None}, {"a": "own"}, {}, id="everyones-deleted"),
        pytest.param({Key("team-a", "a"): record("a", "new")}, {"a": "new"}, {"a": "everyones"}, id="own"),
        pytest.param({Key("team-a", "a"): None}, {"a": "everyones"}, {"a": "everyones"}, id="own-deleted"),
        pytest.param({Key("team-b", "a"): record("a", "new")}, {"a": "own"}, {"a": "new"}, id="first-of-its-namespace"),
        pytest.param({Key("team-b", "a"): None}, {"a": "own"}, {"a": "everyones"}, id="deleted-and-never-there"),
    ],
)
def test_change_is_seen_where_the_record_is_registered(changes, team_a, team_b):
    views = ChangedViews(lambda _: CLUSTER, changes)

    assert [of(views, where) for where in ("team-a", "team-b")] == [
        team_a | {"b": "everyones"},
        team_b | {"b": "everyones"},
    ]
    assert of(CLUSTER, "team-a") == {"a": "own", "b": "everyones"}


def test_values_that_a_record_hides_stay():
    shown = with_login(configuration={"S3_KEY": "<hidden>", "NEW": "<hidden>"})
    views = ChangedViews(lambda _: BEFORE, {Key("", "minio"): codec.decode(shown)})

    (service,) = next(e for e in views.seen_from("x").extensions if e.id == "minio").services

    # There is none for the new one: it is a value like any other.
    assert service.credentials[0].configuration == {"S3_KEY": "canary-1", "NEW": "<hidden>"}


def test_registry_that_is_read_bit_by_bit_is_changed_each_time():
    known = {"x": BEFORE, "y": BEFORE.updated({("", "late"): record("late", "p")}, "r2")}
    views = ChangedViews(known.__getitem__, {Key("", "minio"): codec.decode({**MINIO, "product": "new"})})

    assert [of(views, where) for where in "xyx"] == [
        {"minio": "new", "other": "other"},
        {"minio": "new", "other": "other", "late": "p"},
        {"minio": "new", "other": "other"},
    ]
    assert views.seen_from("x") is views.seen_from("x")
