"""``fuseml extension impact`` as an operator uses it: on files, and on a cluster with and without rights."""

import json
import os
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from registry.stores.cluster import EXTENSIONS, NAMESPACES
from tests.fakes.object_api import write_kubeconfig
from tests.fakes.watched_api import FakeApi, serving
from tests.preview.impact.objects import OBJECTS
from tests.preview.impact.test_stored import ENDED, GOING_ON, stored
from tests.preview.impact.world import MINIO, with_login
from webhook.cli.main import commands
from webhook.preview import cluster_objects

GOLDEN = Path(__file__).parent / "golden"
RECORD = """\
id: minio
product: minio
version: "1.0.0"
services:
  - id: s3
    resource: s3
    configuration: {BUCKET: models, REGION: eu}
    endpoints: [{url: http://minio:9000, configuration: {S3_URL: http://minio:9000}}]
    credentials:
      - id: everyone
        configuration: {S3_KEY: canary-1}
---
id: spare
product: spare
services: [{id: s3, resource: s3, configuration: {BUCKET: other}}]
"""
CHANGED = """\
id: minio
product: minio
version: "2.0.0"
services:
  - id: s3
    resource: s3
    configuration: {BUCKET: models-of-another-name-that-is-so-long-that-nobody-wants-to-read-all-of-it}
    endpoints: [{url: http://new:9000, configuration: {S3_URL: http://new:9000, PATH_STYLE: "true"}}]
    credentials:
      - id: everyone
        configuration: {S3_KEY: canary-2}
---
id: minio-2
product: minio
version: "2.0.0"
services: [{id: s3, resource: tables}]
"""
MANIFESTS = """\
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: moves, namespace: team-a}
spec:
  pipelineSpec:
    tasks:
      - name: train
        taskSpec:
          steps:
            - name: main
              image: i
              extensions: [{name: store, product: minio, service_resource: s3}]
              env: [{name: FROM, value: "<< extension.store.url >>/<< extension.store.version >>"}]
---
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: pinned, namespace: team-a}
spec:
  templates:
    - name: main
      container: {image: i}
      extensions: [{name: store, product: minio, version: ~1.0}]
---
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {name: unsure, namespace: team-b}
spec:
  schedule: "@daily"
  workflowSpec:
    templates:
      - name: main
        container: {image: i}
        extensions: [{name: store, product: minio}]
---
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: can-at-last}
spec: {taskSpec: {steps: [{name: main, image: i, extensions: [{name: tables, service_resource: tables}]}]}}
---
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: asks-for-another}
spec: {taskSpec: {steps: [{name: main, image: i, extensions: [{name: spare, product: spare}]}]}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: asks-nothing}
"""


def invoke(*args, stdin=None, **variables):
    result = CliRunner().invoke(commands, ["extension", "impact", *args], input=stdin, env=variables)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "canary" not in result.output
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("registry").mkdir()
    Path("registry/records.yaml").write_text(RECORD)
    Path("changed.yaml").write_text(CHANGED)
    Path("manifests.yaml").write_text(MANIFESTS)
    return ["--registry", "registry", "--in", "manifests.yaml"]


@pytest.mark.parametrize(
    ("name", "args"),
    [
        pytest.param("today.txt", ["minio"], id="today"),
        pytest.param("changed.txt", ["-f", "changed.yaml"], id="changed"),
        pytest.param("one-of-those-changed.txt", ["minio", "-f", "changed.yaml"], id="one-of-those-changed"),
        pytest.param("deleted.txt", ["minio", "--delete"], id="deleted"),
        pytest.param("changed.json", ["-f", "changed.yaml", "-o", "json"], id="json"),
        pytest.param("changed.yaml", ["-f", "changed.yaml", "-o", "yaml"], id="yaml"),
        pytest.param("changed-names.txt", ["-f", "changed.yaml", "-o", "name"], id="names"),
        pytest.param("today-names.txt", ["minio", "-o", "name"], id="names-today"),
    ],
)
def test_output(files, name, args):
    code, shown, errors = invoke(*args, *files)

    expected = GOLDEN / "impact" / name
    if os.environ.get("UPDATE_GOLDEN"):
        expected.parent.mkdir(parents=True, exist_ok=True)
        expected.write_text(shown)
    assert (code, shown, errors) == (0, expected.read_text(), "")


