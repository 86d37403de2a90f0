"""YAML and JSON text -> plain data, and where each value stands in the text. Pure."""
