"""Steps that go on when the test tells them to, so that no test depends on a machine's speed."""

from tests.e2e.kubectl import Kubectl
from tests.e2e.waiting import wait_for

# In a shell, and in Python as an expression.
UNTIL_TOLD = "until test -e /tmp/go; do sleep 1; done"
UNTIL_TOLD_PY = "any(time.sleep(0.5) for _ in iter(lambda: os.path.exists('/tmp/go'), True))"


def held(kubectl: Kubectl, count: int) -> dict[str, str]:
    """Wait until the steps of *count* pods of the namespace run; give the container of each by its pod."""
    return wait_for(lambda: len(found := _running(kubectl)) == count and found, 90, f"{count} steps that wait")


def let_go(kubectl: Kubectl, steps: dict[str, str]) -> None:
    """Let the steps go on that are `held`."""
    for pod, container in steps.items():
        kubectl("exec", pod, "-c", container, "--", "touch", "/tmp/go")


def _running(kubectl: Kubectl) -> dict[str, str]:
    # A pod is running when any of its containers is: an engine's own may be the first.
    return {
        pod["metadata"]["name"]: container["name"]
        for pod in kubectl.json("get", "pods")["items"]
        for container in pod["status"].get("containerStatuses", ())
        if container["name"].endswith("main") and "running" in container["state"]
    }
