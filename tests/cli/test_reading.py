"""What people give to the commands: files in any form that kubectl reads, several of them, folders, nothing."""

import json
import os
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from webhook.cli.main import commands

RECORD = """\
id: minio
product: minio
services:
  - id: s3
    resource: s3
    endpoints: [{url: http://minio:9000, configuration: {S3_URL: http://minio:9000}}]
"""
ASKING = """\
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: asks}
spec: {taskSpec: {steps: [{name: a, image: i, extensions: [{name: store, product: minio}]}]}}
"""
PLAIN = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain}\n"
EXTENSION = {
    "apiVersion": "fuseml.org/v1alpha1",
    "kind": "Extension",
    "metadata": {"name": "minio", "namespace": "fuseml", "resourceVersion": "7", "labels": {"a": "b"}},
    "spec": {key: value for key, value in yaml.safe_load(RECORD).items() if key != "id"},
    "status": {"conditions": []},
}
INJECTED = "# TaskRun/asks steps[a]\nS3_URL=http://minio:9000  # selector 'store'\n"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a command in a folder with a registry; gives exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)
    Path("registry").mkdir()
    Path("registry/minio.yaml").write_text(RECORD)

    def invoke(*args, stdin=None):
        result = CliRunner().invoke(commands, args, input=stdin)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.stdout, result.stderr

    return invoke


def preview(run, *args, stdin=None, output="env"):
    return run("preview", *args, "--registry", "registry", "-o", output, stdin=stdin)


def json_of(text):
    return json.dumps(yaml.safe_load(text))


# Objects

OBJECTS = {
    "utf-16-as-powershell-writes-it": b"\xff\xfe" + ASKING.replace("\n", "\r\n").encode("utf-16-le"),
    "utf-16-big-endian": b"\xfe\xff" + ASKING.encode("utf-16-be"),
    "utf-8-with-mark": ASKING.encode("utf-8-sig"),
    "windows-line-ends": ASKING.replace("\n", "\r\n").encode(),
    "old-mac-line-ends": ASKING.replace("\n", "\r").encode(),
    "json": json_of(ASKING).encode(),
    "json-lines": f"{json_of(PLAIN)}\n{json_of(ASKING)}\n".encode(),
    "json-objects-in-one-line": f"{json_of(PLAIN)}{json_of(ASKING)}".encode(),
    "indented-json-objects": "\n".join(json.dumps(yaml.safe_load(t), indent=4) for t in (PLAIN, ASKING)).encode(),
    "list": json.dumps({"apiVersion": "v1", "kind": "List", "items": [yaml.safe_load(ASKING)]}).encode(),
    "list-of-the-kind": json.dumps(
        {"apiVersion": "tekton.dev/v1", "kind": "TaskRunList", "items": [yaml.safe_load(ASKING)]}
    ).encode(),
    "list-whose-items-have-no-kind": json.dumps(
        {
            "apiVersion": "tekton.dev/v1",
            "kind": "TaskRunList",
            "items": [{k: v for k, v in yaml.safe_load(ASKING).items() if k not in ("apiVersion", "kind")}],
        }
    ).encode(),
    "list-in-a-list": json.dumps(
        {"apiVersion": "v1", "kind": "List", "items": [{"kind": "List", "items": [yaml.safe_load(ASKING)]}]}
    ).encode(),
}  # fmt: skip


@pytest.mark.parametrize("content", OBJECTS.values(), ids=OBJECTS)
def test_object_is_found_in_every_form_that_kubectl_reads(run, content):
    Path("run.yaml").write_bytes(content)

    assert preview(run, "run.yaml") == (0, INJECTED, "")
    assert preview(run, "-", stdin=content) == (0, INJECTED, "")
    assert run("explain", "run.yaml", "--registry", "registry")[1].startswith("TaskRun/asks: ")


