"""What it costs to register, change and get a record, by the number of records. Prints; asserts nothing.

Each write is durable when it is measured: the file and the folder are synchronised.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from registry.records.in_place import yaml_text
from registry.records.model import Endpoint, Extension, Service
from registry.stores.folder_records.store import FolderRecords

SIZES = (10, 1_000, 10_000)
ROUNDS = 60


def record(name: str) -> Extension:
    endpoints = (Endpoint(url=f"http://{name}"),)
    return Extension(id=name, product="p", services=(Service(id="s", resource="s3", endpoints=endpoints),))


def median_ms(act: Callable[[int], object]) -> float:
    times = []
    for i in range(ROUNDS):
        begin = time.perf_counter()
        act(i)
        times.append(time.perf_counter() - begin)
    return statistics.median(times) * 1000


def measure(size: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for i in range(size):
            (folder / f"r{i}.yaml").write_text(yaml_text.text_of(record(f"r{i}")))
        store = FolderRecords(folder)

        def change(i: int) -> None:
            stored = store.get(f"r{i % size}")
            store.put(replace(stored.record, version=str(i)), stored.revision)

        return {
            "register": median_ms(lambda i: store.put(record(f"new-{i}"), None)),
            "change": median_ms(change),
            "get": median_ms(lambda i: store.get(f"r{i % size}")),
        }


def main() -> None:
    first: dict[str, float] = {}
    for size in SIZES:
        found = measure(size)
        first = first or found
        figures = (f"{what} {ms:8.2f} ms ({ms / first[what]:.2f}x)" for what, ms in found.items())
        print(f"{size:7,} records: {'   '.join(figures)}")


if __name__ == "__main__":
    main()
