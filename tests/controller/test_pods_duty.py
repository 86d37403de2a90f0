"""Pods that were created while no webhook answered are reported, and deleted when it is back."""

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
WHY = "no webhook answered when this pod was created, so it lacks what its annotations ask for and does not start"


def gated(pod):
    """*pod* with the gate that the policy adds to a pod that asks."""
    pod = deepcopy(pod)
    pod["spec"]["schedulingGates"] = [{"name": GATE}]
    return pod


def pod(name, *owners, **metadata):
    """A pod that asks, with the gate of the policy."""
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
        self.settled = set()
        self.duty = PodDuty(
            api,
            namespace="fuseml-system",
            status=self.status,
            check=lambda: None,
            are_settled=lambda namespace, copies: {(namespace, copy) for copy in copies} <= self.settled,
            clock=lambda: self.now,
        )
        self.webhook_is_away()

    def webhook_is_away(self):
        self.fake.made_pod = gated

    def webhook_is_back(self):
        self.fake.made_pod = lambda pod: injected(gated(pod))

    def put(self, found):
        self.fake.put(f"{IN_RUNS}/pods/{found['metadata']['name']}", found)

    def reconcile(self, after=0.0):
        self.now += after
        self.duty.reconcile(NOW)

    def pods(self):
        return [obj["metadata"]["name"] for obj in self.fake.objects.values() if obj.get("kind") == "Pod"]

    def events(self):
        return [obj for path, obj in self.fake.objects.items() if path.startswith(f"{IN_RUNS}/events/")]

    def deletions(self):
        return [path.rpartition("/")[2] for method, path in self.fake.requests if method == "DELETE"]


def injected(pod):
    """*pod* as the webhook returns it: with the variable, without the gate."""
    pod = deepcopy(pod)
    del pod["spec"]["schedulingGates"]
    pod["spec"]["containers"][0]["env"] = [{"name": "FUSEML_PROBE", "value": "works"}]
    return pod


@pytest.fixture
def bench():
    fake = FakeObjects()
    with serving(fake) as api:
        yield Bench(fake, api)


def test_without_waiting_pods_the_duty_only_lists_unscheduled_pods(bench, caplog):
    caplog.set_level(logging.INFO)
    plain = pod("plain", annotations={})
    del plain["spec"]["schedulingGates"]
    bench.put(plain)

    bench.reconcile()

    assert bench.fake.requests == [("GET", PODS)]
    assert parse_qs(bench.fake.queries[0]) == {"fieldSelector": ["spec.nodeName="], "resourceVersion": ["0"]}
    assert caplog.messages == []
    assert bench.status.pods_waiting == 0


def test_waiting_pod_is_reported_once(bench, caplog):
    bench.put(pod("a", TASK_RUN))

    for _ in range(3):
        bench.reconcile(after=2.0)

    (event,) = bench.events()
    assert event["reason"] == "WaitingForInjection"
    assert event["type"] == "Warning"
    assert event["message"] == f"{WHY}; it is recreated when the webhook is back"
    assert event["involvedObject"] == {
        "apiVersion": "v1", "kind": "Pod", "namespace": "runs", "name": "a", "uid": "u-a",
    }  # fmt: skip
    assert caplog.messages == ["pod runs/a waits: no webhook answered when it was created"]
    assert bench.status.pods_waiting == 1


def test_event_of_a_pod_that_nothing_recreates_says_what_to_do(bench):
    bench.webhook_is_back()
    bench.put(pod("a"))

    bench.reconcile()

    assert [event["message"] for event in bench.events()] == [
        f"{WHY}; nothing recreates it: delete it, and create it again when the webhook is back"
    ]
    assert bench.pods() == ["a"]
    assert ("POST", PROBES) not in bench.fake.requests


COPIES = ("fuseml-credentials-minio-abc", "fuseml-credentials-mlflow-def")


def waits_for(copies=COPIES, **annotations):
    annotations |= {"extensions.fuseml.org/pod-selectors": "{}", "extensions.fuseml.org/waiting": " ".join(copies)}
    return {"annotations": annotations}


def test_a_pod_that_waits_for_credentials_is_recreated_when_all_of_them_are_settled(bench, caplog):
    bench.webhook_is_back()
    bench.put(pod("a", TASK_RUN, **waits_for()))
    bench.put(pod("b", JOB))

    bench.reconcile()
    assert bench.deletions() == ["b"]
    bench.settled = {("runs", COPIES[0]), ("other", COPIES[1])}
    bench.reconcile(after=2.0)
    assert bench.deletions() == ["b"]
    bench.settled.add(("runs", COPIES[1]))
    bench.reconcile(after=2.0)
    assert bench.deletions() == ["b", "a"]


