"""What an account may do, as `kubectl auth can-i` lists it, and as rbac/ has it."""

import os
from pathlib import Path

from tests.e2e.support.kubectl import Kubectl

LISTS = Path(__file__).parent / "rbac"
# A service account that does not exist: it may do what everyone may.
EVERYONE = "system:serviceaccount:e2e-nowhere:nobody"


def rights(kubectl: Kubectl, user: str, namespace: str) -> set[str]:
    """The lines of `kubectl auth can-i --list`, each with single spaces."""
    shown = kubectl("auth", "can-i", "--list", f"--as={user}", "-n", namespace)
    return {" ".join(line.split()) for line in shown.splitlines()[1:]}


def own_rights(kubectl: Kubectl, account: str, namespace: str) -> set[str]:
    """The rights of *account* that not everyone has."""
    return rights(kubectl, account, namespace) - rights(kubectl, EVERYONE, namespace)


def check(name: str, lines: set[str]) -> None:
    """Require that rbac/ has just these *lines* under *name*; UPDATE_RBAC=1 writes them."""
    file = LISTS / f"{name}.txt"
    text = "".join(f"{line}\n" for line in sorted(lines))
    if os.environ.get("UPDATE_RBAC"):
        LISTS.mkdir(exist_ok=True)
        file.write_text(text)
    assert _sorted(text) == _sorted(file.read_text()), f"{file}; UPDATE_RBAC=1 writes it"


def _sorted(text: str) -> list[list[str]]:
    """The lines of *text*, whose verbs kubectl puts in any order."""
    return sorted(sorted(line.replace("[", "[ ").replace("]", " ]").split()) for line in text.splitlines())