def test_yaml_and_json_say_the_same(files):
    shown = [invoke("-f", "changed.yaml", "-o", output, *files)[1] for output in ("json", "yaml")]

    assert json.loads(shown[0]) == yaml.safe_load(shown[1])


def test_plan_that_is_empty_is_whole_as_well(files):
    Path("manifests.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n")

    shown = [invoke("minio", "--delete", "-o", output, *files)[1] for output in ("json", "yaml")]

    plan = json.loads(shown[0])
    assert (plan["objects"], plan["change"]["deleted"], plan["summary"]["looked_at"]) == ([], ["minio"], 1)
    assert yaml.safe_load(shown[1]) == plan


def test_exit_code_says_that_something_is_refused_only_if_it_is_asked_for(files):
    codes = {
        change: [invoke(*change, *option, *files)[0] for option in ([], ["--exit-code"])]
        for change in (("minio",), ("minio", "--delete"), ("-f", "registry/records.yaml"), ("-f", "changed.yaml"))
    }

    assert codes == {
        ("minio",): [0, 0],
        ("minio", "--delete"): [0, 1],
        ("-f", "registry/records.yaml"): [0, 0],
        ("-f", "changed.yaml"): [0, 1],
    }


def test_what_is_only_refused_if_it_is_sent_again_is_no_failure(files):
    Path("manifests.yaml").write_text(yaml.safe_dump(stored("TaskRun")))
    Path("registry/records.yaml").write_text(yaml.safe_dump(MINIO))

    code, shown, _ = invoke("minio", "--delete", "--exit-code", *files)

    assert code == 0
    assert shown.startswith(
        "TaskRun/demo, namespace team-a (manifests.yaml:1): keeps what it was given; if it is sent "
    )


def test_records_and_manifests_are_read_from_standard_input_too(files):
    assert invoke("-f", "-", *files, stdin=CHANGED)[1] == invoke("-f", "changed.yaml", *files)[1]
    args = ["minio", "-o", "name", "--registry", "registry"]
    assert invoke(*args, "--in", "-", stdin=MANIFESTS) == invoke(*args, "--in", "manifests.yaml")


def test_options_are_read_from_the_environment(files):
    variables = {"FUSEML_REGISTRY": "registry", "FUSEML_EXTENSION_IMPACT_IN": "manifests.yaml"}

    assert invoke("minio", **variables) == invoke("minio", *files)
    assert invoke("minio", FUSEML_EXTENSION_IMPACT_DELETE="true", **variables) == invoke("minio", "--delete", *files)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "give the ID of an extension, records with -f FILE, or both"),
        (["--delete"], "give the ID of an extension, records with -f FILE, or both"),
        (["minio", "--delete", "-f", "changed.yaml"], "--delete needs an ID, and no -f"),
        (["--delete", "-f", "changed.yaml"], "--delete needs an ID, and no -f"),
        (["minio", "-f", "-", "--in", "-"], "only one of -f and --in can be standard input"),
    ],
)
def test_wrong_usage_says_what_would_help(files, args, message):
    code, shown, errors = invoke(*args, *files)

    assert (code, shown, errors.splitlines()[-1]) == (2, "", f"Error: {message}")


def test_there_must_be_something_to_look_at(files):
    code, _, errors = invoke("minio", "--registry", "registry")

    assert (code, errors.splitlines()[-1]) == (
        2,
        "Error: nothing to look at: give --cluster, or files with --in FILE",
    )


