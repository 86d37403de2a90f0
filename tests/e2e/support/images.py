"""Images for the pods of tests."""

from typing import NamedTuple


class Images(NamedTuple):
    """Images that the cluster has or can pull."""

    busybox: str
    python: str
