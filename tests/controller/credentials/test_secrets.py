"""How copies are written, and what becomes of each answer of the API server. No error quotes what it said."""

import pytest

from registry.delivery.ledger import Lack
from tests.fakes.delivery import NAMESPACES, Cluster
from webhook.controller.api_calls import ClusterError, UnreachableError
from webhook.controller.credentials.secrets import Copies, GoneError, RefusedCopyError

NAME = "fuseml-credentials-mlflow-x"
PATH = f"{NAMESPACES}/red/secrets/{NAME}"
DATA = {"PASSWORD": "c2VjcmV0"}
OURS = {"type": "fuseml.org/credentials", "data": {}}


@pytest.fixture
def cluster():
    cluster = Cluster()
    cluster.namespace("red", project="red")
    return cluster


@pytest.fixture
def copies(cluster):
    return Copies(cluster.client())


def test_a_copy_is_created_replaced_and_deleted_by_its_uid(cluster, copies):
    uid = copies.create("red", NAME, DATA)["uid"]
    assert cluster.objects[PATH]["data"] == DATA
    assert copies.replace("red", NAME, {})["uid"] == uid

    assert not copies.delete("red", NAME, "another")
    assert copies.delete("red", NAME, uid)
    assert copies.delete("red", NAME, uid)
    assert PATH not in cluster.objects


def test_only_verbs_that_read_nothing_are_used(cluster, copies):
    copies.create("red", NAME, DATA)
    copies.create("red", NAME, DATA)
    copies.replace("red", NAME, DATA)
    copies.delete("red", NAME, "")

    assert {method for method, _ in cluster.requests} == {"POST", "PUT", "DELETE"}


def test_a_copy_that_is_there_after_all_is_overwritten(cluster, copies):
    uid = cluster.put(PATH, OURS, manager="fuseml-controller")["metadata"]["uid"]

    assert copies.create("red", NAME, DATA)["uid"] == uid
    assert cluster.objects[PATH]["data"] == DATA


@pytest.mark.parametrize(
    ("theirs", "manager"),
    [
        pytest.param(OURS, "kubectl-create", id="of-our-type"),
        pytest.param({**OURS, "type": "Opaque"}, "fuseml-controller", id="of-another-type"),
        pytest.param({**OURS, "data": {"x": "eA=="}, "immutable": True}, "fuseml-controller", id="immutable"),
    ],
)
def test_a_secret_of_somebody_else_is_never_overwritten(cluster, copies, theirs, manager):
    stored = cluster.put(PATH, theirs, manager=manager)

    with pytest.raises(RefusedCopyError, match="was there before") as raised:
        copies.create("red", NAME, DATA)

    assert raised.value.lack is Lack.TAKEN
    assert cluster.objects[PATH] == stored


@pytest.mark.parametrize(
    ("status", "message", "lack"),
    [
        pytest.param(403, "exceeded quota: q, requested: secrets=1", Lack.QUOTA, id="quota"),
        pytest.param(403, 'User "x" cannot create resource "secrets"', Lack.FORBIDDEN, id="no-right"),
        pytest.param(403, "ValidatingAdmissionPolicy 'theirs' denied request", Lack.REFUSED, id="a-policy"),
        pytest.param(400, "admission webhook denied the request", Lack.REFUSED, id="a-webhook"),
        pytest.param(422, "data: too long", Lack.REFUSED, id="invalid"),
    ],
)
def test_why_a_copy_is_refused(cluster, copies, status, message, lack):
    cluster.refuse = lambda *request: (status, f"{message}; c2VjcmV0")

    for write in (copies.create, copies.replace):
        with pytest.raises(RefusedCopyError) as raised:
            write("red", NAME, DATA)
        assert raised.value.lack is lack
        assert "c2VjcmV0" not in str(raised.value)


def test_a_namespace_that_is_gone_or_ends_is_no_refusal(cluster, copies):
    with pytest.raises(GoneError):
        copies.create("absent", NAME, DATA)
    with pytest.raises(GoneError):
        copies.replace("red", NAME, DATA)
    cluster.refuse = lambda *request: (403, "unable to create new content because it is being terminated")
    with pytest.raises(GoneError):
        copies.create("red", NAME, DATA)


def test_an_error_of_the_server_is_neither(cluster, copies):
    cluster.refuse = lambda *request: (500, "c2VjcmV0")

    with pytest.raises(ClusterError, match="the API server returned 500") as raised:
        copies.create("red", NAME, DATA)

    assert not isinstance(raised.value, (RefusedCopyError, GoneError, UnreachableError))
    assert "c2VjcmV0" not in str(raised.value)
