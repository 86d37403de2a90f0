"""What is of a version that is not read is said, if it asks."""

import pytest

from webhook.preview.versions import unread_version

BLOCK = [{"name": "x", "product": "mlflow"}]
STEPS = {"steps": [{"name": "a", "extensions": BLOCK}]}
ANNOTATED = {"annotations": {"extensions.fuseml.org/pod-selectors": "main: {extensions: [{name: x, product: a}]}"}}


@pytest.mark.parametrize(
    ("version", "kind", "rest", "read"),
    [
        pytest.param(
            "tekton.dev/v2",
            "TaskRun",
            {"spec": {"taskSpec": STEPS}},
            "tekton.dev/v1 and tekton.dev/v1beta1",
            id="tekton",
        ),
        pytest.param(
            "tekton.dev/v1alpha1", "Task", {"spec": STEPS}, "tekton.dev/v1 and tekton.dev/v1beta1", id="older-tekton"
        ),
        pytest.param(
            "argoproj.io/v1",
            "Workflow",
            {"spec": {"templates": [{"name": "a", "container": {"extensions": BLOCK}}]}},
            "argoproj.io/v1alpha1",
            id="argo",
        ),
        pytest.param(
            "apps/v1beta2", "Deployment", {"spec": {"template": {"metadata": ANNOTATED}}}, "apps/v1", id="workload"
        ),
        pytest.param(
            "batch/v1beta1",
            "CronJob",
            {"spec": {"jobTemplate": {"spec": {"template": {"metadata": ANNOTATED}}}}},
            "batch/v1",
            id="cron-job",
        ),
    ],
)
def test_object_of_an_unknown_version_that_asks_is_said(version, kind, rest, read):
    message = unread_version({"apiVersion": version, "kind": kind, **rest})

    assert message == f"{version} is not read here, so this {kind} gets nothing; it is read as {read}"


@pytest.mark.parametrize(
    "obj",
    [
        pytest.param({"apiVersion": "tekton.dev/v1", "kind": "Task", "spec": STEPS}, id="version-that-is-read"),
        pytest.param({"apiVersion": "tekton.dev/v2", "kind": "Task", "spec": {"steps": [{}]}}, id="does-not-ask"),
        pytest.param({"apiVersion": "example.org/v2", "kind": "Task", "spec": STEPS}, id="another-group"),
        pytest.param({"apiVersion": "tekton.dev/v2", "kind": "Thing", "spec": STEPS}, id="another-kind"),
        pytest.param({"apiVersion": "v2", "kind": "Pod", "metadata": ANNOTATED}, id="core-group"),
        pytest.param({"kind": "Task", "spec": STEPS}, id="no-version"),
        pytest.param({"apiVersion": ["tekton.dev/v2"], "kind": ["Task"]}, id="no-text"),
    ],
)
def test_everything_else_is_not(obj):
    assert unread_version(obj) == ""
