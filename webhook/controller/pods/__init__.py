"""The duty that has pods recreated if no webhook answered when they were created."""
