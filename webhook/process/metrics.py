"""EDGE: metrics in Prometheus' text format."""

from typing import TYPE_CHECKING

from webhook.process.probes import Page

if TYPE_CHECKING:
    from prometheus_client.registry import Collector


def page(*collectors: "Collector") -> Page:
    """What *collectors* say now. Nothing that the library knows of the process and its paths is added."""
    # Commands that serve no metrics start faster without it.
    from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, generate_latest  # noqa: PLC0415

    registry = CollectorRegistry(auto_describe=False)
    for collector in collectors:
        registry.register(collector)
    return Page(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)
