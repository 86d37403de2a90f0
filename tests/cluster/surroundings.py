"""What the daemons change in the machine around their folders: noted before the first start, put back at the end."""

import json
from contextlib import suppress
from pathlib import Path

from tests.cluster.paths import STATE

NOTES = STATE / "surroundings.json"
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


def note() -> None:
    """Write down what is there, once."""
    if NOTES.exists():
        return
    kernel = {str(setting): setting.read_text() for setting in KERNEL if setting.exists()}
    new = [str(folder) for folder in FOLDERS if not folder.exists()]
    # Half a note must not pass for one.
    draft = NOTES.with_suffix(".draft")
    draft.write_text(json.dumps({"kernel": kernel, "new": new}))
    draft.rename(NOTES)


def put_back() -> None:
    """Give the kernel its settings back, and remove the folders that came with us, if nobody else uses them by now."""
    if not NOTES.exists():
        return
    notes = json.loads(NOTES.read_text())
    for setting, text in notes["kernel"].items():
        if Path(setting).read_text() != text:
            Path(setting).write_text(text)
    if "/run/containerd/s" in notes["new"]:
        _remove_deaf_sockets(Path("/run/containerd/s"))
    if "/var/lib/kubelet/device-plugins" in notes["new"]:
        for name in ("kubelet.sock", "kubelet_internal_checkpoint", "DEPRECATION"):
            Path("/var/lib/kubelet/device-plugins", name).unlink(missing_ok=True)
    for folder in sorted(notes["new"], reverse=True):
        with suppress(OSError):
            Path(folder).rmdir()


def _remove_deaf_sockets(folder: Path) -> None:
    """A shim that was killed leaves its socket; one that still listens is of somebody who came after us."""
    listening = Path("/proc/net/unix").read_text()
    for socket in folder.glob("*"):
        if str(socket) not in listening:
            socket.unlink()
