"""No input of any kind ends a command in a traceback: as a file, in a folder, as standard input."""

# ruff: noqa: E501 - each content is one line

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.cli.test_reading import ASKING, EXTENSION, RECORD
from webhook.cli.main import commands

COMMANDS = {
    "preview": ("preview", "--registry", "registry"),
    "preview-env": ("preview", "--registry", "registry", "-o", "env"),
    "preview-diff": ("preview", "--registry", "registry", "-o", "diff"),
    "explain": ("explain", "--registry", "registry"),
    "lint": ("lint", "-v"),
    "convert": ("convert",),
}
RUN = ASKING.encode()
BOMB = "a: &a [x, x]\n" + "".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True))  # fmt: skip
CONTENTS = {
    "nothing": b"",
    "blanks": b" \n\t\n",
    "image": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "program": b"\x7fELF\x02\x01\x01\0",
    "gzip": b"\x1f\x8b\x08\0",
    "latin-1": b"a: caf\xe9\n",
    "nul": b"a: \0\n",
    "utf-16": "a: b\n".encode("utf-16"),
    "utf-16-cut-off": RUN.decode().encode("utf-16")[:-1],
    "utf-16-without-mark": RUN.decode().encode("utf-16-le"),
    "utf-16-lone-surrogate": b"\xff\xfe\0\xd8a\0",
    "utf-32": RUN.decode().encode("utf-32"),
    "mark-only": b"\xef\xbb\xbf",
    "utf-16-mark-only": b"\xff\xfe",
    "mark-in-the-middle": b"a: 1\n---\n\xef\xbb\xbfb: 2\n",
    "crlf": RUN.replace(b"\n", b"\r\n"),
    "cr": RUN.replace(b"\n", b"\r"),
    "other-line-breaks": "a: b\u2028c: d\x85e: f\x0bg: h\x0c".encode(),
    "control-characters": b"a: \x01\x02\x1b[31m\n",
    "deep-lists": b"[" * 100_000,
    "deep-maps": b'{"a":' * 100_000,
    "deep-blocks": b"".join(b" " * i + b"a:\n" for i in range(300)),
    "deep-json": b"[" * 5000 + b"]" * 5000,
    "bomb": BOMB.encode(),
    "recursive-alias": b"a: &a [*a]\n",
    "unknown-alias": b"a: *b\n",
    "merge-of-no-map": b"<<: 7\n",
    "merge-of-itself": b"a: &a\n  <<: *a\n",
    "huge-number": b"a: " + b"9" * 100_000 + b"\n",
    "huge-json-number": b'{"a": ' + b"9" * 100_000 + b"}",
    "huge-exponent": b"a: 1e999999999\nb: -.inf\nc: .nan\n",
    "huge-octal": b"a: 0o" + b"7" * 100_000,
    "odd-numbers": b"{-: 1, +: 2, ._: 3, 0x: 4, 0b: 5, 0o8: 6, 1__2: 7, _1: 8, 0_: 9, 1e: 10}",
    "odd-keys": b"{~: 1, [a]: 2, {b: c}: 3, 1.5: 4, y: 5, ? : 6}",
    "lone-surrogate-in-json": rb'{"apiVersion": "v1", "kind": "\ud800", "metadata": {"name": "\udfff"}}',
    "lone-surrogate-in-a-record": rb'{"id": "\ud800", "product": "\udc00", "services": []}',
    "lone-surrogate-in-a-run": json.dumps({"apiVersion": "tekton.dev/v1", "kind": "TaskRun", "metadata": {"name": "\ud800"}, "spec": {"taskSpec": {"steps": [{"name": "\udfff", "args": ["\ud800"], "extensions": [{"name": "x", "product": "minio"}]}]}}}).encode(),
    "tags": b"a: !!binary x\nb: !!python/object:os.system x\nc: !foo bar\nd: !!set {e}\nf: !!timestamp 2020-01-01\n",
    "directives": b"%YAML 9.9\n%TAG ! x\n---\na: b\n",
    "only-separators": b"---\n---\n...\n---\n",
    "text-after-the-end": RUN + b"...\nx\n",
    "cut-off": RUN[:-20],
    "cut-off-json": json.dumps(EXTENSION).encode()[:-20],
    "json-with-comments": b'{\n // c\n "a": 1,\n}',
    "json-lines": b'{"a": 1}\n{"b": 2}\n',
    "json-and-yaml": b'{"a": 1}\n---\nb: 2\n',
    "scalar": b"7\n",
    "list-of-anything": b"[1, a, null, {}, [], {kind: 7}]",
    "notebook": json.dumps({"cells": [{"source": ["a"]}], "nbformat": 4}).encode(),
    "helm": b"{{- if .Values.a }}\na: {{ .b }}\n{{- end }}\n",
    "wrong-types": b"apiVersion: [tekton.dev/v1]\nkind: {a: b}\nmetadata: 7\nspec: x\n",
    "run-of-wrong-types": b"apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: [a]\nspec: {pipelineSpec: {tasks: {a: b}}}\n",
    "annotations-of-wrong-types": b"apiVersion: tekton.dev/v1\nkind: TaskRun\nmetadata: {annotations: {extensions.fuseml.org/run-selectors: 7}}\n",
    "extension-of-wrong-types": b"apiVersion: fuseml.org/v1alpha1\nkind: Extension\nmetadata: [a]\nspec: [b]\n",
    "extension-whose-name-is-no-text": b"apiVersion: fuseml.org/v1alpha1\nkind: Extension\nmetadata: {name: [b]}\nspec: {}\n",
    "extension-of-wrong-services": b"apiVersion: fuseml.org/v1alpha1\nkind: Extension\nmetadata: {name: b}\nspec: {services: [7, {credentials: 7}]}\n",
    "list-of-no-list": b"apiVersion: v1\nkind: List\nitems: 7\n",
    "list-in-lists": (b'{"kind": "List", "items": [' * 25) + (b"]}" * 25),
    "list-whose-items-are-no-objects": b"kind: TaskRunList\napiVersion: tekton.dev/v1\nitems: [1, [], null, {spec: 7}]\n",
    "record": RECORD.encode(),
    "record-of-wrong-types": b"id: [a]\nproduct: {b: c}\nservices: {d: e}\nversion: [1]\n",
    "record-with-anchors": b"id: &a b\nproduct: *a\nservices: &s []\n",
    "records-in-lists": b"[[{id: a, product: b, services: []}], {id: a, product: b, version: c}]",
    "workflow-of-wrong-types": b"steps: [7, {extensions: 7}, {name: [a], extensions: [{name: [b], product: {}}]}]\n",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder with a registry beside it."""
    monkeypatch.chdir(tmp_path)
    Path("registry").mkdir()
    Path("registry/minio.yaml").write_text(RECORD)
    Path("input").mkdir()
    return Path("input")


def ends_well(*args, stdin=None):
    """Run a command; True unless it ended in an exception. It may succeed or find something wrong."""
    result = CliRunner().invoke(commands, args, input=stdin)
    assert isinstance(result.exception, (SystemExit, type(None))), (args, result.exc_info)
    assert result.exit_code in (0, 1)
    assert "Traceback" not in result.stderr
    return True


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_no_content_ends_in_a_traceback(folder, command, content):
    (folder / "input.yaml").write_bytes(content)

    assert ends_well(*command, "input/input.yaml")
    assert ends_well(*command, "input")
    assert ends_well(*command, "-", stdin=content)


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_no_content_of_a_registry_ends_in_a_traceback(folder, content):
    (folder / "input.yaml").write_bytes(content)
    Path("run.yaml").write_bytes(RUN)

    assert ends_well("lint", "--registry", "input")
    assert ends_well("preview", "run.yaml", "--registry", "input")


def make_link_to_itself(path):
    path.symlink_to(path.name)


def make_link_to_nothing(path):
    path.symlink_to("nothing")


def make_link_to_its_folder(path):
    path.symlink_to(".")


def make_socket(path):
    socket.socket(socket.AF_UNIX).bind(str(path))


def make_device(path):
    path.symlink_to("/dev/zero")


def make_unreadable(path):
    path.write_text("a: b")
    path.chmod(0)


MAKERS = [
    pytest.param(Path.mkdir, id="folder"),
    pytest.param(os.mkfifo, id="named-pipe"),
    make_link_to_itself,
    make_link_to_nothing,
    make_link_to_its_folder,
    make_device,
    make_unreadable,
    pytest.param(make_socket, marks=pytest.mark.filterwarnings("ignore::ResourceWarning")),
]


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_no_file_ends_in_a_traceback_or_is_waited_for(folder, command, make):
    make(folder / "input.yaml")
    (folder / "other.yaml").write_bytes(RUN)

    assert ends_well(*command, "input")
    result = CliRunner().invoke(commands, [*command, "input/input.yaml"])
    assert isinstance(result.exception, (SystemExit, type(None)))
    assert result.exit_code in (0, 1, 2)


def test_name_that_is_no_text_is_printed_as_far_as_possible(folder):
    name = os.fsdecode(b"input/caf\xe9.yaml")
    Path(name).write_text("a: [")

    for command in COMMANDS.values():
        assert ends_well(*command, name)
        assert ends_well(*command, "input")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_output_is_utf_8_whatever_the_locale(folder, encoding):
    (folder / "input.yaml").write_text("a: caf\u00e9 \u2028 \U0001f600\n")
    command = [Path(sys.executable).with_name("fuseml"), "preview", "--registry", "registry", "input/input.yaml"]

    run = subprocess.run(
        command, capture_output=True, timeout=60, check=False, env={**os.environ, "PYTHONIOENCODING": encoding}
    )

    assert (run.returncode, run.stdout, run.stderr) == (0, (folder / "input.yaml").read_bytes(), b"")


# Parts of documents, in any order: more of these get past the first line than random bytes do.
PARTS = st.sampled_from(
    [
        b"apiVersion: tekton.dev/v1\n", b"kind: TaskRun\n", b"kind: List\n", b"items:\n", b"- ", b"  ", b"spec: ", b"{", b"}",
        b"[", b"]", b"\n", b"---\n", b"...\n", b"# c\n", b"&a ", b"*a", b"<<: ", b"extensions: ", b"steps: ", b"name: x\n",
        b"id: a\n", b"product: b\n", b"services: ", b'"', b"'", b": ", b", ", b"|\n", b"!x ", b"\t", b"\r", b"~", b"1.10", b"on",
        b"<< extension.x.url >>", b"extensions.fuseml.org/run-selectors: ", b'{"a": 1}', b"\xff\xfe", b"\0", b"\xe9", b"{{",
        b"apiVersion: fuseml.org/v1alpha1\nkind: Extension\nmetadata: {name: a}\n", b"\xef\xbb\xbf", RUN, RECORD.encode(),
    ]
)  # fmt: skip
LIMITS = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
@LIMITS
@given(st.binary(max_size=60) | st.lists(PARTS, max_size=12).map(b"".join))
@example(b"? &a\n: *a\n")
def test_no_bytes_end_in_a_traceback(folder, command, content):
    assert ends_well(*command, "-", stdin=content)


@LIMITS
@given(
    st.integers(0, len(RUN)),
    st.binary(max_size=3),
    st.sampled_from([RUN, RECORD.encode(), json.dumps(EXTENSION).encode()]),
)
def test_no_damage_to_a_good_file_ends_in_a_traceback(folder, at, damage, good):
    content = good[:at] + damage + good[at + len(damage) :]

    for command in COMMANDS.values():
        assert ends_well(*command, "-", stdin=content)
