"""The API server that the tests of this folder start for themselves, with the product's webhook configuration."""

import os

import pytest

from tests.e2e.match_conditions.recording_webhook import RecordingWebhook
from tests.e2e.match_conditions.submitter import Submitter
from tests.e2e.support.bare_api_server import BareApiServer
from tests.e2e.support.kubectl import Kubectl


@pytest.fixture(scope="session")
def bare(tmp_path_factory):
    """An API server without other webhooks."""
    if os.environ.get("E2E_KUBECONFIG"):
        pytest.skip("needs an API server that reaches this machine: E2E_KUBECONFIG names another cluster")
    bare = BareApiServer(tmp_path_factory.mktemp("bare"))
    try:
        bare.start()
        yield bare
    finally:
        bare.stop()


@pytest.fixture(scope="session")
def submitter(bare, tmp_path_factory):
    """Submits objects to that API server, which has the product's webhook configuration."""
    webhook = RecordingWebhook(tmp_path_factory.mktemp("webhook"))
    submitter = Submitter(bare, webhook)
    submitter.install()
    yield submitter
    webhook.stop()


@pytest.fixture
def kubectl(bare):
    return Kubectl(bare.kubeconfig, "runs")
