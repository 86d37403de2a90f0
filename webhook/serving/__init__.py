"""EDGE: the admission webhook as an HTTPS server."""
