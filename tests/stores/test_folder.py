"""A folder as the registry: what is loaded, what is refused, and how changes are taken up."""

import gc
import json
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from registry.errors import InvalidRecordsError, UnreadableError
from registry.records.model import Extension
from registry.stores import files
from registry.stores.files import MAX_FILE_BYTES, read_file
from registry.stores.folder import FolderStore

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def everything_is_logged(caplog):
    caplog.set_level(logging.INFO)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "registry"
    folder.mkdir()
    return folder


def write(folder, **texts):
    """Write *texts* to the files of these names, with .yaml appended."""
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text)


def contents(store):
    return {extension.id: extension.product for extension in store.snapshot.extensions}


def logged(caplog):
    lines = [(record.levelname, record.getMessage()) for record in caplog.records]
    caplog.clear()
    return lines


# Loading.


def test_every_yaml_and_json_file_is_loaded_and_nothing_else(folder):
    (folder / "one.yaml").write_text("id: a\n---\nid: b")
    (folder / "two.yml").write_text("- id: c\n- id: d")
    (folder / "three.json").write_text('{"id": "e"}')
    (folder / "empty.yaml").write_text("# nothing yet\n")
    (folder / "notes.txt").write_text("id: [")
    (folder / "backup.yaml~").write_text("id: [")
    (folder / ".hidden.yaml").write_text("id: [")
    (folder / "below").mkdir()
    (folder / "below" / "deep.yaml").write_text("id: [")

    store = FolderStore(folder)

    assert contents(store) == dict.fromkeys("abcde", "")


def test_empty_folder_is_an_empty_registry(folder):
    store = FolderStore(folder)

    assert (len(store.snapshot), len(store.snapshot.revision)) == (0, 12)


def test_controlling_variables_are_loaded_if_the_operator_allows_them(folder):
    write(folder, a="id: a\nconfiguration: {HTTPS_PROXY: b}")

    store = FolderStore(folder, allowed=frozenset({"HTTPS_PROXY"}))

    assert store.snapshot.extensions == (Extension(id="a", configuration={"HTTPS_PROXY": "b"}),)


@pytest.mark.parametrize("enabled", [True, False])
def test_garbage_is_collected_afterwards_as_it_was_before(folder, enabled):
    write(folder, a="id: a")
    (gc.enable if enabled else gc.disable)()
    try:
        FolderStore(folder)

        assert gc.isenabled() == enabled
    finally:
        gc.enable()


def test_all_problems_of_all_files_are_reported(folder):
    write(
        folder,
        a="id: a\nzones: b\nservices: [{id: s, uri: c}]",
        b="id: b\nid: c",
        c="id: fine",
        d="id: [",
        e="---\nid: e\n---\nid: fine\n",
    )

    with pytest.raises(InvalidRecordsError) as refusal:
        FolderStore(folder)

    assert str(refusal.value).splitlines() == [
        f"{folder}/a.yaml:2: zones: unknown field 'zones'; did you mean 'zone'?",
        f"{folder}/a.yaml:3: services[0].uri: unknown field 'uri'; there are id, resource, category, description, "
        "auth_required, default, configuration, endpoints, credentials",
        f"{folder}/b.yaml:2: 'id' occurs twice in this map",
        f"{folder}/d.yaml:1: invalid YAML: did not find expected node content",
        f"{folder}/e.yaml:4: an extension with id 'fine' is already in c.yaml:1",
    ]


def test_an_id_that_occurs_twice_in_one_file_is_reported(folder):
    write(folder, a="- id: a\n- id: b\n- id: a\n---\nid: a\n--- [{id: c}, {id: c}]")

    with pytest.raises(InvalidRecordsError) as refusal:
        FolderStore(folder)

    assert str(refusal.value).splitlines() == [
        f"{folder}/a.yaml:3: an extension with id 'a' is already in a.yaml:1",
        f"{folder}/a.yaml:5: an extension with id 'a' is already in a.yaml:1",
        f"{folder}/a.yaml:6: an extension with id 'c' is already in a.yaml:6",
    ]


