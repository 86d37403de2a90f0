"""The conditions of a request on the revision of a record: ``If-Match`` and ``If-None-Match``. Pure."""

import re
from dataclasses import dataclass
from typing import Final

from werkzeug.datastructures import ETags
from werkzeug.http import parse_etags

from registry.service.problems import precondition_failed, unreadable

# RFC 9110, 8.8.3 and 13.1. Werkzeug passes over what is neither.
TAG: Final = r'(?:W/)?"[!\x23-\x7e\x80-\xff]*"'
_FIELD: Final = re.compile(rf"\*|{TAG}(?:[ \t]*,[ \t]*{TAG}){{0,100}}")


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a request demands; None = nothing."""

    matches: ETags | None = None
    matches_not: ETags | None = None

    @property
    def names_revisions(self) -> bool:
        """True if it matters in which state the record is, and not only whether there is one."""
        return any(tags is not None and not tags.star_tag for tags in (self.matches, self.matches_not))

    def check(self, revision: str | None) -> None:
        """Raise a RequestError unless a record of this *revision* may be changed; None = there is no record."""
        there = revision is not None
        if self.matches is not None and not (there and self.matches.contains(revision or "")):
            raise precondition_failed()
        if self.matches_not is not None and there and self.matches_not.contains_weak(revision or ""):
            raise precondition_failed()

    def is_known(self, revision: str) -> bool:
        """True if a client that reads has this *revision* already."""
        return self.matches_not is not None and self.matches_not.contains_weak(revision)


def parse(if_match: str | None, if_none_match: str | None) -> Conditions:
    """Read the two headers; None = not sent.

    Raises:
        RequestError: One holds no entity tag. To pass over it would be to write without the condition.
    """
    return Conditions(_tags("If-Match", if_match), _tags("If-None-Match", if_none_match))


def _tags(name: str, value: str | None) -> ETags | None:
    if value is None:
        return None
    if not _FIELD.fullmatch(value.strip()):
        raise unreadable(f'{name}: expected entity tags, such as "a1b2", or *')
    return parse_etags(value)
