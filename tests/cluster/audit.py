"""What the API server writes into its audit log: every change to what the tests look at, with bodies."""

WRITES = ["create", "update", "patch", "delete", "deletecollection"]


def policy() -> dict[str, object]:
    """Bodies of changes to runs, definitions, extensions and pods; of reading them, only that it happened."""
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
            # Whether somebody read or wrote a Secret; never what is in it.
            {"level": "Metadata", "resources": [{"group": "", "resources": ["secrets"]}]},
            {"level": "None"},
        ],
    }
