"""EDGE: what every process of ours has: logs, a listening socket, the certificate that is served, probes, metrics."""
