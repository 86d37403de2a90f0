"""The API server that the tests of this folder start for themselves, with the product's webhook configuration."""

import pytest

from tests.e2e.match_conditions.recording_webhook import RecordingWebhook
from tests.e2e.match_conditions.submitter import Submitter
from tests.e2e.support.bare_api_server import bare_api_server
from tests.e2e.support.kubectl import Kubectl


@pytest.fixture(scope="session")
def bare(tmp_path_factory):
    """An API server without other webhooks."""
    with bare_api_server(tmp_path_factory.mktemp("bare")) as bare:
        yield bare


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
