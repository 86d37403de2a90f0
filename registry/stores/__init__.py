"""EDGE: where records are kept: a folder of files, or a cluster."""
