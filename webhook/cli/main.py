"""The command ``fuseml``. EDGE.

Exit codes: 0 success, 1 an object was refused or some input is wrong, 2 wrong usage.
"""

import os
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import NoReturn

import click

from webhook.cli.completion import completion
from webhook.cli.controller import controller
from webhook.cli.convert import convert
from webhook.cli.environment import read_environment
from webhook.cli.explain import explain
from webhook.cli.extension.group import extension
from webhook.cli.extension.leading import LeadingOptions
from webhook.cli.lint import lint
from webhook.cli.preview import preview
from webhook.cli.registry import registry
from webhook.cli.webhook import webhook


def main() -> NoReturn:
    """Run the command; a reader that closes the pipe early (``| head``) is no error."""
    for stream in (sys.stdout, sys.stderr):
        # As kubectl writes them, whatever the locale: a file may hold any character.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        commands(prog_name="kubectl fuseml" if Path(sys.argv[0]).name == "kubectl-fuseml" else "fuseml")
    except BrokenPipeError:
        # Nobody reads what is still buffered; without this, Python complains about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(0)


@click.group(cls=LeadingOptions, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="fuseml-extensions")
def commands() -> None:
    """Connect Tekton and Argo pipeline steps to the services they ask for."""


for _command in (preview, explain, lint, convert, extension, registry, webhook, controller, completion):
    commands.add_command(_command)
read_environment(commands)
