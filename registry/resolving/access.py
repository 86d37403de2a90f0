"""Who may use which credentials. Pure."""

from registry.records.model import Credentials, Service
from registry.resolving.selectors import Consumer

_NARROWEST_FIRST = {"user": 0, "project": 1, "global": 2}


def may_use(credentials: Credentials, consumer: Consumer) -> bool:
    """True if *consumer* is in the scope of *credentials*."""
    if credentials.scope == "global":
        return True
    if credentials.scope == "project":
        return consumer.project in credentials.projects
    in_project = not credentials.projects or consumer.project in credentials.projects
    return consumer.user in credentials.users and in_project


def credentials_for(service: Service, consumer: Consumer) -> list[Credentials]:
    """The credentials of *service* that *consumer* may use, best first: narrowest scope, then default, then by id."""
    usable = [c for c in service.credentials if may_use(c, consumer)]
    return sorted(usable, key=lambda c: (_NARROWEST_FIRST[c.scope], not c.default, c.id))
