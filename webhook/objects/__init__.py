"""Plain Kubernetes objects: walking them, patching them, reading and writing them as YAML. Pure."""
