"""What is kept of an extension: the record, its format and rules, and its form as an object of Kubernetes. Pure."""
