"""EDGE: what commands are given: fields of a record, entries of a configuration, values of credentials, files."""
