"""EDGE: where records are kept, in a folder of files or in a cluster."""
