"""examples/mlflow: real runs find a real MLflow server through the registry, also after the server has moved."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.paths import CACHE
from tests.e2e.workloads.runs import ended

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples/mlflow"
RUNS = {"tekton": EXAMPLE / "pipelinerun.yaml", "argo": EXAMPLE / "workflow.yaml"}
IN_FILES = {"image": "local/mlflow-digits:1", "address": "mlflow.mlflow:5000"}

# Runs in the server's pod, which has MLflow installed, as a client like any other with the address in its environment.
ASK = """
import json, os, sys, urllib.request
import mlflow
sys.path.insert(0, "/app")
from digits import EXPERIMENT, MODEL, images

_, x, _, y = images()

def recorded(run):
    model = mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/{MODEL}")
    return {
        "engine": run.data.tags["engine"],
        "status": run.info.status,
        "params": run.data.params,
        "metrics": run.data.metrics,
        "accuracy_here": float((model.predict(x) == y).mean()),
    }

version = urllib.request.urlopen(os.environ["MLFLOW_TRACKING_URI"] + "/version", timeout=20).read().decode()
runs = mlflow.search_runs(experiment_names=[EXPERIMENT], output_format="list")
print(json.dumps({"version": version, "runs": {run.info.run_name: recorded(run) for run in runs}}))
"""


@pytest.fixture(scope="module")
def image(request, tell):
    """The example's image: E2E_MLFLOW_IMAGE, which another cluster can pull, or one that is built and loaded here."""
    if name := os.environ.get("E2E_MLFLOW_IMAGE"):
        return name
    if os.environ.get("E2E_KUBECONFIG"):
        pytest.skip("push the image of examples/mlflow/image where the cluster can pull it, and set E2E_MLFLOW_IMAGE")
    node = request.getfixturevalue("node")
    tell("building the image of examples/mlflow: some minutes, once")
    context = _context()
    inputs = [context / "requirements.lock", context / "digits.py"]
    name = f"docker.io/{IN_FILES['image']}"
    node.build_and_load(context, EXAMPLE / "image/Dockerfile", name, {"PIP_NO_INDEX": "1"}, inputs=inputs)
    return name


