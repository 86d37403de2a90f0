"""examples/mlflow: real runs find a real MLflow server and its S3 store through the registry, also after a move."""

import json
import os
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tests.cluster.paths import CACHE
from tests.e2e.support.canary import marker
from tests.e2e.support.product import REGISTRY
from tests.e2e.workloads.runs import ended
from tests.e2e.workloads.shared_credentials import PROJECT, SOURCE, copies

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples/mlflow"
RUNS = {"tekton": EXAMPLE / "pipelinerun.yaml", "argo": EXAMPLE / "workflow.yaml"}
IN_FILES = {
    "image": "local/mlflow-digits:1",
    "store": "docker.io/versity/versitygw:v1.8.0",
    "host": "mlflow.mlflow",
    "secret": "mlflow-store",
    "product": "product: mlflow",
}
ASKED_FOR = ("MLFLOW_", "AWS_")

# Runs in the server's pod, which has MLflow installed and the login of the store, as a client like any other.
ASK = """
import json, os, sys, urllib.request
import boto3, mlflow
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
        "stored": any(f"/{model.model_id}/" in key for key in stored),
    }

s3 = boto3.client("s3", endpoint_url=os.environ["MLFLOW_S3_ENDPOINT_URL"], region_name="us-east-1")
stored = [item["Key"] for item in s3.list_objects_v2(Bucket="models")["Contents"]]

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
    """The example: server and store in one namespace, the record and a Secret in the registry's, runs in a project's.

    Its record is for everyone, so it has a name of its own, and the runs ask for a product of that name.
    """

    def __init__(self, server, runs, image, store):
        self.name = f"mlflow-{uuid.uuid4().hex[:8]}"
        self.login = {"accessKey": marker(), "secretKey": marker()}
        self.runs = runs
        self._server = server
        self._shared = server.within(REGISTRY)
        self._images = {IN_FILES["image"]: image, IN_FILES["store"]: store}

    def start_server(self):
        login = {"metadata": {"name": IN_FILES["secret"]}, "stringData": self.login}
        self._server("create", "-f", "-", stdin={"apiVersion": "v1", "kind": "Secret", **login})
        self._server("apply", "-f", "-", stdin=self._text(EXAMPLE / "server.yaml"))
        self._server("rollout", "status", "deployment/mlflow", "--timeout=600s", timeout=620)

    def move_server(self, port):
        patch = [{"op": "replace", "path": "/spec/ports/0/port", "value": port}]
        self._server("patch", "service", "mlflow", "--type=json", f"--patch={json.dumps(patch)}")

    @property
    def urls(self):
        """By the name of the port, with IP addresses: a cluster may have no DNS server."""
        spec = self._server.json("get", "service", "mlflow")["spec"]
        return {port["name"]: f"http://{spec['clusterIP']}:{port['port']}" for port in spec["ports"]}

    def register(self):
        labels = {SOURCE: self.name}
        login = {"metadata": {"name": f"{self.name}-store", "labels": labels}, "stringData": self.login}
        self._shared("apply", "-f", "-", stdin={"apiVersion": "v1", "kind": "Secret", **login})
        text = (EXAMPLE / "extension.yaml").read_text().replace("name: mlflow\n", f"name: {self.name}\n")
        text = text.replace(IN_FILES["secret"], f"{self.name}-store").replace(IN_FILES["product"], self._product)
        for port, url in (("5000", self.urls["http"]), ("7070", self.urls["s3"])):
            text = text.replace(f"http://{IN_FILES['host']}:{port}", url)
        self._shared("apply", "-f", "-", stdin=text)

    def remove(self):
        self._shared("delete", "extension", self.name, "--ignore-not-found")
        self._shared("delete", "secret", f"{self.name}-store", "--ignore-not-found")

    def run(self):
        """Submit the files unchanged and wait until all runs have succeeded; return their names by engine."""
        objects = {engine: self.runs.json("create", "-f", "-", stdin=self._text(file)) for engine, file in RUNS.items()}
        names = {engine: obj["metadata"]["name"] for engine, obj in objects.items()}
        outcomes = {
            engine: ended(self.runs, obj["kind"].lower(), names[engine], timeout=1200)
            for engine, obj in objects.items()
        }
        assert outcomes == dict.fromkeys(RUNS, "Succeeded")
        return names

    def variables(self, names):
        """By engine and step, what the runs' containers have of the variables that are asked for."""
        return {
            "tekton": self._variables(f"tekton.dev/pipelineRun={names['tekton']}"),
            "argo": self._variables(f"workflows.argoproj.io/workflow={names['argo']}"),
        }

    def _variables(self, selector):
        found = {}
        for pod in self.runs.json("get", "pods", "-l", selector)["items"]:
            node = pod["metadata"]["annotations"].get("workflows.argoproj.io/node-name", "").rpartition(".")[2]
            for container in pod["spec"]["containers"]:
                if container["name"] == "main" or container["name"].startswith("step-"):
                    env = {entry["name"]: _value(entry) for entry in container.get("env", ())}
                    step = node or container["name"].removeprefix("step-")
                    found[step] = {name: value for name, value in env.items() if name.startswith(ASKED_FOR)}
        return found

    def ask_server(self, url):
        """MLflow's version, and by name its runs, each with the accuracy of its model, loaded and tried."""
        command = ["env", f"MLFLOW_TRACKING_URI={url}", "python", "-c", ASK]
        shown = self._server("exec", "deployment/mlflow", "-c", "mlflow", "--", *command, timeout=600)
        return json.loads(shown.splitlines()[-1])

    def refusal(self, url):
        """The error of a client at an address without a server."""
        code = f"import urllib.request; urllib.request.urlopen('{url}/version', timeout=5)"
        return self._server.fails("exec", "deployment/mlflow", "-c", "mlflow", "--", "python", "-c", code)

    @property
    def _product(self):
        return f"product: {self.name}"

    def _text(self, file):
        text = file.read_text().replace(IN_FILES["product"], self._product)
        for name, image in self._images.items():
            text = text.replace(name, image)
        return text