def make_directory(path):
    path.mkdir()


def make_fifo(path):
    os.mkfifo(path)


def make_link_to_nothing(path):
    path.symlink_to("nothing")


def make_link_to_itself(path):
    path.symlink_to(path)


def make_latin_1(path):
    path.write_bytes("id: a # é".encode("latin-1"))


def make_utf_16_without_mark(path):
    path.write_text("id: a", "utf-16-le")


def make_huge(path):
    path.write_text("id: a\n")
    os.truncate(path, MAX_FILE_BYTES + 1)


def make_forbidden(path):
    path.write_text("id: a")
    path.chmod(0)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        pytest.param(make_directory, "is not a regular file", id="directory"),
        pytest.param(make_fifo, "is not a regular file", id="fifo"),
        pytest.param(make_link_to_nothing, "No such file or directory", id="link-to-nothing"),
        pytest.param(make_link_to_itself, "Too many levels of symbolic links", id="link-to-itself"),
        pytest.param(make_latin_1, "is not UTF-8: byte 8, line 1; save it as UTF-8", id="latin-1"),
        pytest.param(
            make_utf_16_without_mark,
            "looks like UTF-16 or UTF-32 without a byte order mark, or is no text; save it as UTF-8",
            id="utf-16-without-mark",
        ),
        pytest.param(make_huge, "is larger than 32 MiB; divide its records among several files", id="huge"),
        pytest.param(
            make_forbidden,
            "Permission denied",
            id="forbidden",
            marks=pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything"),
        ),
    ],
)
def test_an_unreadable_file_is_reported_with_the_problems_of_others(folder, make, problem):
    make(folder / "bad.yaml")
    write(folder, other="id: b b")

    with pytest.raises(InvalidRecordsError) as refusal:
        FolderStore(folder)

    assert str(refusal.value).splitlines() == [
        f"{folder}/bad.yaml: {problem}",
        f"{folder}/other.yaml:1: id: may hold only letters, digits, '_' and '-', and not begin with '-'; got 'b b'",
    ]


def test_byte_order_mark_and_windows_line_ends_are_ignored(folder):
    (folder / "a.yaml").write_bytes(b"\xef\xbb\xbfid: a\r\nproduct: b\r\n")

    assert contents(FolderStore(folder)) == {"a": "b"}


def test_utf_16_is_read_as_powershell_writes_it(folder):
    (folder / "a.yaml").write_bytes(b"\xff\xfe" + "id: a\r\nproduct: b\r\n".encode("utf-16-le"))

    assert contents(FolderStore(folder)) == {"a": "b"}


def test_file_read_alone_says_only_what_is_wrong(folder):
    write(folder, a="id: a")

    assert read_file(folder / "a.yaml") == "id: a"
    with pytest.raises(UnreadableError, match=r"^No such file or directory$"):
        read_file(folder / "b.yaml")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        pytest.param("nowhere", "No such file or directory", id="missing"),
        pytest.param("file", "Not a directory", id="file"),
    ],
)
def test_a_path_that_is_not_a_folder_is_reported(tmp_path, name, problem):
    (tmp_path / "file").write_text("id: a")

    with pytest.raises(UnreadableError) as refusal:
        FolderStore(tmp_path / name)

    assert str(refusal.value) == f"{tmp_path / name}: {problem}"


# Revisions.


def revision_of(folder, **texts):
    shutil.rmtree(folder)
    folder.mkdir()
    write(folder, **texts)
    return FolderStore(folder).snapshot.revision


def test_revision_does_not_depend_on_names_and_order_of_files(folder):
    revision = revision_of(folder, a="id: a", b="id: b")

    assert revision_of(folder, x="id: b", y="id: a") == revision
    assert revision_of(folder, b="id: b", a="id: a") == revision


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param({"a": "id: a", "b": "id: c"}, id="another-record"),
        pytest.param({"a": "id: a"}, id="one-file-less"),
        pytest.param({"a": "id: a", "b": "id: b", "c": "id: c"}, id="one-file-more"),
        pytest.param({"a": "id: a\nproduct: p", "b": "id: b"}, id="another-field"),
    ],
)
def test_revision_tells_contents_apart(folder, texts):
    assert revision_of(folder, **texts) != revision_of(folder, a="id: a", b="id: b")


