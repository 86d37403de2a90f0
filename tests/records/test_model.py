"""Records as values: copied, and checked when they are made."""

from dataclasses import replace

import pytest

from registry.records.codec import encode
from registry.records.model import Credentials, SecretRef, Service


def test_record_can_be_changed_in_a_copy():
    login = Credentials(id="c", secret_ref=SecretRef(name="a"), configuration={"A": "k"})
    store = Service(id="s", auth_required=True, credentials=(login,))

    changed = replace(store, default=True, credentials=(replace(login, default=True),))

    assert encode(changed) == {
        "id": "s",
        "auth_required": True,
        "default": True,
        "credentials": [
            {"id": "c", "default": True, "configuration": {"A": "k"}, "secretRef": {"name": "a"}},
        ],
    }


def test_part_of_a_record_is_checked_as_it_is_made():
    with pytest.raises(ValueError, match="expected true or false"):
        Service(id="s", default="maybe")


def test_refusal_of_a_part_does_not_show_a_credential():
    with pytest.raises(ValueError, match="NUL") as refusal:
        Credentials(id="c", configuration={"A": "CANARY\0"})

    assert "CANARY" not in f"{refusal.value} {refusal.value!r}"
