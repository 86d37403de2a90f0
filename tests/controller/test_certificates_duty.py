"""The duty that keeps the webhook's certificates valid, against a fake API server that fails on demand."""

import base64
import logging
from datetime import UTC, datetime, timedelta

import pytest

from tests.fakes import object_api
from tests.fakes.object_api import AUTHORITIES, CONFIGURATION, LEAF, FakeObjects, serving
from webhook.controller.api_calls import ClusterError, NotLeaderError
from webhook.controller.certificates import authority, plan
from webhook.controller.certificates.authority import (
    flaw,
    issue,
    make_authority,
    read_authorities,
    read_certificates,
    read_leaf,
)
from webhook.controller.certificates.cluster_state import ROTATE, CertificateObjects
from webhook.controller.certificates.duty import CertificateDuty
from webhook.controller.metrics import StatusCollector
from webhook.controller.status import Status
from webhook.process import metrics

DAY = timedelta(days=1)
NAMES = plan.names("fuseml-webhook", "fuseml-system")
AUTHORITY_SECRET = "Secret 'fuseml-webhook-ca' in namespace 'fuseml-system'"
LEAF_SECRET = "Secret 'fuseml-webhook-tls' in namespace 'fuseml-system'"
FIRST = [("PUT", AUTHORITIES), ("PATCH", CONFIGURATION), ("PUT", LEAF)]


class Bench:
    """A duty, the objects in the fake API server, and a clock."""

    def __init__(self, fake, api):
        self.fake, self.api = fake, api
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.seconds = 0.0
        self.status = Status()
        self.may_write = lambda: None
        self.restart()

    def check(self):
        self.may_write()

    def restart(self):
        objects = CertificateObjects(
            self.api, namespace="fuseml-system", configuration="extensions.fuseml.org", check=self.check
        )
        self.duty = CertificateDuty(
            objects,
            settings=plan.Settings(NAMES, settle_bundle=60, settle_leaf=300),
            authority_life=1825 * DAY,
            leaf_life=90 * DAY,
            status=self.status,
            clock=lambda: self.seconds,
        )

    def reconcile(self, after=0.0):
        self.seconds += after
        self.now += timedelta(seconds=after)
        self.fake.requests.clear()
        self.duty.reconcile(self.now)
        return self.fake.writes()

    def data(self, path, key):
        return base64.b64decode(self.fake.objects[path].get("data", {}).get(key, ""))

    def set(self, path, **content):
        data = {key.replace("_", "."): base64.b64encode(value).decode() for key, value in content.items()}
        self.fake.put(path, self.fake.objects[path] | {"data": data})

    def annotate(self, path, value):
        obj = self.fake.objects[path]
        self.fake.put(path, obj | {"metadata": obj["metadata"] | {"annotations": {ROTATE: value, "other": "kept"}}})

    def annotations(self, path):
        return self.fake.objects[path]["metadata"].get("annotations")

    def bundles(self):
        webhooks = self.fake.objects[CONFIGURATION]["webhooks"]
        return [base64.b64decode(webhook["clientConfig"].get("caBundle", "")) for webhook in webhooks]

    def set_bundle(self, i, content):
        obj = self.fake.objects[CONFIGURATION]
        obj["webhooks"][i]["clientConfig"]["caBundle"] = base64.b64encode(content).decode()
        self.fake.put(CONFIGURATION, obj)

    def leaf(self):
        return read_leaf(self.data(LEAF, "tls.crt"), self.data(LEAF, "tls.key"), self.data(LEAF, "ca.crt"))

    def works(self):
        """True if an API server accepts the leaf by every caBundle."""
        return all(flaw(self.leaf(), read_authorities(held, b""), NAMES, self.now) == "" for held in self.bundles())


@pytest.fixture
def bench():
    fake = FakeObjects()
    object_api.install(fake)
    with serving(fake) as api:
        yield Bench(fake, api)


@pytest.fixture
def installed(bench):
    bench.reconcile()
    return bench


def test_first_installation_writes_each_object_once(bench):
    assert bench.reconcile() == FIRST
    assert bench.works()
    assert bench.reconcile(5) == []


def test_other_fields_of_the_objects_stay_as_they_are(bench):
    before = {path: bench.fake.objects[path] for path in (AUTHORITIES, LEAF, CONFIGURATION)}
    bench.set(AUTHORITIES, foreign=b"kept")

    bench.reconcile()

    for path, obj in before.items():
        after = bench.fake.objects[path]
        assert after["metadata"] == obj["metadata"] | {"resourceVersion": after["metadata"]["resourceVersion"]}
    for obj in bench.fake.objects[CONFIGURATION]["webhooks"]:
        del obj["clientConfig"]["caBundle"]
    assert (
        bench.fake.objects[CONFIGURATION]["webhooks"]
        == object_api.configuration("tekton.dev", "argoproj.io")["webhooks"]
    )
    assert bench.data(AUTHORITIES, "foreign") == b"kept"


