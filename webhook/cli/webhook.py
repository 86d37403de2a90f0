"""EDGE: the command ``fuseml webhook``."""

from pathlib import Path
from typing import Any

import click

from webhook.cli.environment import prefer_command_line
from webhook.cli.options import SETTINGS, open_store, settings_of, with_options
from webhook.process import logs

_INLINE_CREDENTIALS = "the registry is a folder: credentials without a secretRef are delivered inline, in clear"


@click.command()
@with_options([*SETTINGS, prefer_command_line])
@click.option("--tls-cert", required=True, type=click.Path(path_type=Path), help="Certificate, PEM, leaf first.")
@click.option("--tls-key", required=True, type=click.Path(path_type=Path), help="Its private key, PEM.")
@click.option("--listen", default=":8443", show_default=True, help="[HOST]:PORT")
@click.option(
    "--metrics-listen", default="", help="[HOST]:PORT that serves /metrics, in plain HTTP  [default: nowhere]"
)
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Number of processes.")
@click.option(
    "--drain",
    type=click.FloatRange(0, 300),
    default=15.0,
    show_default=True,
    help="Seconds for which requests are still served after SIGTERM.",
)
def webhook(
    *,
    tls_cert: Path,
    tls_key: Path,
    listen: str,
    metrics_listen: str,
    workers: int,
    drain: float,
    folder: Path | None,
    registry_namespace: str | None,
    kubeconfig: str | None,
    ledger_namespace: str | None,
    **settings: Any,
) -> None:
    """Serve the admission webhook: POST /mutate, GET /healthz, GET /readyz."""
    from webhook.serving.server import serve  # noqa: PLC0415 - the other commands start faster without gunicorn and Flask

    logs.configure()
    chosen = settings_of(**settings)
    serve(
        open_store(folder, registry_namespace, kubeconfig, chosen, ledger_namespace),
        settings=chosen,
        listen=listen,
        metrics_listen=metrics_listen,
        certificate=tls_cert,
        key=tls_key,
        workers=workers,
        drain=drain,
        notice=_INLINE_CREDENTIALS if folder else "",
    )
