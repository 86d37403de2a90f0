"""The environment variables that stand for options. EDGE.

An option that means the same in every command that has it is ``FUSEML_OPTION``; any other is ``FUSEML_COMMAND_OPTION``.
The command line wins over the environment.
"""

import re
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, Final

import click
from click.core import ParameterSource

PREFIX: Final = "FUSEML_"
# Where the registry is, who asks, and the operator's rules.
_SHARED: Final = frozenset(
    {
        "registry",
        "registry-namespace",
        "kubeconfig",
        "ledger-namespace",
        "project-label",
        "owner-annotation",
        "zone",
        "plaintext-credentials",
        "ambiguity",
        "argo-crds",
        "allow-variable",
        "namespace",
        "project",
        "owner",
        "user",
        "cluster",
    }
)
# The folder that is to be checked, whether a check asks a cluster at all, the namespace of a process, and the zone of
# an extension: not those of the other commands.
_OWN: Final = frozenset(
    {("lint", "registry"), ("lint", "cluster"), ("controller", "namespace"), ("extension new", "zone")}
)
# What says where the registry is; one in the environment gives way to another on the command line.
_REGISTRY: Final = {
    "folder": ("cluster", "registry_namespace", "ledger_namespace"),
    "registry_namespace": ("folder",),
    "cluster": ("folder",),
}


def variable_of(command: str, option: click.Option) -> str:
    """The environment variable for an *option* of a *command*."""
    name = max(option.opts, key=len).lstrip("-")
    is_shared = name in _SHARED and (command, name) not in _OWN
    return PREFIX + re.sub("[- ]", "_", name if is_shared else f"{command}-{name}").upper()


def options_of(group: click.Group) -> Iterator[tuple[str, click.Option]]:
    """The options of the commands of *group*, each with its command's name, such as ``extension new``."""
    for name, command in group.commands.items():
        yield from ((name, option) for option in command.params if isinstance(option, click.Option))
        if isinstance(command, click.Group):
            yield from ((f"{name} {below}", option) for below, option in options_of(command))


def read_environment(group: click.Group) -> None:
    """Let every option of the commands of *group* be given by its environment variable, too."""
    for name, option in options_of(group):
        option.envvar = variable_of(name, option)
        option.show_envvar = True


def prefer_command_line(command: Callable[..., None]) -> Callable[..., None]:
    """*command* without a registry of the environment if the command line names another."""

    @wraps(command)
    def preferring(**options: Any) -> None:
        source_of = click.get_current_context().get_parameter_source
        for typed, others in _REGISTRY.items():
            if options.get(typed) and source_of(typed) is ParameterSource.COMMANDLINE:
                for other in others:
                    if source_of(other) is ParameterSource.ENVIRONMENT:
                        options[other] = None
        command(**options)

    return preferring