@pytest.mark.parametrize("content", OBJECTS.values(), ids=OBJECTS)
def test_mistake_is_found_in_every_form_that_kubectl_reads(run, content):
    is_utf_16 = content[:1] in (b"\xff", b"\xfe")
    encoding = "utf-16" if is_utf_16 else "utf-8-sig"
    Path("run.yaml").write_bytes(content.decode(encoding).replace("product", "prodct").encode(encoding))

    code, output, errors = run("lint", "run.yaml")

    assert code == 1
    assert "steps[a]: selector 'store': prodct: unknown field 'prodct'; did you mean 'product'?\n" in output
    assert errors == "1 file, 2 problems\n"


def test_arguments_options_and_folders_are_the_same(run):
    Path("more/below").mkdir(parents=True)
    Path("more/.hidden.yaml").write_text("a: [")
    Path("more/notes.txt").write_text("a: [")
    for name in ("a.yaml", "more/b.json", "more/below/c.yml"):
        Path(name).write_text(ASKING.replace("asks", Path(name).stem))

    ways = [
        ("a.yaml", "more/b.json", "more/below/c.yml"),
        ("-f", "a.yaml", "--filename", "more/b.json", "-f", "more/below/c.yml"),
        ("-f", "a.yaml", "more"),
    ]

    found = [preview(run, *way) for way in ways]

    assert found == [(0, "".join(INJECTED.replace("asks", name) for name in "abc"), "")] * 3
    assert [run("lint", *way) for way in ways] == [(0, "", "3 files, 0 problems\n")] * 3


def test_documents_of_several_files_come_out_as_one_stream(run):
    Path("a.yaml").write_text(PLAIN.rstrip())
    Path("b.yaml").write_text("# mine\n" + ASKING)
    Path("c.yaml").write_text("# first\n---\n" + PLAIN)
    Path("d.json").write_text(f"{json_of(PLAIN)}\n{json_of(ASKING)}\n{json_of(PLAIN)}")

    code, output, _ = preview(run, "a.yaml", "b.yaml", "c.yaml", "d.json", output="yaml")

    assert code == 0
    kinds = [obj["kind"] for obj in yaml.safe_load_all(output)]
    assert kinds == ["ConfigMap", "TaskRun", "ConfigMap", "ConfigMap", "TaskRun", "ConfigMap"]
    assert output.startswith(PLAIN + "---\n# mine\napiVersion")


def test_json_that_does_not_ask_comes_out_as_it_went_in(run):
    stream = f"{json_of(PLAIN)}\n{json_of(PLAIN)}\n"

    assert preview(run, "-", stdin=stream, output="yaml")[1] == stream


def test_key_is_the_one_that_kubectl_sends(run):
    _, output, _ = preview(run, "-", stdin=PLAIN + "data: {y: a, on: b, 1.10: c}\n", output="json")

    assert list(json.loads(output)["data"]) == ["true", "1.1"]


@pytest.mark.parametrize("stdin", ["", "\n", "---\n", "# a comment\n---\n"])
def test_nothing_to_read_is_an_error_as_in_kubectl(run, stdin):
    for command in ("preview", "explain"):
        assert run(command, "-", "--registry", "registry", stdin=stdin) == (
            1,
            stdin if command == "preview" else "",
            "error: stdin: there is no object in it\n",
        )


def test_empty_standard_input_is_an_error_of_lint(run):
    assert run("lint", "-", stdin="") == (1, "stdin: is empty\n", "1 file, 1 problem\n")
    assert run("lint", "-", stdin="# rendered\n") == (0, "", "1 file, 0 problems, 1 file passed over\n")


# What cannot be read


def test_document_with_something_unreadable_after_it_is_left_out(run):
    code, output, errors = preview(run, "-", stdin=f"{PLAIN}...\nnot: one\n---\n{ASKING}", output="env")

    assert (code, output) == (1, INJECTED)
    assert errors == (
        "error: stdin:5: invalid YAML: expected '---' before another document; "
        "the document of line 1 is left out as well\n"
    )


