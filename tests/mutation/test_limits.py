"""Limits count selectors that differ, and a refusal by one names it and says what helps."""

import time

import pytest

from registry.records import codec
from registry.resolving.index import Index
from registry.resolving.selectors import Consumer
from webhook.adapters.annotations.names import RUN_SELECTORS
from webhook.errors import Reason, RefusedError
from webhook.mutation import limits
from webhook.mutation.mutate import mutate
from webhook.objects import manifests

ME = Consumer(project="ml")
INDEX = Index(
    [
        codec.decode({"id": "a", "product": "a", "services": [{"id": "s", "configuration": {"A": "b"}}]}),
        codec.decode({"id": "b", "product": "b", "services": [{"id": "s", "configuration": {"B": "c"}}]}),
    ]
)
TWO = [{"name": "t", "product": "a"}, {"name": "s", "product": "b"}]


def task_run(steps):
    spec = {"taskSpec": {"steps": steps}}
    return {"apiVersion": "tekton.dev/v1", "kind": "TaskRun", "metadata": {"name": "demo"}, "spec": spec}


def steps(number, **content):
    return [{"name": f"s{i}", "image": "i", **content} for i in range(number)]


def workflow(number, selectors):
    """A Workflow whose annotation asks for every template."""
    templates = [{"name": f"t{i}", "container": {"image": "i"}} for i in range(number)]
    annotations = {RUN_SELECTORS: manifests.dump({"*": {"extensions": selectors}})}
    metadata, spec = {"name": "demo", "annotations": annotations}, {"templates": templates}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": metadata, "spec": spec}


def different(number):
    return [{"name": f"n{i}", "product": "a", "inject": False} for i in range(number)]


@pytest.mark.parametrize(
    "obj",
    [
        pytest.param(task_run(steps(33, extensions=TWO)), id="33-steps-with-the-same-two"),
        pytest.param(task_run(steps(1500, extensions=TWO)), id="1500-steps-with-the-same-two"),
        pytest.param(workflow(1500, TWO), id="every-template-of-1500"),
        pytest.param(workflow(20, different(limits.MAX_SELECTORS)), id="as-many-as-may-be"),
        pytest.param(task_run(steps(limits.MAX_STEPS, extensions=TWO[:1])), id="as-many-steps-as-may-ask"),
        pytest.param(
            task_run(steps(1000, extensions=TWO, args=["<< extension.t.product >>", "<< extension.s.product >>"])),
            id="expressions-in-every-step",
        ),
    ],
)
def test_real_runs_are_within_them_and_take_moderate_time(obj):
    start = time.process_time()

    assert mutate(obj, INDEX, ME).ops
    assert time.process_time() - start < 3


@pytest.mark.parametrize(
    ("obj", "message"),
    [
        pytest.param(
            task_run(steps(1, extensions=different(limits.MAX_SELECTORS + 1))),
            "the object holds 257 different selectors; 256 are the limit: write the same selector for several steps, "
            f"best once, under '*' in the annotation {RUN_SELECTORS}, or split it into several",
            id="different-selectors",
        ),
        pytest.param(
            task_run(steps(limits.MAX_STEPS + 1, extensions=TWO)),
            "5001 steps ask; 5000 are the limit: split it into several",
            id="steps",
        ),
        pytest.param(
            workflow(limits.MAX_GIVEN // 100 + 1, different(100)),
            "its steps have 20100 selectors together; 20000 are the limit: name only the steps that need them, or "
            "split it into several",
            id="selectors-of-all-steps",
        ),
        pytest.param(
            task_run(steps(1, extensions=TWO, args=["<< extension.t.product >>" * (limits.MAX_EXPRESSIONS + 1)])),
            "the object holds more than 10000 expressions, which are the limit: give a variable the value once, and "
            "use $(NAME), or split it into several",
            id="expressions",
        ),
    ],
)
def test_a_refusal_names_the_limit_and_what_helps(obj, message):
    with pytest.raises(RefusedError) as refused:
        mutate(obj, INDEX, ME)

    assert (refused.value.problems, refused.value.reasons) == ((message,), {Reason.LIMIT})
