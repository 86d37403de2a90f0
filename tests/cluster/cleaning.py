"""Take away what the cluster leaves outside of its processes: containers, mounts, network, cgroups."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from tests.cluster.paths import CGROUP, CONTAINERD, NETWORK, NODE_IP, RUNC, STATE
from tests.cluster.processes import shims


def end_containers() -> None:
    """End the containers of our containerd; nothing else's."""
    for pid in shims(CONTAINERD):
        os.kill(pid, signal.SIGKILL)
    for container in sorted(RUNC.glob("k8s.io/*")):
        command = ["runc", "--root", container.parent, "delete", "--force", container.name]
        subprocess.run(command, check=False, timeout=60, capture_output=True)


def clean() -> None:
    """Leave nothing behind; the daemons and containers have ended."""
    mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for mount in sorted((mount for mount in mounts if mount.startswith(f"{STATE}/")), key=len, reverse=True):
        subprocess.run(["umount", "-l", mount], check=False, timeout=30)
    for result in Path("/var/lib/cni/results").glob(f"{NETWORK}-*"):
        result.unlink()
    for link in Path("/var/log/containers").glob("*.log"):
        if link.is_symlink() and str(link.readlink()).startswith(f"{STATE}/"):
            link.unlink()
    for family in ("ip", "ip6"):
        subprocess.run(["nft", "delete", "table", family, "kube-proxy"], check=False, capture_output=True, timeout=30)
    subprocess.run(["ip", "address", "del", f"{NODE_IP}/32", "dev", "lo"], check=False, capture_output=True, timeout=10)
    for controller in Path("/sys/fs/cgroup").iterdir():
        _remove_cgroup(controller / CGROUP)
    shutil.rmtree(STATE, ignore_errors=False)


def _remove_cgroup(top: Path) -> None:
    for folder, _, _ in os.walk(top, topdown=False):
        for _ in range(20):
            try:
                os.rmdir(folder)
            except OSError:  # the last process is still ending
                time.sleep(0.1)
            else:
                break
