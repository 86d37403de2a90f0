"""What mutate costs: by the size of the registry and by the number of steps. Prints; asserts nothing.

The registry is loaded from files, so that load time and memory are those of a real start.
"""

import gc
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from registry.resolving.selectors import Consumer
from registry.stores.folder import FolderStore
from webhook.mutation.mutate import mutate

ME = Consumer(zone="zone-1", project="ml", user="ann")
SIZES = (10, 1_000, 100_000)
STEPS = (1, 20, 200)

RECORD = """\
- id: mlflow-{i}
  product: {product}
  version: 1.{i}.0
  zone: zone-{zone}
  services:
    - id: tracking
      resource: mlflow-tracking
      category: experiment-tracking
      endpoints:
        - {{url: "http://mlflow-{i}.mlflow", type: internal, configuration: {{TRACKING_URI: "http://mlflow-{i}.mlflow"}}}}
        - {{url: "http://mlflow-{i}.example.com", configuration: {{TRACKING_URI: "http://mlflow-{i}.example.com"}}}}
    - id: store
      resource: s3
      category: model-store
      endpoints:
        - {{url: "http://minio-{i}.mlflow:9000", type: internal, configuration: {{S3_URL: "http://minio-{i}:9000"}}}}
      credentials:
        - {{id: default, configuration: {{ACCESS_KEY: key-{i}, SECRET_KEY: secret-{i}}}}}
"""


def write_registry(folder: Path, size: int) -> None:
    """*size* extensions of ten products in ten zones, a thousand a file."""
    for first in range(0, size, 1000):
        records = (
            RECORD.format(i=i, product=f"product-{i // 10 % 10}" if i >= 100 else f"product-{i}", zone=i % 10)
            for i in range(first, min(first + 1000, size))
        )
        (folder / f"{first}.yaml").write_text("".join(records))


def pipeline_run(steps: int, *, asks: bool = True) -> dict:
    """Up to 20 steps a selector block in each; beyond, ten steps a task and a block for all of them."""
    block = [
        {"name": "tracking", "product": "product-1", "service_resource": "mlflow-tracking"},
        {"name": "store", "product": "product-1", "service_resource": "s3", "version": ">=1.0"},
    ]

    def step(i: int) -> dict:
        own = {"extensions": block} if asks and steps <= 20 else {}
        value = "<< extension.store.url >>" if asks else "http://minio"
        env = [{"name": "URL", "value": value}, {"name": "MODE", "value": "fast"}]
        script = "#!/bin/sh\nset -eu\npython train.py --epochs $(params.epochs)\ncat <<EOF >>out\n$MODE\nEOF\n"
        return {"name": f"step-{i}", "image": "ghcr.io/acme/trainer:1", **own, "env": env, "script": script}

    def task(i: int) -> dict:
        shared = {"extensions": block} if asks and steps > 20 else {}
        return {"name": f"task-{i}", "taskSpec": {**shared, "steps": [step(j) for j in range(min(steps, 10))]}}

    tasks = [task(i) for i in range(max(1, steps // 10))]
    return {
        "apiVersion": "tekton.dev/v1",
        "kind": "PipelineRun",
        "metadata": {"generateName": "bench-"},
        "spec": {"params": [{"name": "epochs", "value": "3"}], "pipelineSpec": {"tasks": tasks}},
    }


def timings(call, *, seconds: float = 1.0) -> tuple[float, float]:
    """Median and 99th percentile of a call, in milliseconds, warm."""
    call()
    taken = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(taken) < 20:
        start = time.perf_counter()
        call()
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken), statistics.quantiles(taken, n=100)[98]


def measure(size: int) -> dict:
    """All figures for one size of registry; in a process of its own, for its memory."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with tempfile.TemporaryDirectory() as folder:
        write_registry(Path(folder), size)
        start = time.perf_counter()
        index = FolderStore(Path(folder)).snapshot
        load = time.perf_counter() - start
    gc.collect()
    gc.freeze()
    figures: dict = {
        "load": load,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "before": before,
    }
    for steps in STEPS:
        obj, quiet = pipeline_run(steps), pipeline_run(steps, asks=False)
        start = time.perf_counter()
        mutate(obj, index, ME)
        cold = (time.perf_counter() - start) * 1000
        figures[str(steps)] = [cold, *timings(lambda obj=obj: mutate(obj, index, ME))]
        figures[f"{steps} quiet"] = timings(lambda quiet=quiet: mutate(quiet, index, ME), seconds=0.3)
    return figures


def main() -> None:
    """Measure each size and print one table."""
    print("registry                     |  PipelineRun with selectors, ms            | without, ms")
    print("extensions  load s     MiB   |  steps    first      p50      p99   : 10   |    p50      p99")
    base: dict[int, float] = {}
    for size in SIZES:
        run = subprocess.run([sys.executable, __file__, str(size)], capture_output=True, text=True, check=True)
        figures = json.loads(run.stdout)
        left = f"{size:>10}  {figures['load']:6.2f}  {figures['memory']:6.0f}"
        for steps in STEPS:
            cold, p50, p99 = figures[str(steps)]
            quiet50, quiet99 = figures[f"{steps} quiet"]
            ratio = p50 / base.setdefault(steps, p50)
            asking = f"{steps:>5} {cold:8.2f} {p50:8.3f} {p99:8.3f} {ratio:7.2f}"
            print(f"{left:<28} |  {asking}  | {quiet50:6.3f}   {quiet99:6.3f}")
            left = ""


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(int(sys.argv[1]))))
    else:
        main()
