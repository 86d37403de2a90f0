"""The settings of the webhook that is installed in a cluster, in place of options: ``--cluster``. EDGE."""

import sys
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any, Final

import click
from click.core import ParameterSource

from registry.errors import ForbiddenError, UnreadableError
from webhook.cli.environment import prefer_command_line
from webhook.cli.options import SETTINGS, or_exit, warn
from webhook.process import logs

# The ConfigMap from whose variables both processes are started: manifests/base/settings.yaml.
NAMESPACE: Final = "fuseml-system"
SETTINGS_NAME: Final = "fuseml-webhook-settings"
_REGISTRY: Final = "FUSEML_REGISTRY_NAMESPACE"
# Its keys that are taken: what is the operator's to say, and the same for everybody.
INSTALLED: Final = (
    _REGISTRY,
    "FUSEML_LEDGER_NAMESPACE",
    "FUSEML_ZONE",
    "FUSEML_PLAINTEXT_CREDENTIALS",
    "FUSEML_AMBIGUITY",
    "FUSEML_ALLOW_VARIABLE",
    "FUSEML_PROJECT_LABEL",
    "FUSEML_OWNER_ANNOTATION",
)
# What the manifests install, for who may not read it; all else has the default of its option.
ASSUMED: Final = {_REGISTRY: "fuseml", "FUSEML_LEDGER_NAMESPACE": NAMESPACE}


def take_installed(command: Callable[..., None]) -> Callable[..., None]:
    """*command*, whose options get the values of the installed webhook if ``--cluster`` is given.

    What is given on the command line or in the environment stays.
    """

    @wraps(command)
    def with_installed(*, cluster: bool, **options: Any) -> None:
        if cluster:
            options |= _installed(options["kubeconfig"])
            if "user" in options and _is_default("user"):
                options["user"] = _caller(options["kubeconfig"])
        command(**options)

    return with_installed


cluster: Callable[[Any], Any] = click.option(
    "--cluster",
    is_flag=True,
    help="Read the registry from the cluster of kubectl, and take zone and rules from the webhook that is installed "
    "there, where no option says otherwise.",
)
# The options of ``SETTINGS`` for commands that show what the webhook does.
VIEWED: list[Callable[[Any], Any]] = [cluster, *SETTINGS, prefer_command_line, take_installed]


def _installed(kubeconfig: str | None) -> dict[str, Any]:
    """The values of those options of this command that the installed webhook decides."""
    context = click.get_current_context()
    options = {
        str(option.envvar): option
        for option in context.command.params
        if isinstance(option, click.Option) and option.envvar in INSTALLED and _is_default(str(option.name))
    }
    with or_exit():
        data, why = _read(kubeconfig)
    if data is None:
        data = ASSUMED
        assumed = " ".join(_assumed(options, context))
        warn(f"the settings of the webhook are not known: {why}; assumed: {assumed}")
    return {str(option.name): _value(option, data[name], context) for name, option in options.items() if data.get(name)}


def _is_default(name: str) -> bool:
    return click.get_current_context().get_parameter_source(name) is ParameterSource.DEFAULT


def _caller(kubeconfig: str | None) -> str:
    """The user of the kubeconfig; "" if the API server does not say."""
    from registry.kube.connect import connect  # noqa: PLC0415 - as below
    from registry.kube.reading import user_of  # noqa: PLC0415

    try:
        return user_of(connect(kubeconfig))
    except UnreadableError as e:
        warn(f"not known who you are, so credentials for users are left out unless --user says it: {e}")
        return ""


def _read(kubeconfig: str | None) -> tuple[Mapping[str, str] | None, str]:
    """The settings; or None, and why they cannot be read."""
    from registry.kube.connect import connect  # noqa: PLC0415 - commands without a cluster start faster
    from registry.kube.reading import path_of, read  # noqa: PLC0415

    try:
        found = read(connect(kubeconfig), path_of("api", "v1", "namespaces", NAMESPACE, "configmaps", SETTINGS_NAME))
    except ForbiddenError as e:
        return None, str(e)
    if found is None:
        return None, f"there is no ConfigMap {SETTINGS_NAME} in namespace {NAMESPACE}; is the product installed there?"
    return {_REGISTRY: ASSUMED[_REGISTRY], **(found.get("data") or {})}, ""


def _assumed(options: Mapping[str, click.Option], context: click.Context) -> Iterator[str]:
    for name, option in options.items():
        value = ASSUMED.get(name) or option.get_default(context)
        shown = value if isinstance(value, str) and value else "none"
        yield f"{max(option.opts, key=len)} {shown}"


def _value(option: click.Option, text: str, context: click.Context) -> Any:
    """What *option* makes of *text*, as if the environment held it."""
    given = option.type.split_envvar_value(text) if option.multiple else text
    try:
        return option.process_value(context, given)
    except click.UsageError as e:
        what = f"ConfigMap {SETTINGS_NAME} in namespace {NAMESPACE}: {option.envvar}"
        logs.say_error(f"{what}: {e.message}; this version of the command does not know it")
        sys.exit(1)
