"""EDGE: what a shell offers when somebody presses the tabulator: ids of extensions and of their parts."""

from collections.abc import Callable, Iterable
from typing import Any, Final

import click
from click.shell_completion import CompletionItem

from registry.errors import RegistryError
from registry.records.editing import Place, find
from registry.records.model import Extension, Service
from registry.stores.store import RecordStore
from registry.templates.catalogue import templates
from webhook.cli.environment import prefer_command_line

# Seconds that somebody who presses a key will wait for a server.
_PATIENCE: Final = 2.0

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def extension_ids(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The ids of all extensions, with their products."""
    given = ctx.params.get("ids") or ()
    found = _asked(ctx, lambda store: ((s.record.id, s.record.product) for s in store.list().records))
    return _offered((item for item in found if item[0] not in given), incomplete)


def service_ids(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The ids of the services of the extension that is named before."""
    return _offered(
        _asked(ctx, lambda store: ((s.id, s.resource) for s in _extension(ctx, store).services)), incomplete
    )


def endpoint_urls(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The URLs of the endpoints of the service that is named before."""
    return _offered(_asked(ctx, lambda store: ((e.url, e.type) for e in _service(ctx, store).endpoints)), incomplete)


def credentials_ids(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The ids of the credentials of the service that is named before."""
    return _offered(_asked(ctx, lambda store: ((c.id, c.scope) for c in _service(ctx, store).credentials)), incomplete)


def products(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The products of which there are templates."""
    return _offered(((t.product, t.title) for t in templates().values()), incomplete)


def _offered(found: Iterable[tuple[str, str]], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(word, help=about or None) for word, about in found if word.startswith(incomplete)]


def _asked(ctx: click.Context, ask: Callable[[RecordStore], Iterable[tuple[str, str]]]) -> list[tuple[str, str]]:
    """What *ask* finds in the store that the command line and the environment name; nothing, if that cannot be used."""
    # They import what is defined in terms of these functions.
    from webhook.cli.extension.opening import PLACE  # noqa: PLC0415
    from webhook.cli.extension.records import open_records  # noqa: PLC0415

    options: dict[str, Any] = {}
    with ctx.scope(cleanup=False):
        prefer_command_line(options.update)(**{name: ctx.params.get(name) for name in PLACE})
    timeout = min(options["timeout"] or _PATIENCE, _PATIENCE)
    if sum(options[name] is not None for name in ("server", "folder", "registry_namespace")) != 1:
        return []
    options |= {"timeout": timeout, "verbose": False, "allowed": options["allowed"] or ()}
    try:
        return [*ask(open_records(**options).store)]
    except RegistryError:
        return []


def _extension(ctx: click.Context, store: RecordStore) -> Extension:
    return store.get(str(ctx.params.get("extension_id"))).record


def _service(ctx: click.Context, store: RecordStore) -> Service:
    service = find(_extension(ctx, store), Place("services", str(ctx.params.get("service_id"))))
    assert isinstance(service, Service)  # noqa: S101 - what a place of this kind has
    return service
