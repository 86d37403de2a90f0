"""Write an image of one static program as a docker archive: one layer, no tool needed."""

import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import NamedTuple


class Image(NamedTuple):
    """A program, its path in the image, and the image's entrypoint."""

    program: Path
    path: str
    entrypoint: list[str]
    links: tuple[str, ...] = ()  # names beside the program that lead to it

    def digest(self) -> str:
        """Differs when the archive would; the folder name of a built program has a digest of its sources."""
        facts = (*map(str, self), self.program.stat().st_size, Path(__file__).read_text())
        return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]

    def write(self, archive: Path, tag: str) -> None:
        """Write the archive that `ctr image import` reads."""
        layer = self._layer()
        config = {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Entrypoint": self.entrypoint, "Env": ["PATH=/bin:/ko-app"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        }
        manifest = [{"Config": "config.json", "RepoTags": [tag], "Layers": ["layer.tar"]}]
        with tarfile.open(archive, "w") as tar:
            _add(tar, "layer.tar", layer)
            _add(tar, "config.json", json.dumps(config).encode())
            _add(tar, "manifest.json", json.dumps(manifest).encode())

    def _layer(self) -> bytes:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            for folder, mode in ((self.path.split("/")[1], 0o755), ("tmp", 0o1777), ("etc", 0o755)):
                info = tarfile.TarInfo(folder)
                info.type, info.mode = tarfile.DIRTYPE, mode
                tar.addfile(info)
            _add(tar, self.path[1:], self.program.read_bytes(), 0o755)
            _add(tar, "etc/passwd", b"root:x:0:0:root:/:/bin/sh\n")
            for link in self.links:
                info = tarfile.TarInfo(f"bin/{link}")
                info.type, info.linkname = tarfile.SYMTYPE, self.program.name
                tar.addfile(info)
        return buffer.getvalue()


def _add(tar: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), mode
    tar.addfile(info, io.BytesIO(content))
