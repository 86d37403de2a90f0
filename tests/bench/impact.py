"""What ``fuseml extension impact`` takes on a cluster where all objects ask: time and memory. Prints; asserts nothing.

Each object has 20 KB of status, as runs have in real clusters. The API server is a fake one in another process.
"""

import os
import subprocess
import sys
import tempfile
import time
from itertools import cycle
from pathlib import Path

from registry.stores.cluster import EXTENSIONS, NAMESPACES
from tests.fakes.object_api import write_kubeconfig
from tests.fakes.watched_api import FakeApi, serving
from tests.preview.impact.objects import OBJECTS
from tests.preview.impact.test_stored import stored
from tests.preview.impact.world import with_login

SIZES = (100, 1_000, 10_000)
NAMESPACE_COUNT = 50
STATUS = {"steps": ["x" * 100] * 200}
KINDS = {
    "pipelineruns": ("/apis/tekton.dev/v1", stored("PipelineRun")),
    "taskruns": ("/apis/tekton.dev/v1", stored("TaskRun")),
    "workflows": ("/apis/argoproj.io/v1alpha1", stored("Workflow")),
    "pipelines": ("/apis/tekton.dev/v1", OBJECTS["Pipeline"]),
    "cronworkflows": ("/apis/argoproj.io/v1alpha1", OBJECTS["CronWorkflow"]),
}
# The most memory that a process has had since it began to run this program, which is not that of who started it.
PROGRAM = """
import atexit, re, sys
from pathlib import Path
from webhook.cli.main import main
peak = lambda: re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]
atexit.register(lambda: print(peak(), file=sys.stderr))
main()
"""


def cluster(size: int) -> FakeApi:
    api = FakeApi()
    spec = {k: v for k, v in with_login(secretRef={"name": "s"}, configuration={"S3_KEY": "k"}).items() if k != "id"}
    api.put(EXTENSIONS, {"metadata": {"namespace": "fuseml", "name": "minio"}, "spec": spec})
    for i in range(NAMESPACE_COUNT):
        labels = {"extensions.fuseml.org/project": f"p-{i}"}
        api.put(NAMESPACES, {"metadata": {"name": f"ns-{i}", "uid": f"u-{i}", "labels": labels}})
    for i, (plural, (group, obj)) in zip(range(size), cycle(KINDS.items()), strict=False):
        metadata = {**obj["metadata"], "name": f"demo-{i}", "namespace": f"ns-{i % NAMESPACE_COUNT}"}
        api.put(f"{group}/{plural}", {**obj, "metadata": metadata, "status": STATUS})
    return api


def measure(api: FakeApi, *args: str) -> tuple[float, float]:
    """Seconds and MiB."""
    with serving(api) as client, tempfile.TemporaryDirectory() as folder:
        kubeconfig = write_kubeconfig(Path(folder) / "kubeconfig", client.configuration.host)
        where = ["--registry-namespace", "fuseml", "--kubeconfig", str(kubeconfig)]
        command = [sys.executable, "-c", PROGRAM, "extension", "impact", "minio", *args, *where]
        begin = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=dict(os.environ))
        return time.perf_counter() - begin, int(done.stderr.split()[-1]) / 1024


def main() -> None:
    for size in SIZES:
        api = cluster(size)
        for what, args in {"today": (), "deleted": ("--delete",), "as JSON": ("--delete", "-o", "json")}.items():
            seconds, mib = measure(api, *args)
            print(f"{size:7,} objects, {what:8} {seconds:6.1f} s {mib:6.0f} MiB, {len(api.requests):4} requests")
            api.requests.clear()


if __name__ == "__main__":
    main()
