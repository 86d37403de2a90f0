"""Moments as records and their answers write them: by RFC 3339. Pure."""

from datetime import UTC, datetime


def written(moment: datetime) -> str:
    """*moment* in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read(text: object) -> datetime | None:
    """The moment that *text* says; None if it says none, such as one without an offset from UTC."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
