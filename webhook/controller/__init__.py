"""EDGE: the process that acts in the cluster. One module a duty, and what keeps duties going."""
