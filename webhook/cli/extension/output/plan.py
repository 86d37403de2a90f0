"""EDGE: writes a plan object by object, so that no more than one of them is held: as text, names, JSON or YAML."""

import textwrap
from collections.abc import Mapping
from typing import Any, Protocol

import click

from webhook.objects import manifests
from webhook.preview.impact import text
from webhook.preview.impact.plan import ObjectImpact, Outcome, Summary


class Writer(Protocol):
    """Who writes a plan."""

    def write(self, found: ObjectImpact) -> None:
        """Write what a change means for one object."""

    def end(self, summary: Summary) -> None:
        """Write what comes last."""


class Text:
    """For people.

    Args:
        what: The change, or the extensions that are meant, in words.
    """

    def __init__(self, what: str, *, has_change: bool) -> None:
        self._what = what
        self._has_change = has_change

    def write(self, found: ObjectImpact) -> None:  # noqa: D102  # see Writer, as all that follows
        click.echo(text.as_text(found, has_change=self._has_change))

    def end(self, summary: Summary) -> None:  # noqa: D102
        click.echo(text.verdict(summary, self._what, has_change=self._has_change))


class Names:
    """A line for each object; with a change, for those to which it means anything."""

    def __init__(self, *, has_change: bool) -> None:
        self._has_change = has_change

    def write(self, found: ObjectImpact) -> None:  # noqa: D102
        if not self._has_change or found.outcome is not Outcome.UNCHANGED or found.is_ambiguous:
            click.echo("/".join(filter(None, (found.namespace, found.title))))

    def end(self, summary: Summary) -> None:
        """Write nothing more."""


class Json:
    """One JSON document.

    Args:
        head: What comes first.
    """

    def __init__(self, head: Mapping[str, Any]) -> None:
        click.echo(manifests.dump_json(dict(head)).removesuffix("\n}\n") + ',\n  "objects": [', nl=False)
        self._separator = ""

    def write(self, found: ObjectImpact) -> None:  # noqa: D102
        content = textwrap.indent(manifests.dump_json(text.as_data(found)).rstrip(), "    ")
        click.echo(f"{self._separator}\n{content}", nl=False)
        self._separator = ","

    def end(self, summary: Summary) -> None:  # noqa: D102
        last = manifests.dump_json({"summary": text.summary_data(summary)}).removeprefix("{\n")
        click.echo(("\n  " if self._separator else "") + f"],\n{last}", nl=False)


class Yaml:
    """One YAML document.

    Args:
        head: What comes first.
    """

    def __init__(self, head: Mapping[str, Any]) -> None:
        click.echo(f"{manifests.dump(dict(head))}objects:", nl=False)
        self._is_empty = True

    def write(self, found: ObjectImpact) -> None:  # noqa: D102
        click.echo(("\n" if self._is_empty else "") + manifests.dump([text.as_data(found)]), nl=False)
        self._is_empty = False

    def end(self, summary: Summary) -> None:  # noqa: D102
        last = manifests.dump({"summary": text.summary_data(summary)})
        click.echo((" []\n" if self._is_empty else "") + last, nl=False)
