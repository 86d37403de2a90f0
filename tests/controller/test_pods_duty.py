"""Pods that were made while no webhook answered are told of, and deleted when it is back."""

import logging
from copy import deepcopy
from datetime import UTC, datetime
from urllib.parse import parse_qs

import jsonpatch
import pytest

from registry.resolving.index import Index
from registry.resolving.selectors import Consumer
from tests.fakes.object_api import PODS, PROBES, FakeObjects, serving
from webhook.adapters.annotations.names import GATE
from webhook.controller.api_calls import ClusterError, NotLeaderError
from webhook.controller.pods.duty import PodDuty
from webhook.controller.pods.waiting import JOB_TRACKING
from webhook.controller.status import Status
from webhook.mutation.mutate import mutate

NOW = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
IN_RUNS = "/api/v1/namespaces/runs"
JOB = {"apiVersion": "batch/v1", "kind": "Job", "name": "j", "uid": "u-job", "controller": True}
TASK_RUN = {"apiVersion": "tekton.dev/v1", "kind": "TaskRun", "name": "t", "uid": "u-task-run", "controller": True}
WHY = "no webhook answered when this pod was made, so it lacks what its annotations ask for and does not start"


def gated(pod):
    """What the policy makes of a pod that asks."""
    pod = deepcopy(pod)
    pod["spec"]["schedulingGates"] = [{"name": GATE}]
    return pod


def pod(name, *owners, **metadata):
    """One that the policy has gated."""
    metadata = {
        "namespace": "runs",
        "name": name,
        "uid": f"u-{name}",
        "annotations": {"extensions.fuseml.org/pod-selectors": "{}"},
        "ownerReferences": list(owners),
        **metadata,
    }
    return gated({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [{"name": "main"}]}})


class Bench:
    def __init__(self, fake, api):
        self.fake = fake
        self.status = Status()
        self.now = 0.0
        self.duty = PodDuty(api, namespace="fuseml", status=self.status, check=lambda: None, clock=lambda: self.now)
        self.webhook_is_away()

    def webhook_is_away(self):
        self.fake.made_pod = gated

    def webhook_is_back(self):
        self.fake.made_pod = lambda pod: injected(gated(pod))

    def put(self, found):
        self.fake.put(f"{IN_RUNS}/pods/{found['metadata']['name']}", found)

    def act(self, after=0.0):
        self.now += after
        self.duty.act(NOW)

    def pods(self):
        return [obj["metadata"]["name"] for obj in self.fake.objects.values() if obj.get("kind") == "Pod"]

    def events(self):
        return [obj for path, obj in self.fake.objects.items() if path.startswith(f"{IN_RUNS}/events/")]

    def deletions(self):
        return [path.rpartition("/")[2] for method, path in self.fake.requests if method == "DELETE"]


def injected(pod):
    """What the webhook makes of it."""
    pod = deepcopy(pod)
    del pod["spec"]["schedulingGates"]
    pod["spec"]["containers"][0]["env"] = [{"name": "FUSEML_PROBE", "value": "works"}]
    return pod


@pytest.fixture
def bench():
    fake = FakeObjects()
    with serving(fake) as api:
        yield Bench(fake, api)


def test_where_no_pod_waits_it_costs_one_list_of_what_is_not_scheduled(bench, caplog):
    caplog.set_level(logging.INFO)
    plain = pod("plain", annotations={})
    del plain["spec"]["schedulingGates"]
    bench.put(plain)

    bench.act()

    assert bench.fake.requests == [("GET", PODS)]
    assert parse_qs(bench.fake.queries[0]) == {"fieldSelector": ["spec.nodeName="], "resourceVersion": ["0"]}
    assert caplog.messages == []
    assert bench.status.pods_waiting == 0


def test_a_pod_that_waits_is_told_of_once(bench, caplog):
    bench.put(pod("a", TASK_RUN))

    for _ in range(3):
        bench.act(after=2.0)

    (event,) = bench.events()
    assert event["reason"] == "WaitingForInjection"
    assert event["type"] == "Warning"
    assert event["message"] == f"{WHY}; it is made anew when the webhook is back"
    assert event["involvedObject"] == {
        "apiVersion": "v1", "kind": "Pod", "namespace": "runs", "name": "a", "uid": "u-a",
    }  # fmt: skip
    assert caplog.messages == ["pod runs/a waits: it was made while no webhook answered"]
    assert bench.status.pods_waiting == 1


