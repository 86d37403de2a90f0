"""Build images with buildah, without a registry and without Docker, and cache them by their content."""

import hashlib
import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.cluster.lock import alone
from tests.cluster.paths import CACHE

ARCHIVES = CACHE / "images"
STORE = CACHE / "buildah"
PYTHON = "docker.io/local/python:1"
PACKAGES = "python3,python3-venv,ca-certificates"
SUITE = "bookworm"
CONFIG = ["--env", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "--cmd", "python3"]
# A fixed path of the image library, for what it learns about registries.
BLOB_INFO = Path("/var/lib/containers/cache/blob-info-cache-v1.boltdb")


def python() -> Path:
    """The archive of a small Debian with Python, the base of all images that are built here."""
    archive = ARCHIVES / f"python-{_digest(PACKAGES, SUITE, CONFIG)}.tar"
    # No lock if it exists: `build` calls this too.
    if not archive.exists():
        with alone("images"):
            if not archive.exists():
                _bootstrap(archive)
    return archive


def build(context: Path, dockerfile: Path, tag: str, build_args: Mapping[str, str], inputs: Iterable[Path]) -> Path:
    """The archive of the image that a Dockerfile makes of *inputs*; built unless the cache holds it."""
    digest = _digest(tag, python().stem, dockerfile.read_text(), sorted(build_args.items()), *map(_content, inputs))
    archive = ARCHIVES / f"{tag.rpartition('/')[2].replace(':', '-')}-{digest}.tar"
    with alone("images"):
        if not archive.exists():
            _build(archive, context, dockerfile, tag, build_args)
    return archive


def _bootstrap(archive: Path) -> None:
    print(f"building {PYTHON}: Debian {SUITE} with {PACKAGES} (a minute, once) ...", flush=True)
    ARCHIVES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        root = Path(scratch, "root.tar")
        options = ["--variant=minbase", "--mode=root", "--quiet", f"--include={PACKAGES}"]
        command = ["mmdebstrap", *options, SUITE, str(root), *_sources()]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=900)
        container = _buildah("from", "scratch", capture_output=True)
        _buildah("add", "--quiet", container, root, "/", capture_output=True)
    _buildah("config", *CONFIG, container)
    _buildah("commit", "--quiet", "--rm", container, _base(archive), capture_output=True)
    _push(_base(archive), PYTHON, archive)


def _build(archive: Path, context: Path, dockerfile: Path, tag: str, build_args: Mapping[str, str]) -> None:
    print(f"building {tag} from {dockerfile} ...", flush=True)
    base = _base(python())
    if base not in _buildah("images", "--format", "{{.Name}}:{{.Tag}}", capture_output=True).split():
        _buildah("tag", _buildah("pull", "--quiet", f"docker-archive:{python()}", capture_output=True), base)
    args = [f"--build-arg={key}={value}" for key, value in ({"BASE": base} | dict(build_args)).items()]
    local = f"localhost/{archive.stem}:1"
    _buildah("bud", "--isolation=chroot", "--pull-never", *args, "-t", local, "-f", dockerfile, context)
    _push(local, tag, archive)
    _buildah("rmi", local, capture_output=True)
    _buildah("rmi", "--prune", capture_output=True)  # the images of a Dockerfile's earlier stages


def _base(archive: Path) -> str:
    return f"localhost/python-base:{archive.stem.rpartition('-')[2]}"


def _sources() -> list[str]:
    """The machine's own package sources, as it may not reach others; if it has none, mmdebstrap uses Debian's."""
    files = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*.sources"))]
    return [str(file) for file in files if file.exists() and "debian" in file.read_text()]


def _push(local: str, tag: str, archive: Path) -> None:
    """Write an image as an archive, and delete earlier archives of the same name."""
    draft = archive.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    _buildah("push", "--quiet", local, f"docker-archive:{draft}:{tag}", capture_output=True)
    draft.rename(archive)
    for other in archive.parent.glob(f"{archive.stem.rpartition('-')[0]}-{'?' * 16}.tar"):
        if other != archive:
            other.unlink()


def _buildah(*args: object, capture_output: bool = False) -> str:
    for folder in ("root", "run", "network"):
        (STORE / folder).mkdir(parents=True, exist_ok=True)
    config = STORE / "containers.conf"
    config.write_text(f'[network]\nnetwork_config_dir = "{STORE}/network"\n')
    store = ["--root", f"{STORE}/root", "--runroot", f"{STORE}/run", "--storage-driver", "vfs"]
    with _without_blob_info():
        done = subprocess.run(
            ["buildah", *store, *map(str, args)],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if capture_output else None,
            env=os.environ | {"CONTAINERS_CONF": str(config)},
            text=True,
            timeout=900,
        )
    if done.returncode:
        raise SystemExit(f"buildah {' '.join(map(str, args))}: exit code {done.returncode}")
    return (done.stdout or "").strip()


@contextmanager
def _without_blob_info() -> Iterator[None]:
    """Delete what buildah writes outside of our store, unless it existed before."""
    new = [folder for folder in (BLOB_INFO.parent, BLOB_INFO.parent.parent) if not folder.exists()]
    yield
    if new:
        BLOB_INFO.unlink(missing_ok=True)
    for folder in new:
        with suppress(OSError):
            folder.rmdir()


def _content(path: Path) -> tuple[tuple[str, str], ...]:
    """Names and digests of the files of a folder, or of the file itself."""
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    return tuple((str(file.relative_to(path)), hashlib.sha256(file.read_bytes()).hexdigest()) for file in files)


def _digest(*facts: object) -> str:
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
