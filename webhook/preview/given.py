"""What a stored run was given when it was created, as its note says it. Pure."""

from collections.abc import Iterable, Iterator

from webhook.mutation.note.resolved import Resolved


def services(note: Resolved) -> list[str]:
    """Services and credentials by selector, or without it in a short note: ``store: minio/s3/everyone``."""
    lines = {f"{name}: {path}" if name else path for name, parts in _chosen(note) if (path := _path(parts))}
    return sorted(lines)


def extensions(note: Resolved) -> frozenset[str]:
    """The ids of the extensions."""
    return frozenset(parts[0] for _, parts in _chosen(note) if parts and isinstance(parts[0], str))


def _chosen(note: Resolved) -> Iterator[tuple[str, list[object]]]:
    given = [ids for one in note.given for ids in one.selectors.items()]
    given += [ids for by_name in note.steps.values() for ids in by_name.items()]
    for name, ids in given:
        yield name, [ids.get(field) for field in ("extension", "service", "credentials")]
    for parts in note.bound:
        yield "", [*parts]


def _path(parts: Iterable[object]) -> str:
    return "/".join(part for part in parts if isinstance(part, str) and part)
