"""Records are changed where they stand in a text, without touching what stands beside them. Pure."""
