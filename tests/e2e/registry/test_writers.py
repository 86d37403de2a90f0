"""Many write one registry in a cluster at once: no change is lost, and nobody sees half of one."""

import time

import pytest

from registry.kube.connect import connect
from registry.stores.cluster import KubernetesStore
from tests.e2e.registry.inventory import referred, secrets_in, torn
from tests.e2e.registry.repeating import repeating
from tests.e2e.registry.writer import SHARED, record, said

READERS = 20
# Seconds, for all of them.
PATIENCE = 7200


@pytest.mark.parametrize(
    ("writers", "edits"), [(4, 10), pytest.param(16, 500, marks=pytest.mark.full)], ids=["few", "many"]
)
def test_no_change_is_lost_and_none_seen_in_halves(admin, empty, store, write, kubeconfig, tell, writers, edits):
    store.put(record(SHARED, "0"), None)
    webhook = KubernetesStore(
        connect(str(kubeconfig("fuseml-webhook", "fuseml-system"))), namespace="fuseml", ledger_namespace=""
    )
    webhook.start()

    def served():
        webhook.refresh()
        extensions = webhook.snapshot.extensions if webhook.snapshot else ()
        return [e.id for e in extensions if len(references(e)) != 1]

    begun = time.monotonic()
    with repeating(lambda: torn(store), READERS, 0.05) as read, repeating(served, 1, 0.001) as snapshots:
        outputs = [p.communicate(timeout=PATIENCE)[0] for p in [write("count", i, edits) for i in range(writers)]]
    took = time.monotonic() - begun

    lines = [line for output in outputs for line in output.splitlines()]
    retries = sum(int(line.split()[1]) for line in lines if line.startswith("retries"))
    tell(
        f"{writers} writers, {edits} edits each: {writers * edits / took:.1f} a second, {retries} retries; "
        f"{len(read)} reads, {len(snapshots)} looks at the webhook's registry"
    )
    assert lines.count("done") == writers * edits
    assert said(store.get(SHARED).record) == {str(writers * edits)}
    assert [problem for problem in read if problem] == []
    assert [problem for problem in snapshots if problem] == []
    assert secrets_in(admin) == referred(admin)


def references(extension):
    """The Secrets to which a record as the webhook has it refers."""
    return {login.secret_ref.name for service in extension.services for login in service.credentials}
