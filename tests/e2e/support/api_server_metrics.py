"""The API server's own metrics of its calls to webhooks."""

import re

from tests.e2e.support.kubectl import Kubectl

_CALLS = re.compile(
    r"^apiserver_admission_webhook_admission_duration_seconds_(sum|count)\{name=\"([^\"]+)\".*\} ([0-9.e+-]+)$",
    re.MULTILINE,
)


def webhook_calls(kubectl: Kubectl) -> dict[str, dict[str, float]]:
    """By webhook, the number of calls (`count`), failed ones included, and their duration in all (`sum`, seconds)."""
    found: dict[str, dict[str, float]] = {}
    for what, name, value in _CALLS.findall(kubectl("get", "--raw", "/metrics")):
        of_webhook = found.setdefault(name, {"sum": 0.0, "count": 0.0})
        of_webhook[what] += float(value)
    return found
