"""The registry's REST service as a process: gunicorn's threaded worker, TLS, and where it may listen. EDGE."""
