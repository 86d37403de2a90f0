"""EDGE: the command ``fuseml completion``: what makes a shell complete commands, options and ids."""

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(*, shell: str) -> None:
    """Write the code that makes SHELL complete fuseml: commands, options, and ids of the registry.

    In bash and zsh: source <(fuseml completion bash). In fish: fuseml completion fish | source.
    """
    found = get_completion_class(shell)
    assert found is not None  # noqa: S101 - click knows these three
    root = click.get_current_context().find_root().command
    click.echo(found(root, {}, "fuseml", "_FUSEML_COMPLETE").source())
