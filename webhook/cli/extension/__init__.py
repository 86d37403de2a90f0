"""EDGE: the commands ``fuseml extension …``: what operators do with records, wherever these are kept."""
