"""What the webhook measures: real processes, scraped as Prometheus does."""

import http.client
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.serving.running_server import PATIENCE, end_process, eventually, make_pair
from webhook.adapters import KINDS
from webhook.errors import Reason
from webhook.serving.app import BODY_LIMIT

FUSEML = [sys.executable, "-c", "from webhook.cli.main import main; main()"]
RECORD = "id: store\nproduct: minio\nservices: [{id: s3, configuration: {S3_URL: http://minio:9000}}]\n"
OUTCOMES = {"allowed", "patched", "refused", "bad", "later", "error", "overloaded"}

# Everything of the webhook but its sockets, and 10 000 reviews, no two of which are of one namespace, user or name.
MANY_TENANTS = """
import json
import tempfile
from pathlib import Path
from registry.stores.folder import FolderStore
from webhook.mutation.settings import Settings
from webhook.serving.app import create_app
from webhook.serving.metrics import WorkerMetrics, WorkerSums

sums = WorkerSums(None)
client = create_app(FolderStore(Path(tempfile.mkdtemp())), settings=Settings(), observer=WorkerMetrics()).test_client()

def series():
    return {line.rpartition(" ")[0] for line in sums.page().content.decode().splitlines() if line[0] != "#"}

def send(i):
    selector = {"name": f"selector-{i}", "product": f"product-{i}"}
    step = {"name": f"step-{i}", "image": "x", "extensions": [selector]}
    obj = {"apiVersion": "tekton.dev/v1", "kind": "TaskRun", "metadata": {"name": f"name-{i}"},
           "spec": {"taskSpec": {"steps": [step]}}}
    request = {"uid": f"uid-{i}", "kind": {"kind": "TaskRun" if i % 2 else f"Kind{i}"}, "operation": "CREATE",
               "namespace": f"namespace-{i}", "name": f"name-{i}", "userInfo": {"username": f"user-{i}"}, "object": obj}
    body = json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request})
    assert client.post("/mutate", data=body, content_type="application/json").status_code == 200

for i in range(100):
    send(i)
before = series()
for i in range(100, 10_000):
    send(i)
print(json.dumps([sorted(before), sorted(series())]))
"""


def review(kind="TaskRun", operation="CREATE", **step):
    obj = {"apiVersion": "tekton.dev/v1", "kind": kind, "spec": {"taskSpec": {"steps": [{"name": "a", **step}]}}}
    request = {"uid": "u", "kind": {"kind": kind}, "operation": operation, "object": obj}
    return json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request})


