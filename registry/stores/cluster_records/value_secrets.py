"""EDGE: the Secrets of one namespace that hold the values of its records.

None of them ever changes: other values are in another Secret. So whoever knows to which one an Extension refers knows
its values.
"""

import secrets
import string
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

import msgspec
from kubernetes.client import ApiClient, CoreV1Api, V1DeleteOptions, V1Preconditions

from registry.errors import InvalidRecordsError, NotFoundError, Problem, RegistryError, UnavailableError
from registry.records import times
from registry.records.extension_objects import SOURCE_LABEL
from registry.stores.cluster_records import values
from registry.stores.cluster_records.calls import MANAGER, OPTIONS, WRITE, BusyError, translated

# Tells our Secrets from those that an operator has labelled for the same Extension.
MANAGED_LABEL: Final = "app.kubernetes.io/managed-by"
# A Secret to which nothing refers may belong to a write that is not yet done, but not for that long.
LEFT_OVER: Final = timedelta(hours=1)
_MAX_LABEL: Final = 63
_LETTERS: Final = string.ascii_lowercase + string.digits
# Without values.
_METADATA: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


class ValueSecrets:
    """Our Secrets in a *namespace*."""

    def __init__(self, api: ApiClient, namespace: str) -> None:
        self._core: Any = CoreV1Api(api)  # Its type stubs lack _preload_content.
        self._namespace = namespace

    def data(self, name: str) -> Mapping[str, str] | None:
        """The data of our Secret *name*; None if there is none.

        Raises:
            ReadOnlyError: It may not be read.
        """
        try:
            with translated(f"Secret {name!r}", self._namespace):
                answer = self._core.read_namespaced_secret(name, self._namespace, **OPTIONS)
                return _data(msgspec.json.decode(answer.data))
        except NotFoundError:
            return None

    def all(self) -> dict[str, Mapping[str, str]]:
        """The data of all our Secrets, by name.

        Raises:
            ReadOnlyError: They may not be listed.
        """
        with translated("Secrets", self._namespace):
            answer = self._core.list_namespaced_secret(
                self._namespace, label_selector=f"{MANAGED_LABEL}={MANAGER}", **OPTIONS
            )
            items = msgspec.json.decode(answer.data).get("items") or ()
        return {item["metadata"]["name"]: data for item in items if (data := _data(item)) is not None}

    @contextmanager
    def new(self, extension_id: str, data: Mapping[str, str]) -> Iterator[str]:
        """The name of a new Secret that holds *data*. If what refers to it is not written, it is deleted again."""
        if len(extension_id) > _MAX_LABEL:
            message = f"is longer than {_MAX_LABEL} characters, so no Secret can be labelled with it; shorten it"
            raise InvalidRecordsError([Problem(message, ("id",))])
        name = values.secret_name(extension_id, "".join(secrets.choice(_LETTERS) for _ in range(10)))
        labels = {SOURCE_LABEL: extension_id, MANAGED_LABEL: MANAGER}
        metadata = {"name": name, "namespace": self._namespace, "labels": labels}
        body = {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": metadata, "data": data}
        with translated(f"Secret {name!r}", self._namespace):
            self._core.create_namespaced_secret(self._namespace, body, **WRITE)
        try:
            yield name
        except RegistryError as e:
            # After other errors the write may have been done all the same, and then refers to this Secret.
            if isinstance(e, BusyError) or not isinstance(e, UnavailableError):
                self._delete(name)
            raise

    def sweep(
        self,
        referred: Callable[[], Collection[str]],
        *,
        extension_id: str = "",
        replaced: Collection[str] = (),
    ) -> None:
        """Delete the Secrets that are *replaced*, or old, and to which nothing refers: a write was interrupted.

        A new one may belong to a write that is going on. What cannot be done now waits for the next time.

        Args:
            referred: Reads the names of all Secrets to which Extensions refer.
            extension_id: Only the Secrets of this one; "" = all.
        """
        selector = f"{MANAGED_LABEL}={MANAGER}" + (f",{SOURCE_LABEL}={extension_id}" if extension_id else "")
        try:
            found = [
                metadata
                for metadata, is_old in self._listed(selector)
                if _is_ours(metadata, extension_id) and (is_old or metadata["name"] in replaced)
            ]
            # Read after the Secrets: what refers to one of them now was written before, or never will be.
            kept = referred() if found else ()
        except RegistryError:
            return
        for metadata in found:
            if metadata["name"] not in kept:
                self._delete(metadata["name"], metadata["uid"])

    def _listed(self, selector: str) -> list[tuple[dict[str, Any], bool]]:
        """The metadata of Secrets, each with whether it is old, by the clock of the API server: ours may be wrong."""
        with translated("Secrets", self._namespace):
            answer = self._core.list_namespaced_secret(
                self._namespace, label_selector=selector, _headers={"Accept": _METADATA}, **OPTIONS
            )
            items = msgspec.json.decode(answer.data).get("items") or ()
        now = _moment(answer.headers)
        return [(item["metadata"], _is_old(item["metadata"], now)) for item in items]

    def _delete(self, name: str, uid: str | None = None) -> None:
        """Delete a Secret of ours, if that can be done now; a later sweep tries again."""
        options = V1DeleteOptions(preconditions=V1Preconditions(uid=uid)) if uid else V1DeleteOptions()
        try:
            with translated(f"Secret {name!r}", self._namespace):
                self._core.delete_namespaced_secret(name, self._namespace, body=options, **OPTIONS)
        except RegistryError:
            pass


def _data(secret: Mapping[str, Any]) -> Mapping[str, str] | None:
    """The data of a Secret, if it is ours; somebody else's may be called so, too."""
    labels = secret["metadata"].get("labels") or {}
    return (secret.get("data") or {}) if labels.get(MANAGED_LABEL) == MANAGER else None


def _is_ours(metadata: Mapping[str, Any], extension_id: str) -> bool:
    labels = metadata.get("labels") or {}
    own_id = labels.get(SOURCE_LABEL, "")
    return (
        labels.get(MANAGED_LABEL) == MANAGER
        and own_id == (extension_id or own_id)
        and values.is_of_values(metadata["name"], own_id)
    )


def _is_old(metadata: Mapping[str, Any], now: datetime | None) -> bool:
    created = times.read(metadata.get("creationTimestamp"))
    return created is not None and now is not None and now - created > LEFT_OVER


def _moment(headers: Mapping[str, str]) -> datetime | None:
    """The time of an answer; None if it does not say."""
    try:
        return parsedate_to_datetime(headers["Date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return None
