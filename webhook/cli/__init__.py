"""EDGE: the command line. One module per command; commands compose the folders below."""
