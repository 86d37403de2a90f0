"""EDGE: the command ``fuseml controller``."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import click

_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_DAY: Final = 86400.0


def _name(context: click.Context, parameter: click.Parameter, value: str) -> str:
    if not _LABEL.fullmatch(value):
        raise click.BadParameter(f"{value!r} is no name in Kubernetes: a-z, 0-9 and '-', at most 63 characters")
    return value


def _seconds(name: str, default: float, text: str) -> Callable[[Any], Any]:
    return click.option(name, type=click.FloatRange(min=0), default=default, show_default=True, help=text)


@click.command()
@click.option("--namespace", required=True, callback=_name, help="Where the Secrets and the Lease are.")
@click.option(
    "--kubeconfig",
    metavar="FILE",
    help="How the API server is reached  [default: as kubectl does; in a pod, by its service account]",
)
@click.option(
    "--certificates",
    type=click.Choice(["self-managed", "external"]),
    default="self-managed",
    show_default=True,
    help="Whether the webhook's certificates are made here or by somebody else, such as cert-manager.",
)
@click.option("--service", default="fuseml-webhook", show_default=True, callback=_name, help="The webhook's Service.")
@click.option(
    "--configuration",
    default="extensions.fuseml.org",
    show_default=True,
    help="The webhook's MutatingWebhookConfiguration.",
)
@click.option("--listen", default=":8080", show_default=True, help="[HOST]:PORT of /healthz, /readyz, /metrics.")
@click.option(
    "--leaf-days", type=click.FloatRange(min=0, min_open=True), default=90.0, show_default=True, help="Life of a leaf."
)
@click.option(
    "--ca-days",
    type=click.FloatRange(min=0, min_open=True),
    default=1825.0,
    show_default=True,
    help="Life of a certificate authority: at least three times a leaf's.",
)
@_seconds("--settle-bundle", 60.0, "Seconds after which every API server knows a changed caBundle.")
@_seconds("--settle-leaf", 300.0, "Seconds after which every webhook serves a changed leaf.")
@click.option(
    "--interval",
    type=click.FloatRange(min=0.05),
    default=5.0,
    show_default=True,
    help="Seconds between two looks at the certificates.",
)
def controller(
    *,
    namespace: str,
    kubeconfig: str | None,
    certificates: str,
    service: str,
    configuration: str,
    listen: str,
    leaf_days: float,
    ca_days: float,
    settle_bundle: float,
    settle_leaf: float,
    interval: float,
) -> None:
    """Keep the webhook's certificates valid, have pods made anew that it missed, and tell when it is asked too late.

    Several may run: the one that holds the Lease acts.
    """
    from webhook.controller.certificates import plan  # noqa: PLC0415 - the other commands start faster without cryptography
    from webhook.controller.run import Options, run  # noqa: PLC0415 - and without kubernetes

    # A third of its life is left when a certificate is replaced, and all that depends on it fits into that.
    if ca_days < 3 * leaf_days:
        raise click.UsageError("--ca-days must be at least three times --leaf-days")
    if leaf_days * _DAY < 3 * (settle_bundle + settle_leaf):
        raise click.UsageError("--leaf-days must be at least three times --settle-bundle and --settle-leaf together")
    settings = plan.Settings(plan.names(service, namespace), settle_bundle, settle_leaf)
    options = Options(
        namespace=namespace,
        configuration=configuration,
        certificates=settings if certificates == "self-managed" else None,
        authority_life=timedelta(days=ca_days),
        leaf_life=timedelta(days=leaf_days),
        interval=interval,
    )
    run(options, kubeconfig=kubeconfig, listen=listen)