@pytest.mark.parametrize(
    ("args", "content", "message"),
    [
        (["mino"], "", "an extension with the given ID could not be found: mino; did you mean 'minio'?"),
        (["x", "--delete"], "", "an extension with the given ID could not be found: x"),
        (["x", "-f", "other.yaml"], "id: y\n", "no record of other.yaml has the id 'x'"),
        (["-f", "other.yaml"], "# nothing\n", "other.yaml: there is no record in it"),
        (
            ["-f", "other.yaml", "-f", "changed.yaml"],
            "id: minio-2\n",
            "changed.yaml:13: 'minio-2' is already in other.yaml:1",
        ),
        (["-f", "other.yaml"], "id: y\nuri: z\n", "other.yaml:2: uri: unknown field 'uri'; there are "),
        (["-f", "other.yaml"], "\x00", "other.yaml"),
    ],
)
def test_change_that_cannot_be_made_is_an_error(files, args, content, message):
    Path("other.yaml").write_text(content)

    code, shown, errors = invoke(*args, *files)

    assert (code, shown) == (1, "")
    assert errors.startswith(f"error: {message}")


def test_manifest_that_cannot_be_read_is_an_error_and_the_others_are_judged(files):
    Path("manifests.yaml").write_text(f"a: [\n---\n{MANIFESTS}")

    code, shown, errors = invoke("minio", "--delete", *files)

    assert (code, errors.startswith("error: manifests.yaml:")) == (1, True)
    assert "PipelineRun/moves" in shown


# A cluster

PATHS = {
    "Pipeline": "/apis/tekton.dev/v1/pipelines",
    "PipelineRun": "/apis/tekton.dev/v1/pipelineruns",
    "TaskRun": "/apis/tekton.dev/v1/taskruns",
    "Task": "/apis/tekton.dev/v1/tasks",
    "Workflow": "/apis/argoproj.io/v1alpha1/workflows",
    "WorkflowTemplate": "/apis/argoproj.io/v1alpha1/workflowtemplates",
    "ClusterWorkflowTemplate": "/apis/argoproj.io/v1alpha1/clusterworkflowtemplates",
    "CronWorkflow": "/apis/argoproj.io/v1alpha1/cronworkflows",
    "Job": "/apis/batch/v1/jobs",
    "CronJob": "/apis/batch/v1/cronjobs",
    "Deployment": "/apis/apps/v1/deployments",
}
# They are read even though nothing in these tests is one of them.
OTHERS = {
    "/apis/tekton.dev/v1beta1/stepactions",
    "/apis/apps/v1/statefulsets",
    "/apis/apps/v1/daemonsets",
    "/apis/apps/v1/replicasets",
    "/api/v1/replicationcontrollers",
}


def extension(namespace, record):
    spec = {key: value for key, value in record.items() if key != "id"}
    metadata = {"namespace": namespace, "name": record["id"]}
    return {"apiVersion": "fuseml.org/v1alpha1", "kind": "Extension", "metadata": metadata, "spec": spec}


SHARED = with_login(secretRef={"name": "minio"}, configuration={"S3_KEY": "key"})


@pytest.fixture
def api():
    """A cluster with two namespaces, and an object of each kind in the first."""
    api = FakeApi()
    api.put(EXTENSIONS, extension("fuseml", SHARED))
    for name in ("team-a", "team-b", "fuseml"):
        labels = {"extensions.fuseml.org/project": name}
        api.put(NAMESPACES, {"metadata": {"name": name, "uid": f"u-{name}", "labels": labels}})
    for kind in PATHS:
        put(api, kind, OBJECTS[kind])
    return api


def put(api, kind, obj, *, name="demo", namespace="team-a"):
    """As the API server lists it: items of Kubernetes' own kinds do not say what they are."""
    obj = {key: value for key, value in obj.items() if key not in ("apiVersion", "kind") or "argoproj" in PATHS[kind]}
    where = {} if kind.startswith("Cluster") else {"namespace": namespace}
    metadata = {**obj["metadata"], "name": name, "managedFields": [{"manager": "kubectl"}], **where}
    api.put(PATHS[kind], {**obj, "metadata": metadata})