def _context():
    """A folder with the files that the Dockerfile copies, and the locked wheels."""
    context = CACHE / "mlflow"
    lock = EXAMPLE / "image/requirements.lock"
    done = context / lock.name
    if not done.exists() or done.read_text() != lock.read_text():
        shutil.rmtree(context, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        options = ["--require-hashes", f"--requirement={lock}", f"--dest={context / 'wheels'}"]
        subprocess.run([*pip, *options], check=True, timeout=900)
        shutil.copy(lock, done)
    shutil.copy(EXAMPLE / "image/digits.py", context)
    return context


class Example:
    """The example in one namespace: server, Extension and runs."""

    def __init__(self, kubectl, image):
        self._kubectl = kubectl
        self._image = image

    def start_server(self):
        self._kubectl("apply", "-f", "-", stdin=self._text(EXAMPLE / "server.yaml"))
        self._kubectl("rollout", "status", "deployment/mlflow", "--timeout=300s", timeout=320)

    def move_server(self, port):
        patch = [{"op": "replace", "path": "/spec/ports/0/port", "value": port}]
        self._kubectl("patch", "service", "mlflow", "--type=json", f"--patch={json.dumps(patch)}")

    @property
    def url(self):
        """By IP address: a cluster may have no DNS server, and only the Extension says where the server is."""
        spec = self._kubectl.json("get", "service", "mlflow")["spec"]
        return f"http://{spec['clusterIP']}:{spec['ports'][0]['port']}"

    def register(self):
        text = (EXAMPLE / "extension.yaml").read_text()
        self._kubectl("apply", "-f", "-", stdin=text.replace(f"http://{IN_FILES['address']}", self.url))

    def run(self):
        """Submit the files unchanged and wait until all runs have succeeded; return their names by engine."""
        objects = {
            engine: self._kubectl.json("create", "-f", "-", stdin=self._text(file)) for engine, file in RUNS.items()
        }
        names = {engine: obj["metadata"]["name"] for engine, obj in objects.items()}
        outcomes = {
            engine: ended(self._kubectl, obj["kind"].lower(), names[engine], timeout=600)
            for engine, obj in objects.items()
        }
        assert outcomes == dict.fromkeys(RUNS, "Succeeded")
        return names

    def variables(self, names):
        """By engine and step, the variables of MLflow that the containers of the runs have."""
        return {
            "tekton": self._variables(f"tekton.dev/pipelineRun={names['tekton']}"),
            "argo": self._variables(f"workflows.argoproj.io/workflow={names['argo']}"),
        }

    def _variables(self, selector):
        found = {}
        for pod in self._kubectl.json("get", "pods", "-l", selector)["items"]:
            node = pod["metadata"]["annotations"].get("workflows.argoproj.io/node-name", "").rpartition(".")[2]
            for container in pod["spec"]["containers"]:
                if container["name"] == "main" or container["name"].startswith("step-"):
                    step = node or container["name"].removeprefix("step-")
                    env = {entry["name"]: entry.get("value") for entry in container.get("env", ())}
                    found[step] = {name: value for name, value in env.items() if name.startswith("MLFLOW_")}
        return found

    def ask_server(self, url):
        """MLflow's version, and by name its runs, each with the accuracy of its model, loaded and tried."""
        command = ["env", f"MLFLOW_TRACKING_URI={url}", "python", "-c", ASK]
        return json.loads(self._kubectl("exec", "deployment/mlflow", "--", *command, timeout=120).splitlines()[-1])

    def refusal(self, url):
        """The error of a client at an address without a server."""
        code = f"import urllib.request; urllib.request.urlopen('{url}/version', timeout=5)"
        return self._kubectl.fails("exec", "deployment/mlflow", "--", "python", "-c", code)

    def _text(self, file):
        return file.read_text().replace(IN_FILES["image"], self._image)


@pytest.fixture
def example(product, kubectl, namespace, image):
    return Example(kubectl.within(namespace), image)


def test_the_files_know_the_product_and_no_address():
    for file in (*RUNS.values(), EXAMPLE / "image/digits.py", EXAMPLE / "image/Dockerfile"):
        text = file.read_text()

        assert not [word for word in ("://", "5000", "mlflow.mlflow") if word in text], file


def test_runs_are_tracked_by_the_server_that_the_record_names_also_after_it_has_moved(example, tell):
    example.start_server()
    first = example.url
    example.register()
    names = example.run()

    variables = {"MLFLOW_TRACKING_URI": first, "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3"}
    steps = {"show": {}, "train": variables, "evaluate": variables}
    assert example.variables(names) == {"tekton": steps, "argo": steps}
    has = example.ask_server(first)
    assert f'version: "{has["version"]}"' in (EXAMPLE / "extension.yaml").read_text()
    assert has["runs"] == _complete(names)
    tell(f"MLflow {has['version']} at {first} has {has['runs']}")

    example.move_server(5050)
    second = example.url
    assert second.endswith(":5050")
    assert "URLError" in example.refusal(first)
    example.register()
    new_names = example.run()

    variables["MLFLOW_TRACKING_URI"] = second
    assert example.variables(new_names) == {"tekton": steps, "argo": steps}
    assert example.ask_server(second)["runs"] == _complete(names) | _complete(new_names)


def _complete(names):
    """What the server has recorded of complete runs: 448 of 450 digits are recognised."""
    return {
        name: {
            "engine": engine,
            "status": "FINISHED",
            "params": {"C": "1.0", "gamma": "0.001"},
            "metrics": {"train_accuracy": pytest.approx(0.999, abs=0.002), "accuracy": pytest.approx(448 / 450)},
            "accuracy_here": pytest.approx(448 / 450),
        }
        for engine, name in names.items()
    }
