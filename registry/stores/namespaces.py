"""What a namespace says of itself: its project, its owner, and which one of that name it is. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registry.records.extension_objects import OWNER_ANNOTATION, PROJECT_LABEL


@dataclass(frozen=True, slots=True)
class NamespaceFacts:
    """What access to credentials depends on.

    Attributes:
        project: "" if it has none, and so no shared credentials.
        owner: The person to whom it belongs; "" if it says none.
        uid: A namespace that is deleted and created again has another one; "" without a cluster.
    """

    project: str = ""
    owner: str = ""
    uid: str = ""


@dataclass(frozen=True, slots=True)
class NamespaceKeys:
    """Where namespaces say it; the operator may choose other keys."""

    project_label: str = PROJECT_LABEL
    owner_annotation: str = OWNER_ANNOTATION

    def facts(self, namespace: Mapping[str, Any]) -> NamespaceFacts:
        """Read the facts of the object *namespace*."""
        metadata = namespace["metadata"]
        return NamespaceFacts(
            str((metadata.get("labels") or {}).get(self.project_label, "")),
            str((metadata.get("annotations") or {}).get(self.owner_annotation, "")),
            str(metadata.get("uid", "")),
        )
