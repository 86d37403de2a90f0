"""EDGE: a registry behind FuseML's REST API as a store of records: ours, or FuseML's original server."""
