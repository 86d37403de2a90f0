"""The places beside a container's own ``env`` where an author sets variables for it, in Tekton and Argo. Pure."""
