"""The duty that keeps the webhook's certificates valid."""
