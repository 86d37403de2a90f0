"""The cgroups of the kubelet: one top folder of ours, in each hierarchy of cgroup v1 or in the one of v2."""

import os
import time
from contextlib import suppress
from pathlib import Path

from tests.cluster.paths import CGROUP

TOP = Path("/sys/fs/cgroup")
CONTROLLERS = ("cpu", "cpuset", "memory", "hugetlb", "pids")  # what the kubelet asks for


def make() -> None:
    """Create our folders."""
    if (TOP / "cgroup.controllers").exists():
        # Enabling controllers changes nothing for groups without limits.
        known = (TOP / "cgroup.controllers").read_text().split()
        (TOP / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in CONTROLLERS if name in known))
        (TOP / CGROUP).mkdir(exist_ok=True)
    else:
        for hierarchy in TOP.iterdir():
            if (hierarchy / "cgroup.procs").exists():
                (hierarchy / CGROUP).mkdir(exist_ok=True)


def made() -> list[Path]:
    """Our folders that exist."""
    return [folder for folder in (TOP / CGROUP, *TOP.glob(f"*/{CGROUP}")) if folder.is_dir()]


def members() -> set[int]:
    """The processes in them."""
    found: set[int] = set()
    for folder in made():
        for procs in folder.rglob("cgroup.procs"):
            with suppress(OSError):
                found.update(map(int, procs.read_text().split()))
    return found


def remove() -> None:
    """Remove our folders, whose last processes are ending."""
    for top in made():
        for folder, _, _ in os.walk(top, topdown=False):
            _remove(Path(folder))


def _remove(folder: Path) -> None:
    for _ in range(50):
        try:
            folder.rmdir()
        except OSError:  # the last process is still ending
            time.sleep(0.1)
        else:
            return
