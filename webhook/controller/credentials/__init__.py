"""The duty that delivers shared credentials: copies of Secrets in the namespaces that may have them."""