@pytest.mark.parametrize(
    "after",
    ["...\nnot: one\n", "...\n%YAML 1.1\n", "}\n", "\t- x\n", "&", "...\n... x\n"],
)
def test_nothing_of_a_document_that_cannot_be_read_to_its_end_is_shown(run, after):
    for output in ("yaml", "json", "env", "diff", "patch"):
        code, shown, errors = preview(run, "-", stdin=ASKING + after, output=output)

        assert (code, shown) == (1, "")
        assert errors.startswith("error: stdin:")


def test_what_was_read_before_bytes_that_are_no_text_is_said(run):
    Path("run.yaml").write_bytes(f"{ASKING}---\n".encode() + b"a: \xe9\n---\n" + PLAIN.encode())

    for command, shown in (("preview", "kind: TaskRun"), ("explain", "TaskRun/asks: ")):
        code, output, errors = run(command, "run.yaml", "--registry", "registry")

        assert (code, shown in output) == (1, True)
        assert errors == (
            "error: run.yaml: is not UTF-8: byte 164, line 6; save it as UTF-8; "
            "the documents that begin up to line 1 were read\n"
        )


def test_other_files_are_shown_all_the_same(run):
    Path("bad.yaml").write_bytes(b"\xe9")
    Path("worse.yaml").write_text("a: [")
    Path("good.yaml").write_text(ASKING)

    assert preview(run, "bad.yaml", "worse.yaml", "good.yaml")[:2] == (1, INJECTED)
    code, output, _ = run("explain", "bad.yaml", "worse.yaml", "good.yaml", "--registry", "registry")
    assert (code, output.startswith("TaskRun/asks: ")) == (1, True)


def test_named_pipe_is_not_waited_for(run):
    os.mkfifo("pipe.yaml")

    for command in ("preview", "explain"):
        code, _, errors = run(command, "pipe.yaml", "--registry", "registry")

        assert code == 1
        assert errors.startswith(
            "error: pipe.yaml: is a named pipe; write < before it, and give - for standard input\n"
        )
    assert run("lint", "pipe.yaml")[:2] == (
        1,
        "pipe.yaml: is a named pipe; write < before it, and give - for standard input\n",
    )
    assert run("lint", ".")[2] == "1 file, 0 problems\n"


def test_pipe_of_a_shell_is_read(run):
    reader, writer = os.pipe()
    os.write(writer, ASKING.encode())
    os.close(writer)

    assert preview(run, f"/dev/fd/{reader}") == (0, INJECTED, "")


# Records

LISTED = {**EXTENSION, "metadata": {"name": "minio"}}
RECORDS = {
    "extension": json.dumps(EXTENSION),
    "extension-in-yaml": yaml.safe_dump(EXTENSION),
    "list": json.dumps({"apiVersion": "v1", "kind": "List", "metadata": {}, "items": [EXTENSION]}),
    "list-of-the-kind": json.dumps({"apiVersion": "fuseml.org/v1alpha1", "kind": "ExtensionList", "items": [LISTED]}),
    "json-lines": f"{json.dumps(EXTENSION | {'metadata': {'name': 'other'}})}\n{json.dumps(EXTENSION)}\n",
    "record-in-json": json.dumps(yaml.safe_load(RECORD)),
    "record-in-a-list": json.dumps([yaml.safe_load(RECORD)]),
    "beside-a-record": RECORD.replace("id: minio", "id: other") + "---\n" + json.dumps(EXTENSION),
}


@pytest.mark.parametrize("content", RECORDS.values(), ids=RECORDS)
def test_extension_object_is_read_wherever_a_record_is(run, content):
    Path("registry/minio.yaml").write_text(content)
    asking = ASKING.replace("product: minio", "extension_id: minio")

    assert preview(run, "-", stdin=asking) == (0, INJECTED, "")
    assert run("lint", "registry") == (0, "", "1 file, 0 problems\n")
    assert run("lint", "--registry", "registry") == (0, "", "1 file, 0 problems\n")


