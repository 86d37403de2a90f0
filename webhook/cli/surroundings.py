"""EDGE: what decides about objects in ``preview`` and ``explain``, besides themselves: from options or a cluster."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from registry.resolving.selectors import Consumer
from registry.stores.namespaces import NamespaceFacts, NamespaceKeys
from registry.stores.store import VisibleRegistry
from webhook.adapters.layout import Finding
from webhook.cli.files import can_be_read_twice, lines_of_file
from webhook.cli.options import check_one_registry, or_exit, read_folder, settings_of, warn
from webhook.mutation.settings import Settings
from webhook.objects.walk import as_map
from webhook.preview import dropped_blocks
from webhook.preview.definitions import Definitions
from webhook.preview.expected_pods.expected import FindDefinition

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

    from webhook.preview.cluster_objects import ClusterObjects


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What decides about objects, besides themselves.

    Attributes:
        consumer_of: Gives the consumer on whose behalf an object asks.
        definitions_in: Gives a function that finds the definitions for runs in a namespace.
        dropped_of: Finds the blocks of an object that the API server drops.
        objects: All that may ask in the cluster; None if that is not to be read, or no cluster was named.
    """

    settings: Settings
    registry: VisibleRegistry
    consumer_of: Callable[[Mapping[str, Any]], Consumer]
    definitions_in: Callable[[str], FindDefinition]
    dropped_of: Callable[..., list[Finding]]
    objects: "ClusterObjects | None" = None


def surroundings_of(
    files: Sequence[str],
    *,
    namespace: str | None,
    project: str | None,
    owner: str,
    user: str,
    folder: Path | None,
    registry_namespace: str | None,
    kubeconfig: str | None,
    ledger_namespace: str | None,
    argo_crds: Any = "unknown",
    lists_objects: bool = False,
    **settings: Any,
) -> Surroundings:
    """What the options say; the registry, namespaces and definitions of a cluster are read when they are needed.

    A broken folder, or a kubeconfig that cannot be used, ends the command with exit code 1.

    Args:
        files: What is judged, and may hold definitions.
        lists_objects: True if all objects of the cluster, or of *namespace*, are going to be judged as well.
    """
    check_one_registry(folder, registry_namespace, ledger_namespace, "one of --cluster and --registry-namespace")
    chosen = settings_of(**settings)
    with or_exit():
        api = _connect(kubeconfig) if registry_namespace is not None or kubeconfig is not None else None
        registry = (
            read_folder(folder or Path(), chosen.allowed_variables)
            if registry_namespace is None or api is None
            else _registry_of_cluster(api, registry_namespace, ledger_namespace, chosen)
        )
    fallback = "default" if registry_namespace is None else _namespace_of_context(kubeconfig)
    namespace_of = partial(_namespace_of, namespace=namespace, fallback=fallback)
    objects = _cluster_objects(api, namespace or "", fallback) if lists_objects and api is not None else None
    return Surroundings(
        chosen,
        registry,
        _consumers(chosen, registry.facts_of, namespace_of, project=project, owner=owner, user=user),
        _definitions(files, namespace_of, api, objects).seen_from,
        _dropped_blocks(api, argo_crds),
        objects,
    )


def _connect(kubeconfig: str | None) -> "ApiClient":
    # Without a cluster, the commands start faster without its client.
    from registry.kube.connect import connect  # noqa: PLC0415

    return connect(kubeconfig)


def _registry_of_cluster(
    api: "ApiClient", namespace: str, ledger_namespace: str | None, settings: Settings
) -> VisibleRegistry:
    from registry.stores.visible import ClusterView  # noqa: PLC0415 - as in _connect

    return ClusterView(
        api,
        namespace=namespace,
        say=warn,
        allowed=settings.allowed_variables,
        keys=NamespaceKeys(settings.project_label, settings.owner_annotation),
        ledger_namespace=ledger_namespace or "",
    )


def _namespace_of_context(kubeconfig: str | None) -> str:
    """The namespace in which kubectl would create objects that name none."""
    from registry.kube.connect import namespace_of  # noqa: PLC0415 - as in _connect

    return namespace_of(kubeconfig)


def _namespace_of(obj: Mapping[str, Any], *, namespace: str | None, fallback: str) -> str:
    return namespace or str(as_map(obj.get("metadata")).get("namespace") or fallback)


def _consumers(
    settings: Settings,
    facts_of: Callable[[str], NamespaceFacts | None],
    namespace_of: Callable[[Mapping[str, Any]], str],
    *,
    project: str | None,
    owner: str,
    user: str,
) -> Callable[[Mapping[str, Any]], Consumer]:
    def consumer_of(obj: Mapping[str, Any]) -> Consumer:
        namespace = namespace_of(obj)
        facts = facts_of(namespace) or (NamespaceFacts() if project or owner else None)
        if facts is None:
            click.echo(f"error: namespace {namespace!r} does not exist in this cluster; give --project", err=True)
            sys.exit(1)
        return Consumer(
            zone=settings.zone,
            namespace=namespace,
            project=project or facts.project,
            owner=owner or facts.owner,
            user=user,
        )

    return consumer_of


def _cluster_objects(api: "ApiClient", namespace: str, fallback: str) -> "ClusterObjects":
    from webhook.preview.cluster_objects import ClusterObjects  # noqa: PLC0415 - as in _connect

    return ClusterObjects(api, warn, namespace=namespace, fallback=fallback)


def _definitions(
    files: Sequence[str],
    namespace_of: Callable[[Mapping[str, Any]], str],
    api: "ApiClient | None",
    objects: "ClusterObjects | None",
) -> Definitions:
    """The definitions that runs may refer to: those in *files*, then those in the cluster, if one was named."""
    find_in_cluster = objects.find if objects is not None else None
    if api is not None and find_in_cluster is None:
        from webhook.preview.cluster_definitions import ClusterDefinitions  # noqa: PLC0415 - as in _connect

        find_in_cluster = ClusterDefinitions(api, warn).find
    definitions = Definitions(namespace_of, find_in_cluster)
    for name in files:
        if can_be_read_twice(name):
            definitions.add(lines_of_file(name))
    return definitions


def _dropped_blocks(api: "ApiClient | None", argo_crds: Any) -> Callable[..., list[Finding]]:
    """By the cluster's schemas, if one was named."""
    if api is None:
        return partial(dropped_blocks.findings, argo_crds=argo_crds)
    from webhook.preview.cluster_schemas import ClusterSchemas  # noqa: PLC0415 - as in _connect

    return partial(dropped_blocks.findings, argo_crds=argo_crds, find_schema=ClusterSchemas(api).find)
