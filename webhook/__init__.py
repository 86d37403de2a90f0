"""An object in, a patch out; and what it takes to run that in a cluster."""
