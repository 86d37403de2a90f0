"""The commands as a person uses them: what they print, and how they end."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from webhook.cli.main import commands
from webhook.mutation.note import resolved

RECORD = """\
id: minio
product: minio
version: 4.1.3
services:
  - id: s3
    resource: s3
    endpoints: [{url: http://minio:9000, configuration: {S3_URL: http://minio:9000}}]
    credentials: [{id: login, configuration: {S3_KEY: "$(hunter2)"}}]
"""
ASKING = """\
# my run
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: asks}
spec:
  taskSpec:
    steps:
      - name: a
        image: i
        extensions: [{name: store, product: minio}]
        env: [{name: BUCKET, value: "$(S3_URL)/b"}]
"""
PLAIN = """\
---
# not asking, comments and all
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: "plain"}
spec: {taskSpec: {steps: [{name: a, image: 'i'}]}}
"""
REFUSED = ASKING.replace("product: minio", "product: mini")
NOTE = (
    '{"asked":"d55f24093244f78f","kind":"TaskRun","given":[{"to":"*","selectors":{"store":{"extension":"minio",'
    '"service":"s3","endpoint":"external","credentials":"login","variables":["S3_URL","S3_KEY"]}},'
    '"put":{"S3_URL":"62cad948ad07fa63","S3_KEY":"a7035d45b8a96918"}}],'
    '"taken":[{"to":["a"],"content":[{"name":"store","product":"minio"}]}]}'
)
RESULT = f"""\
# my run
apiVersion: tekton.dev/v1
kind: TaskRun
metadata:
  name: asks
  annotations:
    extensions.fuseml.org/resolved: '{NOTE}'
spec:
  taskSpec:
    steps:
    - name: a
      image: i
      env:
      - name: S3_URL
        value: http://minio:9000
      - name: S3_KEY
        value: <hidden>
      - name: BUCKET
        value: $(S3_URL)/b
