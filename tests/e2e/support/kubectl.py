"""Run kubectl, never without a time limit."""

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.e2e.support.api import Api
from tests.e2e.support.kept import keep_error

Document = str | Mapping[str, Any] | Sequence[Mapping[str, Any]]
# Outside of the user's home.
CACHE = Path(tempfile.gettempdir(), "fuseml-e2e-kubectl")


class KubectlError(Exception):
    """Kubectl failed. *stderr* is what it printed on the terminal."""

    def __init__(self, args: Sequence[str], done: subprocess.CompletedProcess[str]) -> None:
        super().__init__(f"kubectl {' '.join(args)}: exit code {done.returncode}\n{done.stderr}{done.stdout}")
        self.stderr = done.stderr


class Kubectl:
    """Kubectl on one cluster, with a default namespace."""

    def __init__(self, kubeconfig: Path, namespace: str | None = None, program: str = "kubectl") -> None:
        self.kubeconfig = kubeconfig
        self.namespace = namespace
        self.program = program

    def within(self, namespace: str) -> "Kubectl":
        """The same with another default namespace."""
        return Kubectl(self.kubeconfig, namespace, self.program)

    @cached_property
    def api(self) -> Api:
        """The same cluster and namespace without kubectl, which takes more processor time than many a pod."""
        return Api(self.kubeconfig, self.namespace or "default")

    def run(
        self, *args: object, stdin: Document | None = None, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run it, and let it fail; *stdin* is text, an object or a list of objects."""
        words = [str(arg) for arg in args]
        if self.namespace:
            # After the first word, which may be the name of a plugin, and before any `-n`: the last one counts.
            words.insert(1, f"--namespace={self.namespace}")
        done = subprocess.run(
            [self.program, *words],
            input=_text(stdin),
            env=os.environ | {"KUBECONFIG": str(self.kubeconfig), "KUBECACHEDIR": str(CACHE)},
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )
        keep_error(done.stderr)
        return done

    def __call__(self, *args: object, stdin: Document | None = None, timeout: float = 60) -> str:
        """Run it; return what it prints.

        Raises:
            KubectlError: It failed.
        """
        done = self.run(*args, stdin=stdin, timeout=timeout)
        if done.returncode:
            raise KubectlError(list(map(str, args)), done)
        return done.stdout

    def json(self, *args: object, stdin: Document | None = None, timeout: float = 60) -> Any:
        """Run it; return the objects that it prints."""
        return json.loads(self(*args, "-o", "json", stdin=stdin, timeout=timeout))

    def fails(self, *args: object, stdin: Document | None = None, timeout: float = 60) -> str:
        """Run it, require that it fails, and return its error message."""
        done = self.run(*args, stdin=stdin, timeout=timeout)
        assert done.returncode, f"kubectl {' '.join(map(str, args))} did not fail:\n{done.stdout}"
        return done.stderr


def _text(stdin: Document | None) -> str | None:
    if stdin is None or isinstance(stdin, str):
        return stdin
    # JSON, in which no string can be misread, and one `List` for several objects.
    return json.dumps(stdin if isinstance(stdin, Mapping) else {"apiVersion": "v1", "kind": "List", "items": stdin})