class Webhook:
    """A process with two workers, and what a client and Prometheus do with it."""

    def __init__(self, folder: Path, *options: str) -> None:
        make_pair(folder)
        self.registry = folder / "registry"
        self.registry.mkdir()
        (self.registry / "store.yaml").write_text(RECORD)
        self.log = folder / "log"
        command = [
            *(*FUSEML, "webhook", f"--registry={self.registry}", f"--tls-cert={folder}/tls.crt"),
            *(f"--tls-key={folder}/tls.key", "--listen=127.0.0.1:0", "--drain=0", "--workers=2", *options),
        ]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=log)

    def await_start(self) -> None:
        self.port = int(eventually(lambda: re.search(r"webhook on https://127.0.0.1:(\d+)", self.log.read_text()))[1])
        self.metrics_port = int(eventually(lambda: re.search(r"metrics on port (\d+)", self.log.read_text()))[1])
        eventually(lambda: len(self.workers()) == 2 and self.post(review()) == 200)

    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def folder(self) -> Path:
        """Where its workers write their figures."""
        maps = Path(f"/proc/{self.workers()[0]}/maps").read_text()
        return Path(re.search(r"(/\S*/fuseml-metrics-\w+)/", maps)[1])

    def post(self, *bodies: str) -> int:
        """Send each on one connection of its own; the last status."""
        context = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=PATIENCE, context=context)
        with closing(connection):
            for body in bodies:
                connection.request("POST", "/mutate", body, {"Content-Type": "application/json"})
                response = connection.getresponse()
                response.read()
            return response.status

    def scrape(self) -> dict[tuple[str, str], float]:
        """Every sample by its name and its labels' values."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.metrics_port, timeout=PATIENCE)) as connection:
            connection.request("GET", "/metrics")
            text = connection.getresponse().read().decode()
        return {
            (
                sample.name,
                ",".join(value for key, value in sorted(sample.labels.items()) if key != "le" or value == "+Inf"),
            ): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def reviews(self) -> float:
        return sum(value for (name, _), value in self.scrape().items() if name == "fuseml_webhook_reviews_total")


@pytest.fixture
def webhook(tmp_path):
    webhook = Webhook(tmp_path, "--metrics-listen=127.0.0.1:0")
    try:
        webhook.await_start()
        yield webhook
    finally:
        end_process(webhook.process)


def test_two_workers_add_up_also_after_one_was_killed_and_another_took_its_place(webhook):
    before = webhook.reviews()
    with ThreadPoolExecutor(8) as clients:
        assert set(clients.map(webhook.post, [review()] * 200)) == {200}
    killed = webhook.workers()[0]
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: killed not in webhook.workers() and len(webhook.workers()) == 2)
    with ThreadPoolExecutor(8) as clients:
        assert set(clients.map(webhook.post, [review()] * 200)) == {200}

    assert webhook.reviews() == before + 400
    samples = webhook.scrape()
    assert (
        samples["fuseml_webhook_review_duration_seconds_count", ""]
        == samples["fuseml_webhook_review_duration_seconds_bucket", "+Inf"]
    )
    assert samples["fuseml_webhook_review_duration_seconds_count", ""] == before + 400
    eventually(lambda: webhook.scrape()["fuseml_webhook_reviews_in_flight", ""] == 0)


def test_every_answer_is_counted_once_while_a_worker_is_killed_under_load(webhook):
    before = webhook.reviews()
    sent, answered = [], []

    def send(i):
        for _ in range(20):
            if i == 5 and len(sent) > 40 and not killed:
                killed.append(webhook.workers()[0])
                os.kill(killed[0], signal.SIGKILL)
            sent.append(i)
            with suppress(OSError, http.client.HTTPException):
                if webhook.post(review()) == 200:
                    answered.append(i)

    killed = []
    with ThreadPoolExecutor(8) as clients:
        list(clients.map(send, range(8)))
    eventually(lambda: webhook.scrape()["fuseml_webhook_reviews_in_flight", ""] == 0)

    assert killed
    # What was answered, but not taken by its client any more, counts, too.
    assert len(answered) <= webhook.reviews() - before <= len(sent)


@pytest.mark.parametrize("content", [b"", b"\xff\x7f\0\0" * 2000], ids=["empty", "garbage"])
def test_figures_that_cannot_be_read_cost_neither_the_server_nor_a_scrape(content, webhook):
    before = webhook.reviews()
    (file, *_) = webhook.folder().glob("counter_*.db")
    worker = int(file.stem.removeprefix("counter_"))
    file.unlink()
    file.write_bytes(content)
    os.kill(worker, signal.SIGKILL)

    eventually(lambda: f"counters of worker {worker} are lost" in webhook.log.read_text())
    eventually(lambda: worker not in webhook.workers() and len(webhook.workers()) == 2)
    assert webhook.post(review()) == 200
    assert 1 <= webhook.reviews() <= before + 1


def test_a_worker_starts_although_the_folder_of_the_figures_was_removed(webhook):
    folder = webhook.folder()
    killed = webhook.workers()[0]
    shutil.rmtree(folder)
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: killed not in webhook.workers() and len(webhook.workers()) == 2)

    assert webhook.post(review()) == 200
    # The other worker still writes to the files that were removed.
    assert eventually(lambda: webhook.post(review()) == 200 and webhook.reviews()) >= 1


def test_reviews_are_counted_by_kind_operation_and_outcome(webhook):
    selector = {"name": "store", "product": "minio"}
    webhook.post("x" * (BODY_LIMIT + 1))
    webhook.post(
        review(),
        review(operation="DELETE"),
        review(kind="Lease"),
        review(extensions=[selector]),
        review(extensions=[{**selector, "product": "nothing"}]),
        review(extensions=[selector], args=["<< extension.stoer.url >>"]),
        review(extensions="none"),
        "{}",
    )

    samples = webhook.scrape()
    counted = {labels: n for (name, labels), n in samples.items() if name == "fuseml_webhook_reviews_total"}
    assert counted.pop("TaskRun,CREATE,allowed") >= 2
    assert counted == {
        "TaskRun,other,allowed": 1,
        "other,CREATE,allowed": 1,
        "TaskRun,CREATE,patched": 1,
        "TaskRun,CREATE,refused": 3,
        "other,other,bad": 2,
    }
    refused = {labels: n for (name, labels), n in samples.items() if name == "fuseml_webhook_refusals_total"}
    assert refused == {"no_match": 1, "expression": 1, "format": 1}


def test_the_registry_and_the_certificate_are_measured(webhook):
    eventually(lambda: webhook.scrape().get(("fuseml_registry_extensions", "")) == 1)
    samples = webhook.scrape()
    revision = samples["fuseml_registry_revision", ""]
    assert 8 < samples["fuseml_webhook_certificate_days_left", ""] < 9
    assert samples["fuseml_registry_load_errors", ""] == 0

    (webhook.registry / "second.yaml").write_text(RECORD.replace("store", "second"))

    eventually(lambda: webhook.scrape()["fuseml_registry_extensions", ""] == 2)
    assert webhook.scrape()["fuseml_registry_revision", ""] != revision

    (webhook.registry / "second.yaml").write_text("ids: 1\nprodukt: 2\n")

    eventually(lambda: webhook.scrape()["fuseml_registry_load_errors", ""] >= 2)
    eventually(lambda: webhook.scrape()["fuseml_registry_age_seconds", ""] > 2)
    assert webhook.scrape()["fuseml_registry_extensions", ""] == 2


# A worker that notes its state once and never again, and one that has not noted it yet.
WORKER_THAT_HANGS = """
import time
from types import SimpleNamespace
from webhook.serving.metrics import WorkerMetrics, WorkerSums