"""


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


def preview(run, *args, stdin):
    return run("preview", "-f", "-", "--registry", "registry", *args, stdin=stdin)


def test_preview_shows_what_changes_and_leaves_the_rest_as_it_was_written(run):
    assert preview(run, stdin=ASKING + PLAIN) == (0, RESULT + PLAIN, "")


def test_preview_shows_credentials_when_told_to(run):
    _, output, _ = preview(run, "--show-credentials", stdin=ASKING)

    # The digest of a variable is that of what stands in the object.
    shown = resolved.digest({"name": "S3_KEY", "value": "$$(hunter2)"})
    assert output == RESULT.replace("<hidden>", "$$(hunter2)").replace("a7035d45b8a96918", shown)


def test_preview_refuses_one_document_and_goes_on_with_the_next(run):
    code, output, errors = preview(run, stdin=REFUSED + PLAIN)

    assert (code, output) == (1, PLAIN)
    assert errors == (
        "error: stdin:10: TaskRun/asks: steps[a]: selector 'store' (product=mini): nothing fits; nothing registered "
        "has product 'mini'; did you mean 'minio'?\n"
    )


def test_preview_says_where_a_document_cannot_be_read_and_goes_on(run):
    code, output, errors = preview(run, stdin="a: [1,\n---\nb: 1\n")

    assert (code, output) == (1, "---\nb: 1\n")
    assert errors == "error: stdin:1: invalid YAML: did not find expected node content\n"


def test_preview_warns_of_a_key_that_stands_twice_and_takes_the_last(run):
    code, output, errors = preview(run, stdin="---\na: 1\na: 2\n")

    assert (code, output, errors) == (0, "---\na: 1\na: 2\n", "warning: stdin:3: 'a' occurs twice in this map\n")


def test_preview_gives_the_patch(run):
    _, output, _ = preview(run, "-o", "patch", stdin=ASKING + PLAIN)

    patch, nothing = output.split("]\n", 1)
    assert [op["op"] + " " + op["path"] for op in json.loads(patch + "]")] == [
        "add /spec/taskSpec/steps/0/env/0",
        "add /spec/taskSpec/steps/0/env/1",
        "remove /spec/taskSpec/steps/0/extensions",
        "add /metadata/annotations",
    ]
    assert nothing == "[]\n"


def test_preview_gives_json_for_each_object(run):
    _, output, _ = preview(run, "-o", "json", stdin=PLAIN)

    assert json.loads(output)["metadata"] == {"name": "plain"}


def test_preview_gives_the_environment_as_the_process_sees_it(run):
    _, output, _ = preview(run, "-o", "env", "--show-credentials", stdin=ASKING + PLAIN)

    assert output == (
        "# TaskRun/asks steps[a]\n"
        "S3_URL=http://minio:9000  # selector 'store'\n"
        "S3_KEY='$(hunter2)'  # selector 'store'\n"
        "BUCKET=http://minio:9000/b  # its own env\n"
    )


def test_preview_gives_a_diff(run):
    _, output, _ = preview(run, "-o", "diff", stdin=ASKING + PLAIN)

    assert output.startswith("--- submitted/TaskRun/asks\n+++ admitted/TaskRun/asks\n")
    assert "\n-      extensions:\n" in output
    assert "\n+      - name: S3_URL\n+        value: http://minio:9000\n" in output
    assert "hunter2" not in output


def test_preview_reads_lists_and_json(run):
    objects = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}]
    asking = json.loads(preview(run, "-o", "json", stdin=PLAIN)[1])
    asking["spec"]["taskSpec"]["steps"][0]["extensions"] = [{"name": "store", "product": "minio"}]
    listed = {"apiVersion": "v1", "kind": "List", "items": [*objects, asking]}

    code, output, _ = preview(run, "-o", "json", stdin=json.dumps(listed, indent="\t"))

    items = json.loads(output)["items"]
    assert (code, items[0]) == (0, objects[0])
    assert [e["name"] for e in items[1]["spec"]["taskSpec"]["steps"][0]["env"]] == ["S3_URL", "S3_KEY"]


def test_preview_asks_for_whom_it_is_told(run):
    scoped = RECORD.replace("id: login,", "id: login, scope: user, users: [ann], projects: [ml],")
    Path("registry/minio.yaml").write_text(scoped)

    names = {
        args: [line.partition("=")[0] for line in preview(run, "-o", "env", *args, stdin=ASKING)[1].splitlines()[1:]]
        for args in [
            (),
            ("--user", "ann"),
            ("--user", "ann", "-n", "ml"),
            ("--user", "ann", "-n", "x", "--project", "ml"),
        ]
    }

    assert list(names.values()) == [["S3_URL", "BUCKET"]] * 2 + [["S3_URL", "S3_KEY", "BUCKET"]] * 2


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        pytest.param(["preview"], 2, "nothing to read: give a FILE, a folder, or - for standard input", id="no-file"),
        pytest.param(["preview", "-f", "none.yaml", "--registry", "registry"], 2, "does not exist", id="no-such-file"),
        pytest.param(["preview", "-f", "-", "--registry", "none"], 2, "does not exist", id="no-such-registry"),
        pytest.param(
            ["preview", "-f", "-", "--registry", "broken"], 1, "error: broken/r.yaml:1: produkt: ", id="broken"
        ),
        pytest.param(["lint"], 2, "nothing to read: give a FILE", id="nothing-to-lint"),
        pytest.param(["nonsense"], 2, "No such command", id="no-such-command"),
    ],
)
def test_wrong_usage_is_told_from_what_is_wrong(run, args, code, message):
    Path("broken").mkdir()
    Path("broken/r.yaml").write_text("produkt: x\n")

    found, output, errors = run(*args)

    assert (found, output) == (code, "")
    assert message in errors


def test_explain_says_why(run):
    code, output, _ = run("explain", "-f", "-", "--registry", "registry", "--zone", "z", stdin=ASKING + PLAIN)

    assert code == 0
    assert output == (
        "TaskRun/asks: asked for by project 'default', user '', zone 'z'\n"
        "\n"
        "steps[a]\n"
        "  selector 'store' (product=minio)\n"
        "    = minio/s3: the only one that fits\n"
        "      endpoint: http://minio:9000 (external)\n"
        "      credentials: login\n"
        "      S3_URL  from endpoint 'http://minio:9000' of minio/s3\n"
        "      S3_KEY  from credentials 'login' of minio/s3\n"
        "\n"
        "admitted\n"
    )


def test_explain_and_the_refusal_agree(run):
    code, output, _ = run("explain", "-f", "-", "--registry", "registry", "-o", "json", stdin=REFUSED)
    _, _, refusal = preview(run, stdin=REFUSED)

    (told,) = json.loads(output)
    assert code == 1
    assert refusal == "".join(
        f"error: {problem.replace('stdin:10: ', 'stdin:10: TaskRun/asks: ')}\n" for problem in told["problems"]
    )
    assert refusal.startswith("error: stdin:10: ")
    (selector,) = told["steps"][0]["selectors"]
    assert selector["chosen"] is None
    assert selector["candidates"] == [
        {"service": "minio/s3", "removed_by": "match", "why": "product is 'minio', not 'mini'"}
    ]


def test_explain_shows_no_values(run):
    for output in ("text", "json"):
        assert "hunter2" not in run("explain", "-f", "-", "--registry", "registry", "-o", output, stdin=ASKING)[1]


def test_explain_of_a_stored_run_says_what_it_was_given_and_what_it_would_get_now(run):
    _, stored, _ = preview(run, stdin=ASKING)
    Path("registry/minio.yaml").write_text(RECORD.replace("http://minio:9000", "http://new:9000"))

    code, text, _ = run("explain", "-f", "-", "--registry", "registry", "--zone", "z", stdin=stored)
    _, as_json, _ = run("explain", "-f", "-", "--registry", "registry", "-o", "json", stdin=stored)

    assert code == 0
    assert "\ngiven before: store: minio/s3/login\n" in text
    assert "      endpoint: http://new:9000 (external)\n" in text
    assert json.loads(as_json)[0]["before"] == ["store: minio/s3/login"]


@pytest.mark.parametrize(
    ("note", "given"),
    [
        ('{"steps": {"a": {"store": {"extension": "minio", "service": "s3", "credentials": "login"}}}}', "store: "),
        ('{"kind": "TaskRun", "short": true, "bound": [["minio", "s3", "login"]]}', ""),
    ],
    ids=["of-an-older-version", "short"],
)
def test_explain_of_a_run_that_keeps_what_it_has_says_so(run, note, given):
    kept = f"metadata: {{name: kept, annotations: {{extensions.fuseml.org/resolved: {note!r}}}}}"
    stored = PLAIN.replace('metadata: {name: "plain"}', kept)

    code, text, _ = run("explain", "-f", "-", "--registry", "registry", stdin=stored)
    Path("registry/minio.yaml").write_text(RECORD.replace("id: login", "id: other"))
    refused, problem, _ = run("explain", "-f", "-", "--registry", "registry", stdin=stored)

    assert code == 0
    assert f"\ngiven before: {given}minio/s3/login\n" in text
    assert "\nwarning: its note cannot undo what it was given before, which it keeps;" in text
    assert refused == 1
    assert "\nrefused: it holds credentials 'login' of minio/s3, which you may not have now;" in problem


def test_explain_of_what_does_not_ask(run):
    assert (
        run("explain", "-f", "-", "--registry", "registry", stdin=PLAIN)[1] == "no object here asks for an extension\n"
    )


LINTED = """\
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: wrong}
spec:
  taskSpec:
    steps:
      - name: a
        extensions:
          - name: store
            produkt: minio
        args:
          - << extension.stor.url >>
          - << extension.store.utl >>
