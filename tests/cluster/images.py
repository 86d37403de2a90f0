"""Import images into the node's containerd, each only if it has changed."""

import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from tests.cluster import buildah
from tests.cluster.archive import Image
from tests.cluster.build import binaries
from tests.cluster.paths import CONTAINERD, STATE

BUSYBOX = Path("/bin/busybox")
TEKTON = ("entrypoint", "nop", "workingdirinit", "sidecarlogresults")


def load() -> None:
    """Import the images that the node and the engines need, and one with Python for the pods of tests."""
    for name, image in _static().items():
        tag = f"docker.io/local/{name}:1"
        _once(tag, image.digest(), lambda archive, image=image, tag=tag: image.write(archive, tag))
    base = buildah.python()
    _once(buildah.PYTHON, base.stem, lambda archive: archive.symlink_to(base))


def build_and_load(
    context: Path,
    dockerfile: Path,
    tag: str,
    build_args: Mapping[str, str] | None = None,
    *,
    inputs: Iterable[Path] | None = None,
) -> str:
    """Build an image from a Dockerfile whose `ARG BASE` is a Debian with Python, and import it as *tag*.

    RUN has no package index: build wheels outside and copy them.

    Args:
        inputs: The files and folders that the Dockerfile copies, if not the whole context.

    Returns:
        A digest of all inputs: it differs when the image does.
    """
    archive = buildah.build(context, dockerfile, tag, build_args or {}, inputs or [context])
    _once(tag, archive.stem, lambda copy: copy.symlink_to(archive))
    return archive.stem.rpartition("-")[2]


def ctr(*args: object, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run containerd's own client on the node."""
    if check and not CONTAINERD.exists():
        raise SystemExit("the cluster does not run: make cluster")
    command = ["ctr", "-a", str(CONTAINERD), "-n", "k8s.io", *map(str, args)]
    return subprocess.run(command, check=check, capture_output=True, text=True, timeout=180)


def _static() -> dict[str, Image]:
    applets = subprocess.check_output([BUSYBOX, "--list"], text=True, timeout=10).split()
    links = tuple(applet for applet in applets if applet != "busybox")
    images = {
        "pause": Image(BUSYBOX, "/bin/busybox", ["/bin/sleep", "2147483647"], ("sleep",)),
        "busybox": Image(BUSYBOX, "/bin/busybox", ["/bin/sh"], links),
        "versitygw": Image(binaries("versitygw") / "versitygw", "/bin/versitygw", ["versitygw"]),
        "argoexec": Image(binaries("argo") / "argoexec", "/bin/argoexec", ["argoexec"]),
    }
    for name in TEKTON:
        images[f"tekton-{name}"] = Image(binaries("tekton") / name, f"/ko-app/{name}", [f"/ko-app/{name}"])
    return images


def _once(tag: str, digest: str, write: Callable[[Path], None]) -> None:
    """Import an image unless containerd has this version of it."""
    marker = STATE / "images" / tag.replace("/", "_")
    if marker.exists() and marker.read_text() == digest:
        return
    print(f"# image {tag}", flush=True)
    with tempfile.TemporaryDirectory(dir=STATE) as scratch:
        archive = Path(scratch, "image.tar")
        write(archive)
        ctr("image", "import", archive)
    marker.parent.mkdir(exist_ok=True)
    marker.write_text(digest)
