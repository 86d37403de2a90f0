"""Write one-layer docker archives from static programs, and import them."""

import hashlib
import io
import json
import subprocess
import tarfile
from pathlib import Path

from tests.cluster.build import binaries
from tests.cluster.paths import CONTAINERD, STATE

BUSYBOX = Path("/bin/busybox")


def load() -> None:
    """Make every image known to containerd."""
    applets = subprocess.check_output([BUSYBOX, "--list"], text=True, timeout=10).split()
    _import("pause", BUSYBOX, "/bin/busybox", ["/bin/sleep", "2147483647"], ["sleep"])
    _import("busybox", BUSYBOX, "/bin/busybox", ["/bin/sh"], applets)
    for name in ("entrypoint", "nop", "workingdirinit", "sidecarlogresults"):
        _import(f"tekton-{name}", binaries("tekton") / name, f"/ko-app/{name}", [f"/ko-app/{name}"])
    _import("argoexec", binaries("argo") / "argoexec", "/bin/argoexec", ["argoexec"])


def _import(name: str, program: Path, path: str, entrypoint: list[str], links: list[str] | None = None) -> None:
    archive = STATE / f"{name}.tar"
    layer = _layer(program, path, links or [])
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Entrypoint": entrypoint, "Env": ["PATH=/bin:/ko-app"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [f"docker.io/local/{name}:1"], "Layers": ["layer.tar"]}]
    with tarfile.open(archive, "w") as tar:
        _add(tar, "layer.tar", layer)
        _add(tar, "config.json", json.dumps(config).encode())
        _add(tar, "manifest.json", json.dumps(manifest).encode())
    command = ["ctr", "-a", CONTAINERD, "-n", "k8s.io", "image", "import", archive]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=120)
    archive.unlink()


def _layer(program: Path, path: str, links: list[str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for folder, mode in ((path.split("/")[1], 0o755), ("tmp", 0o1777), ("etc", 0o755)):
            info = tarfile.TarInfo(folder)
            info.type, info.mode = tarfile.DIRTYPE, mode
            tar.addfile(info)
        _add(tar, path[1:], program.read_bytes(), 0o755)
        _add(tar, "etc/passwd", b"root:x:0:0:root:/:/bin/sh\n")
        for link in links:
            if link != "busybox":
                info = tarfile.TarInfo(f"bin/{link}")
                info.type, info.linkname = tarfile.SYMTYPE, "busybox"
                tar.addfile(info)
    return buffer.getvalue()


def _add(tar: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), mode
    tar.addfile(info, io.BytesIO(content))