FORBIDDEN = """\
# kubectl get ext -o yaml
apiVersion: v1
kind: List
items:
  - apiVersion: fuseml.org/v1alpha1
    kind: Extension
    metadata: {name: minio}
    spec:
      product: minio
      version: 1.10
      services:
        - id: s3
          endpoints:
            - url: http://minio
              configuration:
                PATH: /x
          credentials: [{id: login, configuration: {KEY: hunter2}}]
"""


def test_what_is_wrong_in_an_extension_object_is_said_at_its_line(run):
    Path("registry/minio.yaml").write_text(FORBIDDEN)

    expected = [
        "registry/minio.yaml:10: items[0].spec.version: expected text, got a number; put it in quotes",
        "registry/minio.yaml:16: items[0].spec.services[0].endpoints[0].configuration.PATH: variable 'PATH' controls a "
        "loader, shell, interpreter or tool; the operator may allow it with --allow-variable PATH",
        "registry/minio.yaml:17: items[0].spec.services[0].credentials[0].secretRef: is required: in a cluster the "
        "values of credentials are in a Secret",
    ]
    assert run("lint", "registry")[1].splitlines() == expected
    assert run("lint", "--registry", "registry")[1].splitlines() == expected
    assert preview(run, "-", stdin=ASKING)[2].splitlines() == [f"error: {line}" for line in expected]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(
            "apiVersion: fuseml.org/v1\nkind: Extension\n",
            "1: apiVersion: expected fuseml.org/v1alpha1, got 'fuseml.org/v1'",
            id="version",
        ),
        pytest.param(
            "kind: Extension\nmetadata: {name: a}\nspec: {}\n",
            "1: apiVersion: expected fuseml.org/v1alpha1, got nothing",
            id="no-version",
        ),
        pytest.param(
            "apiVersion: fuseml.org/v1alpha1\nkind: Extension\nspec: {}\n",
            "1: metadata.name: is required: it is the id of the extension",
            id="no-name",
        ),
        pytest.param(
            "apiVersion: fuseml.org/v1alpha1\nkind: Extension\nmetadata: {name: a}\nspecs: {}\nspec: {}\n",
            "4: specs: unknown field 'specs'; did you mean 'spec'?",
            id="unknown-field",
        ),
        pytest.param(
            "apiVersion: fuseml.org/v1alpha1\nkind: Extension\nmetadata: {name: a}\n",
            "1: spec: is required",
            id="no-spec",
        ),
        pytest.param(
            "apiVersion: v1\nkind: ConfigMap\n",
            "2: kind: expected a record or an object of kind Extension, got 'ConfigMap'",
            id="another-kind",
        ),
        pytest.param(
            "apiVersion: fuseml.org/v1alpha1\nkind: Extension\nmetadata: {name: 1.10}\nspec: {}\n",
            "3: metadata.name: expected text, got a number; put it in quotes",
            id="number-for-a-name",
        ),
    ],
)  # fmt: skip
def test_registry_holds_extensions_only(run, content, problem):
    Path("registry/minio.yaml").write_text(content)

    assert run("lint", "--registry", "registry")[1] == f"registry/minio.yaml:{problem}\n"


# Colours


@pytest.mark.parametrize(("variable", "is_coloured"), [(None, True), ("", True), ("1", False), ("0", False)])
def test_no_color_is_heeded(run, variable, is_coloured):
    Path("run.yaml").write_text(ASKING)
    args = ["preview", "run.yaml", "--registry", "registry", "-o", "diff"]

    shown = CliRunner().invoke(commands, args, env={"NO_COLOR": variable}, color=True).stdout

    assert ("\x1b[32m+" in shown) == is_coloured
    assert "+++ admitted/TaskRun/asks" in shown
