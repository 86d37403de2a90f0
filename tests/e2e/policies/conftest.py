"""An API server of their own for the tests of this folder: they are not in the way of a cluster's other tests."""

import pytest

from tests.e2e.policies import people, secrets_world
from tests.e2e.policies.installation import confined, documents, install
from tests.e2e.policies.registration import register_kind
from tests.e2e.support.bare_api_server import bare_api_server
from tests.e2e.support.caller import Caller


@pytest.fixture(scope="session")
def bare(tmp_path_factory):
    """An API server with nothing installed."""
    with bare_api_server(tmp_path_factory.mktemp("bare")) as bare:
        yield bare


@pytest.fixture(scope="session")
def admin(bare):
    """May do everything, whatever the roles say; all others have their rights."""
    admin = Caller(bare.kubeconfig)
    people.introduce(admin)
    return admin


@pytest.fixture(scope="session")
def world(admin):
    """Secrets of every kind, in namespaces called as the product's are, with the policies on Secrets in force."""
    world = secrets_world.REAL
    secrets_world.build(admin, world)
    policies = [document for document in documents("policy-credentials.yaml") if document["kind"].endswith("Policy")]
    # Elsewhere on this API server other variants of them are in force.
    install(admin, [confined(policy, world.home, "namespaceSelector", {}) for policy in policies], ["Deny"])
    return world


@pytest.fixture(scope="session")
def extensions(admin):
    """The API server knows Extensions."""
    register_kind(admin)
