"""Steps that wait until the test lets them go on, so that no test depends on the machine's speed."""

from tests.e2e.support.kubectl import Kubectl
from tests.e2e.support.waiting import wait_for

# As a shell command, and as a Python expression.
UNTIL_LET_GO = "until test -e /tmp/go; do sleep 1; done"
UNTIL_LET_GO_PY = "any(time.sleep(0.5) for _ in iter(lambda: os.path.exists('/tmp/go'), True))"


def held(kubectl: Kubectl, count: int) -> dict[str, str]:
    """Wait until the steps of *count* pods run; return the container of each by the name of its pod."""
    return wait_for(lambda: len(found := _running(kubectl)) == count and found, 90, f"{count} steps that wait")


def let_go(kubectl: Kubectl, steps: dict[str, str]) -> None:
    """Let steps that `held` has returned go on."""
    for pod, container in steps.items():
        done = kubectl.run("exec", pod, "-c", container, "--", "touch", "/tmp/go")
        # The step may end, and take the command with it, before the command has returned.
        assert done.returncode in (0, 137), done.stderr


def _running(kubectl: Kubectl) -> dict[str, str]:
    # A pod is running as soon as any container is, which may be one of the engine's own.
    return {
        pod["metadata"]["name"]: container["name"]
        for pod in kubectl.api.get("pods")["items"]
        for container in pod["status"].get("containerStatuses", ())
        if container["name"].endswith("main") and "running" in container["state"]
    }
