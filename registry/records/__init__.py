"""Records of extensions: their format and rules, and their form as Kubernetes objects. Pure."""
