"""Kernel settings and folders that the daemons change: saved before the first start, restored at the end."""

import json
from contextlib import suppress
from pathlib import Path

from tests.cluster.paths import STATE

SAVED = STATE / "machine-state.json"
# kubelet and the network plugin set these; neither can be told not to.
KERNEL = [
    Path("/proc/sys", setting)
    for setting in (
        "net/ipv4/ip_forward",
        "vm/overcommit_memory",
        "vm/panic_on_oom",
        "kernel/panic",
        "kernel/panic_on_oops",
        "kernel/keys/root_maxkeys",
        "kernel/keys/root_maxbytes",
    )
]
# Paths that are fixed in kubelet, containerd and the network library.
FOLDERS = [
    Path(folder)
    for folder in (
        "/run/containerd",
        "/run/containerd/s",
        "/run/mount",
        "/var/lib/cni",
        "/var/lib/cni/results",
        "/var/lib/kubelet",
        "/var/lib/kubelet/device-plugins",
        "/var/log/containers",
    )
]


def save() -> None:
    """Save what is there before the first start."""
    if SAVED.exists():
        return
    kernel = {str(setting): setting.read_text() for setting in KERNEL if setting.exists()}
    new = [str(folder) for folder in FOLDERS if not folder.exists()]
    # A file that is half written must not pass for a whole one.
    draft = SAVED.with_suffix(".draft")
    draft.write_text(json.dumps({"kernel": kernel, "new": new}))
    draft.rename(SAVED)


def restore() -> None:
    """Restore the kernel's settings, and remove the folders that the daemons made unless something else uses them."""
    if not SAVED.exists():
        return
    saved = json.loads(SAVED.read_text())
    for setting, text in saved["kernel"].items():
        if Path(setting).read_text() != text:
            Path(setting).write_text(text)
    if "/run/containerd/s" in saved["new"]:
        _remove_dead_sockets(Path("/run/containerd/s"))
    if "/var/lib/kubelet/device-plugins" in saved["new"]:
        for name in ("kubelet.sock", "kubelet_internal_checkpoint", "DEPRECATION"):
            Path("/var/lib/kubelet/device-plugins", name).unlink(missing_ok=True)
    for folder in sorted(saved["new"], reverse=True):
        with suppress(OSError):
            Path(folder).rmdir()


def _remove_dead_sockets(folder: Path) -> None:
    """Remove the sockets of killed shims; a socket on which something listens belongs to another program."""
    listening = Path("/proc/net/unix").read_text()
    for socket in folder.glob("*"):
        if str(socket) not in listening:
            socket.unlink()
