"""EDGE: parameters that several commands share: as FuseML's client has them, and as people write them for it."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import click

from webhook.cli.extension.given.configuration import read_pairs
from webhook.cli.extension.suggesting import extension_ids, service_ids
from webhook.cli.options import warn

_TRUE: Final = frozenset({"1", "t", "T", "true", "True", "TRUE"})
_FALSE: Final = frozenset({"0", "f", "F", "false", "False", "FALSE"})


class GoCommand(click.Command):
    """A command that takes ``--flag=true`` and ``--flag=false`` for its flags, as programs in Go do."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the command line."""
        flags = {opt: p for p in self.params if isinstance(p, click.Option) and p.is_flag for opt in p.opts}
        options = args[: args.index("--")] if "--" in args else args
        written = [_flag(arg, flags) for arg in options]
        return super().parse_args(ctx, [arg for arg in written if arg] + args[len(options) :])


def _flag(arg: str, flags: Mapping[str, click.Option]) -> str:
    """*arg* as click reads it; "" if it says no more than not giving it."""
    name, sign, value = arg.partition("=")
    option = flags.get(name)
    if not sign or option is None or value not in _TRUE | _FALSE:
        return arg
    if value in _TRUE:
        return name
    return option.secondary_opts[0] if option.secondary_opts else ""


extension_id: Callable[[Any], Any] = click.argument(
    "extension_id", metavar="EXTENSION_ID", shell_complete=extension_ids
)
service_id: Callable[[Any], Any] = click.argument("service_id", metavar="SERVICE_ID", shell_complete=service_ids)

description: Callable[[Any], Any] = click.option("--desc", "description", metavar="TEXT", help="For people.")
EXTENSION_FIELDS: list[Callable[[Any], Any]] = [
    description,
    click.option("-p", "--product", metavar="PRODUCT", help="What is installed."),
    click.option("--version", metavar="VERSION", help="The product's version."),
    click.option("-z", "--zone", metavar="ZONE", help="Where it runs."),
]
SERVICE_FIELDS: list[Callable[[Any], Any]] = [
    description,
    click.option("-r", "--resource", metavar="RESOURCE", help="The API or protocol, such as s3 or git+https."),
    click.option("-c", "--category", metavar="CATEGORY", help="Its purpose, such as model-store."),
    click.option(
        "--auth-required/--no-auth-required",
        default=None,
        help="Only for runs that may use some of its credentials.  [default: no]",
    ),
    click.option(
        "--default/--no-default",
        default=None,
        help="Preferred if a selector matches several services.  [default: no]",
    ),
]
endpoint_type: Callable[[Any], Any] = click.option(
    "--type",
    "type_",
    type=click.Choice(["internal", "external"]),
    help="Internal endpoints are reached only from the extension's own zone.  [default: external]",
)
merge: Callable[[Any], Any] = click.option(
    "--merge", is_flag=True, help="Keep the other entries of the configuration.  [default: replace them all]"
)


def configuration(*names: str) -> Callable[[Any], Any]:
    """The option ``--configuration``, which may have a short form."""
    return click.option(
        *names,
        "configuration",
        metavar="KEY:VALUE",
        multiple=True,
        help="An entry of the configuration; several with commas between them. Repeatable.",
    )


def given(**fields: Any) -> dict[str, Any]:
    """The *fields* that were given, under their names in a record."""
    return {name.rstrip("_"): value for name, value in fields.items() if value is not None}


def pairs_of(texts: tuple[str, ...]) -> dict[str, str] | None:
    """What ``--configuration`` means; None if it was not given."""
    if not texts:
        return None
    try:
        pairs, warnings = read_pairs(texts)
    except ValueError as e:
        raise click.BadParameter(str(e), param_hint="--configuration") from None
    for warning in warnings:
        warn(f"--configuration: {warning}")
    return pairs


def split(texts: Iterable[str]) -> list[str] | None:
    """The names in *texts*, several of which may have commas between them; None if there are no texts."""
    names = [name.strip() for text in texts for name in text.split(",")]
    return [name for name in names if name] if names else None


def quoted(text: str) -> str:
    """*text* as FuseML's client quotes it."""
    return json.dumps(text, ensure_ascii=False)