@pytest.mark.parametrize("writes", [1, 2, 3])
def test_interrupted_installation_is_completed(bench, writes):
    remaining = [writes]

    def check():
        if not remaining[0]:
            raise NotLeaderError("stopped")
        remaining[0] -= 1

    bench.may_write = check
    with pytest.raises(NotLeaderError) if writes < 3 else pytest.MonkeyPatch.context():
        bench.reconcile()
    bench.may_write = lambda: None
    bench.restart()

    assert bench.reconcile() == FIRST[writes:]
    assert bench.works()


def test_certificates_are_renewed_before_they_expire(installed):
    first = installed.leaf()

    assert installed.reconcile(59 * 86400) == []
    assert installed.reconcile(86400) == [("PUT", LEAF)]
    assert installed.leaf().certificate.not_valid_after_utc - first.certificate.not_valid_after_utc == 60 * DAY
    assert installed.works()


def test_rotation_on_request(installed):
    old = installed.bundles()[0]
    installed.annotate(AUTHORITIES, "ca")

    assert installed.reconcile(5) == FIRST[:2]
    new = read_certificates(installed.bundles()[0])
    assert installed.bundles()[0].endswith(old)
    assert len(new) == 2
    assert installed.status.step == 1
    assert installed.reconcile(59) == []
    assert installed.reconcile(1) == [("PUT", LEAF)]
    assert installed.leaf().issuer == new[0]
    assert installed.status.step == 2
    assert installed.reconcile(299) == []
    assert installed.annotations(AUTHORITIES) == {ROTATE: "ca", "other": "kept"}
    assert installed.reconcile(1) == FIRST[:2]
    assert list(read_certificates(installed.bundles()[0])) == [new[0]]
    assert installed.annotations(AUTHORITIES) == {"other": "kept"}
    assert installed.status.step == 0
    assert installed.reconcile(600) == []


def test_restarted_controller_waits_the_full_time_again(installed):
    installed.annotate(AUTHORITIES, "ca")
    installed.reconcile()
    installed.reconcile(59)
    installed.restart()

    assert installed.reconcile(59) == []
    assert installed.reconcile(59) == []
    assert installed.reconcile(1) == [("PUT", LEAF)]


def test_wait_starts_again_after_a_bundle_was_missing(installed):
    installed.annotate(AUTHORITIES, "ca")
    installed.reconcile()
    installed.set_bundle(1, b"")

    assert installed.reconcile(59) == [("PATCH", CONFIGURATION)]
    assert installed.reconcile(59) == []
    assert installed.reconcile(1) == [("PUT", LEAF)]


def test_new_leaf_on_request(installed):
    before = installed.leaf()
    installed.annotate(LEAF, "leaf")

    assert installed.reconcile(5) == [("PUT", LEAF)]
    assert installed.leaf() != before
    assert installed.leaf().issuer == before.issuer
    assert installed.annotations(LEAF) == {"other": "kept"}
    assert installed.reconcile(5) == []


def test_unusable_rotate_annotation_and_its_end_are_logged_once(installed, caplog):
    caplog.set_level(logging.INFO)
    installed.annotate(LEAF, "ca")

    assert installed.reconcile(5) == []
    assert installed.reconcile(5) == []
    installed.fake.objects[LEAF]["metadata"]["annotations"] = {}
    assert installed.reconcile(5) == []

    assert caplog.messages == [
        "Secret 'fuseml-webhook-tls': extensions.fuseml.org/rotate='ca' has no effect here; use 'leaf'",
        "no rotate annotation is without effect any more",
    ]


OTHER = make_authority(datetime.now(UTC), DAY)
FOREIGN = issue(OTHER, NAMES, datetime.now(UTC), DAY)


@pytest.mark.parametrize("i", [0, 1])
@pytest.mark.parametrize("content", [b"", b"garbage", OTHER.pem], ids=["empty", "garbage", "foreign"])
def test_changed_bundle_is_restored(installed, i, content):
    before = installed.bundles()
    installed.set_bundle(i, content)

    assert installed.reconcile(5) == [("PATCH", CONFIGURATION)]
    assert installed.bundles() == before


@pytest.mark.parametrize(
    "content",
    [
        pytest.param({}, id="emptied"),
        pytest.param({"tls_crt": b"", "tls_key": b"", "ca_crt": b""}, id="empty-values"),
        pytest.param({"tls_crt": b"garbage", "tls_key": b"\xff", "ca_crt": b"x"}, id="garbage"),
        pytest.param(
            {"tls_crt": FOREIGN.pem, "tls_key": authority.key_pem(FOREIGN.key), "ca_crt": OTHER.pem}, id="foreign"
        ),
    ],
)
def test_unusable_leaf_is_reissued(installed, content):
    installed.set(LEAF, **content)

    assert installed.reconcile(5) == [("PUT", LEAF)]
    assert installed.works()


