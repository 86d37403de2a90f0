"""EDGE: the commands for the parts of an extension: services, endpoints, credentials."""
