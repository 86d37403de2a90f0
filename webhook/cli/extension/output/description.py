"""Who gets what of an extension, as the webhook would decide: by zone, by project and user. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from registry.records.model import Credentials, Extension, Service
from registry.resolving.access import credentials_for
from registry.resolving.index import Index
from registry.resolving.resolve import resolve
from registry.resolving.selectors import Consumer, Selector, described
from registry.stores.namespaces import NamespaceFacts
from webhook.cli.extension.output.text import aligned
from webhook.mutation.bound_selectors import bind

_SOMEWHERE_ELSE: Final = "\0somewhere else"
# Criteria that are tried in order, to say how a service is asked for; the first that mean it alone are shown.
_WAYS: Final = (
    ("service_resource",),
    ("product", "service_resource"),
    ("product", "service_category"),
    ("product", "version", "service_resource"),
    ("extension_id", "service_resource"),
    ("extension_id", "service_id"),
)

# What keeps a service from consumers, by the rule that removed it.
_WHY: Final[Mapping[str, str]] = {
    "may use": "it needs credentials, and there are none for them",
    "can reach": "it has no endpoint of type external",
}


@dataclass(frozen=True, slots=True)
class Who:
    """A kind of consumers.

    Attributes:
        label: What people call them.
    """

    label: str
    consumer: Consumer


def description_of(
    extension: Extension, index: Index, namespaces: Mapping[str, NamespaceFacts] | None = None
) -> dict[str, Any]:
    """What each kind of consumers gets of *extension*, as plain data without values.

    Args:
        index: All extensions. One with a namespace is of a cluster: what it has is shared, by the namespaces' project
            and owner.
        namespaces: Of that cluster, by name; None = not known.
    """
    services = [_service(extension, service, index) for service in extension.services]
    if namespaces is not None:
        for service, described_service in zip(extension.services, services, strict=True):
            described_service["namespaces"] = _having(service, index.namespace, namespaces)
    return {
        "id": extension.id,
        "product": extension.product,
        "version": extension.version,
        "zone": extension.zone,
        "services": services,
    }


def as_text(description: Mapping[str, Any]) -> str:
    """The same for people."""
    return aligned(_lines(description))


def _service(extension: Extension, service: Service, index: Index) -> dict[str, Any]:
    alone = Index([replace(extension, services=(service,))], namespace=index.namespace)
    kinds = [*_kinds(service, index.namespace)]
    answers = [(who, _answer(who, zone, service, alone)) for who in kinds for zone in _zones(extension)]
    served = [who for who, answer in answers if "refused" not in answer]
    return {
        "id": service.id,
        "resource": service.resource,
        "category": service.category,
        "auth_required": service.auth_required,
        "selector": _selector(extension, service, index, served[0] if served else None),
        "gives": [answer for _, answer in answers],
    }


def _zones(extension: Extension) -> tuple[str, ...]:
    return (extension.zone, _SOMEWHERE_ELSE) if extension.zone else ("",)


def _kinds(service: Service, namespace: str) -> Iterator[Who]:
    """Kinds of consumers that the credentials of *service* tell apart; *namespace* is "" for no cluster."""
    if not namespace or not service.credentials:
        yield Who("everybody", _in_cluster() if namespace else Consumer())
    else:
        yield Who("namespaces without project and owner", _in_cluster())
        if any(login.scope == "global" for login in service.credentials):
            yield Who("namespaces with any project or owner", _in_cluster(project="\0any"))
    members = [member for login in service.credentials for member in _members(login)]
    for user, project in dict.fromkeys(members):
        owner = "owner" if namespace else "user"
        label = " in ".join(filter(None, [user and f"{owner} {user}", project and f"project {project}"]))
        if namespace:
            yield Who(f"namespaces of {label}", _in_cluster(owner=user, project=project))
        else:
            yield Who(label, Consumer(user=user, project=project))


def _members(login: Credentials) -> list[tuple[str, str]]:
    """The users and projects that *login* names, "" for any."""
    if login.scope == "project":
        return [("", project) for project in login.projects]
    return [(user, project) for user in login.users for project in login.projects or ("",)]


def _in_cluster(**fields: str) -> Consumer:
    return Consumer(namespace="\0somewhere", **fields)


def _answer(who: Who, zone: str, service: Service, alone: Index) -> dict[str, Any]:
    resolution = resolve(_selecting(service_id=service.id), alone, replace(who.consumer, zone=zone))
    is_elsewhere = zone == _SOMEWHERE_ELSE
    place = {"who": who.label, "zone": "" if is_elsewhere else zone, "is_elsewhere": is_elsewhere}
    binding = resolution.binding
    if binding is None:
        return {**place, "refused": _WHY.get(resolution.verdicts[0].rule, resolution.why)}
    return {
        **place,
        "url": binding.endpoint.url if binding.endpoint else "",
        "credentials": binding.credentials.id if binding.credentials else "",
        "variables": list(bind(resolution).variables),
    }


def _selector(extension: Extension, service: Service, index: Index, who: Who | None) -> dict[str, str]:
    """The shortest usual criteria that mean *service*, and no other, to *who* may use it."""
    known = {
        "extension_id": extension.id,
        "service_id": service.id,
        "product": extension.product,
        "version": extension.version,
        "service_category": service.category,
        "service_resource": service.resource,
    }
    for way in _WAYS:
        criteria = {field: known[field] for field in way}
        if who is None or not all(criteria.values()):
            continue
        # Without a zone all that fit are in reach: none of them is left out because of where a step is.
        resolution = resolve(_selecting(**criteria), index, replace(who.consumer, zone=""))
        found = resolution.binding
        is_it = found is not None and (found.extension.id, found.service.id) == (extension.id, service.id)
        if is_it and not any(verdict.rule == "choose" for verdict in resolution.verdicts):
            return criteria
    return {"extension_id": extension.id, "service_id": service.id}


def _having(service: Service, own: str, namespaces: Mapping[str, NamespaceFacts]) -> dict[str, list[str]]:
    """The namespaces that have each of the credentials of *service*, which is registered in the namespace *own*."""
    having: dict[str, list[str]] = {login.id: [] for login in service.credentials}
    for name, facts in sorted(namespaces.items()):
        consumer = Consumer(namespace=name, project=facts.project, owner=facts.owner)
        for login in credentials_for(service, consumer, shared=name != own)[:1]:
            having[login.id].append(name)
    return having


def _selecting(**criteria: str) -> Selector:
    return replace(Selector(name="described"), **criteria)  # type: ignore[arg-type]  # criteria are all text


def _lines(description: Mapping[str, Any]) -> Iterator[str]:
    for field in ("id", "product", "version", "zone"):
        if description[field]:
            yield f"{'ID' if field == 'id' else field.capitalize()}:\t{description[field]}"
    for service in description["services"]:
        yield ""
        yield f"Service {service['id']}"
        for field in ("resource", "category"):
            if service[field]:
                yield f"  {field.capitalize()}:\t{service[field]}"
        yield f"  Needs credentials:\t{'yes' if service['auth_required'] else 'no'}"
        yield f"  Ask for it by:\t{described(service['selector'])}"
        yield from _given(service["gives"])
        if service.get("namespaces"):
            yield from ("", "  Namespaces that have its credentials")
            yield from (
                f"    {own_id}:\t{', '.join(names) or 'none'}" for own_id, names in service["namespaces"].items()
            )


def _given(answers: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for answer in answers:
        zone = ""
        if answer["is_elsewhere"]:
            zone = ", from other zones"
        elif answer["zone"]:
            zone = f", from zone {answer['zone']}"
        yield ""
        yield f"  To {answer['who']}{zone}"
        if "refused" in answer:
            yield f"    nothing: {answer['refused']}"
            continue
        yield f"    URL:\t{answer['url'] or 'none'}"
        yield f"    Credentials:\t{answer['credentials'] or 'none'}"
        yield f"    Variables:\t{', '.join(answer['variables']) or 'none'}"
