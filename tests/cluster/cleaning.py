"""Remove what the daemons leave on the machine: containers, mounts, network, cgroups."""

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.cluster import cgroups, machine_state
from tests.cluster.paths import CONTAINERD, GATEWAY, NETWORK, NODE_IP, RUNC, STATE
from tests.cluster.processes import is_shim, kill, running, shims

CNI_RESULTS = Path("/var/lib/cni/results")
POD_LOGS = Path("/var/log/containers")


def end_shims() -> None:
    """Kill the shims of our containerd, and no others."""
    for pid in shims(CONTAINERD):
        kill(pid, signal.SIGKILL, seconds=10, ours=lambda pid=pid: is_shim(pid, CONTAINERD))


def end_containers() -> None:
    """Kill the containers of our containerd, also those that are just being created."""
    end_shims()
    for container in sorted(RUNC.glob("k8s.io/*")):
        _run("runc", "--root", container.parent, "delete", "--force", container.name)
    deadline = time.monotonic() + 30
    while (pids := cgroups.members()) and time.monotonic() < deadline:
        for pid in pids:
            kill(pid, signal.SIGKILL, seconds=1, ours=lambda pid=pid: pid in cgroups.members())


def clean() -> None:
    """Remove everything, and check that nothing is left; the daemons and containers must have ended."""
    for mount in sorted(_mounts(), key=len, reverse=True):
        _run("umount", "-l", mount)
    for file in [*_results(), *_links()]:
        file.unlink()
    for family in ("ip", "ip6"):
        _run("nft", "delete", "table", family, "kube-proxy")
    _run("ip", "address", "del", f"{NODE_IP}/32", "dev", "lo")
    cgroups.remove()
    machine_state.restore()
    shutil.rmtree(STATE, ignore_errors=True)
    # It takes some time until the kernel has removed the network links of ended pods.
    deadline = time.monotonic() + 30
    while left := traces():
        if time.monotonic() > deadline:
            raise SystemExit("\n".join(["not everything could be removed:", *left]))
        time.sleep(0.2)


def traces() -> list[str]:
    """What is left of the cluster outside of its cache, as lines of text."""
    found = [f"process {daemon.pid}: {name}" for name, daemon in running().items()]
    found += [f"process {pid}: container shim" for pid in shims(CONTAINERD)]
    found += [f"process {pid}: in a container" for pid in cgroups.members()]
    found += [f"mount {mount}" for mount in _mounts()]
    found += [f"address {NODE_IP}"] * (f"inet {NODE_IP}/" in _shown("ip", "-o", "address"))
    found += [f"nft {line}" for line in _shown("nft", "list", "tables").splitlines() if line.endswith(" kube-proxy")]
    found += [
        f"link {line.split()[1]}" for line in _shown("ip", "-o", "address").splitlines() if f" {GATEWAY}/" in line
    ]
    found += [
        str(path) for path in [STATE, *cgroups.made(), *_results(), *_links()] if path.exists() or path.is_symlink()
    ]
    return found


def _mounts() -> list[str]:
    mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    return [mount for mount in mounts if mount.startswith(f"{STATE}/")]


def _results() -> Iterator[Path]:
    """The files that the network library keeps for our pods: of our network, and of each pod's loopback."""
    for result in CNI_RESULTS.glob(f"{NETWORK}-*"):
        yield result
        pod = result.name.removeprefix(f"{NETWORK}-").rpartition("-")[0]
        yield from CNI_RESULTS.glob(f"cni-loopback-{pod}-*")


def _links() -> Iterator[Path]:
    for link in POD_LOGS.glob("*.log"):
        if link.is_symlink() and str(link.readlink()).startswith(f"{STATE}/"):
            yield link


def _shown(*command: str) -> str:
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=30).stdout


def _run(*command: object) -> None:
    subprocess.run([str(word) for word in command], check=False, capture_output=True, timeout=60)
