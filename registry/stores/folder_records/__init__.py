"""EDGE: a folder of files as a store that is written: durable, locked, and careful with what people wrote."""
