"""Runs go on while no controller delivers, wait for what it has not delivered, and get it when it is back."""

import time

from tests.e2e.support.waiting import wait_for
from tests.e2e.workloads.runs import submit
from tests.e2e.workloads.shared_credentials import copies, given_to, runs_of_every_kind

WAITS_FOR = "extensions.fuseml.org/waiting"


def waiting(here):
    return [pod for pod in here.api.get("pods")["items"] if WAITS_FOR in pod["metadata"].get("annotations", {})]


def test_without_a_controller_what_is_there_works_and_the_rest_waits_or_is_refused(controllers, shared, team, images):
    here = team("red")
    early, values = shared()
    definitions, runs = runs_of_every_kind(early, images.python)
    here("create", "-f", "-", stdin=definitions)
    submit(here, {**runs[0], "metadata": {"name": "first"}})
    controllers.scale(0)

    submit(here, {**runs[0], "metadata": {"name": "second"}})
    assert given_to(here, "pipelinerun", "second", values) == values
    late, values = shared()
    definitions, runs = runs_of_every_kind(late, images.python)
    message = here.fails("create", "-f", "-", stdin=runs[0])
    assert "fuseml controller has not delivered them to this namespace yet" in message
    here("apply", "-f", "-", stdin=definitions)
    submit(here, {**runs[1], "metadata": {"name": "referenced"}})
    (pod,) = wait_for(lambda: waiting(here), 60, "a pod that waits for credentials")
    assert pod["spec"]["schedulingGates"] == [{"name": "extensions.fuseml.org/injection"}]

    controllers.scale(1)

    assert given_to(here, "pipelinerun", "referenced", values) == values
    submit(here, runs[0])
    assert given_to(here, "pipelinerun", "inline", values) == values


def test_another_controller_takes_over_when_the_leader_is_killed(controllers, product, shared, team, images, tell):
    controllers.scale(2)
    here = team("red")
    product.kubectl("delete", "pod", controllers.leader(), "--grace-period=0", "--force")
    killed_at = time.monotonic()

    name, values = shared()
    _, runs = runs_of_every_kind(name, images.python)
    wait_for(lambda: copies(here, name), 60, "a delivery")

    took = time.monotonic() - killed_at
    tell(f"delivered {took:.1f} s after the leader was killed")
    submit(here, runs[0])
    assert given_to(here, "pipelinerun", "inline", values) == values