def test_of_a_pod_that_nothing_makes_anew_the_event_says_what_to_do(bench):
    bench.webhook_is_back()
    bench.put(pod("a"))

    bench.act()

    assert [event["message"] for event in bench.events()] == [
        f"{WHY}; nothing makes it anew: delete it, and create it again when the webhook is back"
    ]
    assert bench.pods() == ["a"]
    assert ("POST", PROBES) not in bench.fake.requests


def test_while_the_webhook_is_away_nothing_is_deleted(bench):
    bench.put(pod("a", TASK_RUN))

    for _ in range(5):
        bench.act(after=2.0)

    assert bench.deletions() == []


def test_the_probe_is_a_dry_run_that_asks_and_that_any_namespace_takes(bench):
    bench.put(pod("a", TASK_RUN))
    probes = []
    bench.fake.made_pod = lambda pod: probes.append(pod) or gated(pod)

    bench.act()

    assert parse_qs(bench.fake.queries[-1])["dryRun"] == ["All"]
    (probe,) = probes
    security = probe["spec"]["containers"][0]["securityContext"]
    assert security == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    assert probe["spec"]["securityContext"]["runAsNonRoot"]
    assert probe["spec"]["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}


def test_the_webhook_gives_the_probe_what_the_duty_looks_for(bench):
    def webhook(made):
        return jsonpatch.apply_patch(made, list(mutate(made, Index([]), Consumer()).ops))

    bench.put(pod("a", TASK_RUN))
    bench.fake.made_pod = lambda made: webhook(gated(made))

    bench.act()

    assert bench.deletions() == ["a"]


def test_a_container_that_others_put_first_is_not_in_the_way(bench):
    bench.put(pod("a", TASK_RUN))

    def webhooks(made):
        made = injected(gated(made))
        made["spec"]["containers"].insert(0, {"name": "proxy"})
        return made

    bench.fake.made_pod = webhooks
    bench.act()

    assert bench.deletions() == ["a"]


@pytest.mark.parametrize("made_pod", [
    pytest.param(lambda pod: pod, id="neither-policy-nor-webhook"),
    pytest.param(lambda pod: gated(injected(gated(pod))), id="gate-stays"),
])  # fmt: skip
def test_webhook_that_does_half_of_it_does_not_count(bench, made_pod):
    bench.put(pod("a", TASK_RUN))
    bench.fake.made_pod = made_pod

    bench.act()

    assert bench.deletions() == []


def test_when_the_webhook_is_back_pods_are_deleted_to_be_made_anew(bench, caplog):
    caplog.set_level(logging.INFO)
    for name, owner in [("a", TASK_RUN), ("b", JOB), ("c", None)]:
        bench.put(pod(name, *([owner] if owner else [])))
    bench.act()
    bench.webhook_is_back()

    bench.act(after=2.0)

    assert bench.pods() == ["c"]
    assert caplog.messages[-2:] == ["pod runs/a deleted, to be made anew", "pod runs/b deleted, to be made anew"]
    bench.act(after=2.0)
    assert bench.status.pods_waiting == 1


def test_a_job_does_not_count_the_pod_as_failed(bench):
    bench.webhook_is_back()
    bench.put(pod("a", JOB, finalizers=["example.com/keep", JOB_TRACKING]))
    before_deletion = {}

    def before(method, path):
        if method == "DELETE":
            before_deletion.update(bench.fake.objects[path]["metadata"])

    bench.fake.before = before
    bench.act()

    assert before_deletion["finalizers"] == ["example.com/keep"]
    assert bench.deletions() == ["a"]


@pytest.mark.parametrize(("finalizers", "change"), [
    pytest.param([], {"uid": "u-other"}, id="another-of-that-name"),
    pytest.param([JOB_TRACKING], {"uid": "u-other"}, id="another-of-that-name-of-a-job"),
    pytest.param([JOB_TRACKING], {"finalizers": ["example.com/keep"]}, id="finalizer-taken-off-by-another"),
])  # fmt: skip
def test_a_pod_that_changed_since_it_was_read_stays(bench, caplog, finalizers, change):
    caplog.set_level(logging.INFO)
    bench.webhook_is_back()
    bench.put(pod("a", JOB, finalizers=finalizers))

    def before(method, path):
        if method == "POST" and path == PROBES:
            bench.fake.objects[f"{IN_RUNS}/pods/a"]["metadata"].update(change)

    bench.fake.before = before
    bench.act()

    assert bench.pods() == ["a"]
    assert "deleted" not in caplog.text


def test_a_pod_that_is_gone_is_no_problem(bench):
    bench.webhook_is_back()
    bench.put(pod("a", JOB, finalizers=[JOB_TRACKING]))

    def before(method, path):
        if path == PROBES:
            del bench.fake.objects[f"{IN_RUNS}/pods/a"]

    bench.fake.before = before
    bench.act()

    assert bench.pods() == []


def test_what_is_gated_again_is_deleted_less_and_less_often(bench):
    bench.webhook_is_back()
    times = []
    for second in range(40):
        bench.put(pod("a", TASK_RUN, uid=f"u-{second}"))
        before = len(bench.deletions())
        bench.act(after=1.0)
        if len(bench.deletions()) > before:
            times.append(second)

    assert times == [0, 1, 3, 7, 15, 31]


def test_one_that_cannot_be_deleted_does_not_hold_up_the_others(bench):
    bench.webhook_is_back()
    bench.put(pod("a", JOB))
    bench.put(pod("b", TASK_RUN))
    bench.fake.refuse["DELETE", f"{IN_RUNS}/pods/a"] = 403

    with pytest.raises(ClusterError, match="Pod 'a' in namespace 'runs': forbidden; this service account needs patch"):
        bench.act()

    assert bench.pods() == ["a"]
    bench.act(after=0.5)
    assert bench.deletions() == ["a", "b"], "it has its pauses, too"


def test_event_that_was_refused_is_tried_again(bench, caplog):
    bench.put(pod("a", TASK_RUN))
    bench.put(pod("b", TASK_RUN))
    bench.fake.refuse["POST", f"{IN_RUNS}/events"] = 403
    with pytest.raises(ClusterError, match="Events in namespace 'runs': forbidden; this service account needs create"):
        bench.act()
    bench.fake.refuse.clear()

    bench.act(after=0.5)
    assert bench.events() == []
    bench.act(after=1.0)

    assert len(bench.events()) == len(caplog.messages) == 2


def test_event_that_was_refused_holds_up_no_deletion(bench):
    bench.webhook_is_back()
    bench.put(pod("a", TASK_RUN))
    bench.fake.refuse["POST", f"{IN_RUNS}/events"] = 403

    with pytest.raises(ClusterError, match="Events"):
        bench.act()

    assert bench.pods() == []


def test_a_turn_ends_in_time_however_many_wait(bench):
    bench.webhook_is_back()
    for i in range(10):
        bench.put(pod(f"p{i}", {**JOB, "uid": f"u-{i}"}))

    def before(method, path):
        if method == "DELETE" or path.endswith("/events"):
            bench.now += 6.0

    bench.fake.before = before
    bench.act()
    assert len(bench.events()) == len(bench.deletions()) == 4

    bench.act()
    bench.act()

    assert bench.pods() == []


def test_pods_of_one_maker_are_deleted_together(bench):
    bench.webhook_is_back()
    for i in range(5):
        bench.put(pod(f"p{i}", JOB))

    bench.act()

    assert bench.pods() == []


def test_probe_that_is_refused_is_named_and_nothing_is_deleted(bench):
    bench.put(pod("a", TASK_RUN))
    bench.fake.refuse["POST", PROBES] = 403

    with pytest.raises(ClusterError, match="Pods in namespace 'fuseml': forbidden; this service account needs create"):
        bench.act()

    assert bench.deletions() == []
    assert len(bench.events()) == 1


def test_list_that_is_forbidden_is_pod(bench):
    bench.fake.refuse[PODS] = 403

    with pytest.raises(ClusterError, match="Pods: forbidden; this service account needs list"):
        bench.act()


@pytest.mark.parametrize("calls", range(3))
def test_one_that_no_longer_leads_writes_nothing(bench, calls):
    """Before the event, before the probe, before the deletion."""
    bench.webhook_is_back()
    bench.put(pod("a", TASK_RUN))
    left = [None] * calls

    def check():
        if not left:
            raise NotLeaderError
        left.pop()

    bench.duty._check = check

    with pytest.raises(NotLeaderError):
        bench.act()
    assert len(bench.fake.writes()) == calls
    assert bench.pods() == ["a"]
