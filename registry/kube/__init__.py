"""EDGE: connects to the API server, and follows a collection of its objects."""
