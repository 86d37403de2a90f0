"""Names of copies: the same for the same credentials, and never the same for others."""

import re

from hypothesis import given
from hypothesis import strategies as st

from registry.delivery.copies import PREFIX, copy_of, extension_in
from registry.records.model import Credentials, SecretRef

IDS = st.from_regex(r"[a-z0-9_][a-z0-9_-]{0,99}", fullmatch=True)
# What an API server accepts as the name of a Secret.
NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


def login(id_="login", secret="minio", **configuration):
    return Credentials(id=id_, secret_ref=SecretRef(name=secret), configuration=configuration or {"USER": "user"})


@given(st.tuples(IDS, IDS, IDS), st.tuples(IDS, IDS, IDS))
def test_copies_share_a_name_only_if_all_ids_are_the_same(one, other):
    names = [copy_of(extension, service, login(id_)).name for extension, service, id_ in (one, other)]

    assert (names[0] == names[1]) == (one == other)


def test_ids_that_are_joined_to_the_same_text_give_different_names():
    names = {copy_of(*ids, login(id_)).name for *ids, id_ in (("a", "b", "c-d"), ("a", "b-c", "d"), ("a-b", "c", "d"))}

    assert len(names) == 3


@given(st.from_regex(r"[a-z0-9]([a-z0-9-]{0,98}[a-z0-9])?", fullmatch=True))
def test_a_name_begins_with_the_extension_and_fits_an_object(extension):
    name = copy_of(extension, "s3", login()).name

    assert name.startswith(f"{PREFIX}{extension}-")
    assert extension_in(name) == extension
    assert NAME.fullmatch(name)
    assert len(name) <= 253


def test_the_name_stays_and_the_shape_changes_with_what_the_record_names():
    first = copy_of("mlflow", "s3", login(USER="user"))
    others = [
        copy_of("mlflow", "s3", login(USER="name")),
        copy_of("mlflow", "s3", login(USER="user", PASSWORD="password")),
        copy_of("mlflow", "s3", login(secret="other", USER="user")),
        copy_of("mlflow", "s3", login(LOGIN="user")),
    ]

    assert {copy.name for copy in others} == {first.name}
    assert len({first.shape, *(copy.shape for copy in others)}) == 5
    assert copy_of("mlflow", "s3", login(A="x", B="y")) == copy_of("mlflow", "s3", login(B="y", A="x"))
