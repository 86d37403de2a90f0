"""EDGE: the API server: how it is reached, and how a collection of its objects is followed."""
