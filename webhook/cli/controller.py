"""EDGE: the command ``fuseml controller``."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import click

from registry.stores.namespaces import NamespaceKeys
from webhook.cli.options import NAMESPACE_KEYS, allow_variable, with_options

_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_DAY: Final = 86400.0


def _name(context: click.Context, parameter: click.Parameter, value: str) -> str:
    if not _LABEL.fullmatch(value):
        raise click.BadParameter(f"{value!r} is no name in Kubernetes: give a-z, 0-9 and '-', at most 63 characters")
    return value


def _optional_name(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    return _name(context, parameter, value) if value is not None else None


def _seconds(name: str, default: float, text: str) -> Callable[[Any], Any]:
    return click.option(name, type=click.FloatRange(min=0), default=default, show_default=True, help=text)


@click.command()
@click.option("--namespace", required=True, callback=_name, help="Namespace of the Secrets and the Lease.")
@click.option(
    "--registry-namespace",
    callback=_optional_name,
    metavar="NAMESPACE",
    help="Deliver the shared credentials of the Extensions in this namespace  [default: deliver none]",
)
@with_options(NAMESPACE_KEYS)
@click.option(
    "--kubeconfig",
    metavar="FILE",
    help="How to reach the API server  [default: as kubectl does; in a pod, its service account]",
)
@click.option(
    "--certificates",
    type=click.Choice(["self-managed", "external"]),
    default="self-managed",
    show_default=True,
    help="Who issues the webhook's certificates: this controller, or something else, such as cert-manager.",
)
@click.option("--service", default="fuseml-webhook", show_default=True, callback=_name, help="The webhook's Service.")
@click.option(
    "--configuration",
    default="extensions.fuseml.org",
    show_default=True,
    help="The webhook's MutatingWebhookConfiguration.",
)
@click.option(
    "--listen", default=":8080", show_default=True, help="[HOST]:PORT that serves /healthz, /readyz and /metrics."
)
@click.option(
    "--leaf-days",
    type=click.FloatRange(min=0, min_open=True),
    default=90.0,
    show_default=True,
    help="Lifetime of a leaf.",
)
@click.option(
    "--ca-days",
    type=click.FloatRange(min=0, min_open=True),
    default=1825.0,
    show_default=True,
    help="Lifetime of a certificate authority, at least three times that of a leaf.",
)
@_seconds("--settle-bundle", 60.0, "Seconds until every API server trusts a changed caBundle.")
@_seconds("--settle-leaf", 300.0, "Seconds until every webhook process serves a changed leaf.")
@click.option(
    "--interval",
    type=click.FloatRange(min=0.05),
    default=5.0,
    show_default=True,
    help="Seconds between two checks of the certificates.",
)
@allow_variable
def controller(
    *,
    namespace: str,
    registry_namespace: str | None,
    project_label: str,
    owner_annotation: str,
    allowed: tuple[str, ...],
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
    """Deliver credentials, renew certificates, recreate missed pods, say which Extensions work, check the order.

    Several controllers may run; only the one that holds the Lease acts.
    """
    from webhook.controller.certificates import plan  # noqa: PLC0415 - the other commands start faster without cryptography
    from webhook.controller.credentials.delivery import Settings  # noqa: PLC0415 - and without kubernetes
    from webhook.controller.credentials.facts import Rules  # noqa: PLC0415
    from webhook.controller.run import Options, run  # noqa: PLC0415

    # A certificate is replaced when a third of its lifetime is left; everything that depends on it must follow in time.
    if ca_days < 3 * leaf_days:
        raise click.UsageError("--ca-days must be at least three times --leaf-days")
    if leaf_days * _DAY < 3 * (settle_bundle + settle_leaf):
        raise click.UsageError("--leaf-days must be at least three times --settle-bundle and --settle-leaf together")
    settings = plan.Settings(plan.names(service, namespace), settle_bundle, settle_leaf)
    delivery = Settings(
        registry=registry_namespace or "",
        system=namespace,
        rules=Rules(NamespaceKeys(project_label, owner_annotation), frozenset({namespace, registry_namespace or ""})),
        allowed=frozenset(allowed),
    )
    options = Options(
        namespace=namespace,
        configuration=configuration,
        delivery=delivery if registry_namespace else None,
        certificates=settings if certificates == "self-managed" else None,
        authority_life=timedelta(days=ca_days),
        leaf_life=timedelta(days=leaf_days),
        interval=interval,
        allowed_variables=frozenset(allowed),
    )
    run(options, kubeconfig=kubeconfig, listen=listen)
