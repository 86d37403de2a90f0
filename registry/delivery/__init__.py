"""How shared credentials get into the namespaces of runs: names of copies, and the ledger of what is there. Pure."""
