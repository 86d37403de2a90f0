"""A folder that is written: files of people are kept, and whatever happens, each file is old or new."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from registry.errors import (
    AlreadyExistsError,
    ChangedError,
    InvalidRecordsError,
    NotEditableError,
    NotFoundError,
    ReadOnlyError,
    UnavailableError,
)
from registry.records.codec import decode
from registry.records.texts import decode_text
from registry.stores.changing import change
from registry.stores.folder import FolderStore
from registry.stores.folder_records import lock
from registry.stores.folder_records.store import FolderRecords

ROOT = Path(__file__).parents[2]
A = decode({"id": "a", "product": "p"})
LOGIN = {"id": "s", "credentials": [{"id": "c", "configuration": {"P": "CANARY"}}]}
SECRET = decode({"id": "a", "services": [LOGIN]})
HAND_WRITTEN = "# ours\n- id: a   # first\n  product:  p # here\n- id: b\n"


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "registry"
    folder.mkdir()
    return folder


def edit(folder, extension_id="a", **fields):
    return change(FolderRecords(folder), extension_id, lambda record: replace(record, **fields))


def names(folder):
    return sorted(name for name in os.listdir(folder) if name != lock.NAME)


def mode(path):
    return oct(path.stat().st_mode & 0o777)


# Files.


def test_new_record_gets_a_file_of_its_own(folder):
    FolderRecords(folder).put(A, None)

    assert names(folder) == ["a.yaml"]
    assert (folder / "a.yaml").read_text() == "id: a\nproduct: p\n"
    assert mode(folder / "a.yaml") == "0o644"
    assert FolderStore(folder).snapshot.extensions == (A,)


def test_name_that_is_taken_is_left_alone(folder):
    (folder / "a.yaml").write_text("id: b\n")
    (folder / "a.1.yaml").symlink_to("nowhere/at/all")
    (folder / "a.1.yaml").unlink()

    FolderRecords(folder).put(A, None)

    assert names(folder) == ["a.1.yaml", "a.yaml"]
    assert (folder / "a.yaml").read_text() == "id: b\n"


def test_only_the_changed_line_of_a_hand_written_file_differs(folder):
    (folder / "team.yaml").write_text(HAND_WRITTEN)

    edit(folder, product="q")

    assert (folder / "team.yaml").read_text() == HAND_WRITTEN.replace("product:  p", "product:  q")
    assert names(folder) == ["team.yaml"]


def test_byte_order_mark_and_windows_line_ends_stay(folder):
    (folder / "a.yaml").write_bytes(b"\xef\xbb\xbfid: a\r\nproduct: b\r\n")

    edit(folder, product="c", zone="z")

    assert (folder / "a.yaml").read_bytes() == b"\xef\xbb\xbfid: a\r\nproduct: c\r\nzone: z\r\n"


def test_file_goes_with_its_last_record(folder):
    (folder / "team.yaml").write_text(HAND_WRITTEN)
    store = FolderRecords(folder)

    store.delete("b", store.get("b").revision)
    left = (folder / "team.yaml").read_text()
    store.delete("a", store.get("a").revision)

    assert left == HAND_WRITTEN.removesuffix("- id: b\n")
    assert names(folder) == []


def test_files_with_values_are_for_their_owner_only(folder):
    FolderRecords(folder).put(SECRET, None)
    (folder / "b.yaml").write_text("id: b\n")
    (folder / "b.yaml").chmod(0o664)

    edit(folder, "b", zone="z")
    without = mode(folder / "b.yaml")
    edit(folder, "b", services=SECRET.services)

    assert mode(folder / "a.yaml") == "0o600"
    assert (without, mode(folder / "b.yaml")) == ("0o664", "0o600")
    assert mode(folder / lock.NAME) == "0o600"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_file_keeps_its_owner(folder):
    (folder / "a.yaml").write_text("id: a\n")
    os.chown(folder / "a.yaml", 1234, 4321)

    edit(folder, zone="z")

    found = (folder / "a.yaml").stat()
    assert (found.st_uid, found.st_gid) == (1234, 4321)


def test_revision_is_the_same_in_each_process_and_not_in_each_folder(folder, tmp_path):
    (tmp_path / "other").mkdir()
    first = FolderRecords(folder).put(SECRET, None)

    assert FolderRecords(folder).get("a") == first
    assert FolderRecords(tmp_path / "other").put(SECRET, None).revision != first.revision


# What others do meanwhile.


def test_what_others_write_is_seen(folder):
    store = FolderRecords(folder)
    FolderRecords(folder).put(A, None)

    assert store.get("a").record == A
    with pytest.raises(AlreadyExistsError):
        store.put(A, None)
    (folder / "a.yaml").write_text("id: a\nproduct: by-hand\n")
    assert store.get("a").record.product == "by-hand"
    (folder / "a.yaml").rename(folder / "b.yaml")
    assert store.get("a").record.product == "by-hand"
    (folder / "b.yaml").unlink()
    with pytest.raises(NotFoundError):
        store.get("a")
    assert store.put(A, None).record == A


def test_new_file_of_a_person_is_seen_before_a_record_is_registered(folder):
    store = FolderRecords(folder)
    store.put(decode({"id": "b"}), None)
    time.sleep(0.02)
    (folder / "hand.yaml").write_text("id: a\n")

    with pytest.raises(AlreadyExistsError):
        store.put(A, None)


def test_file_that_an_editor_saves_meanwhile_is_not_overwritten(folder, monkeypatch):
    (folder / "a.yaml").write_text("id: a\n")
    store = FolderRecords(folder)
    stored = store.get("a")
    sync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: ((folder / "a.yaml").write_text("id: a # saved\n"), sync(fd))[1])

    with pytest.raises(ChangedError) as refusal:
        store.put(replace(A, zone="z"), stored.revision)

    assert str(refusal.value).endswith("a.yaml: somebody else has just changed this file; nothing has been written")
    assert (folder / "a.yaml").read_text() == "id: a # saved\n"
    assert names(folder) == ["a.yaml"]


def test_writer_waits_for_another_and_gives_up(folder):
    store = FolderRecords(folder, patience=0.05)

    with lock.locked(folder), pytest.raises(UnavailableError) as refusal:
        store.put(A, None)

    assert str(refusal.value) == f"{folder}: another process has been writing for 0.05 s; is one stopped?"
    assert store.put(A, None).record == A


def test_lock_survives_that_its_file_is_deleted(folder):
    store = FolderRecords(folder)
    first = store.put(A, None)
    (folder / lock.NAME).unlink()

    with pytest.raises(ChangedError):
        store.put(replace(A, zone="z"), first.revision)
    assert edit(folder, zone="z").record.zone == "z"


# What is left alone.


def make_link_out(path):
    (path.parent.parent / "outside.yaml").write_text("id: a\n")
    path.symlink_to("../outside.yaml")


def make_hard_link(path):
    (path.parent.parent / "outside.yaml").write_text("id: a\n")
    path.hardlink_to(path.parent.parent / "outside.yaml")


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (make_link_out, "is a symbolic link; change the file that it leads to, or put that file here"),
        (make_hard_link, "is one file with another name elsewhere (a hard link); make it a file of its own"),
        (lambda path: path.write_bytes(b"\xff\xfe" + "id: a\n".encode("utf-16-le")), "is UTF-16; save it as UTF-8"),
        (
            lambda path: path.write_text('id: a\nproduct: "{{ .Values.product }}"\n'),
            "2: is a template; change what is filled in, or what it is made from",
        ),
        (
            lambda path: path.write_text("- id: a\n  zone: &z x\n- id: b\n  zone: *z\n"),
            "2: is shared with another place by an anchor or an alias; change this record by hand",
        ),
        (
            lambda path: path.write_text("- id: a\n- id: b\n  zones: x\n"),
            "3: [1].zones: unknown field 'zones'; did you mean 'zone'?; correct this first",
        ),
    ],
    ids=["link", "hard-link", "utf-16", "template", "anchor", "broken-beside"],
)
def test_file_that_is_not_understood_is_left_alone(folder, make, problem):
    make(folder / "x.yaml")
    before = (folder / "x.yaml").read_bytes()
    store = FolderRecords(folder)
    stored = store.get("a")

    with pytest.raises(NotEditableError) as refusal:
        store.put(replace(stored.record, zone="z"), stored.revision)

    separator = "" if problem[0].isdigit() else " "
    assert str(refusal.value) == f"{folder}/x.yaml:{separator}{problem}"
    assert (folder / "x.yaml").read_bytes() == before
    assert names(folder) == ["x.yaml"]


BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{b}: &{b} [{','.join(['*' + a] * 10)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (os.mkfifo, "is not a regular file"),
        (Path.mkdir, "is not a regular file"),
        (lambda path: path.write_text("id: ["), "1: invalid YAML: did not find expected node content"),
        (lambda path: path.write_text(BOMB), "6: aliases make it too large"),
        (
            lambda path: (path.touch(), os.truncate(path, 100 * 1024 * 1024)),
            "is larger than 32 MiB; divide its records among several files",
        ),
        (lambda path: path.symlink_to("/dev/zero"), "is not a regular file"),
        (lambda path: path.symlink_to("nothing"), "No such file or directory"),
    ],
    ids=["fifo", "folder", "broken", "bomb", "100-mb", "device", "dangling"],
)
def test_other_records_can_be_used_beside_a_broken_file(folder, make, problem):
    (folder / "good.yaml").write_text("id: a\n")
    make(folder / "x.yaml")
    store = FolderRecords(folder)

    listing = store.list()
    edit(folder, zone="z")
    with pytest.raises(InvalidRecordsError) as refusal:
        store.put(decode({"id": "new"}), None)

    separator = "" if problem[0].isdigit() else " "
    assert str(refusal.value) == f"{folder}/x.yaml:{separator}{problem}"
    assert [stored.record.id for stored in listing.records] == ["a"]
    assert [str(p) for p in listing.problems] == [str(refusal.value)]
    assert (folder / "good.yaml").read_text() == "id: a\nzone: z\n"


def test_record_that_two_files_hold_is_not_changed(folder):
    for name in "xy":
        (folder / f"{name}.yaml").write_text("# here\nid: a\n")

    with pytest.raises(InvalidRecordsError) as refusal:
        FolderRecords(folder).get("a")

    assert str(refusal.value) == f"{folder}/x.yaml:2: an extension with id 'a' is also in x.yaml, y.yaml; delete one"


@contextmanager
def mounted(path, options):
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], check=False, capture_output=True)
    if made.returncode:
        pytest.skip(f"a file system cannot be mounted here: {made.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", path], check=True)


def test_folder_that_cannot_be_written_can_be_read(folder):
    with mounted(folder, "size=1m"):
        (folder / "a.yaml").write_text("id: a\n")
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        store = FolderRecords(folder)

        stored = store.get("a")
        with pytest.raises(ReadOnlyError) as refusal:
            store.put(replace(A, zone="z"), stored.revision)

        assert str(refusal.value) == (
            f"{folder}: cannot be written: Read-only file system; give this user write access, or change the files at "
            "their source"
        )
        assert store.get("a") == stored


def fill_up(path):
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))


def test_full_disk_loses_nothing(folder):
    with mounted(folder, "size=256k"):
        store = FolderRecords(folder)
        stored = store.put(A, None)
        fill_up(folder / "filler")
        before = (folder / "a.yaml").read_bytes()

        for act in (
            lambda: store.put(replace(A, description="d" * 900), stored.revision),
            lambda: store.put(decode({"id": "b"}), None),
        ):
            with pytest.raises(UnavailableError, match=r"No space left on device; nothing has been changed$"):
                act()
        assert (folder / "a.yaml").read_bytes() == before
        assert names(folder) == ["a.yaml", "filler"]
        (folder / "filler").unlink()
        assert store.put(decode({"id": "b"}), None)


# Many at a time.

WRITER = """
import sys
from dataclasses import replace
from pathlib import Path
from registry.stores.changing import change
from registry.stores.folder_records.store import FolderRecords

