"""Which service a selector means, and for whom: selectors, versions, look-up, choice, access. Pure."""
