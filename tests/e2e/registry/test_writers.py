"""Many write one registry in a cluster at once: no change is lost, and nobody sees half of one."""

import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import pytest

from registry.kube.connect import connect
from registry.stores.cluster import KubernetesStore
from registry.stores.cluster_records.store import ClusterRecords
from tests.e2e.registry.installation import EXTENSIONS, SECRETS
from tests.e2e.registry.writer import SHARED, record, said

READERS = 20
PATIENCE = 1800


@pytest.fixture
def store(kubeconfig):
    return ClusterRecords(connect(str(kubeconfig("fuseml-registry", "fuseml-system"))), namespace="fuseml")


@pytest.fixture
def write(kubeconfig, pytestconfig):
    """Starts a writer: a process of its own."""
    own = str(kubeconfig("fuseml-registry", "fuseml-system"))
    processes = []

    def write(act, number, edits):
        command = [sys.executable, "-m", "tests.e2e.registry.writer", own, act, str(number), str(edits)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=pytestconfig.rootpath)
        processes.append(process)
        return process

    yield write
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()


@contextmanager
def repeating(act, threads, pause=0.0):
    """*act* again and again in so many threads, while the block runs; gives what it found, and all that it raised."""
    found, end = [], threading.Event()

    def repeat():
        while not end.is_set():
            try:
                found.append(act())
            except Exception as e:
                found.append(repr(e))
            time.sleep(pause)

    running = [threading.Thread(target=repeat) for _ in range(threads)]
    for thread in running:
        thread.start()
    try:
        yield found
    finally:
        end.set()
        for thread in running:
            thread.join()


def torn(store):
    """What is wrong in what a reader sees at this moment."""
    listing = store.list()
    records = [stored.record for stored in listing.records]
    records += [store.get(known.id).record for known in records if known.id == SHARED]
    return [f"{r.id}: {said(r)}" for r in records if len(said(r)) != 1] + [str(p) for p in listing.problems]


def secrets_in(admin):
    return {item["metadata"]["name"] for item in admin.send("GET", SECRETS).json()["items"]}


def referred(admin):
    """The Secrets to which Extensions refer."""
    items = admin.send("GET", EXTENSIONS).json()["items"]
    services = [service for item in items for service in item["spec"]["services"]]
    return {login["secretRef"]["name"] for service in services for login in service["credentials"]}


@pytest.mark.parametrize(
    ("writers", "edits"), [(4, 10), pytest.param(16, 500, marks=pytest.mark.full)], ids=["few", "many"]
)
def test_no_change_is_lost_and_none_seen_in_halves(admin, empty, store, write, kubeconfig, tell, writers, edits):
    store.put(record(SHARED, "0"), None)
    webhook = KubernetesStore(
        connect(str(kubeconfig("fuseml-webhook", "fuseml-system"))), namespace="fuseml", ledger_namespace=""
    )
    webhook.start()

    def served():
        webhook.refresh()
        extensions = webhook.snapshot.extensions if webhook.snapshot else ()
        return [e.id for e in extensions if len(references(e)) != 1]

    begun = time.monotonic()
    with repeating(lambda: torn(store), READERS, 0.05) as read, repeating(served, 1, 0.001) as snapshots:
        outputs = [p.communicate(timeout=PATIENCE)[0] for p in [write("count", i, edits) for i in range(writers)]]
    took = time.monotonic() - begun

    lines = [line for output in outputs for line in output.splitlines()]
    retries = sum(int(line.split()[1]) for line in lines if line.startswith("retries"))
    tell(
        f"{writers} writers, {edits} edits each: {writers * edits / took:.1f} a second, {retries} retries; "
        f"{len(read)} reads, {len(snapshots)} looks at the webhook's registry"
    )
    assert lines.count("done") == writers * edits
    assert said(store.get(SHARED).record) == {str(writers * edits)}
    assert [problem for problem in read if problem] == []
    assert [problem for problem in snapshots if problem] == []
    assert secrets_in(admin) == referred(admin)


def references(extension):
    """The Secrets to which a record as the webhook has it refers."""
    return {login.secret_ref.name for service in extension.services for login in service.credentials}