folder, number, edits = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
store = FolderRecords(folder, patience=300)
for i in range(edits):
    extension_id = "shared" if i % 2 else f"own-{number}"
    def count(record):
        configuration = dict(record.configuration)
        configuration["COUNT"] = str(int(configuration["COUNT"]) + 1)
        return replace(record, configuration=configuration)
    change(store, extension_id, count)
    print(i, flush=True)
"""


def start(folder, number, edits):
    command = [sys.executable, "-c", WRITER, str(folder), str(number), str(edits)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def fill(folder, writers):
    text = "# counted\nid: shared # by all\nconfiguration:\n  COUNT: 0\n"
    (folder / "all.yaml").write_text(
        text + "".join(f"---\nid: own-{i} # of {i}\nconfiguration: {{COUNT: 0}}\n" for i in range(writers // 2))
    )
    for i in range(writers // 2, writers):
        (folder / f"own-{i}.yaml").write_text(f"id: own-{i}\nconfiguration: {{COUNT: 0}}\n")


def counts(folder):
    return {s.record.id: int(s.record.configuration["COUNT"]) for s in FolderRecords(folder).list().records}


@pytest.mark.parametrize(
    ("writers", "edits", "readers"),
    [
        pytest.param(4, 12, 4, id="few"),
        pytest.param(
            *(16, 500, 20),
            id="many",
            marks=pytest.mark.skipif("MANY_WRITERS" not in os.environ, reason="takes minutes: MANY_WRITERS=1"),
        ),
    ],
)
def test_no_change_is_lost_and_none_is_seen_half_done(folder, writers, edits, readers):
    fill(folder, writers)
    ids = set(counts(folder))
    is_over = threading.Event()
    torn = []

    def read():
        serving, last = FolderStore(folder), {}
        while not is_over.is_set():
            serving.refresh()
            found = {e.id: int(e.configuration["COUNT"]) for e in serving.snapshot.extensions}
            if set(found) != ids or serving.load_errors or any(found[i] < last.get(i, 0) for i in ids):
                torn.append(found)
            last = found

    threads = [threading.Thread(target=read) for _ in range(readers)]
    processes = [start(folder, i, edits) for i in range(writers)]
    for thread in threads:
        thread.start()
    outputs = [process.communicate()[0] for process in processes]
    is_over.set()
    for thread in threads:
        thread.join()

    assert [len(output.split()) for output in outputs] == [edits] * writers
    assert torn == []
    own = (edits + 1) // 2
    assert counts(folder) == {"shared": edits // 2 * writers, **{f"own-{i}": own for i in range(writers)}}
    assert (folder / "all.yaml").read_text().count("#") == 2 + writers // 2


@pytest.mark.parametrize(
    "kills",
    [8, pytest.param(300, marks=pytest.mark.skipif("MANY_WRITERS" not in os.environ, reason="MANY_WRITERS=1"))],
)
def test_killed_writers_leave_files_that_are_old_or_new(folder, kills):
    fill(folder, 2)
    luck = random.Random(7)
    done = 0

    for _ in range(kills):
        writer = start(folder, 0, 100_000)
        writer.stdout.readline()
        time.sleep(luck.uniform(0, 0.03))
        os.kill(writer.pid, signal.SIGKILL)
        done += 1 + len(writer.communicate()[0].split())

        found, problems = decode_text((folder / "all.yaml").read_text())
        assert problems == []
        total = sum(int(f.extension.configuration["COUNT"]) for f in found)
        # Of each that was killed, one change may have been made and not been said.
        assert done <= total <= done + kills
    assert edit(folder, "own-0", zone="z").record.zone == "z"
    assert names(folder) == ["all.yaml", "own-1.yaml"]
