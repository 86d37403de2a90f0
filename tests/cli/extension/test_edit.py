"""``fuseml extension edit``: a record in an editor, and what is wrong with it in place."""

import re
import stat
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import Problem
from webhook.cli.extension.editor import MARK, with_problems, without_marks

RECORD = """\
# ours
id: a
product: p   # a comment
services:
- id: s
  credentials:
  - {id: c, configuration: {KEY: CANARY}}
"""


@pytest.fixture
def edit(folder, monkeypatch, tmp_path):
    """Edits the record ``a`` by Python code that changes ``text``, one for each time that the editor opens."""
    (folder.place / "a.yaml").write_text(RECORD)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)

    def run(*codes):
        for i, code in enumerate(codes):
            (tmp_path / f"turn-{i}").write_text(code)
        editor = tmp_path / "editor.py"
        editor.write_text(
            "import sys, pathlib\n"
            "file, folder = pathlib.Path(sys.argv[1]), pathlib.Path(__file__).parent\n"
            "turns = sorted(folder.glob('turn-*'))\n"
            "text = file.read_text()\n"
            "(folder / f'seen-{4 - len(turns)}').write_text(text)\n"
            "if turns:\n"
            "    scope = {'text': text, 'folder': folder}\n"
            "    exec(turns[0].read_text(), scope)\n"
            "    file.write_text(scope['text'])\n"
            "    turns[0].unlink()\n"
        )
        monkeypatch.delenv("VISUAL", raising=False)
        monkeypatch.setenv("EDITOR", f"{sys.executable} {editor}")
        return folder("edit", "a")

    run.folder, run.scratch = folder, tmp_path
    return run


def kept(errors):
    return Path(re.search(r"the text is kept in (\S+)", errors)[1])


def test_what_is_edited_is_written_where_it_stands(edit):
    result = edit("text = text.replace('product: p', 'product: q')")

    assert result == (0, 'Extension "a" successfully updated\n', "")
    assert (edit.folder.place / "a.yaml").read_text() == RECORD.replace("product: p ", "product: q ")
    assert list(edit.scratch.glob("fuseml-edit-*")) == []


def test_editor_sees_no_values(edit):
    edit("")

    (seen,) = edit.scratch.glob("seen-*")
    assert "KEY: <hidden>" in seen.read_text()
    assert "CANARY" not in seen.read_text()


def test_leaving_without_a_change_cancels(edit):
    assert edit("") == (0, "Edit cancelled, no changes made.\n", "")
    assert (edit.folder.place / "a.yaml").read_text() == RECORD
    assert list(edit.scratch.glob("fuseml-edit-*")) == []


def test_what_is_wrong_is_shown_in_place_and_can_be_corrected(edit):
    result = edit("text = text.replace('product: p', 'prodct: q')", "text = text.replace('prodct', 'product')")

    assert result == (0, 'Extension "a" successfully updated\n', "")
    second = sorted(edit.scratch.glob("seen-*"))[1].read_text()
    assert second.startswith(f"id: a\n{MARK}prodct: unknown field 'prodct'; did you mean 'product'?\nprodct: q\n")
    assert "product: q   # a comment" in (edit.folder.place / "a.yaml").read_text()


@pytest.mark.parametrize(
    ("code", "message"),
    [
        pytest.param("text = 'id: b\\n'", "id: cannot be changed: it is 'a'; add another one", id="another id"),
        pytest.param("text = ''", "expected one record; to delete it: fuseml extension delete", id="nothing"),
        pytest.param("text += '---\\nid: b\\n'", "expected one record", id="two"),
        pytest.param("text = '[1]'", "expected one record, as it was shown", id="a list"),
        pytest.param("text = 'a: ['", "", id="no YAML"),
        pytest.param(
            "text = text.replace('KEY: <', 'NEW: <')",
            "services[0].credentials[0].configuration.NEW: <hidden> stands for a value that is to stay",
            id="hidden value",
        ),
    ],
)
def test_refused_text_is_kept_in_a_file_that_is_named(edit, code, message):
    status, shown, errors = edit(code)

    assert (status, shown) == (1, "")
    assert errors.startswith(f"error: {message}")
    assert "error: nothing has been changed; the text is kept in " in errors
    scope = {"text": without_marks(min(edit.scratch.glob("seen-*")).read_text())}
    exec(code, scope)
    assert without_marks(kept(errors).read_text()) == scope["text"]
    assert stat.S_IMODE(kept(errors).stat().st_mode) == 0o600
    assert (edit.folder.place / "a.yaml").read_text() == RECORD


def test_change_of_another_in_the_meantime_is_not_overwritten(edit):
    file = edit.folder.place / "a.yaml"
    code = f"open({str(file)!r}, 'a').write('zone: z\\n')\ntext = text.replace('product: p', 'product: q')"

    status, _, errors = edit(code)

    assert status == 1
    assert errors.startswith("error: extension 'a' has been changed since it was read; read it again; the text is kept")
    assert "product: q" in kept(errors).read_text()
    assert file.read_text() == RECORD + "zone: z\n"


def test_editor_that_fails_is_said(edit, monkeypatch):
    monkeypatch.setenv("VISUAL", "no-such-editor --wait")

    said = edit.folder.refusal("edit", "a")

    assert said.startswith("error: editor 'no-such-editor --wait': No such file or directory; the text is kept in ")
    monkeypatch.setenv("VISUAL", "false")
    assert "error: editor 'false' ended with code 1; " in edit.folder.refusal("edit", "a")


def test_file_that_only_a_person_can_change_is_said_and_the_text_kept(folder, monkeypatch):
    (folder.place / "a.yaml").write_text("# {{ .Values.x }}\nid: a\nproduct: p\n")
    monkeypatch.setenv("VISUAL", "sed -i -e s/p$/q/")

    said = folder.refusal("edit", "a")

    assert "is a template; change what is filled in, or what it is made from" in said
    assert "product: q\n" in kept(said).read_text()


def test_record_is_edited_anywhere(anywhere, monkeypatch, tmp_path):
    anywhere.ok("register", "--id", "a", "-p", "p", "-z", "near")
    monkeypatch.setenv("VISUAL", "sed -i -e s/near/far/ -e /product/d")

    assert anywhere.ok("edit", "a") == 'Extension "a" successfully updated\n'
    assert anywhere.ok("get", "a", "-o", "yaml") == "id: a\nzone: far\n"


@given(
    st.text(st.characters(exclude_characters="#", exclude_categories=["Cs"])),
    st.lists(st.tuples(st.text(), st.integers(0, 9))),
)
def test_what_is_shown_in_a_text_is_taken_out_again(text, problems):
    shown = with_problems(text, [Problem(message, line=line) for message, line in problems])

    assert without_marks(shown) == text
