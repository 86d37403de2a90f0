"""EDGE: the Extensions of one namespace as a store that is written, with the Secrets that hold their values."""
