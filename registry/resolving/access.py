"""Who may use which credentials. Pure. The webhook, the controller and the command line all decide here.

Shared credentials are those of a record that is not of the consumer's own namespace. Who may have them is decided by
what only the cluster's administrators can set: the namespace's project and owner. Nothing depends on who submits a
run, because whoever can create pods in a namespace can read every Secret there. Within a namespace, and without a
cluster, scopes are a rule of injection: they depend on the project, and on the user who asks.
"""

from enum import Enum

from registry.records.model import Credentials, Service
from registry.resolving.selectors import Consumer

_NARROWEST_FIRST = {"user": 0, "project": 1, "global": 2}


class Access(Enum):
    """Whether credentials may be used, or why not."""

    GRANTED = "granted"
    OUT_OF_SCOPE = "out of scope"
    NO_PROJECT = "the namespace has neither a project nor an owner"


def access(credentials: Credentials, consumer: Consumer, *, shared: bool) -> Access:
    """Whether *consumer* may use *credentials*, which are *shared* if its record is of another namespace."""
    if shared and not (consumer.project or consumer.owner):
        return Access.NO_PROJECT
    person = consumer.owner if shared else consumer.user
    return Access.GRANTED if _in_scope(credentials, consumer.project, person) else Access.OUT_OF_SCOPE


def _in_scope(credentials: Credentials, project: str, person: str) -> bool:
    if credentials.scope == "global":
        return True
    if credentials.scope == "project":
        return project in credentials.projects
    return person in credentials.users and (not credentials.projects or project in credentials.projects)


def credentials_for(service: Service, consumer: Consumer, *, shared: bool) -> list[Credentials]:
    """The credentials of *service* that *consumer* may use, best first: narrowest scope, then default, then by id."""
    usable = [c for c in service.credentials if access(c, consumer, shared=shared) is Access.GRANTED]
    return sorted(usable, key=lambda c: (_NARROWEST_FIRST[c.scope], not c.default, c.id))


def lacks_project(service: Service, consumer: Consumer, *, shared: bool) -> bool:
    """True if *service* has credentials, and *consumer* none of them only because its namespace has no project."""
    return any(access(c, consumer, shared=shared) is Access.NO_PROJECT for c in service.credentials)
