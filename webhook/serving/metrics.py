"""EDGE: what the webhook measures, added up over its worker processes.

Each worker writes its figures to files in memory, and the process that started the workers adds them up when it is
scraped. So a figure outlives the worker that counted it. Labels are from fixed lists: nothing that a tenant chooses
makes a new series.
"""

import atexit
import logging
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from webhook.adapters import KINDS
from webhook.errors import Reason, WebhookError
from webhook.process import metrics
from webhook.process.probes import Page, PageServer
from webhook.serving.reviewer import Unobserved

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

    from registry.stores.store import RegistryFeed

OTHER: Final = "other"
_OPERATIONS: Final = frozenset({"CREATE", "UPDATE"})
_BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
_AGE: Final = "fuseml_registry_age_seconds"
_DAYS_LEFT: Final = "fuseml_webhook_certificate_days_left"
# Workers write the time of something, and a scrape what that means now: else an age would stand still when the thread
# that should note it does. Both times are in seconds since 1970.
_AT_SCRAPE: Final[Mapping[str, Callable[[float, float], float]]] = {
    _AGE: lambda heard, now: now - heard,
    _DAYS_LEFT: lambda expires, now: (expires - now) / 86400.0,
}
# What a worker has not noted yet: no other worker's time is later.
_UNKNOWN: Final = float("inf")
# The kinds of metrics whose figures are kept when a worker ends.
_LASTING: Final = ("counter", "histogram")

_log = logging.getLogger(__name__)


class WorkerMetrics:
    """What one worker measures; made in the worker, so that no figures of the process that starts workers count."""

    def __init__(self) -> None:
        # When the library is imported, it looks into the environment for the folder that it is to write to.
        from prometheus_client import Counter, Gauge, Histogram  # noqa: PLC0415

        self._reviews = Counter(
            "fuseml_webhook_reviews",
            "reviews that were answered",
            ["kind", "operation", "outcome"],
            registry=None,
        )
        self._refusals = Counter(
            "fuseml_webhook_refusals", "refusals, by each reason that they have", ["reason"], registry=None
        )
        self._duration = Histogram(
            "fuseml_webhook_review_duration_seconds",
            "time from a review's last byte to its answer, the wait for a free thread included",
            buckets=_BUCKETS,
            registry=None,
        )
        self._in_flight = Gauge(
            "fuseml_webhook_reviews_in_flight",
            "reviews that are being worked on, as noted about once a second",
            registry=None,
            multiprocess_mode="livesum",
        )
        self._extensions = Gauge(
            "fuseml_registry_extensions",
            "extensions that are served; of several workers, the fewest",
            registry=None,
            multiprocess_mode="livemin",
        )
        self._revision = Gauge(
            "fuseml_registry_revision",
            "the revision that is served, in decimal digits: /readyz has it in hexadecimal ones",
            registry=None,
            multiprocess_mode="livemostrecent",
        )
        self._heard_at = Gauge(
            _AGE,
            "time since the source of the registry was last heard of; of several workers, the longest",
            registry=None,
            multiprocess_mode="livemin",
        )
        self._heard_at.set(_UNKNOWN)
        self._load_errors = Gauge(
            "fuseml_registry_load_errors",
            "problems that keep records or changes from being served now; of several workers, the most",
            registry=None,
            multiprocess_mode="livemax",
        )
        self._expires = Gauge(
            _DAYS_LEFT,
            "days until the certificate that is served expires; of several workers, the fewest",
            registry=None,
            multiprocess_mode="livemin",
        )
        self._expires.set(_UNKNOWN)
        # A gauge is a file, and to write it twice for each review would be two fifths of all that is measured of it.
        self._working = 0
        self._counting = threading.Lock()
        # Looking up a child by its labels takes as long as counting.
        self._children: dict[tuple[str, str, str], Counter] = {}

    def begun(self) -> None:
        """Count a review that is being worked on."""
        with self._counting:
            self._working += 1

    def answered(
        self, kind: str, operation: str, outcome: str, *, seconds: float, reasons: Collection[Reason] = ()
    ) -> None:
        """Count a review that was answered.

        Args:
            kind: As the review says; one that cannot ask counts as *other*.
            operation: Likewise.
            outcome: One of a fixed list.
            reasons: If it was refused, why.
        """
        with self._counting:
            self._working -= 1
        self._count(kind, operation, outcome)
        self._duration.observe(seconds)
        for reason in reasons:
            self._refusals.labels(reason.value).inc()

    def unread(self, outcome: str) -> None:
        """Count a request that was sent back unread.

        Args:
            outcome: As for *answered*.
        """
        self._count(OTHER, OTHER, outcome)

    def _count(self, kind: str, operation: str, outcome: str) -> None:
        labels = (kind if kind in KINDS else OTHER, operation if operation in _OPERATIONS else OTHER, outcome)
        child = self._children.get(labels)
        if child is None:
            child = self._children[labels] = self._reviews.labels(*labels)
        child.inc()

    def note(self, registry: "RegistryFeed", *, certificate_expires: float) -> None:
        """Note the state of this worker.

        Args:
            certificate_expires: In seconds since 1970.
        """
        self._in_flight.set(self._working)
        if (index := registry.snapshot) is not None:
            self._extensions.set(len(index))
            self._revision.set(int(index.revision or "0", 16))
        self._heard_at.set(time.time() - registry.age())
        self._load_errors.set(registry.load_errors)
        self._expires.set(certificate_expires)


