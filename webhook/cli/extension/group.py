"""EDGE: the group ``fuseml extension``."""

import click

from webhook.cli.extension.describe import describe
from webhook.cli.extension.diff import diff
from webhook.cli.extension.edit import edit
from webhook.cli.extension.extensions import delete, update
from webhook.cli.extension.impact import impact
from webhook.cli.extension.leading import LeadingOptions
from webhook.cli.extension.new import new
from webhook.cli.extension.parts.credentials import credentials
from webhook.cli.extension.parts.endpoints import endpoint
from webhook.cli.extension.parts.services import service
from webhook.cli.extension.reachability import test_
from webhook.cli.extension.register import register
from webhook.cli.extension.show import get, list_
from webhook.cli.extension.transfer import export, import_


@click.group(cls=LeadingOptions)
def extension() -> None:
    """Work with records of extensions."""


_COMMANDS = (
    *(new, register, list_, get, describe, update, edit, delete, service, endpoint, credentials),
    *(diff, impact, export, import_, test_),
)
for _command in _COMMANDS:
    extension.add_command(_command)