sums = WorkerSums(None)

def scrape():
    lines = [line.split() for line in sums.page().content.decode().splitlines() if line[0] != "#"]
    figures = {name: float(value) for name, value in lines}
    return figures.get("fuseml_registry_age_seconds"), figures.get("fuseml_webhook_certificate_days_left")

metrics = WorkerMetrics()
assert scrape() == (None, None)
now = time.time()
feed = SimpleNamespace(snapshot=None, age=lambda: 100.0, load_errors=0)
metrics.note(feed, certificate_expires=now + 2 * 86400)
age, days = scrape()
assert 100 <= age < 200 and 1.9 < days <= 2, (age, days)
time.time = lambda: now + 86400
age, days = scrape()
assert abs(age - 86500) < 60 and abs(days - 1) < 0.01, (age, days)
"""


def test_ages_grow_while_the_thread_that_notes_them_hangs():
    subprocess.run([sys.executable, "-c", WORKER_THAT_HANGS], timeout=PATIENCE, check=True)


def test_nothing_but_its_own_metrics_is_shown(webhook):
    samples = webhook.scrape()

    assert all(name.startswith(("fuseml_webhook_", "fuseml_registry_")) for name, _ in samples)


def test_what_tenants_choose_makes_no_series():
    result = subprocess.run(
        [sys.executable, "-c", MANY_TENANTS], capture_output=True, text=True, timeout=4 * PATIENCE, check=True
    )

    before, after = json.loads(result.stdout)
    assert before == after
    labels = [dict(re.findall(r'(\w+)="([^"]*)"', line)) for line in after]
    assert {one["kind"] for one in labels if "kind" in one} <= KINDS | {"other"}
    assert {one["operation"] for one in labels if "operation" in one} <= {"CREATE", "UPDATE", "other"}
    assert {one["outcome"] for one in labels if "outcome" in one} <= OUTCOMES
    assert {one["reason"] for one in labels if "reason" in one} <= {reason.value for reason in Reason}


def test_an_address_that_cannot_be_listened_on_is_named(tmp_path):
    webhook = Webhook(tmp_path, "--metrics-listen=nowhere")

    try:
        assert webhook.process.wait(PATIENCE) == 1
    finally:
        end_process(webhook.process)
    assert json.loads(webhook.log.read_text())["message"] == "cannot listen on 'nowhere': expected host:port"


def test_without_an_address_nothing_is_measured_and_nothing_listens(tmp_path):
    webhook = Webhook(tmp_path)
    try:
        webhook.port = int(eventually(lambda: re.search(r"https://127.0.0.1:(\d+)", webhook.log.read_text()))[1])
        eventually(lambda: len(webhook.workers()) == 2 and webhook.post(review()) == 200)

        assert listeners(webhook.process.pid) == {webhook.port}
        maps = [Path(f"/proc/{pid}/maps").read_text() for pid in (webhook.process.pid, *webhook.workers())]
        assert not any("fuseml-metrics" in text or "prometheus" in text for text in maps)
    finally:
        end_process(webhook.process)


def listeners(process: int) -> set[int]:
    """The TCP ports at which a process listens."""
    descriptors = [os.readlink(file) for file in Path(f"/proc/{process}/fd").iterdir() if file.is_symlink()]
    lines = [line.split() for line in Path(f"/proc/{process}/net/tcp").read_text().splitlines()[1:]]
    return {int(line[1][-4:], 16) for line in lines if line[3] == "0A" and f"socket:[{line[9]}]" in descriptors}
