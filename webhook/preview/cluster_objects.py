"""EDGE: all objects of a cluster that may ask, read in pages: one kind after the other, not one by one."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec
from kubernetes.client import ApiClient

from registry.errors import ForbiddenError, NotServedError
from registry.kube.reading import path_of
from registry.kube.watch import Collection
from webhook.objects.walk import as_map
from webhook.preview.cluster_definitions import ClusterDefinitions

# Runs are large, with all that their engine notes on them; so many are held at a time.
PAGE: Final = 100
_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
_DECODED: Final = 128


class _Kind(NamedTuple):
    """A kind of objects; the first of its *versions* that the cluster has is read."""

    name: str
    group: str
    versions: tuple[str, ...]
    plural: str

    @property
    def is_of_cluster(self) -> bool:
        return self.name.startswith("Cluster")


_TEKTON, _ARGO = ("v1", "v1beta1"), ("v1alpha1",)
_DEFINITIONS: Final = (
    _Kind("Pipeline", "tekton.dev", _TEKTON, "pipelines"),
    _Kind("Task", "tekton.dev", _TEKTON, "tasks"),
    _Kind("StepAction", "tekton.dev", ("v1beta1", "v1alpha1"), "stepactions"),
    _Kind("WorkflowTemplate", "argoproj.io", _ARGO, "workflowtemplates"),
    _Kind("ClusterWorkflowTemplate", "argoproj.io", _ARGO, "clusterworkflowtemplates"),
)
_OTHERS: Final = (
    _Kind("CronWorkflow", "argoproj.io", _ARGO, "cronworkflows"),
    _Kind("PipelineRun", "tekton.dev", _TEKTON, "pipelineruns"),
    _Kind("TaskRun", "tekton.dev", _TEKTON, "taskruns"),
    _Kind("Workflow", "argoproj.io", _ARGO, "workflows"),
    _Kind("CronJob", "batch", ("v1",), "cronjobs"),
    _Kind("Job", "batch", ("v1",), "jobs"),
    _Kind("Deployment", "apps", ("v1",), "deployments"),
    _Kind("StatefulSet", "apps", ("v1",), "statefulsets"),
    _Kind("DaemonSet", "apps", ("v1",), "daemonsets"),
    _Kind("ReplicaSet", "apps", ("v1",), "replicasets"),
    _Kind("ReplicationController", "", ("v1",), "replicationcontrollers"),
)


class ClusterObjects:
    """The definitions, runs and workloads of a cluster, or of one *namespace*, as far as the caller may read them.

    Pods are not read: they come of objects that are.

    Args:
        say: Called with each thing that the caller may not read, and what that means; once for each.
        namespace: "" = all that may be read.
        fallback: The namespace that is read if the caller may not know which there are.
    """

    def __init__(self, api: ApiClient, say: Callable[[str], None], *, namespace: str = "", fallback: str = "") -> None:
        self._api = api
        self._say = say
        self._namespace = namespace
        self._fallback = fallback
        self._others = ClusterDefinitions(api, say)
        # Definitions are needed for each run that refers to them. As text they take a fraction of the memory.
        self._texts: dict[tuple[str, str, str], bytes] = {}
        self._listed: set[tuple[str, str]] = set()
        self._is_read = False
        self._namespaces: list[str] | None = None
        # By namespace, the kinds that the caller may not list there.
        self._refused: dict[str, list[str]] = defaultdict(list)
        self._decoded = lru_cache(_DECODED)(msgspec.json.decode)

    def each(self) -> Iterator[Mapping[str, Any]]:
        """All objects, definitions first. At the end it is said what could not be read.

        Raises:
            UnreadableError: The API server does not answer.
        """
        self._read_definitions()
        for text in self._texts.values():
            yield msgspec.json.decode(text)
        for kind in _OTHERS:
            yield from self._each(kind)
        for namespace, kinds in self._refused.items():
            where = f"of namespace {namespace!r}" if namespace else "of the cluster"
            self._say(f"the {', '.join(kinds)} {where} are left out, as you may not list them")

    def find(self, kind: str, name: str, namespace: str) -> Mapping[str, Any] | None:
        """The definition of that name; None if it does not exist, or the caller may not read it.

        Raises:
            UnreadableError: The API server does not answer.
        """
        self._read_definitions()
        if (text := self._texts.get((kind, namespace, name))) is not None:
            found: Mapping[str, Any] = self._decoded(text)
            return found
        if {(kind, namespace), (kind, "")} & self._listed:
            return None
        return self._others.find(kind, name, namespace)

    def _read_definitions(self) -> None:
        if self._is_read:
            return
        self._is_read = True
        for kind in _DEFINITIONS:
            for obj in self._each(kind):
                metadata = obj["metadata"]
                self._texts[kind.name, metadata.get("namespace", ""), metadata["name"]] = msgspec.json.encode(obj)

    def _each(self, kind: _Kind) -> Iterator[Mapping[str, Any]]:
        where = "" if kind.is_of_cluster else self._namespace
        try:
            yield from self._in(kind, where)
        except ForbiddenError:
            if where or kind.is_of_cluster:
                self._refused[where].append(kind.plural)
                return
            for namespace in self._all_namespaces():
                try:
                    yield from self._in(kind, namespace)
                except ForbiddenError:
                    self._refused[namespace].append(kind.plural)

    def _in(self, kind: _Kind, namespace: str) -> Iterator[Mapping[str, Any]]:
        """The objects of *kind* in *namespace*, "" = in all; none of a kind that the cluster does not know."""
        for version in kind.versions:
            api_version = f"{kind.group}/{version}" if kind.group else version
            group = ("apis", kind.group) if kind.group else ("api",)
            scope = ("namespaces", namespace) if namespace else ()
            collection = Collection(
                self._api, path_of(*group, version, *scope, kind.plural), _Trim(api_version, kind.name)
            )
            try:
                yield from collection.each(PAGE)
            except NotServedError:
                continue
            self._listed.add((kind.name, namespace))
            return
        self._listed.add((kind.name, namespace))

    def _all_namespaces(self) -> list[str]:
        if self._namespaces is None:
            namespaces = Collection(self._api, path_of("api", "v1", "namespaces"), lambda _: None, metadata_only=True)
            try:
                self._namespaces = sorted(name for _, name in namespaces.list().found)
            except ForbiddenError as e:
                self._namespaces = [self._fallback]
                self._say(f"only namespace {self._fallback!r} is read, as you may not know which others there are: {e}")
        return self._namespaces


class _Trim:
    """Gives an item of a list its kind, which lists leave out, and takes away what is large and decides nothing."""

    def __init__(self, api_version: str, kind: str) -> None:
        self._named = {"apiVersion": api_version, "kind": kind}

    def __call__(self, item: Mapping[str, Any]) -> dict[str, Any]:
        metadata = {key: value for key, value in as_map(item.get("metadata")).items() if key != "managedFields"}
        if _LAST_APPLIED in as_map(metadata.get("annotations")):
            metadata["annotations"] = {k: v for k, v in metadata["annotations"].items() if k != _LAST_APPLIED}
        status = {key: value for key, value in as_map(item.get("status")).items() if key in ("phase", "conditions")}
        return {**item, **self._named, "metadata": metadata, "status": status}
