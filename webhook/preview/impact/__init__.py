"""Two registries and objects in, and what a change from one to the other means for these out. Pure."""
