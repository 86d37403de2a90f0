"""What each person tries with labels and annotations of namespaces, and whether it should succeed."""

from collections.abc import Iterator
from typing import Any

from tests.e2e.policies import people
from tests.e2e.policies.attempts_on_secrets import Row
from tests.e2e.policies.installation import WORLD, post
from tests.e2e.policies.people import ADMINISTRATOR, LEAD, LOCAL_LEAD, NAMESPACE_CONTROLLER, TENANT
from tests.e2e.support.caller import Caller
from tests.e2e.support.secret_reader import APPLY_PATCH, JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH

PROJECT, OWNER = "extensions.fuseml.org/project", "extensions.fuseml.org/owner"
# What each namespace of a world has: {name: (project, owner)}.
NAMESPACES = {"free": ("", ""), "red": ("red", ""), "blue": ("blue", ""), "ada": ("", "ada"), "eve": ("", "eve"),
              "gone": ("red", "ada")}  # fmt: skip
NO_PROJECT, NO_OWNER = (
    "you need the verb assign on projects.fuseml.org",
    "you need the verb assign on owners.fuseml.org",
)


def namespace(
    world: str, name: str, project: str | None = "", owner: str | None = "", **metadata: Any
) -> dict[str, Any]:
    """A namespace with a project and an owner, unless these are empty. None is written as null."""
    labels = {WORLD: world} | ({} if project == "" else {PROJECT: project})
    annotations = {} if owner == "" else {OWNER: owner}
    named = {"name": f"{world}-{name}"} if "generateName" not in metadata else {}
    return {"apiVersion": "v1", "kind": "Namespace",
            "metadata": {**named, "labels": labels, "annotations": annotations, **metadata}}  # fmt: skip


def build(admin: Caller, world: str) -> None:
    """Create the namespaces, before any policy is in force for them."""
    for name, (project, owner) in NAMESPACES.items():
        post(admin, "/api/v1/namespaces", namespace(world, name, project, owner))
    people.grant(admin, f"{world}-free", LOCAL_LEAD, "assign")
    # It stays in this state: no controller ends it here.
    admin.send("DELETE", f"/api/v1/namespaces/{world}-gone")


def rows(world: str) -> list[Row]:
    """All attempts."""
    return [*_creations(world), *_changes(world), *_ways(world), *_deletion(world)]


def _creations(world: str) -> Iterator[Row]:
    for who, project, owner, refused in (
        (TENANT, "", "", ""), (TENANT, "red", "", NO_PROJECT), (TENANT, "", "ada", NO_OWNER),
        (LEAD, "red", "", ""), (LEAD, "blue", "", NO_PROJECT), (LEAD, "", "ada", ""), (LEAD, "", "eve", NO_OWNER),
        (LEAD, "red", "ada", ""), (LEAD, "blue", "ada", NO_PROJECT), (LEAD, "red", "eve", NO_OWNER),
        (ADMINISTRATOR, "blue", "eve", ""),
    ):  # fmt: skip
        what, path = f"{who} creates one of project {project!r}, owner {owner!r}", "/api/v1/namespaces"
        yield Row(what, who, "POST", path, refused, namespace(world, "new", project, owner))
        generated = namespace(world, "", project, owner, generateName=f"{world}-")
        yield Row(f"{what}, name generated", who, "POST", path, refused, generated)
        yield Row(f"{what}, by apply", who, "PATCH", f"{path}/{world}-new", refused,
                  namespace(world, "new", project, owner), APPLY_PATCH, "fieldManager=x")  # fmt: skip


def _changes(world: str) -> Iterator[Row]:
    """From each namespace to another project or owner."""
    for who, name, project, owner, refused in (
        (TENANT, "free", "red", "", NO_PROJECT), (TENANT, "free", "", "ada", NO_OWNER),
        (TENANT, "red", None, "", NO_PROJECT), (TENANT, "red", "blue", "", NO_PROJECT),
        (TENANT, "ada", "", None, NO_OWNER), (TENANT, "ada", "", "eve", NO_OWNER),
        (LOCAL_LEAD, "free", "red", "", NO_PROJECT), (LOCAL_LEAD, "free", "", "ada", NO_OWNER),
        (LEAD, "free", "red", "", ""), (LEAD, "free", "blue", "", NO_PROJECT), (LEAD, "red", "blue", "", NO_PROJECT),
        (LEAD, "blue", "red", "", NO_PROJECT), (LEAD, "blue", None, "", NO_PROJECT), (LEAD, "red", None, "", ""),
        (LEAD, "free", "", "ada", ""), (LEAD, "free", "", "eve", NO_OWNER), (LEAD, "ada", "", "eve", NO_OWNER),
        (LEAD, "eve", "", "ada", NO_OWNER), (LEAD, "eve", "", None, NO_OWNER), (LEAD, "ada", "", None, ""),
        (ADMINISTRATOR, "red", "blue", "", ""), (ADMINISTRATOR, "eve", "", None, ""),
    ):  # fmt: skip
        what = f"{who} changes {name} to project {project!r}, owner {owner!r}"
        body = namespace(world, name, project, owner)
        yield Row(what, who, "PATCH", f"/api/v1/namespaces/{world}-{name}", refused, body, MERGE_PATCH)


