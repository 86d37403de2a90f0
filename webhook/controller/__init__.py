"""EDGE: the process that acts in the cluster. One module or folder per duty, and the loop that runs them."""
