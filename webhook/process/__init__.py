"""EDGE: what every process of ours has: logs, a listening socket, probes, metrics."""
