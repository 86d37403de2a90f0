"""Which service a selector means, for whom: selectors, versions, look-up, choice, access. Pure."""
