"""EDGE: a registry behind FuseML's REST API as a store of records: ours, or FuseML's original server."""

from typing import Final

# Seconds to wait for an answer; FuseML's client has the same default.
TIMEOUT: Final = 30.0
