"""What ``preview`` and ``explain`` say of the pods of runs that refer to definitions."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import yaml
from click.testing import CliRunner

from tests.fakes.object_api import write_kubeconfig
from webhook.cli.main import commands
from webhook.objects import manifests

REGISTRY = {
    "id": "minio",
    "product": "minio",
    "services": [{"id": "s3", "endpoints": [{"url": "http://minio", "configuration": {"S3": "there"}}]}],
}
ASKING = "extensions: [{name: store, product: minio}]"
OWN = 'env: [{name: URL, value: "<< extension.store.url >>"}]'


def tekton(kind, name, spec, **annotations):
    return engine_object(
        "tekton.dev/v1beta1" if kind == "StepAction" else "tekton.dev/v1", kind, name, spec, annotations
    )


def argo(kind, name, spec, **annotations):
    return engine_object("argoproj.io/v1alpha1", kind, name, spec, annotations)


def engine_object(version, kind, name, spec, annotations):
    prefixed = {f"extensions.fuseml.org/{key}-selectors": text for key, text in annotations.items()}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "annotations": prefixed}, "spec": spec}


@pytest.fixture
def fuseml(tmp_path):
    (tmp_path / "registry").mkdir()
    (tmp_path / "registry/minio.yaml").write_text(yaml.safe_dump(REGISTRY))

    def run(command, *objects, args=(), output="env", stdin=None):
        file = tmp_path / "objects.yaml"
        file.write_text("---\n".join(manifests.dump(obj) for obj in objects))
        options = ["-f", str(file), "--registry", str(tmp_path / "registry"), "-o", output, *args]
        return CliRunner().invoke(commands, [command, *options], input=stdin)

    return run


TASK = tekton("Task", "train", {"steps": [{"name": "main", "image": "i"}]}, task=f"main: {{{ASKING}, {OWN}}}")
PIPELINE = tekton("Pipeline", "p", {"tasks": [{"name": "one", "taskRef": {"name": "train"}}]})
RUN = tekton("PipelineRun", "run", {"pipelineRef": {"name": "p"}})
THERE = "S3=there  # selector 'store'\n"
INJECTED = f"{THERE}URL=http://minio  # the annotation\n"


def test_a_run_shows_what_its_pipelines_tasks_get(fuseml):
    result = fuseml("preview", RUN, PIPELINE, TASK)

    assert result.exit_code == 0
    assert result.stdout == f"# PipelineRun/run tasks[one] (Task 'train') container step-main\n{INJECTED}"


def test_the_runs_own_selectors_win(fuseml):
    run = tekton("PipelineRun", "run", {"pipelineRef": {"name": "p"}}, run='one/main: {env: [{name: URL, value: "x"}]}')

    result = fuseml("preview", run, PIPELINE, TASK)

    assert f"{THERE}URL=x  # the annotation\n" in result.stdout


@pytest.mark.parametrize(
    ("spec", "others", "where"),
    [
        pytest.param(
            {"pipelineSpec": {"finally": [{"name": "last", "taskRef": {"name": "train"}}]}},
            [],
            "finally[last] (Task 'train') container step-main",
            id="finally",
        ),
        pytest.param(
            {"pipelineSpec": {"tasks": [{"name": "in", "pipelineRef": {"name": "p"}}]}},
            [PIPELINE],
            "tasks[in].tasks[one] (Task 'train') container step-main",
            id="pipeline-in-pipeline",
        ),
        pytest.param(
            {"pipelineSpec": {"tasks": [{
                "name": "t",
                "taskRef": {"resolver": "cluster", "params": [
                    {"name": "kind", "value": "task"}, {"name": "name", "value": "train"},
                    {"name": "namespace", "value": "default"},
                ]},
            }]}},
            [],
            "tasks[t] (Task 'train') container step-main",
            id="cluster-resolver",
        ),
    ],
)  # fmt: skip
def test_tasks_are_found_wherever_a_run_refers_to_them(fuseml, spec, others, where):
    result = fuseml("preview", tekton("PipelineRun", "run", spec), TASK, *others)

    assert result.stdout == f"# PipelineRun/run {where}\n{INJECTED}"


def test_a_step_action_in_a_run_gets_what_its_step_asks_for(fuseml):
    action = tekton("StepAction", "act", {"image": "i", "env": [{"name": "A", "value": "b"}]})
    step = {"name": "s", "ref": {"name": "act"}, "extensions": [{"name": "store", "product": "minio"}]}
    run = tekton("TaskRun", "run", {"taskSpec": {"steps": [step]}})

    result = fuseml("preview", run, action)

    assert result.stdout == f"# TaskRun/run taskSpec container step-s\n{THERE}A=b  # its own env\n"


TEMPLATE = {
    "name": "train",
    "container": {"image": "i"},
    "metadata": {"annotations": {"extensions.fuseml.org/task-selectors": f"main: {{{ASKING}}}"}},
}


@pytest.mark.parametrize("kind", ["WorkflowTemplate", "ClusterWorkflowTemplate"])
def test_workflows_show_what_the_templates_get_that_they_refer_to(fuseml, kind):
    template = argo(kind, "shared", {"templates": [TEMPLATE]})
    scope = {"clusterScope": True} if kind.startswith("Cluster") else {}
    whole = argo("Workflow", "whole", {"workflowTemplateRef": {"name": "shared", **scope}})
    call = {"name": "a", "templateRef": {"name": "shared", "template": "train", **scope}}
    one = argo("Workflow", "one", {"templates": [{"name": "main", "dag": {"tasks": [call]}}]})

    result = fuseml("preview", template, whole, one)

    where = f"templates[train] ({kind} 'shared') container main"
    assert result.stdout == f"# Workflow/whole {where}\n{THERE}# Workflow/one {where}\n{THERE}"


def test_blocks_of_a_template_in_a_file_count_as_lifted(fuseml):
    block = {"name": "train", "container": {"image": "i", "extensions": [{"name": "store", "product": "minio"}]}}
    template = argo("WorkflowTemplate", "shared", {"templates": [block]})
    run = argo("Workflow", "run", {"workflowTemplateRef": {"name": "shared"}})

    result = fuseml("preview", template, run)

    assert "S3=there" in result.stdout


def test_a_job_shows_what_its_pods_get(fuseml):
    template = {
        "metadata": {"annotations": {"extensions.fuseml.org/pod-selectors": f"main: {{{ASKING}}}"}},
        "spec": {"containers": [{"name": "main", "image": "i"}, {"name": "other", "image": "i"}]},
    }
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": {"template": template}}

    result = fuseml("preview", job)

    assert result.stdout == f"# Job/j pod template container main\n{THERE}"


def test_what_is_not_known_is_said(fuseml):
    git = {"name": "two", "taskRef": {"resolver": "git"}}
    run = tekton("PipelineRun", "run", {"pipelineSpec": {"tasks": [*PIPELINE["spec"]["tasks"], git]}})

    result = fuseml("preview", run)

    assert result.exit_code == 0
    assert result.stderr.splitlines() == [
        f"warning: {result.stderr.split()[1]} PipelineRun/run tasks[one]: Task 'train' is in none of the given "
        "files, nor was it found in the cluster, if one was given",
        f"warning: {result.stderr.split()[1]} PipelineRun/run tasks[two]: what Tekton's resolver 'git' fetches is "
        "unknown; only 'cluster' is followed",
    ]


@pytest.mark.parametrize("output", ["yaml", "env"])
def test_a_pod_that_would_be_refused_refuses_the_run(fuseml, output):
    task = tekton("Task", "train", TASK["spec"], task="main: {extensions: [{name: store, product: nope}]}")

    result = fuseml("preview", RUN, PIPELINE, task, output=output)

    assert result.exit_code == 1
    assert "PipelineRun/run tasks[one] (Task 'train'): container step-main: selector 'store'" in result.stderr


def test_explain_explains_each_pod(fuseml):
    result = fuseml("explain", RUN, PIPELINE, TASK, output="json")

    told = {explained["object"]: explained for explained in json.loads(result.stdout)}
    (step,) = told["PipelineRun/run tasks[one] (Task 'train')"]["steps"]
    assert step["where"] == "container step-main"
    assert step["selectors"][0]["chosen"]["service"] == "s3"


def test_explain_says_what_is_wrong_with_a_definition(fuseml):
    step = {"name": "main", "image": "i", "args": ["<< extension.store.url >>"]}

    result = fuseml("explain", tekton("Task", "train", {"steps": [step]}, task=f"main: {{{ASKING}}}"), output="text")

    assert result.exit_code == 1
    assert ": steps[main].args[0]: in a definition, expressions are read in the env of steps only" in result.stdout


@pytest.fixture
def cluster(tmp_path):
    """A kubeconfig for an API server that has objects by path, and forbids some."""
    objects, forbidden = {}, set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status = 403 if self.path in forbidden else 200 if self.path in objects else 404
            body = json.dumps(objects.get(self.path, {"kind": "Status", "message": "no"})).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    here = {"name": "c", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}
    context = {"name": "c", "context": {"cluster": "c", "user": "u"}}
    kubeconfig = {
        "apiVersion": "v1", "kind": "Config", "clusters": [here], "users": [{"name": "u", "user": {}}],
        "contexts": [context], "current-context": "c",
    }  # fmt: skip
    (tmp_path / "kubeconfig").write_text(json.dumps(kubeconfig))
    yield str(tmp_path / "kubeconfig"), objects, forbidden
    server.shutdown()
    server.server_close()
    thread.join()


TEKTON = "/apis/tekton.dev/v1/namespaces/ml"


def test_what_is_in_no_file_is_fetched_from_the_cluster(fuseml, cluster):
    kubeconfig, objects, _ = cluster
    objects[f"{TEKTON}/pipelines/p"] = PIPELINE
    objects[f"{TEKTON}/tasks/train"] = TASK

    result = fuseml("preview", RUN, args=["--kubeconfig", kubeconfig, "-n", "ml"])

    assert result.stdout == f"# PipelineRun/run tasks[one] (Task 'train') container step-main\n{INJECTED}"


def test_a_file_comes_before_the_cluster(fuseml, cluster):
    kubeconfig, objects, _ = cluster
    objects[f"{TEKTON}/pipelines/p"] = PIPELINE
    objects[f"{TEKTON}/tasks/train"] = tekton("Task", "train", {"steps": []})

    result = fuseml("preview", RUN, TASK, args=["--kubeconfig", kubeconfig, "-n", "ml"])

    assert "S3=there" in result.stdout


def test_templates_of_the_whole_cluster_are_fetched_without_a_namespace(fuseml, cluster):
    kubeconfig, objects, _ = cluster
    path = "/apis/argoproj.io/v1alpha1/clusterworkflowtemplates/shared"
    objects[path] = argo("ClusterWorkflowTemplate", "shared", {"templates": [TEMPLATE]})
    run = argo("Workflow", "run", {"workflowTemplateRef": {"name": "shared", "clusterScope": True}})

    result = fuseml("preview", run, args=["--kubeconfig", kubeconfig, "-n", "ml"])

    assert "S3=there" in result.stdout


def test_what_may_not_be_read_is_said_and_left_out(fuseml, cluster):
    kubeconfig, _, forbidden = cluster
    forbidden.add(f"{TEKTON}/pipelines/p")

    result = fuseml("preview", RUN, args=["--kubeconfig", kubeconfig, "-n", "ml"])

    warning, unknown = result.stderr.splitlines()
    assert result.exit_code == 0
    assert warning == (
        "warning: Pipeline 'p' is left out, with the pods of its steps, as you may not read it: "
        f"{TEKTON}/pipelines/p: no"
    )
    assert "Pipeline 'p' is in none of the given files" in unknown


@pytest.mark.parametrize("name", ["..", "", "a/b", "%2e%2e", "x?watch=true"])
def test_name_that_is_none_reads_nothing_else(fuseml, cluster, name):
    kubeconfig, objects, _ = cluster
    objects[f"{TEKTON}/pipelines"] = objects[TEKTON] = objects[f"{TEKTON}/"] = {"items": []}
    run = tekton("PipelineRun", "run", {"pipelineRef": {"name": name}})

    assert fuseml("preview", run, args=["--kubeconfig", kubeconfig, "-n", "ml"]).exit_code == 0


def test_api_server_that_does_not_answer_is_an_error(fuseml, tmp_path):
    write_kubeconfig(tmp_path / "away", "http://127.0.0.1:1")

    result = fuseml("preview", RUN, args=["--kubeconfig", str(tmp_path / "away"), "-n", "ml"])

    assert (result.exit_code, result.stderr) == (1, "error: http://127.0.0.1:1: the API server does not answer\n")


def test_credentials_of_a_user_are_not_for_pods_that_a_controller_makes(fuseml, tmp_path):
    own = {"id": "own", "scope": "user", "users": ["ann"], "configuration": {"KEY": "k"}}
    record = {"id": "db", "product": "db", "services": [{"id": "s", "auth_required": "true", "credentials": [own]}]}
    (tmp_path / "registry/db.yaml").write_text(yaml.safe_dump(record))
    asking = {"name": "db", "product": "db"}
    inline = tekton("TaskRun", "inline", {"taskSpec": {"steps": [{"name": "a", "image": "i", "extensions": [asking]}]}})
    behind = tekton("TaskRun", "behind", {"taskRef": {"name": "t"}}, run="a: {extensions: [{name: db, product: db}]}")

    result = fuseml("preview", inline, behind, args=["--user", "ann"])

    assert result.exit_code == 1
    assert result.stdout == "# TaskRun/inline steps[a]\nKEY='<hidden>'  # selector 'db'\n"
    assert "TaskRun/behind: step 'a': selector 'db' (product=db): nothing fits" in result.stderr
