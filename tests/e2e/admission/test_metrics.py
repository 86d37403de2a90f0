"""What Prometheus reads from the pods of both processes."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.support.product import NAMESPACE

REVIEWS = "fuseml_webhook_reviews_total"


@pytest.fixture
def scrape(kubectl, product):
    """Every sample of all pods of a component, under the names of their ports, by name and labels."""

    def scrape(component):
        selector = f"app.kubernetes.io/component={component}"
        pods = kubectl.json("get", "pods", "-n", NAMESPACE, "-l", selector, "--field-selector=status.phase=Running")
        found = []
        for pod in pods["items"]:
            (port,) = [p["containerPort"] for p in pod["spec"]["containers"][0]["ports"] if p["name"] == "metrics"]
            path = f"/api/v1/namespaces/{NAMESPACE}/pods/{pod['metadata']['name']}:{port}/proxy/metrics"
            for family in text_string_to_metric_families(kubectl("get", "--raw", path)):
                found += [(sample.name, sample.labels, sample.value) for sample in family.samples]
        return found

    return scrape


def total(samples, name, **labels):
    return sum(value for found, its, value in samples if found == name and labels.items() <= its.items())


def test_reviews_are_counted_by_the_pods_that_answer_them(kubectl, namespace, scrape):
    asking = {
        "apiVersion": "tekton.dev/v1",
        "kind": "TaskRun",
        "metadata": {"generateName": "refused-"},
        "spec": {"taskSpec": {"steps": [{"name": "a", "image": "i", "extensions": [{"name": "x", "product": "no"}]}]}},
    }
    labels = {"kind": "TaskRun", "operation": "CREATE", "outcome": "refused"}
    before = scrape("webhook")
    for _ in range(5):
        assert "nothing fits" in kubectl.within(namespace).fails("create", "-f", "-", stdin=asking)
    after = scrape("webhook")

    # Other tests have runs refused at the same time.
    assert total(after, REVIEWS, **labels) >= total(before, REVIEWS, **labels) + 5
    assert total(after, "fuseml_webhook_refusals_total", reason="no_match") >= 5
    assert total(after, "fuseml_webhook_certificate_days_left") > 0
    assert total(after, "fuseml_registry_age_seconds") < 2 * 200


def test_the_controller_that_leads_says_so(scrape):
    samples = scrape("controller")

    assert total(samples, "fuseml_controller_leader") == 1
    assert total(samples, "fuseml_certificate_not_after_seconds", what="leaf") > 0
