"""Argo's two sets of CRDs: the minimal ones keep blocks, the full ones know no such field."""

import json

import pytest

from tests.e2e.runs import SHOW, ended, environments, submit

SELECTOR = {"name": "odd", "product": "odd"}


@pytest.fixture
def here(product, kubectl, namespace):
    here = kubectl.within(namespace)
    spec = {"product": "odd", "services": [{"id": "s", "configuration": {"ODD": "<$(X)> 東京"}}]}
    obj = {"apiVersion": "fuseml.org/v1alpha1", "kind": "Extension", "metadata": {"name": "odd"}, "spec": spec}
    here("create", "-f", "-", stdin=obj)
    return here


def workflow(shows, *, block=False, annotation=False):
    asking = {"extensions": [SELECTOR]} if block else {}
    steps = [[{"name": name, "template": name} for name in ("asks", "silent")]]
    metadata = {"generateName": "odd-"}
    if annotation:
        selectors = json.dumps({"asks": {"extensions": [SELECTOR]}})
        metadata["annotations"] = {"extensions.fuseml.org/run-selectors": selectors}
    templates = [
        {"name": "all", "steps": steps},
        {"name": "asks", "container": shows | asking},
        {"name": "silent", "container": shows},
    ]
    spec = {"entrypoint": "all", "templates": templates}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": metadata, "spec": spec}


@pytest.fixture
def shows(images):
    return {"image": images.python, "command": SHOW}


@pytest.mark.parametrize("way", ["block", "annotation"])
def test_with_the_minimal_crds_both_ways_work(minimal, here, shows, way):
    name = submit(here, workflow(shows, **{way: True}))

    assert ended(here, "workflow", name) == "Succeeded"
    shown = environments(here, f"workflows.argoproj.io/workflow={name}")
    assert shown == {"asks": {"ODD": "<$(X)> 東京"}, "silent": {}}
    assert "extensions" not in json.dumps(here.json("get", "workflow", name)["spec"])


def test_with_the_full_crds_a_block_is_refused_and_the_annotation_works(here, shows):
    message = here.fails("create", "-f", "-", stdin=workflow(shows, block=True))

    assert 'unknown field "spec.templates[1].container.extensions"' in message
    name = submit(here, workflow(shows, annotation=True))
    assert ended(here, "workflow", name) == "Succeeded"
    assert environments(here, f"workflows.argoproj.io/workflow={name}") == {
        "asks": {"ODD": "<$(X)> 東京"},
        "silent": {},
    }


def test_with_the_minimal_crds_blocks_of_a_definition_are_lifted(minimal, here, shows):
    obj = workflow(shows, block=True) | {"kind": "WorkflowTemplate"}

    stored = here.json("create", "-f", "-", stdin=obj)["spec"]
    assert '"extensions"' not in json.dumps(stored)
    assert "extensions.fuseml.org/task-selectors" in json.dumps(stored)