@pytest.fixture
def kubeconfig(api, tmp_path):
    """How to reach the cluster."""
    with serving(api) as client:
        yield write_kubeconfig(tmp_path / "kubeconfig", client.configuration.host, namespace="team-a")


@pytest.fixture
def impact(kubeconfig):
    """Runs the command on the cluster."""

    def run(*args, registry="fuseml", **more):
        return invoke(*args, "--registry-namespace", registry, "--kubeconfig", str(kubeconfig), **more)

    return run


NAMES = [f"team-a/{kind}/demo" if not kind.startswith("Cluster") else f"{kind}/demo" for kind in PATHS]


def test_all_kinds_of_a_cluster_are_looked_at(impact):
    code, shown, errors = impact("minio", "-o", "name")

    assert (code, sorted(shown.splitlines()), errors) == (0, sorted(NAMES), "")


def test_each_kind_is_read_with_one_request(api, impact):
    for i in range(20):
        put(api, "PipelineRun", OBJECTS["PipelineRun-by-reference"], name=f"by-reference-{i}", namespace="team-b")
    task = {**OBJECTS["Task"], "metadata": {}}
    put(api, "Task", task, name="plain", namespace="team-b")
    api.requests.clear()

    _, shown, errors = impact("minio", "--delete", "-o", "name")

    assert (shown.count("team-b/PipelineRun/by-reference"), errors) == (20, "")
    assert sorted(path for path, _ in api.requests) == sorted([EXTENSIONS, NAMESPACES, *PATHS.values(), *OTHERS])


def test_kinds_are_read_in_pages(api, impact, monkeypatch):
    monkeypatch.setattr(cluster_objects, "PAGE", 2)
    for i in range(5):
        put(api, "TaskRun", OBJECTS["TaskRun"], name=f"r-{i}")

    _, shown, _ = impact("minio", "-o", "name")

    assert shown.count("team-a/TaskRun/") == 6
    assert [query["limit"] for query in api.lists(PATHS["TaskRun"])] == ["2", "2", "2"]


def test_one_namespace_is_looked_at(api, impact):
    put(api, "TaskRun", OBJECTS["TaskRun"], name="elsewhere", namespace="team-b")

    _, shown, errors = impact("minio", "-o", "name", "-n", "team-b")

    assert (sorted(shown.splitlines()), errors) == (["ClusterWorkflowTemplate/demo", "team-b/TaskRun/elsewhere"], "")
    assert PATHS["TaskRun"] not in {path for path, _ in api.requests}


def test_engines_that_are_not_installed_are_no_problem(api, impact):
    api.absent = ("/apis/tekton.dev/", "/apis/argoproj.io/v1alpha1/clusterworkflowtemplates")

    code, shown, errors = impact("minio", "-o", "name")

    expected = [name for name in NAMES if not any(k in name for k in ("Pipeline", "Task", "ClusterWorkflow"))]
    assert (code, sorted(shown.splitlines()), errors) == (0, sorted(expected), "")


def test_older_versions_are_read_where_there_are_no_newer_ones(api, impact):
    api.absent = ("/apis/tekton.dev/v1/",)
    run = {**OBJECTS["TaskRun"], "apiVersion": "tekton.dev/v1beta1"}
    api.put("/apis/tekton.dev/v1beta1/taskruns", {**run, "metadata": {"name": "old", "namespace": "team-a"}})

    assert "team-a/TaskRun/old\n" in impact("minio", "-o", "name")[1]


def test_namespaces_that_may_not_be_read_are_named_and_the_others_are_read(api, impact):
    put(api, "TaskRun", OBJECTS["TaskRun"], name="mine", namespace="team-b")
    of_team_a = PATHS["TaskRun"].replace("/taskruns", "/namespaces/team-a/taskruns")
    api.refused = {PATHS["TaskRun"], PATHS["ClusterWorkflowTemplate"], of_team_a}

    code, shown, errors = impact("minio", "-o", "name")

    assert code == 0
    assert "team-b/TaskRun/mine\n" in shown
    assert "team-a/TaskRun" not in shown
    assert errors == (
        "warning: the clusterworkflowtemplates of the cluster are left out, as you may not list them\n"
        "warning: the taskruns of namespace 'team-a' are left out, as you may not list them\n"
    )


