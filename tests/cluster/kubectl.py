"""Run kubectl on this cluster, never without a time limit."""

import shutil
import subprocess
from pathlib import Path

from tests.cluster.build import binaries
from tests.cluster.paths import KUBECONFIG, STATE


def kubectl(*args: object, stdin: str | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run kubectl on this cluster."""
    program = folder / "kubectl" if (folder := built()) else "kubectl"
    options = [f"--kubeconfig={KUBECONFIG}", f"--cache-dir={STATE}/kubectl-cache", "--request-timeout=30s"]
    done = subprocess.run(
        [str(word) for word in (program, *options, *args)],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if check and done.returncode:
        raise SystemExit(f"kubectl {' '.join(map(str, args))}: {done.stderr}")
    return done


def built() -> Path | None:
    """The folder of a kubectl that is built here if the machine has none."""
    return None if shutil.which("kubectl") else binaries("kubectl")