def test_leaf_with_the_key_of_another_certificate_is_reissued(installed):
    installed.set(
        LEAF,
        tls_crt=installed.data(LEAF, "tls.crt"),
        tls_key=authority.key_pem(FOREIGN.key),
        ca_crt=installed.data(LEAF, "ca.crt"),
    )

    assert installed.reconcile(5) == [("PUT", LEAF)]
    assert installed.works()


@pytest.mark.parametrize("content", [{}, {"ca_crt": b"garbage", "ca_key": b"garbage"}], ids=["emptied", "garbage"])
def test_lost_authority_is_replaced_in_three_steps(installed, content):
    old = installed.bundles()[0]
    installed.set(AUTHORITIES, **content)

    assert installed.reconcile(5) == FIRST[:2]
    assert installed.bundles()[0].endswith(old)
    assert installed.works()
    assert installed.reconcile(60) == [("PUT", LEAF)]
    assert installed.works()
    assert installed.reconcile(300) == FIRST[:2]
    assert old not in installed.bundles()[0]
    assert installed.works()


def test_conflict_with_another_writer_is_retried(bench, caplog):
    caplog.set_level(logging.INFO)
    conflicts = []

    def change_first(method, path):
        if method == "PATCH" and not conflicts:
            conflicts.append(bench.fake.put(CONFIGURATION, bench.fake.objects[CONFIGURATION]))

    bench.fake.before = change_first

    assert bench.reconcile() == [FIRST[0], FIRST[1], FIRST[1], FIRST[2]]
    assert (
        "MutatingWebhookConfiguration 'extensions.fuseml.org': changed meanwhile by another client; trying again"
        in caplog.messages
    )
    assert bench.works()


@pytest.mark.parametrize("calls_before", range(12))
def test_leader_that_was_suspended_writes_back_no_outdated_bundle(installed, calls_before):
    """It resumes in the middle of a rotation, after another process has led for a while."""
    installed.annotate(AUTHORITIES, "ca")
    other = Bench(installed.fake, installed.api)
    calls = [0]

    def suspend(method, path):
        calls[0] += 1
        if calls[0] == calls_before + 1:
            for _ in range(3):
                other.seconds += 60
                other.duty.reconcile(other.now)

    # The clock of the suspended process stands still, and it believes that it still leads.
    installed.fake.before = suspend
    installed.duty.reconcile(installed.now)
    installed.fake.before = lambda method, path: None

    assert len(read_certificates(installed.bundles()[0])) == 2
    assert installed.works()
    assert other.reconcile(5) == []


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        (
            LEAF,
            404,
            f"{LEAF_SECRET}: not found; apply the manifests, which contain it",
        ),
        (
            AUTHORITIES,
            404,
            f"{AUTHORITY_SECRET}: not found; apply the manifests, which contain it",
        ),
        (
            AUTHORITIES,
            403,
            f"{AUTHORITY_SECRET}: forbidden; this service account needs get, update",
        ),
        (
            CONFIGURATION,
            404,
            "MutatingWebhookConfiguration 'extensions.fuseml.org': not found; apply the manifests, which contain it",
        ),
        (
            CONFIGURATION,
            403,
            "MutatingWebhookConfiguration 'extensions.fuseml.org': forbidden; this service account needs get, patch",
        ),
        (
            LEAF,
            401,
            f"{LEAF_SECRET}: the API server does not accept this token",
        ),
        (
            LEAF,
            500,
            f"{LEAF_SECRET}: the API server returned 500 Internal Server Error",
        ),
    ],
)
def test_error_names_the_object_that_cannot_be_read(bench, path, status, message):
    bench.fake.refuse[path] = status

    with pytest.raises(ClusterError) as raised:
        bench.reconcile()

    assert str(raised.value) == message
    assert bench.fake.writes() == []


def test_private_keys_appear_only_in_the_secrets(bench, caplog):
    caplog.set_level(logging.DEBUG)
    logging.getLogger("urllib3").setLevel(logging.INFO)
    bench.reconcile()
    for path, value in ((AUTHORITIES, "ca"), (LEAF, "leaf")):
        bench.annotate(path, value)
    bench.fake.refuse["PUT", LEAF] = 422
    with pytest.raises(ClusterError) as raised:
        bench.reconcile(60)
    bench.fake.refuse.clear()
    for _ in range(3):
        bench.reconcile(300)

    output = (
        caplog.text
        + str(raised.value)
        + repr(raised.value.__cause__)
        + metrics.page(StatusCollector(bench.status)).content.decode()
        + repr(vars(bench.duty))
    )
    assert "PRIVATE KEY" not in output
    for path, key in ((AUTHORITIES, "ca.key"), (LEAF, "tls.key")):
        assert bench.fake.objects[path]["data"][key][40:80] not in output
        assert bench.data(path, key).decode().splitlines()[1][:30] not in output
