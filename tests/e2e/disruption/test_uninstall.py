"""Removing the product leaves nothing, runs that do not ask go on, and installing it again works."""

from tests.e2e.workloads.runs import SHOW, ended, submit

# All kinds of objects that an overlay creates, and others in which something could be left.
KINDS = (
    "namespaces,customresourcedefinitions,clusterroles,clusterrolebindings,mutatingwebhookconfigurations,"
    "validatingwebhookconfigurations,mutatingadmissionpolicies,mutatingadmissionpolicybindings,"
    "validatingadmissionpolicies,validatingadmissionpolicybindings,priorityclasses,roles,rolebindings,leases,"
    "secrets,configmaps,services,serviceaccounts,deployments,pods,poddisruptionbudgets,networkpolicies"
)


def test_nothing_is_left(removed, kubectl, images, new_namespace, wait_for):
    def left():
        names = kubectl("get", KINDS, "-A", "-o", "name")
        return [name for name in names.splitlines() if "fuseml" in name]

    wait_for(lambda: not left(), 120, "the end of all that was installed")
    step = {"name": "main", "image": images.python, "command": SHOW}
    run = {
        "apiVersion": "tekton.dev/v1",
        "kind": "TaskRun",
        "metadata": {"generateName": "after-"},
        "spec": {"taskSpec": {"steps": [step]}},
    }
    here = kubectl.within(new_namespace())
    name = submit(here, run)
    assert ended(here, "taskrun", name) == "Succeeded"
    asking = {**step, "extensions": [{"name": "x", "product": "x"}]}
    message = here.fails("create", "-f", "-", stdin={**run, "spec": {"taskSpec": {"steps": [asking]}}})
    assert 'unknown field "extensions"' in message
