"""What can go wrong in the webhook, by who must mend it.

WebhookError
├── BadReviewError   the API server's: what came is no AdmissionReview -> HTTP 400
└── RefusedError     the object's author's -> HTTP 200, allowed: false, code 422

Anything else is ours -> HTTP 500 with a generic text.
"""

from collections.abc import Collection, Sequence
from enum import StrEnum


class WebhookError(Exception):
    """Base of all errors of this package."""


class BadReviewError(WebhookError):
    """A request is no AdmissionReview that can be answered."""


class Reason(StrEnum):
    """Why an object is refused, for counting refusals. A fixed list: nobody outside can add a word to it."""

    FORMAT = "format"  # a block, selector or annotation that breaks the format or is misplaced
    NO_MATCH = "no_match"  # no service fits a selector
    AMBIGUOUS = "ambiguous"  # several services fit, and the operator wants that refused
    UNDELIVERED = "undelivered"  # credentials that are due to the namespace, and not there yet
    VARIABLES = "variables"  # a variable that cannot be set, or that two selectors give
    EXPRESSION = "expression"  # an expression that is wrong, or that must not stand where it is
    CHANGED = "changed"  # an UPDATE of a run that asks for something else than when it was created
    LIMIT = "limit"  # more than an object may hold


class RefusedError(WebhookError):
    """An object asks for something that it cannot get. Each problem is one line that begins with its place.

    Attributes:
        places: For each problem, in the same order, the keys and indexes that lead to it in the object, and the line of
            the text there, 0 if that is no text of several lines. It is shorter if some are not known.
        warnings: What else is odd in the object, which may be why it is refused.
    """

    def __init__(
        self,
        problems: Sequence[str],
        reasons: Collection[Reason],
        places: Sequence[tuple[tuple[str | int, ...], int]] = (),
        warnings: Sequence[str] = (),
    ) -> None:
        self.problems = tuple(problems)
        self.reasons = frozenset(reasons)
        self.places = tuple(places)
        self.warnings = tuple(warnings)
        super().__init__("\n".join(self.problems))
