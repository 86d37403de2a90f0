"""What each change of a record means for an object of each kind."""

from dataclasses import replace

import pytest

from registry.records import codec
from registry.resolving.index import Index
from tests.preview.impact.objects import OBJECTS
from tests.preview.impact.world import BEFORE, ME, MINIO, OTHER, changes, judged, with_login, with_service
from webhook.preview.impact.changes import Key
from webhook.preview.impact.plan import Outcome

COMPETITOR = {**MINIO, "id": "zz-minio"}
MOVED = [{"url": "http://new", "type": "internal", "configuration": {"S3_URL": "http://new"}}]
# What changes, what that means, and whether a selector is newly ambiguous.
CHANGES = {
    "nothing": (changes(MINIO), Outcome.UNCHANGED, False),
    "description": (changes({**MINIO, "description": "new"}), Outcome.UNCHANGED, False),
    "another-extension": (changes({**OTHER, "version": "2"}), Outcome.UNCHANGED, False),
    "id": (changes({**MINIO, "id": "minio-2"}, deleted=["minio"]), Outcome.SERVICE, False),
    "product": (changes({**MINIO, "product": "ceph"}), Outcome.REFUSED, False),
    "version-that-fits": (changes({**MINIO, "version": "1.5.0"}), Outcome.UNCHANGED, False),
    "version-that-does-not": (changes({**MINIO, "version": "2.0.0"}), Outcome.REFUSED, False),
    "zone": (changes({**MINIO, "zone": "far"}), Outcome.REFUSED, False),
    "endpoint": (changes(with_service(endpoints=MOVED)), Outcome.VALUES, False),
    "endpoint-type": (
        changes(with_service(endpoints=[{**MINIO["services"][0]["endpoints"][0], "type": "external"}])),
        Outcome.VALUES,
        False,
    ),
    "new-variable": (changes(with_service(configuration={"REGION": "eu"})), Outcome.VALUES, False),
    "order-of-variables": (changes(with_service(configuration={"S3_KEY": "x", "S3_URL": "y"})), Outcome.VALUES, False),
    "value-of-credentials": (changes(with_login(configuration={"S3_KEY": "canary-2"})), Outcome.VALUES, False),
    "id-of-credentials": (changes(with_login(id="all")), Outcome.VALUES, False),
    "scope-of-credentials": (changes(with_login(scope="project", projects=["beta"])), Outcome.VALUES, False),
    "credentials-required": (
        changes({**with_login(scope="user", users=["bob"]), "services": [
            {**with_login(scope="user", users=["bob"])["services"][0], "auth_required": True}
        ]}),
        Outcome.REFUSED,
        False,
    ),
    "deletion": (changes(deleted=["minio"]), Outcome.REFUSED, False),
    "service-taken-out": (changes({**MINIO, "services": []}), Outcome.REFUSED, False),
    "variable-that-is-not-injected": (changes(with_service(configuration={"a.b": "c"})), Outcome.UNCHANGED, False),
    "competitor-ranked-below": (changes(COMPETITOR), Outcome.UNCHANGED, True),
    "competitor-ranked-above": (changes({**COMPETITOR, "version": "1.2.0"}), Outcome.SERVICE, True),
    "competitor-in-another-zone": (changes({**COMPETITOR, "zone": "far"}), Outcome.UNCHANGED, False),
    "competitor-that-is-the-default": (
        changes({**COMPETITOR, "services": [{**MINIO["services"][0], "default": True}]}),
        Outcome.SERVICE,
        False,
    ),
    "default": (changes(with_service(default=True)), Outcome.UNCHANGED, False),
}  # fmt: skip
# These do not concern objects that ask for the store: they are not listed.
UNCONCERNED = {"another-extension", "competitor-in-another-zone"}
# A FuseML document has no note of what was chosen: where the values are the same, so is the document.
SAME_VALUES = {
    "id",
    "endpoint-type",
    "id-of-credentials",
    "competitor-ranked-above",
    "competitor-that-is-the-default",
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("kind", OBJECTS)
def test_change(kind, change):
    changed, outcome, is_ambiguous = CHANGES[change]
    found = judged(OBJECTS[kind], changed)

    if change in UNCONCERNED:
        assert found is None
        return
    if kind == "FuseML" and change in SAME_VALUES:
        outcome = Outcome.UNCHANGED
    assert (found.outcome, found.is_ambiguous) == (outcome, is_ambiguous)
    assert found.is_refused == (outcome is Outcome.REFUSED)
    assert not found.is_kept


@pytest.mark.parametrize("kind", OBJECTS)
def test_what_could_not_be_resolved_can_be_after_the_change(kind):
    empty = Index([codec.decode(OTHER)])

    found = judged(OBJECTS[kind], changes(MINIO), index=empty)

    (selector,) = found.parts[0].selectors
    assert (found.outcome, selector.outcome, selector.before) == (Outcome.RESOLVED, Outcome.RESOLVED, None)
    assert selector.after.id == "minio/s3"


def test_optional_selector_gets_something_or_nothing():
    optional = {"name": "none", "product": "none", "optional": True}
    step = {"name": "main", "image": "i", "extensions": [optional]}
    obj = {**OBJECTS["TaskRun"], "spec": {"taskSpec": {"steps": [step]}}}
    there = changes({**MINIO, "id": "new", "product": "none"})
    with_it = BEFORE.updated({("", "new"): codec.decode({**MINIO, "id": "new", "product": "none"})}, "r2")

    appears, goes = judged(obj, there), judged(obj, changes(deleted=["new"]), index=with_it)

    assert [(found.outcome, found.parts[0].selectors[0].outcome) for found in (appears, goes)] == [
        (Outcome.SERVICE, Outcome.SERVICE)
    ] * 2
    assert [found.parts[0].problems for found in (appears, goes)] == [(), ()]


@pytest.mark.parametrize("kind", OBJECTS)
def test_what_asks_is_listed_without_a_change(kind):
    found = judged(OBJECTS[kind], {})

    (selector,) = found.parts[0].selectors
    assert (found.outcome, selector.after.id) == (Outcome.UNCHANGED, "minio/s3")


@pytest.mark.parametrize("kind", OBJECTS)
def test_what_asks_for_something_else_is_not_listed(kind):
    assert judged(OBJECTS[kind], {}, keys=[Key("", "other")]) is None


@pytest.mark.parametrize("change", ["competitor-ranked-below", "competitor-ranked-above"])
@pytest.mark.parametrize("kind", OBJECTS)
def test_ambiguity_may_be_a_refusal(kind, change):
    found = judged(OBJECTS[kind], CHANGES[change][0], ambiguity="refuse")

    (selector,) = found.parts[0].selectors
    assert (found.outcome, selector.outcome) == (Outcome.REFUSED, Outcome.REFUSED)
    assert any("say more in the selector" in problem for problem in found.parts[0].problems)


def test_who_cannot_have_credentials_sees_no_change_of_them():
    users = with_login(scope="user", users=["ann"])
    index = Index([codec.decode(users)])
    rotated = with_login(scope="user", users=["ann"], configuration={"S3_KEY": "new"})

    outcomes = {
        user: judged(OBJECTS["TaskRun"], changes(rotated), index=index, consumer=replace(ME, user=user)).outcome
        for user in ("ann", "bob")
    }

    assert outcomes == {"ann": Outcome.VALUES, "bob": Outcome.UNCHANGED}


def test_values_of_credentials_are_nowhere_in_what_is_found():
    found = judged(OBJECTS["TaskRun"], CHANGES["value-of-credentials"][0])

    (difference,) = found.parts[0].selectors[0].differences
    assert (difference.name, difference.is_credential, difference.before, difference.after) == (
        "S3_KEY", True, None, None,
    )  # fmt: skip
    assert "canary" not in repr(found)


def test_index_before_the_change_stays_as_it_is():
    judged(OBJECTS["TaskRun"], CHANGES["deletion"][0])

    assert BEFORE.registered("", "minio") is not None
