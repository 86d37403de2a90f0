"""Whether an offer fulfils the criteria of a selector. Pure."""

from registry.resolving import versions
from registry.resolving.offers import EXACT, Offer
from registry.resolving.selectors import Selector


def mismatches(offer: Offer, selector: Selector) -> list[str]:
    """The criteria of *selector* that *offer* does not fulfil, each in words."""
    found = []
    for field, wanted in selector.criteria.items():
        value = EXACT[field](offer) if field in EXACT else offer.extension.version
        if not (value == wanted or (field == "version" and _version_fits(value, wanted))):
            found.append(f"{field} is {value!r}, not {wanted!r}" if value else f"has no {field}")
    return found


def _version_fits(version: str, wanted: str) -> bool:
    try:
        return versions.satisfies(version, wanted)
    except versions.ConstraintError:
        return False