def _value(entry):
    """The value of a variable, or in which key of which Secret it is."""
    secret = entry.get("valueFrom", {}).get("secretKeyRef")
    return (secret["name"], secret["key"]) if secret else entry.get("value")


@pytest.fixture
def example(product, kubectl, new_namespace, image):
    store = IN_FILES["store"] if os.environ.get("E2E_KUBECONFIG") else "docker.io/local/versitygw:1"
    runs = kubectl.within(new_namespace(**{PROJECT: "digits"}))
    example = Example(kubectl.within(new_namespace()), runs, image, store)
    yield example
    example.remove()


def test_the_files_know_the_product_and_neither_addresses_nor_logins():
    for file in (*RUNS.values(), EXAMPLE / "image/digits.py", EXAMPLE / "image/Dockerfile"):
        text = file.read_text()

        assert not [word for word in ("://", "5000", "mlflow.mlflow", "AWS_", "secretKeyRef") if word in text], file


def test_runs_use_the_server_and_the_store_that_the_record_names_also_after_a_move(example, tell):
    example.start_server()
    first = example.urls
    example.register()
    names = example.run()

    (copy,) = copies(example.runs, example.name)
    secret = copy["metadata"]["name"]
    variables = {
        "MLFLOW_TRACKING_URI": first["http"],
        "MLFLOW_S3_ENDPOINT_URL": first["s3"],
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
        "AWS_ACCESS_KEY_ID": (secret, "AWS_ACCESS_KEY_ID"),
        "AWS_SECRET_ACCESS_KEY": (secret, "AWS_SECRET_ACCESS_KEY"),
    }
    steps = {"show": {}, "train": variables, "evaluate": variables}
    assert example.variables(names) == {"tekton": steps, "argo": steps}
    stored = example.runs("get", "pipelineruns,taskruns,workflows,pods,events", "-o", "json")
    assert not [value for value in example.login.values() if value in stored]
    has = example.ask_server(first["http"])
    assert f'version: "{has["version"]}"' in (EXAMPLE / "extension.yaml").read_text()
    assert has["runs"] == _complete(names)
    tell(f"MLflow {has['version']} at {first} has {has['runs']}")

    example.move_server(5050)
    second = example.urls["http"]
    assert second.endswith(":5050")
    assert "URLError" in example.refusal(first["http"])
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
            "stored": True,
        }
        for engine, name in names.items()
    }
