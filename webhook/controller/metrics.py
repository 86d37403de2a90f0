"""EDGE: what the controller measures: its status, when it is scraped."""

from collections.abc import Iterator

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from webhook.controller.status import Delivery, Status


class StatusCollector(Collector):
    """Gives *status* as gauges. A controller that does not lead says only that: the rest may have changed since."""

    def __init__(self, status: Status) -> None:
        self._status = status

    def collect(self) -> Iterator[Metric]:
        """The gauges, as of now."""
        status = self._status
        yield GaugeMetricFamily("fuseml_controller_leader", "1 while this process acts", int(status.leader))
        if not status.leader:
            return
        if status.expiries:
            expiries = GaugeMetricFamily(
                "fuseml_certificate_not_after_seconds", "when it expires, in Unix time", labels=["what"]
            )
            for what, end in sorted(status.expiries.items()):
                expiries.add_metric([what], end.timestamp())
            yield expiries
            what = "0 none, 1 the new authority becomes trusted, 2 its leaf is taken up"
            yield GaugeMetricFamily("fuseml_certificate_rotation_step", what, status.step)
        what = "webhook configurations that API servers call before ours and must not"
        yield GaugeMetricFamily("fuseml_configurations_in_the_way", what, status.called_before)
        what = "pods that were created while no webhook answered, and wait to be recreated"
        yield GaugeMetricFamily("fuseml_pods_waiting", what, status.pods_waiting)
        if status.extensions:
            extensions = GaugeMetricFamily("fuseml_extensions", "registered Extensions, by state", labels=["state"])
            for state, count in sorted(status.extensions.items()):
                extensions.add_metric([state], count)
            yield extensions
        if status.delivery:
            yield from _of_delivery(status.delivery)


def _of_delivery(delivery: Delivery) -> Iterator[Metric]:
    what = "copies of shared credentials that are in the namespaces that may have them"
    yield GaugeMetricFamily("fuseml_credentials_delivered", what, delivery.delivered)
    what = "copies of shared credentials that are due and cannot be delivered, by reason"
    waiting = GaugeMetricFamily("fuseml_credentials_waiting", what, labels=["what"])
    for reason, count in sorted(delivery.waiting.items()):
        waiting.add_metric([reason], count)
    yield waiting
    what = "age of the oldest change of credentials that has not been delivered yet"
    yield GaugeMetricFamily("fuseml_credentials_oldest_undelivered_seconds", what, delivery.oldest)
    what = "how often all copies have been written again"
    yield GaugeMetricFamily("fuseml_credentials_sweeps", what, delivery.sweeps)
