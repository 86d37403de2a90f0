"""What can go wrong in the webhook, by who must mend it.

WebhookError
├── BadReviewError   the API server's: what came is no AdmissionReview -> HTTP 400
└── RefusedError     the object's author's -> HTTP 200, allowed: false, code 422

Anything else is ours -> HTTP 500 with a generic text.
"""

from collections.abc import Sequence


class WebhookError(Exception):
    """Base of all errors of this package."""


class BadReviewError(WebhookError):
    """A request is no AdmissionReview that can be answered."""


class RefusedError(WebhookError):
    """An object asks for something that it cannot get. Each problem is one line that begins with its place."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))
