"""How records are shown: tables and text for people, FuseML's own formats for its users, records for scripts."""
