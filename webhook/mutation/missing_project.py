"""What to tell the author of a run whose namespace has no project, and so no shared credentials. Pure."""

from registry.resolving.selectors import Consumer, Selector
from webhook.adapters.step import Step
from webhook.mutation.settings import Settings


def remedy(consumer: Consumer, settings: Settings) -> str:
    """Who can give the namespace a project, and how: the end of a message."""
    return (
        f"; whoever has the verb assign on projects.fuseml.org can run: kubectl label namespace {consumer.namespace} "
        f"{settings.project_label}=NAME"
    )


def warning(step: Step, selector: Selector, settings: Settings) -> str:
    """That what was chosen comes without credentials. An API server may cut what is longer than 120 characters."""
    return f"{step.where}: selector {selector.name!r}: {why(settings)}"


def why(settings: Settings) -> str:
    """Why what was chosen comes without credentials."""
    return f"no credentials: namespace lacks label {settings.project_label}"