def test_its_event_says_once_what_it_waits_for(bench, caplog):
    bench.webhook_is_back()
    bench.put(pod("a", TASK_RUN, **waits_for()))

    for _ in range(3):
        bench.reconcile(after=2.0)

    (event,) = bench.events()
    assert (event["reason"], event["type"]) == ("WaitingForCredentials", "Warning")
    assert event["message"] == (
        f"this pod waits for credentials: Secrets {COPIES[0]}, {COPIES[1]} are not in this namespace yet; "
        "it is recreated when they are there"
    )
    assert caplog.messages == ["pod runs/a waits: credentials are not there"]
    assert bench.status.pods_waiting == 1
    assert ("POST", PROBES) not in bench.fake.requests


def test_the_event_of_a_pod_that_waits_for_credentials_and_that_nothing_recreates_says_what_to_do(bench):
    bench.put(pod("a", **waits_for(COPIES[:1])))
    bench.settled = {("runs", COPIES[0])}

    bench.reconcile()

    assert [event["message"] for event in bench.events()] == [
        f"this pod waits for credentials: Secret {COPIES[0]} is not in this namespace yet; nothing recreates it: "
        "delete it, and create it again when they are there"
    ]
    assert bench.deletions() == []


def test_an_event_stays_short_however_much_a_pod_waits_for(bench):
    bench.put(pod("a", **waits_for([f"fuseml-credentials-{i}-{'x' * 400}" for i in range(100)])))

    bench.reconcile()

    (event,) = bench.events()
    assert " and 97 more are not in this namespace yet; " in event["message"]
    assert len(event["message"]) < 1024


def test_nothing_is_deleted_while_the_webhook_is_away(bench):
    bench.put(pod("a", TASK_RUN))

    for _ in range(5):
        bench.reconcile(after=2.0)

    assert bench.deletions() == []


