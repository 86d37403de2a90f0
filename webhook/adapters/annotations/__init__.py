"""The annotations that ask for services: their names, keys and levels, and how they are read. Pure."""
