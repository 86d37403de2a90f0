"""The duty to keep the certificates of the webhook valid."""
