"""The duty to have pods recreated that were created while no webhook answered."""
