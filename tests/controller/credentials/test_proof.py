"""Credentials are delivered only while a dry run shows that the policy keeps the controller to its own Secrets."""

import pytest

from tests.fakes.delivery import SYSTEM, Cluster
from webhook.controller.api_calls import ClusterError
from webhook.controller.credentials.proof import POLICY, Proof

DENIED = (403, f"secrets is forbidden: ValidatingAdmissionPolicy '{POLICY}' with binding denied request")


@pytest.fixture
def cluster():
    return Cluster()


@pytest.fixture
def clock():
    return [0.0]


@pytest.fixture
def proof(cluster, clock):
    return Proof(cluster.client(), system=SYSTEM, clock=lambda: clock[0])


def test_a_refusal_by_the_policy_proves_it_for_some_seconds(cluster, proof, clock):
    cluster.refuse = lambda *request: DENIED
    proof()
    proof()
    assert len(cluster.requests) == 1

    clock[0] = 10.0
    proof()

    assert len(cluster.requests) == 2


def test_what_is_not_refused_proves_that_it_is_missing_and_stores_nothing(cluster, proof):
    before = dict(cluster.objects)

    with pytest.raises(ClusterError, match=f"nothing is delivered: .* '{POLICY}' did not refuse"):
        proof()

    assert cluster.objects == before


@pytest.mark.parametrize("message", ["cannot create resource", "ValidatingAdmissionPolicy 'theirs' denied request"])
def test_a_refusal_by_anything_else_proves_nothing(cluster, proof, message):
    cluster.refuse = lambda *request: (403, message)

    with pytest.raises(ClusterError, match="forbidden; this service account needs create"):
        proof()


def test_a_policy_that_is_removed_is_noticed(cluster, proof, clock):
    cluster.refuse = lambda *request: DENIED
    proof()
    cluster.refuse = lambda *request: None
    clock[0] = 10.0

    with pytest.raises(ClusterError, match="did not refuse"):
        proof()
    with pytest.raises(ClusterError, match="did not refuse"):
        proof()
