"""What would happen to objects, without it happening. Pure, but for cluster_definitions."""
