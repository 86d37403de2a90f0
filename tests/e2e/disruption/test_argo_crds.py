"""Argo's two sets of CRDs: the minimal ones accept blocks, the full ones refuse the unknown field."""

import json

import pytest

from tests.e2e.support.waiting import wait_for
from tests.e2e.workloads.argo_objects import dag, found_by_argo, obj, stored, template, there
from tests.e2e.workloads.references import (
    ASKS,
    ASKS_FOR_SECOND,
    ODD,
    SELECTOR,
    TASK,
    extension,
    known,
    printed,
    register,
)
from tests.e2e.workloads.runs import SHOW, ended, submit

# A value that the webhook may write into a template of Argo.
ENV = {"ODD": "<$(X)> 東京"}
ASKS_INLINE = {"extensions": [{"name": "odd", "product": "inline"}]}


@pytest.fixture
def here(product, kubectl, namespace):
    here = kubectl.within(namespace)
    register(here)
    here("create", "-f", "-", stdin=extension("inline", ENV))
    known(here, "inline")
    return here


@pytest.fixture
def shows(images):
    return {"image": images.python, "command": SHOW}


@pytest.fixture(scope="module")
def minimal(node, kubectl):
    """Argo's CRDs without the fields of a spec, as in Argo up to 3.7, for the rest of this file."""

    def knows_containers():
        return "initContainers" in kubectl.run("explain", "workflow.spec.templates").stdout

    node.argo_crds("minimal")
    wait_for(lambda: not knows_containers(), 30, "the minimal CRDs")
    yield
    node.argo_crds("full")
    wait_for(knows_containers, 30, "the full CRDs")


def workflow(shows, name="w", *, block=False, annotation=False):
    asking = ASKS_INLINE if block else {}
    noted = {"run": {"asks": ASKS_INLINE}} if annotation else {}
    steps = [[{"name": name, "template": name} for name in ("asks", "silent")]]
    templates = [
        {"name": "all", "steps": steps},
        template("asks", container=shows | asking),
        template("silent", container=shows),
    ]
    return obj("Workflow", name, {"entrypoint": "all", "templates": templates}, **noted)


def test_with_the_full_crds_a_block_is_refused_and_the_annotation_works(here, shows):
    message = here.fails("create", "-f", "-", stdin=workflow(shows, block=True))

    assert 'unknown field "spec.templates[1].container.extensions"' in message
    name = submit(here, workflow(shows, annotation=True))
    assert ended(here, "workflow", name) == "Succeeded"
    assert printed(here, name) == {"asks/main": ENV, "silent/main": {}}


def test_with_the_minimal_crds_both_ways_work(minimal, here, shows):
    names = [submit(here, workflow(shows, way, **{way: True})) for way in ("block", "annotation")]

    for name in names:
        assert ended(here, "workflow", name) == "Succeeded"
        assert printed(here, name) == {"asks/main": ENV, "silent/main": {}}
        assert "extensions" not in json.dumps(here.json("get", "workflow", name)["spec"])


def test_with_the_minimal_crds_blocks_of_a_definition_are_lifted(minimal, here, shows):
    definition = workflow(shows, block=True) | {"kind": "WorkflowTemplate"}

    stored = here.json("create", "-f", "-", stdin=definition)["spec"]
    assert '"extensions"' not in json.dumps(stored)
    assert "extensions.fuseml.org/task-selectors" in json.dumps(stored)


@pytest.mark.parametrize(
    "options",
    [
        pytest.param([], id="client-side"),
        pytest.param(["--server-side", "--force-conflicts"], id="server-side", marks=pytest.mark.full),
    ],
)
def test_with_the_minimal_crds_blocks_can_be_applied_again_edited_and_taken_out(minimal, here, shows, options):
    def apply(asking):
        templates = [template("asks", container={**shows, **asking}), template("silent", container=shows)]
        document = obj("WorkflowTemplate", "d", {"templates": templates})
        here("apply", *options, "-f", "-", stdin=document)
        return stored(here)[1]

    url = {"name": "URL", "value": "<< extension.odd.url >>"}
    first = apply({"extensions": [SELECTOR], "env": [url]})
    again = apply({"extensions": [SELECTOR], "env": [url]})
    found_by_argo(here, "d")
    calls = dag("all", there("asks", "d"), there("silent", "d"))
    name = submit(here, obj("Workflow", "w", {"entrypoint": "all", "templates": [calls]}))
    assert ended(here, "workflow", name) == "Succeeded"
    assert printed(here, name) == {"asks/main": {**ODD, "URL": "http://odd:80"}, "silent/main": {}}
    edited = apply({"extensions": [ASKS_FOR_SECOND]})
    freed = apply({})

    assert first == {"asks": ({TASK: {"main": {**ASKS, "env": [url]}}}, []), "silent": ({}, [])}
    assert again == first
    assert edited == {"asks": ({TASK: {"main": {"extensions": [ASKS_FOR_SECOND]}}}, []), "silent": ({}, [])}
    assert freed == {"asks": ({}, []), "silent": ({}, [])}
