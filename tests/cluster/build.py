"""Build the cluster's programs from Go modules into a cache outside of the repository."""

import hashlib
import inspect
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import NamedTuple

from tests.cluster.lock import alone
from tests.cluster.paths import CACHE, GO

VERSION = next(
    line.split()[-1]
    for line in (GO / "kubernetes/go.mod").read_text().splitlines()
    if line.startswith("require k8s.io/kubernetes ")
)
MAJOR, MINOR, _ = VERSION.removeprefix("v").split(".", 2)
LDFLAGS = "-s -w " + " ".join(
    f"-X k8s.io/component-base/version.{name}={value}"
    for name, value in {"gitVersion": VERSION, "gitMajor": MAJOR, "gitMinor": MINOR, "gitTreeState": "clean"}.items()
)
TEKTON = "github.com/tektoncd/pipeline"
ARGO = "github.com/argoproj/argo-workflows/v4"


class Group(NamedTuple):
    """Programs that are built together."""

    module: str  # the folder of their go.mod
    prefix: str
    names: str


GROUPS = {
    "kubernetes": Group(
        "kubernetes",
        "k8s.io/kubernetes/cmd/",
        "kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy",
    ),
    "etcd": Group("etcd", "", "."),
    "tekton": Group("tekton", f"{TEKTON}/cmd/", "controller webhook entrypoint nop workingdirinit sidecarlogresults"),
    "resolvers": Group("resolvers", f"{TEKTON}/cmd/", "resolvers"),
    "argo": Group("argo", f"{ARGO}/cmd/", "workflow-controller argoexec"),
    "resend": Group("argo", "", "./resend"),
    "cert-manager": Group("cert-manager", "", "."),
    "versitygw": Group("versitygw", "github.com/versity/versitygw/cmd/", "versitygw"),
    "kubectl": Group("kubernetes", "k8s.io/kubernetes/cmd/", "kubectl"),
}
LONGEST_FIRST = ("kubernetes", "argo", "tekton", "versitygw", "resolvers", "etcd")
PACKAGES = "containerd runc containernetworking-plugins nftables iproute2 busybox-static openssl mmdebstrap buildah"
ENV = os.environ | {"CGO_ENABLED": "0"}
LIMIT = 3600  # seconds for the slowest machine


def install() -> None:
    """Install the Debian packages that are missing."""
    for program, what in {"apt-get": "Debian", "go": "Go"}.items():
        if not shutil.which(program):
            raise SystemExit(f"no {program} here: the cluster needs {what}")
    if os.geteuid():
        raise SystemExit("not root: the cluster starts containers and sets addresses, it needs root")
    query = ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *PACKAGES.split()]
    known = subprocess.run(query, capture_output=True, text=True, check=False, timeout=60).stdout
    missing = [package for package in PACKAGES.split() if f"{package} installed" not in known.splitlines()]
    if missing:
        print(f"installing {' '.join(missing)} ...", flush=True)
        subprocess.run(["apt-get", "update", "-qq"], check=True, timeout=300)
        command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]
        quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(command, check=True, timeout=600, env=quiet, stdin=subprocess.DEVNULL)


def binaries(name: str) -> Path:
    """The folder of a group's programs; built unless the cache holds them."""
    group = GROUPS[name]
    digest = hashlib.sha256(repr((group, LDFLAGS, inspect.getsource(_compile))).encode())
    # Our own programs are in folders of theirs.
    for part in ("", *(name for name in group.names.split() if name.startswith("./"))):
        for file in sorted((GO / group.module / part).iterdir()):
            if file.is_file():
                digest.update(file.name.encode() + file.read_bytes())
    folder = CACHE / "bin" / f"{name}-{digest.hexdigest()[:16]}"
    if not folder.exists():
        with alone(f"{name}-build"):
            if not folder.exists():
                _build(name, folder)
    return folder


def everything(*also: Callable[[], object]) -> None:
    """Build all programs of the cluster that the cache does not hold, and call *also* meanwhile.

    Two at a time: each waits for downloads when it begins, and links on one core when it ends.
    """
    with ThreadPoolExecutor(max_workers=2) as pool:
        started = [pool.submit(binaries, group) for group in LONGEST_FIRST] + [pool.submit(part) for part in also]
        try:
            for part in as_completed(started):
                part.result()
        finally:
            pool.shutdown(cancel_futures=True)


def module(group: str, path: str) -> Path:
    """The folder of a module's sources, which holds its manifests."""
    command = ["go", "list", "-m", "-f", "{{.Dir}}", path]
    subprocess.run(["go", "mod", "download", path], cwd=GO / group, check=True, timeout=300)
    return Path(subprocess.check_output(command, cwd=GO / group, text=True, timeout=300).strip())


def _build(name: str, folder: Path) -> None:
    began = time.monotonic()
    print(f"building {name}: {GROUPS[name].names} (minutes, once) ...", flush=True)
    CACHE.joinpath("bin").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        out = Path(scratch, "out")
        out.mkdir()
        _compile(name, out, Path(scratch, name))
        out.rename(folder)
    for earlier in folder.parent.glob(f"{name}-*"):
        if earlier != folder:
            shutil.rmtree(earlier)
    print(f"built {name} in {time.monotonic() - began:.0f} s", flush=True)


def _compile(name: str, out: Path, scratch: Path) -> None:
    group = GROUPS[name]
    source, flags = GO / group.module, []
    if name == "argo":
        # A link that the module's archive dropped is put back: argoexec does not compile without it.
        source, flags = shutil.copytree(source, scratch), ["-mod=vendor"]
        subprocess.run(["timeout", str(LIMIT), "go", "mod", "vendor"], cwd=source, check=True)
        osspecific = source / "vendor" / ARGO / "workflow/executor/osspecific"
        shutil.copy(osspecific / "signal_darwin.go", osspecific / "signal_linux.go")
    targets = [group.prefix + target for target in group.names.split()]
    _go("build", *flags, "-v", "-trimpath", "-ldflags", LDFLAGS, "-o", f"{out}/", *targets, cwd=source)


def _go(*args: str, cwd: Path) -> None:
    """Run go, and every 15 seconds print how far it is: it is silent for minutes otherwise."""
    command = ["timeout", str(LIMIT), "go", *args]
    began = told = time.monotonic()
    compiled = 0
    with subprocess.Popen(command, cwd=cwd, env=ENV, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr or ():
            if " " not in line.strip():  # with -v, the name of each package that is compiled
                compiled += 1
            elif not line.startswith("go: downloading"):
                print(f"  {cwd.name}: {line}", end="", flush=True)
            if time.monotonic() - told > 15:
                told = time.monotonic()
                print(f"  {cwd.name}, {told - began:.0f} s: {compiled} packages, now {line.strip()}", flush=True)
    if process.returncode:
        raise SystemExit(f"go {' '.join(args[:1])} in {cwd}: exit code {process.returncode}")
