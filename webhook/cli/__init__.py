"""EDGE: what a person types. Each command is a module; all else is composed here."""
