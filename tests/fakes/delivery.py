"""A cluster with records, sources and namespaces, and the delivery of credentials in it, driven by a test."""

import base64
from contextlib import suppress
from datetime import UTC, datetime

from registry.delivery.copies import PREFIX
from registry.errors import Problem
from registry.records import extension_objects
from registry.stores.namespaces import NamespaceKeys
from tests.fakes.in_process_api import FakeCluster
from webhook.controller.api_calls import ConflictError
from webhook.controller.credentials.caches import Changes
from webhook.controller.credentials.duty import CredentialsDuty
from webhook.controller.credentials.facts import Rules, namespace_of, source_of
from webhook.controller.credentials.ledgers import Ledgers
from webhook.controller.credentials.reads import Reads
from webhook.controller.credentials.rounds import Rounds
from webhook.controller.credentials.secrets import Copies
from webhook.controller.credentials.state import Deliveries
from webhook.controller.credentials.writing import Guard
from webhook.controller.status import Status

REGISTRY, SYSTEM = "fuseml", "fuseml-system"
RULES = Rules(NamespaceKeys(), closed=frozenset({REGISTRY, SYSTEM}))
NAMESPACES = "/api/v1/namespaces"
RECORDS = f"/apis/{extension_objects.API_VERSION}/namespaces/{REGISTRY}/extensions"
SOURCES = f"{NAMESPACES}/{REGISTRY}/secrets"


def encoded(value):
    return base64.b64encode(value.encode()).decode()


def credentials(id_="login", secret="minio", mapping=None, **fields):
    """Credentials as an Extension object holds them."""
    mapping = mapping or {"PASSWORD": "password"}
    return {"id": id_, "secretRef": {"name": secret}, "configuration": mapping, **fields}


class Cluster(FakeCluster):
    """What administrators, operators and tenants do."""

    def __init__(self):
        super().__init__()
        self.namespace(REGISTRY)
        self.namespace(SYSTEM)

    def namespace(self, name, project="", owner=""):
        """Create a namespace, or change its project and owner."""
        metadata = {
            "labels": {RULES.keys.project_label: project} if project else {},
            "annotations": {RULES.keys.owner_annotation: owner} if owner else {},
        }
        return self.put(f"{NAMESPACES}/{name}", {"metadata": metadata})

    def record(self, id_="mlflow", *logins):
        """Register an Extension with one service that has *logins*."""
        spec = {"services": [{"id": "s3", "credentials": list(logins or [credentials()])}]}
        return self.put(f"{RECORDS}/{id_}", {"spec": spec})

    def source(self, name="minio", extension="mlflow", **values):
        """Create or change a source Secret."""
        labels = {extension_objects.SOURCE_LABEL: extension} if extension else {}
        data = {key: encoded(value) for key, value in (values or {"password": "first"}).items()}
        return self.put(f"{SOURCES}/{name}", {"metadata": {"labels": labels}, "type": "Opaque", "data": data})

    def copies(self):
        """The content of each copy, by namespace and Extension."""
        found = {}
        for path, obj in self.objects.items():
            *_, namespace, kind, name = path.split("/")
            if kind == "secrets" and name.startswith(PREFIX):
                values = {key: base64.b64decode(value).decode() for key, value in obj["data"].items()}
                found.setdefault(namespace, {})[name] = values
        return found

    def ledgers(self):
        """The entries of each ledger, by the name of its namespace."""
        start = f"{NAMESPACES}/{SYSTEM}/configmaps/"
        ledgers = [obj for path, obj in self.objects.items() if path.startswith(start)]
        return {obj["metadata"]["annotations"]["extensions.fuseml.org/namespace"]: obj["data"] for obj in ledgers}

    def writes(self):
        """Method and path of each request that writes."""
        return [(method, path) for method, path in self.requests if method != "GET"]


class Heard:
    """What a controller has heard of a cluster: nothing, until the test says so."""

    is_complete = True

    def __init__(self, cluster):
        self._cluster = cluster
        self.namespaces = {}
        self.records = {}
        self.sources = {}
        self._changes = Changes()

    def take(self):
        changes, self._changes = self._changes, Changes()
        return changes

    def hear(self, *kinds):
        """Learn the present state of *kinds*, or of everything."""
        for kind in kinds or ("namespaces", "records", "sources"):
            getattr(self, f"_hear_{kind}")()

    def lost(self, uid):
        """Learn that a ledger was deleted."""
        self._changes.ledgers.add(uid)

    def _at(self, path):
        return {p.rpartition("/")[2]: obj for p, obj in self._cluster.objects.items() if p.rpartition("/")[0] == path}

    def _hear_namespaces(self):
        new = {name: namespace_of(obj, RULES) for name, obj in self._at(NAMESPACES).items()}
        self._changes.namespaces |= _differing(self.namespaces, new)
        self.namespaces = new

    def _hear_records(self):
        new = {name: _record(obj) for name, obj in self._at(RECORDS).items()}
        self._changes.extensions |= _differing(self.records, new)
        self.records = new

    def _hear_sources(self):
        found = {name: source_of(obj).without_values for name, obj in self._at(SOURCES).items()}
        new = {name: source for name, source in found.items() if source.extension}
        for name in _differing(self.sources, new):
            self._changes.extensions |= {s.extension for s in (self.sources.get(name), new.get(name)) if s}
        self.sources = new


class Controller:
    """One process that delivers, with a clock that the test moves.

    Attributes:
        leads: Set to an error that the check before each write raises.
        proof: Set to an error that the proof raises.
        reported: Namespace, copy and lack of each Event.
    """

    def __init__(self, cluster, *, clock=None):
        self.cluster = cluster
        self.clock = clock or [1_000.0]
        self.heard = Heard(cluster)
        self.leads = self.proof = None
        self.reported = []
        self.status = Status(clock=lambda: self.clock[0])
        self.duty = self._duty(cluster.client())

    def _duty(self, client):
        self.ledgers = Ledgers(client, system=SYSTEM)
        self.deliveries = Deliveries(self.heard, self.ledgers)
        reads = Reads(client, registry=REGISTRY, rules=RULES)
        rounds = Rounds(
            reads=reads,
            copies=Copies(client),
            ledgers=self.ledgers,
            guard=Guard(lambda: _raise(self.leads), lambda: _raise(self.proof)),
            report=lambda namespace, name, lack: self.reported.append((namespace.name, name, lack)),
            secrets_of=self.deliveries.secrets_of,
            now=lambda: self.clock[0],
        )
        return CredentialsDuty(
            caches=self.heard,
            ledgers=self.ledgers,
            deliveries=self.deliveries,
            reads=reads,
            rounds=rounds,
            status=self.status,
            check=lambda: _raise(self.leads),
            clock=lambda: self.clock[0],
            now=lambda: self.clock[0],
        )

    def run(self):
        """Let the duty work once."""
        self.duty.reconcile(datetime.fromtimestamp(self.clock[0], UTC))

    def settle(self, *, seconds=0, turns=30):
        """Hear everything and work until nothing is left to do; *seconds* pass first."""
        self.clock[0] += seconds
        self.heard.hear()
        for _ in range(turns):
            before = len(self.cluster.writes())
            with suppress(ConflictError):  # As the loop does, which runs the duty again.
                self.run()
            if len(self.cluster.writes()) == before:
                return
        raise AssertionError(f"still writing: {self.cluster.writes()[-10:]}")


def _record(obj):
    try:
        return extension_objects.decode(obj)
    except Exception as e:
        return (Problem(str(e)),)


def _differing(old, new):
    return {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}


def _raise(error):
    if error:
        raise error
