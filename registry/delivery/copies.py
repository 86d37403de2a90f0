"""The Secret that holds shared credentials in a namespace: its name, its keys, and what it is a copy of. Pure.

The webhook names it, and the controller writes it; neither needs to ask the other.
"""

import hashlib
from base64 import b32encode
from dataclasses import dataclass
from typing import Final

from registry.records.model import Credentials

PREFIX: Final = "fuseml-credentials-"
TYPE: Final = "fuseml.org/credentials"
_DIGEST_LENGTH: Final = 24


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of credentials. Its keys are the names of the record's variables, so that no two can collide.

    Attributes:
        name: The same for as long as the credentials have their ids, so that a run that has begun still finds it when
            the record names another Secret.
        shape: Digest of what the record says that the copy holds: the source Secret, and the key of each variable.
    """

    name: str
    shape: str


def copy_of(extension_id: str, service_id: str, credentials: Credentials) -> Copy:
    """The copy of shared *credentials*, which have a ``secret_ref``."""
    source = credentials.secret_ref.name if credentials.secret_ref else ""
    mapping = [part for entry in sorted(credentials.configuration.items()) for part in entry]
    name = f"{PREFIX}{extension_id}-{_digest(extension_id, service_id, credentials.id)}"
    return Copy(name, _digest(source, *mapping))


def extension_in(name: str) -> str:
    """The id of the Extension whose copy is called *name*."""
    return name.removeprefix(PREFIX)[: -_DIGEST_LENGTH - 1]


def _digest(*parts: str) -> str:
    """The same for the same *parts* only: each comes with its length, so ``a, bc`` is not ``ab, c``."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode()
        digest.update(len(content).to_bytes(8) + content)
    return b32encode(digest.digest()).decode().lower()[:_DIGEST_LENGTH]
