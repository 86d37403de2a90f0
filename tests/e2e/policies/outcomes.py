"""Tries an attempt, and says how its outcome differs from what was expected."""

from tests.e2e.policies.attempts_on_secrets import Row
from tests.e2e.support.caller import Answer, Caller


def send(admin: Caller, row: Row, *, dry_run: bool) -> Answer:
    """Send the request of *row*."""
    query = "&".join(part for part in (row.query, "dryRun=All" if dry_run else "") if part)
    path = f"{row.path}?{query}" if query else row.path
    return admin.acting_as(row.who).send(row.method, path, row.body, row.kind)


def wrong(row: Row, answer: Answer) -> str:
    """What is wrong with *answer*; empty if it is as expected."""
    if row.refused:
        if answer.status in (403, 422) and row.refused in answer.message:
            return ""
        return f"{row.what}: expected {row.refused!r}, got {answer.status} {answer.text[:500]}"
    if answer.status not in (200, 201):
        return f"{row.what}: expected success, got {answer.status} {answer.text[:500]}"
    sent = row.body.get("data") if isinstance(row.body, dict) and row.method in ("POST", "PUT") else None
    if sent and answer.json().get("data") != sent:
        return f"{row.what}: the values that were sent are not those that are stored"
    return ""
