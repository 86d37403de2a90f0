"""What an author sets for a container elsewhere than in its own ``env``, and what of it is known here. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from webhook.objects.walk import as_map, maps_in

# The engines and the kubelet replace these in what they read.
_PARAMETERS = ("{{", "$(")


class Unread(NamedTuple):
    """Variables that the author may set, and whose names are not known here.

    Attributes:
        where: Names the place for people.
        why: Why they are not known, and what will happen to one that is injected as well.
        prefix: What their names begin with.
    """

    where: str
    why: str
    prefix: str = ""

    def concerns(self, names: Iterable[str]) -> list[str]:
        """Those of *names* that it may set, too."""
        return [name for name in names if name.startswith(self.prefix)]


class Source(NamedTuple):
    """A place that sets variables for a container.

    Attributes:
        where: Names it for people: ``stepTemplate``.
        entries: Items of an ``env`` list.
        names: Their names.
        wins: True if they replace those of the container's own ``env``; False if they are defaults for it.
        unread: What it may set besides.
        replaces_all: True if nothing is left of the container's own variables.
    """

    where: str
    entries: tuple[Mapping[str, Any], ...] = ()
    names: frozenset[str] = frozenset()
    wins: bool = False
    unread: tuple[Unread, ...] = ()
    replaces_all: bool = False


def source_of(part: object, where: str, *, wins: bool = False, env_from: bool = True) -> tuple[Source, ...]:
    """The source that *part* is by its ``env`` and, if that is read there, its ``envFrom``; none if it sets nothing.

    Args:
        part: A container, or what is merged with one.
    """
    if not isinstance(part, dict) or not ("env" in part or (env_from and "envFrom" in part)):
        return ()
    entries = tuple(entry for _, entry in maps_in(part.get("env")) if isinstance(entry.get("name"), str))
    unread = (*computed(entries, where), *(unread_env_from(part, where) if env_from else ()))
    return (Source(where, entries, frozenset(entry["name"] for entry in entries), wins, tuple(unread)),)


def computed(entries: Iterable[Mapping[str, Any]], where: str) -> Iterator[Unread]:
    """The entries whose names are known only when parameters have been filled in."""
    for entry in entries:
        name = str(entry.get("name"))
        if "{{" in name or "$(" in name:
            places = [name.index(sign) for sign in _PARAMETERS if sign in name]
            why = (
                f"the name {name[:60]!r} is known only later; if it becomes that of an injected variable, both are set"
            )
            yield Unread(f"{where}.env" if where else "env", why, name[: min(places)])


def unread_env_from(part: Mapping[str, Any], where: str) -> Iterator[Unread]:
    """What ``envFrom`` sets: it is in ConfigMaps and Secrets, which are not read here."""
    for _, item in maps_in(part.get("envFrom")):
        kind = next((kind for kind in ("ConfigMap", "Secret") if as_map(item.get(_reference(kind)))), "")
        if not kind:
            continue
        name = str(as_map(item[_reference(kind)]).get("name"))[:253]
        prefix = item.get("prefix")
        fixed = prefix if isinstance(prefix, str) else ""
        ends = [fixed.index(sign) for sign in _PARAMETERS if sign in fixed]
        why = f"{kind} {name!r} is not read here; an injected variable would replace one of the same name from it"
        yield Unread(f"{where}.envFrom" if where else "envFrom", why, fixed[: min(ends)] if ends else fixed)


def _reference(kind: str) -> str:
    return "configMapRef" if kind == "ConfigMap" else "secretRef"


def without_env_from(sources: Sequence[Source]) -> tuple[Source, ...]:
    """*sources* of a container that has an ``envFrom`` of its own: that replaces those of its defaults."""
    return tuple(
        source if source.wins else source._replace(unread=tuple(u for u in source.unread if ".envFrom" not in u.where))
        for source in sources
    )


class Entry(NamedTuple):
    """An item of the ``env`` list that a process gets, and the place that it comes from; "" for the container's own."""

    content: Mapping[str, Any]
    where: str = ""


def merged(own: object, sources: Sequence[Source]) -> list[Entry]:
    """The variables of a container with the list *own*, each name once, in the order in which they are read."""
    lists = [[Entry(entry) for _, entry in maps_in(own)]]
    for source in sources:
        entries = [Entry(entry, source.where) for entry in source.entries]
        before = [] if source.replaces_all else lists
        lists = [*before, entries] if source.wins else [entries, *before]
    # The last of a name is the one that counts; a merged entry stays at the place of the first.
    found: dict[str, Entry] = {}
    for entry in (entry for entries in lists for entry in entries):
        name = str(entry.content.get("name"))
        if entry.content.get("$patch") == "delete":
            found.pop(name, None)
        else:
            found[name] = entry
    return list(found.values())
