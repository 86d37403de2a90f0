"""A real one-node Kubernetes without Docker, in which pods of Tekton and Argo run."""