class NoMetrics(Unobserved):
    """Measures nothing."""

    def note(self, registry: "RegistryFeed", *, certificate_expires: float) -> None:
        """See ``WorkerMetrics``."""


class FolderError(WebhookError):
    """There is no place for the files of metrics. Says why."""


class WorkerSums:
    """The figures of all workers; made by the process that starts them, before it does.

    Args:
        memory: A folder whose files need no disk; None = the system's folder for temporary files.

    Raises:
        FolderError: Nothing can be written there.
    """

    def __init__(self, memory: Path | None) -> None:
        try:
            self._folder = Path(tempfile.mkdtemp(prefix="fuseml-metrics-", dir=memory))
        except OSError as e:
            raise FolderError(f"no folder for the files of metrics: {(e.strerror or str(e)).lower()}") from e
        self._server: PageServer | None = None
        self._owner = os.getpid()
        self._adding = threading.Lock()
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(self._folder)
        # A worker that is forked while a scrape imports these would wait for that import for ever.
        import prometheus_client.mmap_dict  # noqa: PLC0415 - see WorkerMetrics
        import prometheus_client.multiprocess  # noqa: F401, PLC0415

        atexit.register(self._remove_folder)

    def page(self) -> Page:
        """The sums over all workers, those that have ended included."""
        with self._adding:
            return metrics.page(self)

    def collect(self) -> Iterator["Metric"]:
        """The figures as of now, for Prometheus' library."""
        from prometheus_client.multiprocess import MultiProcessCollector  # noqa: PLC0415 - see WorkerMetrics

        now = time.time()
        for metric in MultiProcessCollector(None, path=str(self._folder)).collect():
            if at_scrape := _AT_SCRAPE.get(metric.name):
                metric.samples = [
                    sample._replace(value=at_scrape(sample.value, now))
                    for sample in metric.samples
                    if sample.value != _UNKNOWN
                ]
            yield metric

    def keep_of(self, worker: int) -> None:
        """Add the figures of a *worker* that has ended to those of others before it; else files would pile up.

        Args:
            worker: Its process id.
        """
        from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415 - see WorkerMetrics

        with self._adding:
            mark_process_dead(worker, path=str(self._folder))
            for kind in _LASTING:
                file = self._folder / f"{kind}_{worker}.db"
                try:
                    self._add(file, self._folder / f"{kind}_0.db")
                except Exception as e:  # An error here would end the server, and a worker can die while it writes.
                    _log.warning("%ss of worker %d are lost: %s", kind, worker, type(e).__name__)
                # A file that cannot be read would spoil every scrape.
                with suppress(OSError):
                    file.unlink(missing_ok=True)

    def serve(self, address: str) -> None:
        """Serve ``/metrics`` at *address*, from a thread of this process.

        Raises:
            ListenError: The address cannot be listened on.
        """
        self._server = PageServer(address, {"/metrics": self.page})
        self._server.start()
        _log.info("metrics on port %d", self._server.port)

    def enter_worker(self) -> None:
        """Called in each worker as soon as it is a process of its own."""
        if self._server:
            self._server.server_close()
        # Programs that tidy up folders for temporary files may have removed it, and no worker would start again.
        self._folder.mkdir(mode=0o700, exist_ok=True)

    def _add(self, file: Path, total: Path) -> None:
        from prometheus_client.mmap_dict import MmapedDict  # noqa: PLC0415 - see WorkerMetrics

        if not file.exists():
            return
        values = list(MmapedDict.read_all_values_from_file(str(file)))
        with closing(MmapedDict(str(total))) as sums:
            for key, value, _, _ in values:
                sums.write_value(key, sums.read_value(key)[0] + value, 0.0)

    def _remove_folder(self) -> None:
        # A worker inherits this, and must leave the folder to the others.
        if os.getpid() == self._owner:
            shutil.rmtree(self._folder, ignore_errors=True)
