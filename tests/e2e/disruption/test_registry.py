"""The next run gets what has just been registered, and not what has just been deleted: a matter of milliseconds."""

import pytest
import yaml

from tests.e2e.support.api import Api

SELECTOR = {"name": "t", "product": "mlflow"}
REPEATED = pytest.mark.parametrize("times", [50, pytest.param(200, marks=pytest.mark.full)])


@pytest.fixture
def here(product, kubectl, namespace):
    return kubectl.within(namespace)


def extension(name, value, *, version="1.0.0"):
    service = {"id": "s", "configuration": {"WHICH": value}}
    spec = {"product": "mlflow", "version": version, "services": [service]}
    return {"apiVersion": "fuseml.org/v1alpha1", "kind": "Extension", "metadata": {"name": name}, "spec": spec}


def task_run():
    step = {"name": "a", "image": "i", "command": ["c"], "extensions": [SELECTOR]}
    metadata = {"generateName": "demo-"}
    spec = {"taskSpec": {"steps": [step]}}
    return {"apiVersion": "tekton.dev/v1", "kind": "TaskRun", "metadata": metadata, "spec": spec}


@pytest.fixture
def api(here, cluster):
    return Api(cluster, here.namespace)


@REPEATED
def test_a_run_that_comes_right_after_the_registration_gets_it(api, tell, wait_for, times):
    waited = 0
    for i in range(times):
        assert api.create(extension("mlflow", f"value-{i}-"))[0] == 201
        status, text = api.create(task_run(), dry_run=True)
        assert status == 201, text
        assert f"value-{i}-" in text
        assert api.delete("fuseml.org/v1alpha1", "Extension", "mlflow")[0] == 200
        status, _ = api.create(task_run(), dry_run=True)
        waited += status == 201
    # A deletion takes some milliseconds to reach the webhook, and here the next run follows within one.
    tell(f"{times} registered, all seen by the next run; {times} deleted, {waited} still given to the next run")
    wait_for(lambda: api.create(task_run(), dry_run=True)[0] != 201, 5, "the refusal of what was deleted")


@REPEATED
def test_of_two_that_fit_the_newer_is_taken_at_once(api, tell, wait_for, times):
    late = 0
    for i in range(times):
        assert api.create(extension(f"mlflow-{i}", f"value-{i}-", version=f"1.{i}.0"))[0] == 201
        status, text = api.create(task_run(), dry_run=True)
        assert status == 201, text
        late += f"value-{i}-" not in text
    tell(f"of {times} runs right after a registration {late} got the older one that fits as well")
    newest = f"value-{times - 1}-"
    wait_for(lambda: newest in api.create(task_run(), dry_run=True)[1], 5, "the newest")


def test_with_kubectl_nothing_is_ever_late(here):
    both = yaml.safe_dump_all([extension("mlflow", "first"), task_run()])
    here("create", "-f", "-", stdin=both)
    for i in range(10):
        here("apply", "-f", "-", stdin=extension("mlflow", f"value-{i}-"))
        assert f"value-{i}-" in here("create", "--dry-run=server", "-o", "yaml", "-f", "-", stdin=task_run())
    here("delete", "extension", "mlflow")

    message = here.fails("create", "-f", "-", stdin=task_run())

    assert "selector 't' (product=mlflow): nothing fits" in message


def test_an_extension_that_cannot_be_read_is_named_to_who_misses_it(here):
    obj = extension("mlflow", "x")
    obj["spec"]["configuration"] = {"LD_PRELOAD": "/evil.so"}
    here("create", "-f", "-", stdin=obj)

    message = here.fails("create", "-f", "-", stdin=task_run())

    assert "extension 'mlflow' cannot be read: spec.configuration.LD_PRELOAD: variable 'LD_PRELOAD' controls" in message
