"""What a store offers to those who read the registry. The protocol, and nothing else."""

from typing import Protocol

from registry.resolving.index import Index


class RegistryFeed(Protocol):
    """Where the registry comes from: snapshots of it, each newer than the one before."""

    @property
    def snapshot(self) -> Index | None:
        """The last good state, None before the first."""

    def start(self) -> None:
        """Begin to follow changes, in this process."""

    def wait(self, seconds: float) -> None:
        """Return when something may have changed, at the latest after *seconds*."""

    def refresh(self) -> None:
        """Take up what changed. Never raises, and costs little if nothing did."""

    def settle(self) -> None:
        """Return when the snapshot shows every change that has been received so far, at the latest after moments."""

    def newer(self, than: Index) -> Index | None:
        """A snapshot newer than *than*, if the store expects one within moments and it comes; else None."""

    def age(self) -> float:
        """Seconds since the source was last heard of: the snapshot may be that old."""

    @property
    def load_errors(self) -> int:
        """How many problems keep records or changes from being served now."""

    def project_of(self, namespace: str) -> str | None:
        """The project of the runs in *namespace*; None if the namespace is not known."""