"""


def test_lint_says_file_line_and_what_would_help(run):
    Path("run.yaml").write_text(PLAIN + "---\n" + LINTED)
    Path("registry/other.yaml").write_text("id: other\nproduct: x\nversions: 1\nservices: [{id: s, uri: x}]\n")
    Path("values.yaml").write_text("image: {product: x}\nsteps: 7\n")

    code, output, errors = run("lint", "run.yaml", "registry", "values.yaml")

    assert code == 1
    assert output == (
        "run.yaml:16: steps[a]: selector 'store': has no criteria; give at least one of extension_id, "
        "service_id, zone, product, version, service_category, service_resource\n"
        "run.yaml:17: steps[a]: selector 'store': produkt: unknown field 'produkt'; did you mean 'product'?\n"
        "run.yaml:19: steps[a].args[0]: \"<< extension.stor.url >>\": no selector is named 'stor' here; there are "
        "store\n"
        "run.yaml:20: steps[a].args[1]: \"<< extension.store.utl >>\": unknown field 'utl'; did you mean 'url'?\n"
        "registry/other.yaml:3: versions: unknown field 'versions'; did you mean 'version'?\n"
        "registry/other.yaml:4: services[0].uri: unknown field 'uri'; there are id, resource, category, description, "
        "auth_required, default, configuration, endpoints, credentials\n"
    )
    assert errors == "4 files, 6 problems, 1 file passed over\n"


def test_lint_finds_one_id_in_two_files(run):
    Path("registry/again.json").write_text('{"id": "minio", "services": []}')

    code, output, _ = run("lint", "registry")

    assert (code, output) == (
        1,
        "registry/minio.yaml: an extension with id 'minio' is already in registry/again.json\n",
    )


def test_lint_is_content_with_what_is_right(run):
    Path("run.yaml").write_text(ASKING)

    assert run("lint", ".") == (0, "", "2 files, 0 problems\n")


def test_lint_tells_programs(run):
    Path("run.yaml").write_text(LINTED)

    problems = json.loads(run("lint", "-o", "json", "run.yaml")[1])

    assert problems[0]["file"] == "run.yaml"
    assert {p["line"] for p in problems} == {9, 10, 12, 13}


@pytest.mark.parametrize("name", ["fuseml", "kubectl-fuseml"])
def test_the_commands_are_installed(name):
    command = Path(sys.executable).with_name(name)

    run = subprocess.run([command, "--help"], capture_output=True, text=True, timeout=60, check=True)

    assert run.stdout.startswith(f"Usage: {name.replace('-', ' ')} [OPTIONS] COMMAND")


def test_a_reader_that_goes_away_is_no_error(run):
    Path("run.yaml").write_text(ASKING + PLAIN * 2000)
    command = f"{Path(sys.executable).with_name('fuseml')} preview -f run.yaml --registry registry | head -1"

    run = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, check=True)

    assert (run.stdout, run.stderr) == ("# my run\n", "")


MANY = """\
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {generateName: many-}
spec:
  pipelineSpec:
    tasks:
      - name: t
        taskSpec:
          steps:
            - name: a
              image: i
              extensions:
                - {name: one, product: minio, optional: true}
                - {name: none, product: nothing, optional: true}
                - {name: other, service_resource: s3, env_prefix: O_}
              args: ["<< extension.one.url >>"]
