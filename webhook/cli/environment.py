"""The environment variables that stand for options. EDGE.

An option that means the same in every command that has it is ``FUSEML_OPTION``; any other is ``FUSEML_COMMAND_OPTION``.
The command line wins over the environment. What a record is to hold, and which records are meant, is never taken from
there: a variable that somebody has forgotten would change a registry without a word.
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
# What says how to reach a server; three of them as FuseML's own client calls them.
_OF_CLIENT: Final = {
    "url": "SERVER_URL",
    "timeout": "HTTP_TIMEOUT",
    "verbose": "VERBOSE",
    "token-file": "TOKEN_FILE",
    "certificate-authority": "CERTIFICATE_AUTHORITY",
}
# The commands of ``fuseml extension`` but for ``new`` and ``impact``, which write no registry.
_OF_RECORDS: Final = re.compile(r"extension (?!(new|impact)\b).*")
# Shared by these commands.
_SHARED_BY_THEM: Final = frozenset({"dry-run"})
# What they say of records.
_CONTENT: Final = frozenset(
    """
    id desc product version zone resource category auth-required default type scope proj user secret-ref configuration
    from-literal from-file from-env-file prompt merge service-id service-resource service-category
    """.split()  # noqa: SIM905 - a list of so many names reads better without quotes
)
# The folder that is to be checked, whether a check asks a cluster at all, the namespace of a process, and the zone of
# an extension: not those of the other commands.
_OWN: Final = frozenset(
    {("lint", "registry"), ("lint", "cluster"), ("controller", "namespace"), ("extension new", "zone")}
)
# What says where the registry is; one in the environment gives way to another on the command line.
_REGISTRY: Final = {
    "folder": ("cluster", "registry_namespace", "ledger_namespace", "server"),
    "registry_namespace": ("folder", "server"),
    "server": ("folder", "registry_namespace"),
    "cluster": ("folder",),
}


def variable_of(command: str, option: click.Option) -> str:
    """The environment variable for an *option* of a *command*."""
    name = _name_of(option)
    if _OF_RECORDS.fullmatch(command):
        if name in _OF_CLIENT:
            return PREFIX + _OF_CLIENT[name]
        command = "extension" if name in _SHARED_BY_THEM else command
    is_shared = name in _SHARED and (command, name) not in _OWN
    return PREFIX + re.sub("[- ]", "_", name if is_shared else f"{command}-{name}").upper()


def options_of(group: click.Group) -> Iterator[tuple[str, click.Option]]:
    """The options of the commands of *group* that have variables, each with its command's name: ``extension new``."""
    for name, option in _all_options(group):
        if not (_OF_RECORDS.fullmatch(name) and _name_of(option) in _CONTENT):
            yield name, option


def _all_options(group: click.Group) -> Iterator[tuple[str, click.Option]]:
    for name, command in group.commands.items():
        yield from ((name, option) for option in command.params if isinstance(option, click.Option))
        if isinstance(command, click.Group):
            yield from ((f"{name} {below}", option) for below, option in _all_options(command))


def _name_of(option: click.Option) -> str:
    return max(option.opts, key=len).lstrip("-")


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
