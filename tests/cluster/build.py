"""Build the cluster's programs from Go modules into a cache outside of the repository."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.cluster.paths import CACHE, GO

VERSION = "v1.36.3"
LDFLAGS = "-s -w " + " ".join(
    f"-X k8s.io/component-base/version.{name}={value}"
    for name, value in {"gitVersion": VERSION, "gitMajor": "1", "gitMinor": "36", "gitTreeState": "clean"}.items()
)
TEKTON = "github.com/tektoncd/pipeline"
ARGO = "github.com/argoproj/argo-workflows/v4"
GROUPS = {
    "kubernetes": (
        "k8s.io/kubernetes/cmd/",
        "kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy",
    ),
    "etcd": ("", ""),
    "tekton": (f"{TEKTON}/cmd/", "controller webhook entrypoint nop workingdirinit sidecarlogresults"),
    "argo": (f"{ARGO}/cmd/", "workflow-controller argoexec"),
}
PACKAGES = "containerd runc containernetworking-plugins nftables iproute2 busybox-static openssl"
ENV = os.environ | {"CGO_ENABLED": "0"}


def install() -> None:
    """Install the Debian packages that are missing."""
    query = ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *PACKAGES.split()]
    known = subprocess.run(query, capture_output=True, text=True, check=False, timeout=60).stdout
    missing = [package for package in PACKAGES.split() if f"{package} installed" not in known.splitlines()]
    if missing:
        subprocess.run(["apt-get", "update", "-q"], check=True, timeout=300)
        subprocess.run(["apt-get", "install", "-y", "-q", "--no-install-recommends", *missing], check=True, timeout=600)


def binaries(group: str) -> Path:
    """The folder of a group's programs, built first unless the cache holds them."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for file in sorted((GO / group).iterdir()):
        digest.update(file.name.encode() + file.read_bytes())
    folder = CACHE / "bin" / f"{group}-{digest.hexdigest()[:16]}"
    if not folder.exists():
        _build(group, folder)
    return folder


def module(group: str, path: str) -> Path:
    """The folder of a module's own sources: its manifests lie there."""
    command = ["go", "list", "-m", "-f", "{{.Dir}}", path]
    subprocess.run(["go", "mod", "download", path], cwd=GO / group, check=True, timeout=300)
    return Path(subprocess.check_output(command, cwd=GO / group, text=True, timeout=300).strip())


def _build(group: str, folder: Path) -> None:
    prefix, names = GROUPS[group]
    print(f"building {group}: {names or 'etcd'} (minutes, once) ...", flush=True)
    CACHE.joinpath("bin").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        source, out = GO / group, Path(scratch, "out")
        out.mkdir()
        flags = []
        if group == "argo":
            source, flags = _vendor_argo(Path(scratch, "source")), ["-mod=vendor"]
        targets = [prefix + name for name in names.split()] or ["."]
        command = ["go", "build", *flags, "-trimpath", "-ldflags", LDFLAGS, "-o", f"{out}/", *targets]
        subprocess.run(command, cwd=source, env=ENV, check=True, timeout=1800)
        out.rename(folder)


def _vendor_argo(source: Path) -> Path:
    """Put back a link that the module's archive dropped: argoexec does not compile without it."""
    shutil.copytree(GO / "argo", source)
    subprocess.run(["go", "mod", "vendor"], cwd=source, check=True, timeout=600)
    osspecific = source / "vendor" / ARGO / "workflow/executor/osspecific"
    shutil.copy(osspecific / "signal_darwin.go", osspecific / "signal_linux.go")
    return source