def test_who_may_list_no_namespaces_sees_that_of_the_context(api, impact):
    put(api, "TaskRun", OBJECTS["TaskRun"], name="unseen", namespace="team-b")
    tekton = {path.replace("/v1/", "/v1/namespaces/team-a/") for path in PATHS.values() if "tekton" in path}
    everyones = "/apis/fuseml.org/v1alpha1/namespaces/fuseml/extensions"
    api.permitted = {*tekton, everyones, f"{NAMESPACES}/team-a"}

    code, shown, errors = impact("minio", "-o", "name")

    assert code == 0
    assert {line.split("/")[0] for line in shown.splitlines()} == {"team-a"}
    said = errors.splitlines()
    assert (
        f"warning: only namespace 'team-a' is read, as you may not know which others there are: {NAMESPACES}: "
        "refused with 403"
    ) in said
    assert len(said) == len(set(said))


def test_namespace_that_was_deleted_meanwhile_is_passed_over(api, impact):
    put(api, "TaskRun", OBJECTS["TaskRun"], namespace="gone")

    code, shown, errors = impact("minio", "-o", "name")

    assert (code, "gone/" in shown, len(shown.splitlines()), errors) == (0, False, len(NAMES), "")


def test_cluster_that_does_not_answer_is_an_error(tmp_path):
    kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", "http://127.0.0.1:1")

    result = invoke("minio", "--registry-namespace", "fuseml", "--kubeconfig", str(kubeconfig))

    assert result == (1, "", "error: http://127.0.0.1:1: the API server does not answer\n")


def test_dry_run_of_a_deletion_shows_the_same(kubeconfig):
    args = ["minio", "--registry-namespace", "fuseml", "--kubeconfig", str(kubeconfig)]
    deleted = CliRunner().invoke(commands, ["extension", "delete", *args, "--dry-run"])

    code, plan, errors = invoke("fuseml/minio", "--delete", "--cluster", "--kubeconfig", str(kubeconfig))

    assert (deleted.exit_code, deleted.stderr) == (code, errors) == (0, errors)
    assert deleted.stdout == f"Extension minio successfully deleted (dry run)\n{plan}"
    assert "refused" in plan


def test_cluster_without_the_product_is_an_error(api, impact):
    api.absent = (EXTENSIONS,)

    code, _, errors = impact("minio")

    assert (code, errors) == (
        1,
        f"error: {EXTENSIONS}: the cluster has nothing of that kind; is it installed there?\n",
    )


def test_stored_runs_are_led_back_to_what_they_asked(api, impact):
    put(api, "TaskRun", {**stored("TaskRun"), "status": GOING_ON["TaskRun"]}, name="going-on")
    put(api, "TaskRun", {**stored("TaskRun"), "status": ENDED["TaskRun"]}, name="ended")

    _, shown, _ = impact("minio", "--delete", "-n", "team-a")
    _, unfinished, _ = impact("minio", "--delete", "-n", "team-a", "--unfinished", "-o", "name")

    again = "keeps what it was given; if it is sent again, refused\n  was given store: minio/s3/everyone\n"
    assert f"TaskRun/going-on, namespace team-a: {again}" in shown
    assert f"TaskRun/ended, namespace team-a, has ended: {again}" in shown
    assert ("TaskRun/going-on" in unfinished, "TaskRun/ended" in unfinished) == (True, False)


def test_extension_that_cannot_be_read_is_told_from_one_that_is_not_there(api, impact):
    api.put(EXTENSIONS, extension("fuseml", {"id": "broken", "uri": "x"}))

    assert impact("broken")[2].startswith("error: extension 'broken' cannot be read: spec.uri: unknown field 'uri'")


