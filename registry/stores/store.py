"""What a registry has to offer to those who read it. The protocol, and nothing else."""

from typing import Protocol

from registry.resolving.index import Index


class Source(Protocol):
    """Where the registry comes from."""

    @property
    def snapshot(self) -> Index | None:
        """The last good state, None before the first."""

    def start(self) -> None:
        """Do what it takes to hear of changes, in this process."""

    def wait(self, seconds: float) -> None:
        """Return when something may have changed, at the latest after *seconds*."""

    def refresh(self) -> None:
        """Take up what changed. Never raises, and costs little if nothing did."""

    def settle(self) -> None:
        """Return when the snapshot shows all that has been heard of until now."""

    def newer(self, than: Index) -> Index | None:
        """The state after *than*, if it is worth waiting moments for it."""

    def project_of(self, namespace: str) -> str | None:
        """The project of the runs in *namespace*; None if the namespace is not known."""