"""


def test_explain_tells_candidates_secrets_warnings_and_expressions(run):
    twins = [RECORD.replace("id: minio", f"id: minio-{i}").replace("4.1.3", f"4.1.{i}") for i in range(25)]
    by_reference = twins[24].replace('{S3_KEY: "$(hunter2)"}', "{S3_KEY: key}, secretRef: {name: login}")
    Path("registry/twins.yaml").write_text("---\n".join([*twins[:24], by_reference]))

    code, output, _ = run(
        "explain", "-f", "-", "--registry", "registry", stdin=ASKING.replace("asks", "x") + "---\n" + MANY
    )

    assert code == 0
    assert "\n\nPipelineRun/many-: asked for by" in output
    assert "    = minio-24/s3: its version '4.1.24' is higher than '4.1.23'\n" in output
    assert "      S3_KEY  from credentials 'login' of minio-24/s3, Secret login/key\n" in output
    assert (
        "    - minio-23/s3: rule 'choose': minio-24/s3 is preferred: its version '4.1.24' is higher than '4.1.23'"
        in output
    )
    assert "    - and 6 more\n" in output
    assert "    nothing, as it is optional: nothing fits; " in output
    assert "      O_S3_URL  from endpoint" in output
    assert "expressions\n  tasks[t].steps[a].args[0]: << extension.one.url >>\n" in output
    assert ": tasks[t].steps[a]: selector 'one': minio-24/s3 chosen over minio-23/s3, " in output


def test_explain_of_a_refused_object_goes_as_far_as_it_can(run):
    code, output, _ = run("explain", "-f", "-", "--registry", "registry", stdin=REFUSED)

    assert code == 1
    assert "    refused: nothing fits; " in output
    assert "\nrefused: stdin:10: steps[a]: selector 'store' (product=mini): nothing fits; " in output
    assert "admitted" not in output


def test_explain_does_not_guess_at_what_cannot_be_read(run):
    assert run("explain", "-f", "-", "--registry", "registry", stdin="a: [") == (
        1,
        "",
        "error: stdin:1: invalid YAML: did not find expected node content\n",
    )


def test_lint_reads_what_cannot_be_read_and_names_us_as_a_problem(run):
    Path("registry/latin.yaml").write_bytes(b"apiVersion: fuseml.org/v1alpha1\n# caf\xe9\n")
    Path("registry/alias.yaml").write_text("product: *nothing\nservices: []\n")

    code, output, _ = run("lint", "registry")

    assert code == 1
    assert output == (
        "registry/alias.yaml:1: an alias refers to no anchor; put text that begins with '*' in quotes\n"
        "registry/latin.yaml: is not UTF-8: byte 37, line 2; save it as UTF-8\n"
    )


def test_lint_looks_into_lists(run):
    Path("list.yaml").write_text("apiVersion: v1\nkind: List\nitems:\n- kind: x\n- " + LINTED.replace("\n", "\n  "))
    Path("records.json").write_text('[{"id": "a", "services": []}, {"id": "b", "services": 7}]')

    code, output, _ = run("lint", "list.yaml", "records.json")

    assert code == 1
    assert "list.yaml:14: steps[a]: selector 'store': produkt: unknown field" in output
    assert "records.json:1: [1].services: expected a list, got text\n" in output


def test_lint_takes_everything_in_a_registry_for_a_record(run):
    Path("registry/typo.yaml").write_text("produkt: x\n")

    assert run("lint", "registry")[0] == 0
    code, output, _ = run("lint", "--registry", "registry")

    assert (code, output) == (1, "registry/typo.yaml:1: produkt: unknown field 'produkt'; did you mean 'product'?\n")


@pytest.mark.parametrize("command", ["preview", "explain", "lint"])
def test_folder_without_records_is_said_to_hold_none(command, tmp_path):
    """In a clone, ``--registry registry`` names a package of ours."""
    (tmp_path / "registry").mkdir()
    (tmp_path / "registry/errors.py").write_text("")
    object_ = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n"

    result = CliRunner().invoke(commands, [command, "-", "--registry", str(tmp_path / "registry")], input=object_)

    assert (
        f"warning: {tmp_path}/registry: holds no records: there is no *.yaml, *.yml, *.json directly in it\n"
        in result.stderr
    )
