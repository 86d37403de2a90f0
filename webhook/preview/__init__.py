"""What the webhook would do to objects, computed without a webhook. Pure, except cluster_definitions."""