def _ways(world: str) -> Iterator[Row]:
    """By every request that stores metadata."""
    label = {"metadata": {"labels": {PROJECT: "red"}}}
    owned = {"metadata": {"annotations": {OWNER: "ada"}}}
    free = f"/api/v1/namespaces/{world}-free"
    for subresource in ("", "/status"):
        for kind in (MERGE_PATCH, STRATEGIC_PATCH):
            yield from _both(f"{free}{subresource}", label, owned, kind)
        operations = [[{"op": "add", "path": "/metadata/annotations", "value": {OWNER: "ada"}}],
                      [{"op": "add", "path": "/metadata/labels", "value": {WORLD: world, PROJECT: "red"}}]]  # fmt: skip
        yield from _both(f"{free}{subresource}", operations[1], operations[0], JSON_PATCH)
        yield from _both(f"{free}{subresource}", namespace(world, "free", "red"), namespace(world, "free", "", "ada"),
                         APPLY_PATCH, "fieldManager=x&force=true")  # fmt: skip
    for subresource in ("", "/status", "/finalize"):
        yield from _both(
            f"{free}{subresource}", namespace(world, "free", "red"), namespace(world, "free", "", "ada"), method="PUT"
        )
        for name, (project, owner) in NAMESPACES.items():
            path = f"/api/v1/namespaces/{world}-{name}{subresource}"
            phase = {"status": {"phase": "Terminating" if name == "gone" else "Active"}}
            same = namespace(world, name, project, owner) | phase
            same["metadata"]["labels"]["app"] = same["metadata"]["annotations"]["app"] = "mine"
            yield Row(f"tenant gives {name} other labels by PUT{subresource}", TENANT, "PUT", path, "", same)
            if project or owner:
                refused = NO_PROJECT if project else NO_OWNER
                yield Row(f"tenant empties {name} by PUT{subresource}", TENANT, "PUT", path, refused,
                          namespace(world, name) | phase)  # fmt: skip
    other = {"metadata": {"labels": {"app": "mine"}, "annotations": {"app": "mine"}}}
    for name in NAMESPACES:
        path = f"/api/v1/namespaces/{world}-{name}"
        yield Row(f"tenant gives {name} other labels", TENANT, "PATCH", path, "", other, MERGE_PATCH)
    empty = {"metadata": {"labels": {PROJECT: ""}, "annotations": {OWNER: ""}}}
    yield Row("tenant gives a free one an empty project and owner", TENANT, "PATCH", free, "", empty, MERGE_PATCH)


def _both(
    path: str, label: Any, owned: Any, kind: str = "application/json", query: str = "", method: str = "PATCH"
) -> Iterator[Row]:
    how = f"by {method} {path.rpartition('/')[2]} {kind}"
    yield Row(f"tenant sets the project {how}", TENANT, method, path, NO_PROJECT, label, kind, query)
    yield Row(f"tenant sets the owner {how}", TENANT, method, path, NO_OWNER, owned, kind, query)
    yield Row(f"lead sets the project {how}", LEAD, method, path, "", label, kind, query)
    yield Row(f"lead sets the owner {how}", LEAD, method, path, "", owned, kind, query)


def _deletion(world: str) -> Iterator[Row]:
    """As a person and the namespace controller delete a namespace; the one called `gone` is being deleted."""
    path, going = f"/api/v1/namespaces/{world}-gone", namespace(world, "gone", "red", "ada")
    yield Row("tenant deletes a namespace of a project", TENANT, "DELETE", f"/api/v1/namespaces/{world}-red", "")
    emptied = {**going, "status": {"phase": "Terminating", "conditions": []}}
    yield Row("namespace controller reports", NAMESPACE_CONTROLLER, "PUT", f"{path}/status", "", emptied)
    ended = {**going, "spec": {"finalizers": []}}
    yield Row("namespace controller ends it", NAMESPACE_CONTROLLER, "PUT", f"{path}/finalize", "", ended)
