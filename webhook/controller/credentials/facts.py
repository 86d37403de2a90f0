"""What the plan depends on: namespaces, source Secrets, and the copies that a record makes due. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.delivery.copies import Copy, copy_of
from registry.records.extension_objects import SOURCE_LABEL
from registry.records.model import Extension
from registry.resolving.access import Access, access
from registry.resolving.selectors import Consumer
from registry.stores.namespaces import NamespaceKeys


@dataclass(frozen=True, slots=True)
class Rules:
    """How namespaces are read.

    Attributes:
        keys: Where they say their project and owner.
        closed: Namespaces that never get copies: the registry's own, and that of this process.
    """

    keys: NamespaceKeys
    closed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Namespace:
    """What decides which credentials a namespace gets.

    Attributes:
        is_closed: It gets nothing, whatever it says: it is being deleted, or is not for runs of tenants.
    """

    name: str
    uid: str
    project: str = ""
    owner: str = ""
    is_closed: bool = False

    @property
    def opts_in(self) -> bool:
        """True if it may get any shared credentials."""
        return bool(self.project or self.owner) and not self.is_closed


def namespace_of(obj: Mapping[str, Any], rules: Rules) -> Namespace:
    """Read a Namespace."""
    metadata, facts = obj["metadata"], rules.keys.facts(obj)
    is_closed = metadata["name"] in rules.closed or "deletionTimestamp" in metadata
    return Namespace(metadata["name"], facts.uid, facts.project, facts.owner, is_closed)


@dataclass(frozen=True, slots=True)
class Source:
    """A Secret of the registry's namespace.

    Attributes:
        extension: The id in its label; it is a source of no other Extension's credentials.
        version: Changes with each change of the Secret.
        values: By key, in base64; only the keys, with empty values, where nobody needs the values.
    """

    extension: str
    version: str
    values: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def keys(self) -> frozenset[str]:
        """The keys that it has."""
        return frozenset(self.values)

    @property
    def without_values(self) -> "Source":
        """The same with keys only."""
        return Source(self.extension, self.version, dict.fromkeys(self.values, ""))


def source_of(obj: Mapping[str, Any]) -> Source:
    """Read a Secret."""
    metadata = obj["metadata"]
    label = (metadata.get("labels") or {}).get(SOURCE_LABEL, "")
    # The version alone may come again in a cluster that was restored.
    return Source(label, f"{metadata['resourceVersion']}.{metadata['uid'][:8]}", obj.get("data") or {})


@dataclass(frozen=True, slots=True)
class Due:
    """A copy that a namespace is to have.

    Attributes:
        secret: The name of the source Secret.
        mapping: Which key of the source each key of the copy takes.
    """

    copy: Copy
    extension: str
    secret: str
    mapping: Mapping[str, str]

    def content(self, source: Source | None) -> dict[str, str] | None:
        """The data of the copy; None if *source* is missing, not labelled for this Extension, or lacks a key."""
        if source is None or source.extension != self.extension:
            return None
        if not source.keys.issuperset(self.mapping.values()):
            return None
        return {name: source.values[key] for name, key in self.mapping.items()}


def due_in(namespace: Namespace, extension: Extension) -> dict[str, Due]:
    """The copies of the credentials of *extension*, a record for everyone, that *namespace* is to have, by name."""
    if namespace.is_closed:
        return {}
    consumer = Consumer(namespace=namespace.name, project=namespace.project, owner=namespace.owner)
    due = [
        Due(copy_of(extension.id, service.id, c), extension.id, c.secret_ref.name, c.configuration)
        for service in extension.services
        for c in service.credentials
        if c.secret_ref and access(c, consumer, shared=True) is Access.GRANTED
    ]
    return {each.copy.name: each for each in due}
