"""One session of FuseML's own command line with the registry's service, and of ours beside it.

`session.txt` is what FuseML's own command line gave, and `exchanges.json` what it sent and was answered. It is no part
of this repository: a build of https://github.com/fuseml/fuseml-core is run if FUSEML_CLIENT names one, and with
UPDATE_GOLDEN=1 it writes both files. What it sent is sent again whenever these tests run.
"""

import json
import os
import re
from pathlib import Path

import pytest

from registry.service.app import create_app
from registry.stores.folder_records.store import FolderRecords
from tests.fuseml_client import transcript
from tests.fuseml_client.differences import OF_OURS, differing
from tests.fuseml_client.exchanges import Recorder, replay, serving, written
from tests.fuseml_client.intended import BY_OURS
from tests.fuseml_client.transcript import InProcess, Program

HERE = Path(__file__).parent
SESSION, EXCHANGES = HERE / "session.txt", HERE / "exchanges.json"
RECORDS = HERE.parent / "records/fuseml.yaml"


def session():
    return transcript.read(SESSION.read_text())


@pytest.fixture
def files(tmp_path):
    """A folder of files to register: each record of FuseML's documentation, and some others."""
    folder = tmp_path / "files"
    folder.mkdir()
    for text in RECORDS.read_text().split("\n---\n"):
        own_id = re.search("^id: (.+)", text, re.MULTILINE)[1]
        (folder / f"{own_id}.yaml").write_text(f"{text}\n")
    (folder / "small.json").write_text('{"id": "small", "product": "json", "services": [{"id": "s"}]}\n')
    (folder / "not-a-record.yaml").write_text("just text\n")
    return folder


@pytest.fixture
def records(tmp_path):
    folder = tmp_path / "records"
    folder.mkdir()
    return folder


@pytest.mark.skipif("FUSEML_CLIENT" not in os.environ, reason="needs FuseML's own command line: FUSEML_CLIENT")
def test_fusemls_command_line_works_with_the_service(records, files, tmp_path):
    recorder = Recorder(records)
    with serving(recorder) as url:
        program = Program(Path(os.environ["FUSEML_CLIENT"]), url, files, tmp_path)
        text = "".join(map(str, transcript.play(session(), program)))

    if os.environ.get("UPDATE_GOLDEN"):
        SESSION.write_text(text)
        EXCHANGES.write_text(written(recorder.exchanges))
    assert text.splitlines() == SESSION.read_text().splitlines()
    assert written(recorder.exchanges).splitlines() == EXCHANGES.read_text().splitlines()


def test_what_fusemls_command_line_sends_is_answered_as_it_was(records):
    app = create_app(FolderRecords(records))
    exchanges = json.loads(EXCHANGES.read_text())

    answered = [exchange | replay(app, exchange) for exchange in exchanges]

    assert written(answered).splitlines() == EXCHANGES.read_text().splitlines()


def test_our_command_line_gives_the_same_texts(records, files):
    with serving(create_app(FolderRecords(records))) as url:
        found = transcript.play(session(), InProcess(url, files))

    assert differing(session(), found, OF_OURS) == [difference.entry for difference in BY_OURS]


def test_values_of_credentials_are_in_no_text_and_no_answer():
    typed = " ".join(entry.command for entry in session())
    shown = " ".join(entry.shown for entry in session())
    answered = " ".join(exchange["answer"] for exchange in json.loads(EXCHANGES.read_text()))

    assert "CANARY-1" in typed
    assert "CANARY" not in shown + answered
