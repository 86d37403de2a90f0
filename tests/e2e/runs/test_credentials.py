"""Shared credentials reach the steps of every namespace that may have them, in whatever way they ask."""

import base64
import json

from tests.e2e.support.canary import marker
from tests.e2e.support.product import REGISTRY
from tests.e2e.support.waiting import wait_for
from tests.e2e.workloads.argo_objects import found_by_argo
from tests.e2e.workloads.runs import submit
from tests.e2e.workloads.shared_credentials import PROJECT, SOURCE, copies, given_to, runs_of_every_kind


def decoded(value):
    return base64.b64decode(value).decode()


def test_every_way_to_ask_gives_the_values_in_each_namespace_and_specs_hold_references(shared, team, images, wait_for):
    product, values = shared()
    definitions, runs = runs_of_every_kind(product, images.python)
    teams = [team("red"), team("blue")]

    for here in teams:
        here("create", "-f", "-", stdin=definitions)
        found_by_argo(here, "asks")
        here("create", "-f", "-", stdin=runs)

    for here in teams:
        for run in runs:
            kind, name = run["kind"].lower(), run["metadata"]["name"]
            assert given_to(here, kind, name, values) == values, (here.namespace, kind, name)
        stored = here("get", "pipelineruns,taskruns,workflows,jobs,pods,events", "-o", "json")
        assert not [value for value in values.values() if value in stored]


def test_a_namespace_without_a_project_is_refused_with_the_remedy_which_then_works(shared, team, images):
    product, values = shared()
    here = team()
    _, runs = runs_of_every_kind(product, images.python)

    message = here.fails("create", "-f", "-", stdin=runs[0])
    assert f"requires credentials, and namespace '{here.namespace}' has neither a project nor an owner" in message
    remedy = f"kubectl label namespace {here.namespace} {PROJECT}=NAME"
    assert remedy in message
    assert "verb assign on projects.fuseml.org" in message
    here("label", "namespace", here.namespace, f"{PROJECT}=red")
    name = submit(here, runs[0])

    assert given_to(here, "pipelinerun", name, values) == values


def test_a_login_reaches_the_projects_that_it_is_for_and_no_others(shared, team, images):
    product, _ = shared(scope="project", projects=["red"])
    _, runs = runs_of_every_kind(product, images.python)
    red, blue = team("red"), team("blue")

    submit(red, runs[0])
    message = blue.fails("create", "-f", "-", stdin=runs[0])

    assert "requires credentials and has none for project 'blue'" in message
    assert len(copies(red, product)) == 1
    assert copies(blue, product) == []


def test_a_changed_secret_reaches_the_next_pod_and_a_removed_one_goes(shared, team, kubectl, images):
    product, values = shared()
    here = team("red")
    _, runs = runs_of_every_kind(product, images.python)
    submit(here, runs[0])

    changed = marker()
    patch = json.dumps({"stringData": {"rootUser": changed}})
    kubectl("patch", "secret", f"{product}-login", "-n", REGISTRY, "--patch", patch)
    wait_for(
        lambda: [decoded(s["data"]["AWS_ACCESS_KEY_ID"]) for s in copies(here, product)] == [changed],
        30,
        "the changed value",
    )
    name = submit(here, {**runs[0], "metadata": {"name": "later"}})
    expected = {**values, "AWS_ACCESS_KEY_ID": changed, "AGAIN": changed}
    assert given_to(here, "pipelinerun", name, expected) == expected

    kubectl("delete", "secret", f"{product}-login", "-n", REGISTRY)
    wait_for(lambda: not copies(here, product), 30, "the end of the copy")
    message = here.fails("create", "-f", "-", stdin={**runs[0], "metadata": {"name": "too-late"}})
    assert f"credentials 'default' of {product}/api are not in namespace '{here.namespace}': the Secret" in message
    assert "is missing, lacks a key or is not labelled for it" in message


def test_a_secret_without_the_label_is_not_delivered(shared, team, kubectl, images):
    product, _ = shared()
    here = team("red")
    _, runs = runs_of_every_kind(product, images.python)

    kubectl("label", "secret", f"{product}-login", "-n", REGISTRY, f"{SOURCE}-")
    wait_for(lambda: not copies(here, product), 30, "the end of the copy")

    assert "is not labelled for it" in here.fails("create", "-f", "-", stdin=runs[0])
