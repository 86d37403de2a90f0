"""Whatever the order in which news arrives and calls are carried out, no namespace gets a value that is not for it.

An operator, administrators and tenants act between any two calls of the controller, which hears of it late and in any
order; requests are carried out late; the process is killed, or paused while another one leads.
"""

import base64
import random

import pytest
from urllib3.exceptions import ReadTimeoutError

from registry.delivery.copies import PREFIX
from registry.records import extension_objects
from tests.fakes.delivery import NAMESPACES, RECORDS, RULES, SOURCES, Cluster, Controller, credentials
from webhook.controller.api_calls import ClusterError
from webhook.controller.credentials import rounds
from webhook.controller.credentials.facts import due_in, namespace_of, source_of
from webhook.controller.credentials.plan import LATE

TENANTS = ("red", "blue", "green")
IDS = ("mlflow", "minio")
KINDS = ("namespaces", "records", "sources")


@pytest.fixture(autouse=True)
def one_worker(monkeypatch):
    """So that a seed always gives the same story."""
    monkeypatch.setattr(rounds, "_WORKERS", 1)


class KilledError(Exception):
    """The process ends here."""


class World:
    """A cluster in which every value of a source is the time of its creation.

    Attributes:
        chance: How probable it is that people act before a call.
        violations: Values that were written to a namespace that lost them before they existed.
    """

    def __init__(self, seed, *, chance, faults=False):
        self.random = random.Random(seed)
        self.chance = chance
        self.faults = faults
        self.violations = []
        self.cluster = Cluster()
        self.controller = Controller(self.cluster)
        self._time = 0
        self._entitled_at = {}
        self._late = []
        self._is_dead = False
        for name in TENANTS:
            self.cluster.namespace(name, project=name)
        for id_ in IDS:
            self._record(id_)
            self._source(id_)
        self._tick()
        self.cluster.before = self._before
        self.cluster.after = self._after

    def story(self, length):
        """People act, the controller hears some of it and works; all of it *length* times."""
        for _ in range(length):
            self._act()
            for kind in self.random.sample(KINDS, self.random.randint(0, 3)):
                self.controller.heard.hear(kind)
            self.controller.clock[0] += self.random.choice([0, 1, 30])
            self._work()

    def end(self):
        """Nothing happens any more, what was late is carried out, and the controller goes on."""
        self.chance = 0.0
        self.faults = False
        while self._late:
            self._carry_out_late()
        for _ in range(4):
            self.controller.settle(seconds=LATE + 1)

    def copies(self):
        """The values in each namespace, by copy."""
        return {
            (namespace, name): value
            for namespace, copies in self.cluster.copies().items()
            for name, values in copies.items()
            for value in values.values()
        }

    def meant(self):
        """The values that there should be."""
        sources = {p.rpartition("/")[2]: source_of(o) for p, o in self._below(SOURCES)}
        return {
            (name, copy): _decoded(content["PASSWORD"])
            for name, copies in self._due().items()
            for copy, due in copies.items()
            if (content := due.content(sources.get(due.secret)))
        }

    def _work(self):
        try:
            self.controller.run()
        except KilledError:
            self._is_dead = False
            heard = self.controller.heard
            self.controller = Controller(self.cluster, clock=self.controller.clock)
            self.controller.heard = self.controller.deliveries._caches = self.controller.duty._caches = heard
        except ClusterError:
            pass

    # What people do.

    def _act(self):
        self._tick()
        id_, name = self.random.choice(IDS), self.random.choice(TENANTS)
        actions = [
            lambda: self._record(id_),
            lambda: (self._record(id_), self._tick(), self._source(id_)),
            lambda: self._source(id_),
            lambda: self.cluster.namespace(name, project=self.random.choice(["", name, *TENANTS])),
            lambda: (self.cluster.delete(f"{NAMESPACES}/{name}"), self.cluster.namespace(name)),
            lambda: self.cluster.delete(f"{RECORDS}/{id_}"),
            lambda: self.cluster.delete(f"{SOURCES}/{id_}"),
        ]
        self.random.choice(actions)()
        self._tick()

    def _record(self, id_):
        projects = self.random.sample(TENANTS, self.random.randint(0, 3))
        scope = {"scope": "project", "projects": projects} if projects else {"scope": "user", "users": ["nobody"]}
        self.cluster.record(id_, credentials(secret=id_, **scope))

    def _source(self, id_):
        self.cluster.source(id_, extension=id_, password=str(self._time))

    def _tick(self):
        """Time passes. Remember who may have what now."""
        self._time += 1
        for name, copies in self._due().items():
            self._entitled_at |= dict.fromkeys([(name, copy) for copy in copies], self._time)

    def _due(self):
        """What is due in each namespace, by copy."""
        records = [extension_objects.decode(obj) for _, obj in self._below(RECORDS)]
        due = {}
        for name in TENANTS:
            namespace = namespace_of(self.cluster.objects[f"{NAMESPACES}/{name}"], RULES)
            due[name] = {copy: found for record in records for copy, found in due_in(namespace, record).items()}
        return due

    def _below(self, path):
        return [(p, obj) for p, obj in self.cluster.objects.items() if p.rpartition("/")[0] == path]

    # What happens to calls.

    def _before(self, method, path, body):
        if self._is_dead:
            raise KilledError
        while self.random.random() < self.chance:
            self._act()
        if self._late and self.random.random() < 0.3:
            self._carry_out_late()
        if self.faults and self.random.random() < 0.02:
            self._is_dead = True
            raise KilledError
        if self.faults and method != "GET" and self.random.random() < 0.05:
            self._late.append((method, path, body))
            raise ReadTimeoutError(None, path, "no answer")

    def _carry_out_late(self):
        method, path, body = self._late.pop(self.random.randrange(len(self._late)))
        after, self.cluster.after = self.cluster.after, lambda *_: None
        self.cluster.answer(method, path, {"fieldManager": "fuseml-controller"}, body)
        self.cluster.after = after

    def _after(self, method, path, status):
        """A value that is written must have been meant for the namespace at some time since it exists."""
        if (method == "POST" and "/secrets" in path) or (method == "PUT" and PREFIX in path):
            for written, obj in self.cluster.objects.items():
                *_, namespace, _, name = written.split("/")
                if written.startswith(path) and name.startswith(PREFIX) and status < 300:
                    since = max((int(_decoded(value)) for value in obj["data"].values()), default=0)
                    until = self._entitled_at.get((namespace, name), -1)
                    if until < since:
                        self.violations.append(f"{namespace}/{name}: value of {since}, meant for it until {until}")


def _decoded(value):
    return base64.b64decode(value).decode()


@pytest.mark.parametrize("hundred", range(10))
def test_a_scope_that_is_narrowed_before_a_secret_changes_holds_in_any_order(hundred):
    for seed in range(100 * hundred, 100 * (hundred + 1)):
        world = World(seed, chance=0.15)

        world.story(6)
        world.end()

        assert world.violations == [], seed
        assert world.copies() == world.meant(), seed


@pytest.mark.parametrize("hundred", range(3))
def test_nothing_stale_and_nothing_left_after_late_requests_and_killed_processes(hundred):
    for seed in range(100 * hundred, 100 * (hundred + 1)):
        world = World(seed, chance=0.05, faults=True)

        world.story(6)
        world.end()

        assert world.copies() == world.meant(), seed
