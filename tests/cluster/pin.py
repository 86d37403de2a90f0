"""Change the version of Kubernetes: python -m tests.cluster.pin v1.36.3 writes go/kubernetes/go.mod."""

import json
import subprocess
import sys

from tests.cluster.paths import GO

MODULE = "k8s.io/kubernetes"


def pin(version: str) -> None:
    """Require this version, and its parts at the versions that are published.

    The module replaces its parts by folders that only exist in its repository.
    """
    found = json.loads(_go("mod", "download", "-json", f"{MODULE}@{version}"))
    replaced = json.loads(_go("mod", "edit", "-json", found["GoMod"]))["Replace"]
    parts = [part["Old"]["Path"] for part in replaced if part["New"]["Path"].startswith("./staging/")]
    # The parts of v1.36.3 are published as v0.36.3.
    published = version.replace("v1.", "v0.", 1)
    edits = [f"-replace={part}={part}@{published}" for part in parts]
    gone = [f"-dropreplace={old}" for old in _replaced() if old not in parts]
    _go("mod", "edit", f"-require={MODULE}@{version}", *edits, *gone)
    _go("mod", "tidy")


def _replaced() -> list[str]:
    return [line["Old"]["Path"] for line in json.loads(_go("mod", "edit", "-json")).get("Replace") or []]


def _go(*args: str) -> str:
    command = ["go", *args]
    return subprocess.run(
        command, cwd=GO / "kubernetes", stdout=subprocess.PIPE, text=True, check=True, timeout=600
    ).stdout


if __name__ == "__main__":
    pin(*sys.argv[1:])
