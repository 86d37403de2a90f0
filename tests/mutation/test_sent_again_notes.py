"""Notes that cannot lead back, and how long notes are."""

import json
from copy import deepcopy

import pytest

from registry.records import codec
from registry.resolving.index import Index
from registry.resolving.selectors import Consumer
from tests.mutation.runs_sent_again import (
    ASKS,
    MOVED,
    PRIVATE,
    created,
    patched,
    task_run,
    workflow,
)
from tests.plausible_runs import INDEX, ME
from webhook.adapters.annotations.names import RUN_SELECTORS
from webhook.errors import RefusedError
from webhook.mutation.mutate import mutate
from webhook.mutation.note import resolved
from webhook.mutation.note.resolved import MAX_BYTES, PLACE, RESOLVED
from webhook.objects.walk import at

OLD = '{"asked":"b0","steps":{"a":{"s3":{"credentials":"%s","extension":"private","service":"s3","variables":["K"]}}}}'
KEEPS = "its note cannot undo what it was given before, which it keeps; create it from its manifest for what holds now"


def noted(text):
    env = [{"name": "K", "valueFrom": {"secretKeyRef": {"name": "anns", "key": "k"}}}]
    return task_run({"name": "a", "image": "i", "env": env}, annotations={RESOLVED: text})


@pytest.mark.parametrize(
    "note",
    [
        pytest.param(OLD % "ann", id="of-an-older-version"),
        pytest.param('{"asked":"b0","kind":"PipelineRun"}', id="copied-from-the-run-that-it-was-part-of"),
        pytest.param('{"asked":"b0","kind":"TaskRun","short":true,"bound":[["private","s3","ann"]]}', id="too-long"),
    ],
)
def test_a_note_that_cannot_lead_back_is_said_to_keep_what_it_has(note):
    mutation = mutate(noted(note), Index([codec.decode(PRIVATE)]), Consumer(project="ml", user="ann"))

    assert (mutation.ops, mutation.warnings) == ((), (KEEPS,))
    assert len(KEEPS) <= 120


@pytest.mark.parametrize(
    "note",
    [
        pytest.param(OLD % "ann", id="of-an-older-version"),
        pytest.param(OLD % "nobody", id="that-are-gone"),
        pytest.param('{"asked":"b0","kind":"TaskRun","short":true,"bound":[["private","s3","ann"]]}', id="too-long"),
        pytest.param(
            '{"kind":"PipelineRun","given":[{"to":"*","selectors":{"s":{"extension":"private","service":"s3",'
            '"credentials":"ann"}}}]}',
            id="copied-from-a-run",
        ),
    ],
)
def test_credentials_of_somebody_else_are_not_kept(note):
    with pytest.raises(RefusedError, match="of private/s3, which you may not have now; create it from its manifest"):
        mutate(noted(note), Index([codec.decode(PRIVATE)]), Consumer(project="ml", user="ben"))


def test_an_object_that_was_stored_with_an_older_note_can_be_applied_again():
    obj = workflow(f"t: {ASKS}")
    stored = created(obj)
    note = resolved.read(stored)
    steps = {"t": {"s3": {"extension": "minio", "service": "s3", "variables": ["S3_URL", "S3_KEY", "REGION"]}}}
    old = resolved.Resolved(asked=note.asked, annotation=note.annotation, steps=steps)
    stored["metadata"]["annotations"][RESOLVED] = resolved.text_of(old)
    merged = deepcopy(stored)
    merged["metadata"]["annotations"] |= obj["metadata"]["annotations"]

    assert patched(obj, mutate(obj, Index(), ME, old=stored)) == stored
    assert patched(merged, mutate(merged, Index(), ME, old=stored)) == stored


# How long a note may be


def many(steps, ask):
    """A Workflow of *steps* templates; *ask* makes what one of them says of its own."""
    templates = [{"name": f"task-of-a-long-name-{i:04}", "container": {"image": "b"}, **ask(i)} for i in range(steps)]
    return workflow("", *templates)


def block(i):
    return {"extensions": [{"name": "s3", "product": "minio"}]}


SHORT = {
    "every-step-by-an-annotation": many(800, lambda i: {})
    | {"metadata": {"name": "x", "annotations": {RUN_SELECTORS: f"'*': {ASKS}"}}},
    "all-but-one": many(800, lambda i: {})
    | {
        "metadata": {
            "name": "x",
            "annotations": {RUN_SELECTORS: f"'*': {ASKS}\ntask-of-a-long-name-0007: {{env: [{{name: A, value: b}}]}}"},
        }
    },
    "a-block-in-each": many(800, block),
    "a-text-in-each": many(
        800,
        lambda i: {**block(i), "container": {"image": "b", "args": ["--url", "<< extension.s3.url >>"]}},
    ),
}


@pytest.mark.parametrize("obj", SHORT.values(), ids=SHORT)
def test_the_note_on_many_steps_that_are_given_the_same_stays_short(obj):
    stored = created(obj)

    assert not resolved.read(stored).short
    assert len(stored["metadata"]["annotations"][RESOLVED].encode()) < 8 * 1024
    assert created(stored, MOVED) == created(obj, MOVED)


@pytest.mark.parametrize(
    "obj",
    [
        pytest.param(
            many(800, lambda i: {**block(i), "container": {"args": [f"{i}<< extension.s3.url >>{i}"]}}), id="texts"
        ),
        pytest.param(
            many(800, lambda i: {"extensions": [{"name": f"{i:03}-{'x' * 60}"[:63], "product": "minio"}]}), id="blocks"
        ),
    ],
)
def test_what_is_too_much_for_a_note_is_said_twice(obj):
    obj["spec"]["templates"] = obj["spec"]["templates"][:800]
    for i, template in enumerate(obj["spec"]["templates"]):
        # At most 256 selectors may differ.
        template["extensions"] = obj["spec"]["templates"][i % 256]["extensions"]
        template["container"]["args"] = [f"{i}<< extension.{template['extensions'][0]['name']}.url >>{i}"]

    mutation = mutate(obj, INDEX, ME)
    stored = patched(obj, mutation)

    warning = "too much for a note of 48 KiB: sent again, it would keep the values it gets now"
    assert warning in mutation.warnings
    assert len(at(stored, PLACE).encode()) <= MAX_BYTES
    assert patched(obj, mutate(obj, Index(), ME, old=stored)) == stored, "applied again, it keeps what it has"
    assert mutate(stored, INDEX, ME).warnings == (KEEPS,)


def test_a_stored_run_of_before_says_that_it_keeps_its_values():
    ids = {"endpoint": "internal", "extension": "mlflow-1", "service": "tracking", "variables": ["URI"]}
    env = [{"name": "URI", "value": "http://old.tracking"}, {"name": "OTHER", "value": "http://old.tracking"}]
    obj = workflow("", {"name": "main", "container": {"image": "busybox", "command": ["env"], "env": env}})
    obj["metadata"] = {
        "generateName": "nightly-",
        "annotations": {RESOLVED: json.dumps({"asked": "b0b0b0b0b0b0b0b0", "steps": {"main": {"t": ids}}})},
    }

    mutation = mutate(obj, INDEX, ME)

    assert (mutation.ops, mutation.warnings) == ((), (KEEPS,))
