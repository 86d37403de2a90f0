"""The pods that an object is expected to create, as far as its definitions are known. Pure."""
