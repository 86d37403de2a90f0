"""EDGE: the group ``fuseml extension``."""

import click

from webhook.cli.extension.extensions import delete, update
from webhook.cli.extension.new import new
from webhook.cli.extension.parts.credentials import credentials
from webhook.cli.extension.parts.endpoints import endpoint
from webhook.cli.extension.parts.services import service
from webhook.cli.extension.register import register
from webhook.cli.extension.show import get, list_


@click.group()
def extension() -> None:
    """Work with records of extensions."""


for _command in (new, register, list_, get, update, delete, service, endpoint, credentials):
    extension.add_command(_command)
