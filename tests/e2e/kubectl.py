"""Run kubectl, never without a time limit."""

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Document = str | Mapping[str, Any] | Sequence[Mapping[str, Any]]
# Not in the home of whoever runs the tests.
CACHE = Path(tempfile.gettempdir(), "fuseml-e2e-kubectl")


class KubectlError(Exception):
    """Kubectl failed. *stderr* is what it said to the person at the terminal."""

    def __init__(self, args: Sequence[str], done: subprocess.CompletedProcess[str]) -> None:
        super().__init__(f"kubectl {' '.join(args)}: exit code {done.returncode}\n{done.stderr}{done.stdout}")
        self.stderr = done.stderr


class Kubectl:
    """Kubectl on one cluster, and in one namespace where neither an object nor an argument names one."""

    def __init__(self, kubeconfig: Path, namespace: str | None = None, program: str = "kubectl") -> None:
        self.kubeconfig = kubeconfig
        self.namespace = namespace
        self.program = program

    def within(self, namespace: str) -> "Kubectl":
        """The same in another namespace."""
        return Kubectl(self.kubeconfig, namespace, self.program)

    def run(
        self, *args: object, stdin: Document | None = None, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run it, whatever comes of it; *stdin* is text, an object or a list of objects."""
        words = [str(arg) for arg in args]
        if self.namespace:
            # After the first word, which may be a plugin's name; before any `-n`, of which the last one counts.
            words.insert(1, f"--namespace={self.namespace}")
        return subprocess.run(
            [self.program, *words],
            input=_text(stdin),
            env=os.environ | {"KUBECONFIG": str(self.kubeconfig), "KUBECACHEDIR": str(CACHE)},
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )

    def __call__(self, *args: object, stdin: Document | None = None, timeout: float = 60) -> str:
        """What it prints.

        Raises:
            KubectlError: It failed.
        """
        done = self.run(*args, stdin=stdin, timeout=timeout)
        if done.returncode:
            raise KubectlError(list(map(str, args)), done)
        return done.stdout

    def json(self, *args: object, stdin: Document | None = None, timeout: float = 60) -> Any:
        """The objects that it prints, as Python values."""
        return json.loads(self(*args, "-o", "json", stdin=stdin, timeout=timeout))

    def fails(self, *args: object, stdin: Document | None = None, timeout: float = 60) -> str:
        """What it says on failing, as it has to."""
        done = self.run(*args, stdin=stdin, timeout=timeout)
        assert done.returncode, f"kubectl {' '.join(map(str, args))} was to fail, but:\n{done.stdout}"
        return done.stderr


def _text(stdin: Document | None) -> str | None:
    if stdin is None or isinstance(stdin, str):
        return stdin
    # A list goes as one `List`, in JSON: the text of a string arrives as it is.
    return json.dumps(stdin if isinstance(stdin, Mapping) else {"apiVersion": "v1", "kind": "List", "items": stdin})
