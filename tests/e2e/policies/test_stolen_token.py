"""Whoever has the controller's token reads no Secret and changes none, whatever the request and however it fails."""

import random
import string
from base64 import b64encode
from collections.abc import Callable
from typing import NamedTuple

import pytest

from tests.e2e.policies.installation import post
from tests.e2e.policies.people import CONTROLLER, MAY_PATCH, UNCONFINED
from tests.e2e.policies.secrets_world import PREFIX, TYPE, encoded, secret
from tests.e2e.support.secret_reader import MERGE_PATCH, attempts, guesses

# So long that no answer contains a part of the marker by chance; answers are full of hexadecimal digits.
PART, HEXADECIMAL = 6, 16


@pytest.fixture
def marker():
    return "".join(random.choices(string.ascii_letters, k=48))


def parts(marker):
    """What would betray the marker: its parts, as they are, in base64 or in hexadecimal digits."""
    in_base64 = [b64encode((shift * "." + marker).encode()).decode()[4:-4] for shift in range(3)]
    texts = [(marker, PART), *((text, PART) for text in in_base64), (marker.encode().hex(), HEXADECIMAL)]
    return {text[i : i + length] for text, length in texts for i in range(len(text) - length + 1)}


def leaks(tried, marker):
    """The attempts whose answers contain a part of the marker."""
    betraying = parts(marker)

    def betrays(answer):
        text = answer.headers + answer.body.decode("latin-1")
        return any(part in text for part in betraying)

    return [attempt.what for attempt in tried if betrays(attempt.answer)]


# Secrets that are not the controller's, in every namespace where there are some.
FOREIGN = {
    "of a tenant": ("home", secret("theirs")),
    "immutable": ("home", secret("theirs-immutable", immutable=True)),
    "with a finalizer": ("home", secret("theirs-held", finalizers=["example.com/x"])),
    "of another type": ("home", secret("theirs-other", "example.com/other")),
    "under our prefix": ("home", secret(f"{PREFIX}theirs")),
    "of our type": ("home", secret("theirs-typed", TYPE)),
    "in the registry": ("registry", secret("source", labels={"extensions.fuseml.org/extension": "mlflow"})),
    "a copy in the registry": ("registry", secret(f"{PREFIX}theirs", TYPE)),
    "beside the processes": ("system", secret("theirs")),
}


class Target(NamedTuple):
    """A Secret that holds the marker, and a function that shows what is stored of it."""

    namespace: str
    name: str
    stored: Callable[[], str]


@pytest.fixture
def store(admin, world, marker):
    """Stores a Secret of another with the marker as its value."""
    paths = []

    def store(kind):
        place, obj = FOREIGN[kind]
        namespace, name = getattr(world, place), obj["metadata"]["name"]
        secrets = f"/api/v1/namespaces/{namespace}/secrets"
        post(admin, secrets, obj | {"data": {"password": encoded(marker)}})
        paths.append(f"{secrets}/{name}")
        return Target(namespace, name, lambda: admin.send("GET", paths[-1]).text)

    yield store
    for path in paths:
        admin.send("PATCH", path, {"metadata": {"finalizers": None}}, MERGE_PATCH)
        admin.send("DELETE", path)


@pytest.mark.parametrize("kind", FOREIGN)
def test_the_controller_finds_and_changes_nothing(admin, store, marker, kind):
    target = store(kind)
    before = target.stored()

    tried = attempts(admin.acting_as(CONTROLLER), target.namespace, target.name)

    assert leaks(tried, marker) == []
    assert target.stored() == before
    assert len(tried) > 400


@pytest.mark.parametrize("kind", FOREIGN)
def test_the_controller_cannot_guess(admin, store, marker, kind):
    target = store(kind)
    caller = admin.acting_as(CONTROLLER)

    right, wrong = (guesses(caller, target.namespace, target.name, {"password": guess}) for guess in (marker, "wrong"))

    assert comparable(right) == comparable(wrong)


def test_who_may_also_patch_finds_it_in_many_ways(admin, store, marker):
    """So the attempts are able to find something, in spite of the policies."""
    target = store("of a tenant")
    before = target.stored()

    tried = attempts(admin.acting_as(CONTROLLER, MAY_PATCH), target.namespace, target.name)

    assert len(leaks(tried, marker)) > 50
    assert target.stored() == before


def test_who_may_also_patch_can_guess(admin, store, marker):
    target = store("of a tenant")
    caller = admin.acting_as(CONTROLLER, MAY_PATCH)

    right, wrong = (guesses(caller, target.namespace, target.name, {"password": guess}) for guess in (marker, "wrong"))

    assert right["JSON patch"].status == 403
    assert wrong["JSON patch"].status == 422


@pytest.mark.parametrize("kind", ["of a tenant", "with a finalizer"])
def test_without_the_policies_the_same_role_reads_what_it_deletes(admin, store, marker, kind):
    """The reason why the controller delivers nothing while they are not in force."""
    target = store(kind)

    tried = attempts(admin.acting_as(UNCONFINED), target.namespace, target.name)

    found = leaks(tried, marker)
    assert any(what.startswith("DELETE") and "dryRun" in what for what in found)
    assert all(what.startswith("DELETE") for what in found)


def test_without_the_policies_the_same_role_can_guess_an_immutable_one(admin, store, marker):
    target = store("immutable")
    caller = admin.acting_as(UNCONFINED)

    right, wrong = (guesses(caller, target.namespace, target.name, {"password": guess}) for guess in (marker, "wrong"))

    way = "update of an immutable one"
    assert (right[way].status, wrong[way].status) == (200, 422)


def comparable(answers):
    """Without what differs from request to request."""
    return {way: (answer.status, answer.text) for way, answer in answers.items()}
