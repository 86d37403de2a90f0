"""What the operator may set. Pure."""

from dataclasses import dataclass
from typing import Literal

from registry.records.extension_objects import OWNER_ANNOTATION, PROJECT_LABEL


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Rules that the operator chooses once, for every object.

    Attributes:
        zone: Where the consumers are; same-zone extensions are reached by internal endpoints. "" = not configured.
        plaintext_credentials: What to do with an expression that would store a credential in clear.
        ambiguity: What to do when only version or id order decides between different services.
        allowed_variables: Names that control a loader or an interpreter and may be injected all the same.
        show_credentials: False puts ``<hidden>`` where a credential's value would stand.
        project_label: The namespaces' label that names their project.
        owner_annotation: Their annotation that names the person to whom they belong.
    """

    zone: str = ""
    plaintext_credentials: Literal["deny", "warn", "allow"] = "deny"
    ambiguity: Literal["warn", "refuse"] = "warn"
    allowed_variables: frozenset[str] = frozenset()
    show_credentials: bool = True
    project_label: str = PROJECT_LABEL
    owner_annotation: str = OWNER_ANNOTATION
