"""What the API server records in its audit log: every change to objects that tests examine, with bodies."""

WRITES = ["create", "update", "patch", "delete", "deletecollection"]


def policy() -> dict[str, object]:
    """The audit policy: bodies of changes to runs, definitions, Extensions and pods; of reads only the fact."""
    return {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [
            {
                "level": "RequestResponse",
                "verbs": WRITES,
                "resources": [{"group": group} for group in ("fuseml.org", "tekton.dev", "argoproj.io")],
            },
            {"level": "RequestResponse", "verbs": ["create"], "resources": [{"group": "", "resources": ["pods"]}]},
            {"level": "Metadata", "resources": [{"group": "fuseml.org"}]},
            # That a Secret was read or written; never its content.
            {"level": "Metadata", "resources": [{"group": "", "resources": ["secrets"]}]},
            {"level": "None"},
        ],
    }
