"""An Extension says by itself whether it works: in its status, in what `kubectl get` shows, and by an Event."""

import re
from pathlib import Path

import pytest
import yaml

PAGE = (Path(__file__).parents[3] / "docs/records.md").read_text()
WHY = (
    "spec.configuration.PATH: variable 'PATH' controls a loader, shell, interpreter or tool; "
    "the operator may allow it with --allow-variable PATH"
)


@pytest.fixture
def here(product, kubectl, namespace):
    return kubectl.within(namespace)


@pytest.fixture
def register(here):
    def _register(name, *options, **spec):
        obj = {"apiVersion": "fuseml.org/v1alpha1", "kind": "Extension", "metadata": {"name": name}, "spec": spec}
        here("apply", *options, "-f", "-", stdin=obj)

    return _register


@pytest.fixture
def ready(here, wait_for):
    """Waits until the newest record has a status; gives status and reason of the condition Ready."""

    def _ready(name):
        def found():
            obj = here.json("get", "ext", name)
            status = obj.get("status", {})
            is_current = status.get("observedGeneration") == obj["metadata"]["generation"]
            return is_current and {c["type"]: c for c in status["conditions"]}

        conditions = wait_for(found, 20, f"the status of {name}")
        return conditions["Ready"]["status"], conditions["Ready"]["reason"], conditions["Ready"]["message"]

    return _ready


def warnings(here, name):
    selector = f"involvedObject.kind=Extension,involvedObject.name={name}"
    return [e["message"] for e in here.json("get", "events", "--field-selector", selector)["items"]]


def test_a_record_that_works_says_so(here, register):
    register("minio", product="minio", services=[{"id": "s3"}, {"id": "console"}])

    here("wait", "--for=condition=Ready", "ext/minio", "--timeout=20s")

    assert here("get", "ext", "minio", "-o", "jsonpath={.status.services}") == "2"
    assert warnings(here, "minio") == []


def test_a_variable_that_the_operator_does_not_allow_is_named(here, register, ready, wait_for):
    register("odd", configuration={"PATH": "/opt"})

    assert ready("odd") == ("False", "InvalidRecord", WHY)
    wait_for(lambda: warnings(here, "odd"), 10, "an Event")
    assert warnings(here, "odd") == [WHY]
    shown = here("describe", "ext", "odd")
    assert re.search(rf"Warning +InvalidRecord .* {re.escape(WHY)}", shown)


def test_a_record_that_is_repaired_works_again(here, register, ready, wait_for):
    register("odd", configuration={"PATH": "/opt"})
    wait_for(lambda: warnings(here, "odd"), 20, "an Event")

    register("odd", configuration={"OTHER": "/opt"})

    assert ready("odd") == ("True", "Ready", "")
    assert len(warnings(here, "odd")) == 1


def test_a_misspelt_field_is_refused_or_not_stored(here, register, ready):
    obj = {
        "apiVersion": "fuseml.org/v1alpha1",
        "kind": "Extension",
        "metadata": {"name": "a"},
        "spec": {"versoin": "1"},
    }
    assert 'unknown field "spec.versoin"' in here.fails("create", "-f", "-", stdin=obj)

    register("a", "--validate=ignore", versoin="1")

    assert ready("a") == ("True", "Ready", "")
    assert here.json("get", "ext", "a")["spec"] == {}


def test_what_an_author_writes_as_status_is_ignored(here, ready):
    forged = {"observedGeneration": 1, "services": 99, "conditions": []}
    obj = {"apiVersion": "fuseml.org/v1alpha1", "kind": "Extension", "metadata": {"name": "a"}, "spec": {}}
    here("create", "-f", "-", stdin=obj | {"status": forged})

    assert ready("a") == ("True", "Ready", "")
    assert here("get", "ext", "a", "-o", "jsonpath={.status.services}") == "0"


def test_get_shows_what_records_md_shows(here, register, ready):
    shown = re.search(r"^\$ kubectl -n team-a get ext\n((?:\S.*\n)+)```$", PAGE, re.MULTILINE)[1]
    (mlflow,) = [
        obj
        for block in re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
        if (obj := yaml.safe_load(block)).get("kind") == "Extension"
    ]
    register("mlflow", **mlflow["spec"])
    register("proxy", product="squid", version="6.6", configuration={"PATH": "/opt"})
    ready("mlflow")
    ready("proxy")

    def without_age(table):
        return [line.split()[:-1] for line in table.splitlines()]

    assert without_age(here("get", "ext")) == without_age(shown)