def test_probe_is_a_dry_run_and_satisfies_the_restricted_standard(bench):
    bench.put(pod("a", TASK_RUN))
    probes = []
    bench.fake.made_pod = lambda pod: probes.append(pod) or gated(pod)

    bench.reconcile()

    assert parse_qs(bench.fake.queries[-1])["dryRun"] == ["All"]
    (probe,) = probes
    security = probe["spec"]["containers"][0]["securityContext"]
    assert security == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    assert probe["spec"]["securityContext"]["runAsNonRoot"]
    assert probe["spec"]["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}


def test_webhook_gives_the_probe_the_variable_that_the_duty_expects(bench):
    def webhook(made):
        return jsonpatch.apply_patch(made, list(mutate(made, Index([]), Consumer()).ops))

    bench.put(pod("a", TASK_RUN))
    bench.fake.made_pod = lambda made: webhook(gated(made))

    bench.reconcile()

    assert bench.deletions() == ["a"]


def test_probe_works_with_a_container_that_another_webhook_inserted_first(bench):
    bench.put(pod("a", TASK_RUN))

    def webhooks(made):
        made = injected(gated(made))
        made["spec"]["containers"].insert(0, {"name": "proxy"})
        return made

    bench.fake.made_pod = webhooks
    bench.reconcile()

    assert bench.deletions() == ["a"]


@pytest.mark.parametrize("made_pod", [
    pytest.param(lambda pod: pod, id="neither-policy-nor-webhook"),
    pytest.param(lambda pod: gated(injected(gated(pod))), id="gate-stays"),
])  # fmt: skip
def test_nothing_is_deleted_if_the_probe_lacks_the_variable_or_keeps_the_gate(bench, made_pod):
    bench.put(pod("a", TASK_RUN))
    bench.fake.made_pod = made_pod

    bench.reconcile()

    assert bench.deletions() == []


def test_pods_are_deleted_when_the_webhook_is_back(bench, caplog):
    caplog.set_level(logging.INFO)
    for name, owner in [("a", TASK_RUN), ("b", JOB), ("c", None)]:
        bench.put(pod(name, *([owner] if owner else [])))
    bench.reconcile()
    bench.webhook_is_back()

    bench.reconcile(after=2.0)

    assert bench.pods() == ["c"]
    assert caplog.messages[-2:] == ["pod runs/a deleted, to be recreated", "pod runs/b deleted, to be recreated"]
    bench.reconcile(after=2.0)
    assert bench.status.pods_waiting == 1


def test_deleted_pod_does_not_count_as_a_failure_of_its_job(bench):
    bench.webhook_is_back()
    bench.put(pod("a", JOB, finalizers=["example.com/keep", JOB_TRACKING]))
    before_deletion = {}

    def before(method, path):
        if method == "DELETE":
            before_deletion.update(bench.fake.objects[path]["metadata"])

    bench.fake.before = before
    bench.reconcile()

    assert before_deletion["finalizers"] == ["example.com/keep"]
    assert bench.deletions() == ["a"]


@pytest.mark.parametrize(("finalizers", "change"), [
    pytest.param([], {"uid": "u-other"}, id="another-of-that-name"),
    pytest.param([JOB_TRACKING], {"uid": "u-other"}, id="another-of-that-name-of-a-job"),
    pytest.param([JOB_TRACKING], {"finalizers": ["example.com/keep"]}, id="finalizer-taken-off-by-another"),
])  # fmt: skip
def test_pod_that_changed_after_it_was_read_is_not_deleted(bench, caplog, finalizers, change):
    caplog.set_level(logging.INFO)
    bench.webhook_is_back()
    bench.put(pod("a", JOB, finalizers=finalizers))

    def before(method, path):
        if method == "POST" and path == PROBES:
            bench.fake.objects[f"{IN_RUNS}/pods/a"]["metadata"].update(change)

    bench.fake.before = before
    bench.reconcile()

    assert bench.pods() == ["a"]
    assert "deleted" not in caplog.text


def test_pod_that_no_longer_exists_is_no_problem(bench):
    bench.webhook_is_back()
    bench.put(pod("a", JOB, finalizers=[JOB_TRACKING]))

    def before(method, path):
        if path == PROBES:
            del bench.fake.objects[f"{IN_RUNS}/pods/a"]

    bench.fake.before = before
    bench.reconcile()

    assert bench.pods() == []


def test_pod_that_is_gated_again_is_deleted_with_growing_pauses(bench):
    bench.webhook_is_back()
    times = []
    for second in range(40):
        bench.put(pod("a", TASK_RUN, uid=f"u-{second}"))
        before = len(bench.deletions())
        bench.reconcile(after=1.0)
        if len(bench.deletions()) > before:
            times.append(second)

    assert times == [0, 1, 3, 7, 15, 31]


def test_pod_that_cannot_be_deleted_does_not_delay_the_others(bench):
    bench.webhook_is_back()
    bench.put(pod("a", JOB))
    bench.put(pod("b", TASK_RUN))
    bench.fake.refuse["DELETE", f"{IN_RUNS}/pods/a"] = 403

    with pytest.raises(ClusterError, match="Pod 'a' in namespace 'runs': forbidden; this service account needs patch"):
        bench.reconcile()

    assert bench.pods() == ["a"]
    bench.reconcile(after=0.5)
    assert bench.deletions() == ["a", "b"], "a failed deletion has growing pauses, too"


def test_rejected_event_is_retried(bench, caplog):
    bench.put(pod("a", TASK_RUN))
    bench.put(pod("b", TASK_RUN))
    bench.fake.refuse["POST", f"{IN_RUNS}/events"] = 403
    with pytest.raises(ClusterError, match="Events in namespace 'runs': forbidden; this service account needs create"):
        bench.reconcile()
    bench.fake.refuse.clear()

    bench.reconcile(after=0.5)
    assert bench.events() == []
    bench.reconcile(after=1.0)

    assert len(bench.events()) == len(caplog.messages) == 2


def test_rejected_event_does_not_delay_deletions(bench):
    bench.webhook_is_back()
    bench.put(pod("a", TASK_RUN))
    bench.fake.refuse["POST", f"{IN_RUNS}/events"] = 403

    with pytest.raises(ClusterError, match="Events"):
        bench.reconcile()

    assert bench.pods() == []


def test_run_ends_in_time_however_many_pods_wait(bench):
    bench.webhook_is_back()
    for i in range(10):
        bench.put(pod(f"p{i}", {**JOB, "uid": f"u-{i}"}))

    def before(method, path):
        if method == "DELETE" or path.endswith("/events"):
            bench.now += 6.0

    bench.fake.before = before
    bench.reconcile()
    assert len(bench.events()) == len(bench.deletions()) == 4

    bench.reconcile()
    bench.reconcile()

    assert bench.pods() == []


def test_pods_of_one_owner_are_deleted_together(bench):
    bench.webhook_is_back()
    for i in range(5):
        bench.put(pod(f"p{i}", JOB))

    bench.reconcile()

    assert bench.pods() == []


def test_rejected_probe_is_reported_and_nothing_is_deleted(bench):
    bench.put(pod("a", TASK_RUN))
    bench.fake.refuse["POST", PROBES] = 403

    with pytest.raises(
        ClusterError, match="Pods in namespace 'fuseml-system': forbidden; this service account needs create"
    ):
        bench.reconcile()

    assert bench.deletions() == []
    assert len(bench.events()) == 1


def test_error_says_that_pods_cannot_be_listed(bench):
    bench.fake.refuse[PODS] = 403

    with pytest.raises(ClusterError, match="Pods: forbidden; this service account needs list"):
        bench.reconcile()


@pytest.mark.parametrize("calls", range(3))
def test_former_leader_writes_nothing(bench, calls):
    """Before the event, before the probe, before the deletion."""
    bench.webhook_is_back()
    bench.put(pod("a", TASK_RUN))
    remaining = [None] * calls

    def check():
        if not remaining:
            raise NotLeaderError
        remaining.pop()

    bench.duty._check = check

    with pytest.raises(NotLeaderError):
        bench.reconcile()
    assert len(bench.fake.writes()) == calls
    assert bench.pods() == ["a"]