LOAD = """
import json, sys
from pathlib import Path
from registry.stores.folder import FolderStore

index = FolderStore(Path(sys.argv[1])).snapshot
ids = [[e.id, [[s.id, [c.id for c in s.credentials]] for s in e.services]] for e in index.extensions]
print(json.dumps([index.revision, ids]))
"""


def test_two_processes_find_the_same_revision_and_ids(folder):
    write(folder, a="product: p\nservices: [{}, {}, {credentials: [{}, {}]}]", b="- product: q\n- product: p")

    told = [
        subprocess.run(
            [sys.executable, "-c", LOAD, str(folder)],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]

    assert told[0] == told[1]
    assert json.loads(told[0])[0] == FolderStore(folder).snapshot.revision


# Changes.


def test_changes_additions_and_deletions_are_taken_up(folder, caplog):
    write(folder, a="id: a\nproduct: p", b="id: b", c="id: c")
    store = FolderStore(folder)

    write(folder, a="id: a\nproduct: q", d="id: d")
    (folder / "b.yaml").unlink()
    (folder / "c.yaml").rename(folder / "e.yaml")
    store.refresh()

    assert contents(store) == {"a": "q", "c": "", "d": ""}
    assert logged(caplog) == [("INFO", f"registry reloaded, revision {store.snapshot.revision}, 3 extensions")]


def test_deleting_every_file_empties_the_registry(folder):
    write(folder, a="id: a")
    store = FolderStore(folder)

    (folder / "a.yaml").unlink()
    store.refresh()

    assert contents(store) == {}


@pytest.mark.parametrize("change", ["nothing", "touched", "renamed", "rewritten"])
def test_snapshot_stays_if_its_contents_do(folder, caplog, change):
    write(folder, a="id: a")
    store = FolderStore(folder)
    before = store.snapshot

    if change == "touched":
        os.utime(folder / "a.yaml", (0, 0))
    elif change == "renamed":
        (folder / "a.yaml").rename(folder / "b.yaml")
    elif change == "rewritten":
        write(folder, a="id: a")
    store.refresh()

    assert store.snapshot is before
    assert logged(caplog) == []


def test_changes_that_follow_each_other_closely_are_all_seen(folder):
    write(folder, a="id: a\nproduct: '000'")
    store = FolderStore(folder)

    for i in range(200):
        write(folder, a=f"id: a\nproduct: '{i:03}'")
        store.refresh()
        assert contents(store) == {"a": f"{i:03}"}


def test_only_what_changed_is_read_again(folder, monkeypatch):
    read = []
    monkeypatch.setattr(files, "TICK_NS", -(10**18))
    monkeypatch.setattr(files, "read_file", lambda path: (read.append(path.name), read_file(path))[1])
    write(folder, a="id: a", b="id: b")
    store = FolderStore(folder)

    write(folder, b="id: longer", c="id: c")
    store.refresh()
    store.refresh()

    assert read == ["a.yaml", "b.yaml", "b.yaml", "c.yaml"]


def test_broken_change_keeps_the_last_good_state_and_is_logged_once(folder, caplog):
    write(folder, a="id: a\nproduct: p")
    store = FolderStore(folder)
    before = store.snapshot

    write(folder, a="id: a\nproducts: p", b="id: b")
    store.refresh()
    store.refresh()

    assert store.snapshot is before
    assert logged(caplog) == [
        (
            "ERROR",
            f"registry not reloaded, revision {before.revision} stays: "
            f"{folder}/a.yaml:2: products: unknown field 'products'; did you mean 'product'?",
        )
    ]


def test_another_problem_is_logged_again(folder, caplog):
    write(folder, a="id: a")
    store = FolderStore(folder)

    for text in ("id: [", "id: a b", "id: ["):
        write(folder, a=text)
        store.refresh()
        store.refresh()

    assert [level for level, _ in logged(caplog)] == ["ERROR"] * 3


@pytest.mark.parametrize("mended", ["id: a\nproduct: p", "id: a\nproduct: q", ""])
def test_a_fixed_change_is_taken_up(folder, caplog, mended):
    write(folder, a="id: a\nproduct: p")
    store = FolderStore(folder)
    write(folder, a="id: a\nproduct: [")
    store.refresh()
    caplog.clear()

    write(folder, a=mended)
    store.refresh()

    assert contents(store) == ({"a": mended[-1]} if mended else {})
    assert logged(caplog) == [
        ("INFO", f"registry reloaded, revision {store.snapshot.revision}, {len(store.snapshot)} extensions")
    ]


def test_log_does_not_show_credentials(folder, caplog):
    write(folder, a="id: a")
    store = FolderStore(folder)

    write(folder, a="id: a\nservices: [{id: s, credentials: [{id: c, configuration: {P: CANARY, Q: [CANARY]}}]}]")
    store.refresh()

    ((level, message),) = logged(caplog)
    assert level == "ERROR"
    assert "CANARY" not in message


def test_file_that_becomes_unreadable_is_taken_up_when_it_can_be_read(folder, tmp_path, caplog):
    (folder / "a.yaml").symlink_to(tmp_path / "target")
    (tmp_path / "target").write_text("id: a")
    store = FolderStore(folder)

    (tmp_path / "target").unlink()
    store.refresh()
    store.refresh()

    assert contents(store) == {"a": ""}
    assert [level for level, _ in logged(caplog)] == ["ERROR"]

    (tmp_path / "target").write_text("id: b")
    store.refresh()

    assert contents(store) == {"b": ""}


@pytest.mark.parametrize(
    ("back", "expected"),
    [
        pytest.param({"a": "id: a"}, {"a": ""}, id="as-it-was"),
        pytest.param({"a": "id: b"}, {"b": ""}, id="changed"),
        pytest.param({}, {}, id="empty"),
    ],
)
def test_folder_may_go_and_come_back(folder, caplog, back, expected):
    write(folder, a="id: a")
    store = FolderStore(folder)
    before = store.snapshot

    shutil.rmtree(folder)
    store.refresh()
    store.refresh()

    assert store.snapshot is before
    assert logged(caplog) == [
        ("ERROR", f"registry not reloaded, revision {before.revision} stays: {folder}: No such file or directory")
    ]

    folder.mkdir()
    write(folder, **back)
    store.refresh()

    assert contents(store) == expected
    assert [level for level, _ in logged(caplog)] == ["INFO"]


def mount(folder, generation, **texts):
    """Put *texts* in place as the kubelet does for a ConfigMap: a new folder, then one link is moved."""
    (folder / f"..{generation}").mkdir()
    write(folder / f"..{generation}", **texts)
    (folder / "..data_tmp").symlink_to(f"..{generation}")
    (folder / "..data_tmp").rename(folder / "..data")
    for name in texts:
        if not (folder / f"{name}.yaml").is_symlink():
            (folder / f"{name}.yaml").symlink_to(f"..data/{name}.yaml")


def test_mounted_config_map_is_loaded_and_its_update_taken_up(folder):
    mount(folder, 1, a="id: a\nproduct: p", b="id: b")
    store = FolderStore(folder)
    loaded = contents(store)

    mount(folder, 2, a="id: a\nproduct: q", b="id: b", c="id: c")
    shutil.rmtree(folder / "..1")
    store.refresh()

    assert loaded == {"a": "p", "b": ""}
    assert contents(store) == {"a": "q", "b": "", "c": ""}


def test_20_000_extensions_are_loaded(folder):
    write(
        folder,
        **{
            f"part-{part}": "".join(
                f"---\nid: e-{part}-{i}\nproduct: p{i}\nservices: [{{id: s, endpoints: [{{url: 'http://{i}'}}]}}]\n"
                for i in range(2000)
            )
            for part in range(10)
        },
    )

    store = FolderStore(folder)

    assert (len(store.snapshot), len(store.snapshot.offers)) == (20_000, 20_000)
