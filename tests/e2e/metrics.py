"""What the API server counts of its own calls."""

import re

from tests.e2e.kubectl import Kubectl

_CALLS = re.compile(
    r"^apiserver_admission_webhook_admission_duration_seconds_(sum|count)\{name=\"([^\"]+)\".*\} ([0-9.e+-]+)$",
    re.MULTILINE,
)


def webhook_calls(kubectl: Kubectl) -> dict[str, dict[str, float]]:
    """By webhook, the number (`count`) of calls that were tried and the seconds (`sum`) that all of them took."""
    found: dict[str, dict[str, float]] = {}
    for what, name, value in _CALLS.findall(kubectl("get", "--raw", "/metrics")):
        of_webhook = found.setdefault(name, {"sum": 0.0, "count": 0.0})
        of_webhook[what] += float(value)
    return found
