"""An object in, a patch out. Pure."""
