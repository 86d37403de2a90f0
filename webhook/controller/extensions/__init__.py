"""The duty that writes into each Extension whether it works."""
