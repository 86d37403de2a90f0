"""What the API server records in its audit log: everything with bodies, but of Secrets and tokens only the fact."""

# With values in their bodies.
SECRET = [
    {"group": "", "resources": ["secrets", "serviceaccounts/token"]},
    {"group": "authentication.k8s.io", "resources": ["tokenreviews"]},
]


def policy() -> dict[str, object]:
    """The audit policy."""
    return {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "omitManagedFields": True,
        "rules": [
            {"level": "Metadata", "resources": SECRET},
            {"level": "None", "nonResourceURLs": ["*"]},
            {"level": "RequestResponse"},
        ],
    }