def test_definitions_of_another_namespace_are_found_where_only_one_is_looked_at(api, impact):
    params = [{"name": "name", "value": "shared"}, {"name": "namespace", "value": "fuseml"}]
    run = {**OBJECTS["TaskRun"], "spec": {"taskRef": {"resolver": "cluster", "params": params}}}
    put(api, "Task", OBJECTS["Task"], name="shared", namespace="fuseml")
    put(api, "TaskRun", run, name="refers", namespace="team-b")

    _, shown, errors = impact("minio", "-o", "name", "-n", "team-b")

    assert ("team-b/TaskRun/refers\n" in shown, errors) == (True, "")


def test_pods_that_cannot_be_predicted_are_said_in_one_line(api, impact):
    for name in "ab":
        run = {**OBJECTS["TaskRun"], "spec": {"taskRef": {"resolver": "git"}}}
        put(api, "TaskRun", run, name=name, namespace="team-b")

    assert impact("minio", "-o", "name", "-n", "team-b")[2] == (
        "warning: there are pods that cannot be predicted: TaskRun/a taskRef: what Tekton's resolver 'git' fetches is "
        "unknown; only 'cluster' is followed; and 1 more\n"
    )


def test_what_kubectl_noted_is_not_kept(api, impact):
    noted = {"kubectl.kubernetes.io/last-applied-configuration": "x" * 1000}
    put(
        api,
        "Task",
        {**OBJECTS["Task"], "metadata": {"annotations": {**OBJECTS["Task"]["metadata"]["annotations"], **noted}}},
    )

    assert "team-a/Task/demo\n" in impact("minio", "-o", "name")[1]


def test_extension_of_a_namespace_is_for_its_runs_only(api, impact, tmp_path):
    put(api, "TaskRun", OBJECTS["TaskRun"], name="elsewhere", namespace="team-b")
    own = extension("team-b", SHARED)
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(own))

    code, shown, _ = impact("-f", str(tmp_path / "own.yaml"), "-o", "json")
    api.put(EXTENSIONS, own)
    listed = impact("team-b/minio", "-o", "name")[1]

    plan = json.loads(shown)
    assert (code, plan["change"]) == (0, {"registered": ["team-b/minio"], "deleted": []})
    assert [(o["object"], o["outcome"]) for o in plan["objects"]] == [("TaskRun/elsewhere", "other service")]
    assert listed == "team-b/TaskRun/elsewhere\n"
    assert "could not be found: minio" in impact("team-a/minio")[2]


def test_credentials_count_as_delivered(api, impact, tmp_path):
    (tmp_path / "new.yaml").write_text(yaml.safe_dump({**SHARED, "services": [
        {**SHARED["services"][0], "credentials": [{**SHARED["services"][0]["credentials"][0], "id": "new"}]}
    ]}))  # fmt: skip

    plan = json.loads(impact("-f", str(tmp_path / "new.yaml"), "-o", "json", "--ledger-namespace", "fuseml-system")[1])

    outcomes = {found["outcome"] for found in plan["objects"]}
    assert outcomes == {"other values"}
    (difference,) = plan["objects"][0]["parts"][0]["selectors"][0]["differences"]
    assert (difference["name"], difference["credential"]) == ("S3_KEY", True)
    assert difference["before"].startswith("Secret fuseml-credentials-minio-")


def test_folder_can_be_tried_on_the_objects_of_a_cluster(api, impact, tmp_path):
    (tmp_path / "registry").mkdir()
    (tmp_path / "registry/minio.yaml").write_text(yaml.safe_dump(MINIO))
    with serving(api) as client:
        kubeconfig = write_kubeconfig(tmp_path / "other", client.configuration.host)
        args = ["minio", "-o", "name", "--registry", str(tmp_path / "registry"), "--kubeconfig", str(kubeconfig)]

        assert sorted(invoke(*args)[1].splitlines()) == sorted(NAMES)
