"""Laws of mutate: who does not ask is not touched, the same question gets the same bytes, a second run adds nothing."""

import json
import os
import random
import re
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import jsonpatch
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.records import codec
from registry.resolving.index import Index
from registry.resolving.selectors import Consumer
from webhook.adapters.step import Engine
from webhook.errors import RefusedError
from webhook.mutation.escaping import expanded_env
from webhook.mutation.mutate import mutate
from webhook.mutation.note.resolved import RESOLVED
from webhook.mutation.settings import Settings

ME = Consumer(zone="here", project="ml", user="ann")
STORE = {
    "id": "minio",
    "product": "minio",
    "zone": "here",
    "services": [
        {
            "id": "s3",
            "resource": "s3",
            "endpoints": [
                {"url": "http://minio:9000", "type": "internal", "configuration": {"S3_URL": "http://minio"}}
            ],
            "credentials": [{"id": "login", "configuration": {"S3_KEY": "hunter2"}}],
        }
    ],
}


def index_of(*records):
    return Index(codec.decode(record) for record in records)


def task_run(*steps, **spec):
    return {
        "apiVersion": "tekton.dev/v1",
        "kind": "TaskRun",
        "metadata": {"name": "demo"},
        "spec": {"taskSpec": {"steps": list(steps), **spec}},
    }


def asking(**more):
    return {"name": "a", "image": "i", "extensions": [{"name": "store", "product": "minio"}], **more}


def valued(value):
    """A registry whose one variable has *value*."""
    return index_of({"id": "odd", "product": "minio", "configuration": {"X": value}, "services": [{"id": "s"}]})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
KEYS = ["spec", "metadata", "taskSpec", "pipelineSpec", "tasks", "finally", "steps", "sidecars", "env", "extensions"]
KEYS += ["name", "templates", "container", "script", "dag", "inline", "templateDefaults", "annotations", "value", "ref"]
shaped_values = st.recursive(
    st.none() | st.integers() | st.sampled_from(["x", "<< extension.x.url >>", "<<", "{{", RESOLVED]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=40,
)
KINDS = [("tekton.dev/v1", "PipelineRun"), ("tekton.dev/v1beta1", "TaskRun"), ("argoproj.io/v1alpha1", "Workflow")]
KINDS += [("tekton.dev/v1", "Pipeline"), ("argoproj.io/v1alpha1", "CronWorkflow"), ("v1", "Pod")]


@given(json_values)
def test_what_is_no_object_of_ours_is_not_touched(content):
    obj = {"apiVersion": "batch/v1", "kind": "Job", "spec": content}

    assert mutate(obj, index_of(STORE), ME).ops == ()


@given(st.sampled_from(KINDS), shaped_values, shaped_values)
def test_an_object_of_any_shape_is_answered_or_refused(kind, spec, metadata):
    obj = {"apiVersion": kind[0], "kind": kind[1], "metadata": metadata, "spec": spec}
    before = deepcopy(obj)

    try:
        mutation = mutate(obj, index_of(STORE), ME)
    except RefusedError as e:
        assert e.problems
    else:
        jsonpatch.apply_patch(obj, [dict(op) for op in mutation.ops])

    assert obj == before


values = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
spicy = st.lists(
    st.sampled_from(["<< extension.store.url >>", "$(params.x)", "{{workflow.name}}", '"', "'", "\n", "~/"])
)


@given(values | spicy.map("".join))
def test_any_value_reaches_its_variable_byte_for_byte_or_is_refused(value):
    obj = task_run(asking())

    try:
        mutation = mutate(obj, valued(value), ME)
    except RefusedError as e:
        assert "Tekton would expand" in str(e)
        assert "$(params.x)" in value
        return
    result = jsonpatch.apply_patch(obj, [dict(op) for op in mutation.ops])

    (entry,) = result["spec"]["taskSpec"]["steps"][0]["env"]
    assert expanded_env([entry], Engine.TEKTON) == [("X", value)]
    assert not mutate(result, valued(value), ME).ops


def test_the_order_of_the_registry_does_not_matter():
    records = [{**STORE, "id": f"minio-{i}", "version": f"1.{i}.0"} for i in range(8)]
    obj = task_run(asking())
    expected = mutate(obj, index_of(*records), ME)

    for seed in range(5):
        random.Random(seed).shuffle(records)
        assert mutate(obj, index_of(*records), ME) == expected


def test_another_process_gives_the_same_bytes():
    program = (
        "import json,sys; sys.path.insert(0, sys.argv[1]); import test_mutate as t;"
        "m = t.mutate(t.task_run(t.asking(args=['<< extension.store.url >>'])), t.index_of(t.STORE), t.ME);"
        "print(json.dumps([list(m.ops), m.warnings, dict(m.audit)]))"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", program, str(Path(__file__).parent)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(runs) == 1


def test_the_audit_annotation_names_ids_and_no_values():
    mutation = mutate(task_run(asking()), index_of(STORE), ME)

    assert mutation.audit == {"bindings": "a:store=minio/s3/login"}


def test_credentials_are_in_no_refusal_warning_note_or_audit():
    obj = task_run(asking(args=["<< extension.store.cfg.S3_KEY >>", "<< extension.store.cfg.NOPE >>"]))

    with pytest.raises(RefusedError) as refused:
        mutate(obj, index_of(STORE), ME)
    mutation = mutate(task_run(asking()), index_of(STORE), ME)

    note = next(op for op in mutation.ops if "metadata" in op["path"])
    assert "hunter2" not in str(refused.value) + json.dumps(note) + str(mutation.audit) + str(mutation.warnings)


def without_digests(ops):
    """As JSON, without the digests of what was put in, and without where it stood."""
    text = json.dumps(ops)
    return re.sub(r'\\"[0-9a-f]{16}\\"|\[\d+,\d+,', "", text)


def test_hidden_credentials_change_nothing_else():
    obj = task_run(asking(env=[{"name": "DSN", "value": "x:<< extension.store.cfg.S3_KEY >>"}]))

    shown = mutate(obj, index_of(STORE), ME).ops
    hidden = mutate(obj, index_of(STORE), ME, settings=Settings(show_credentials=False)).ops

    assert without_digests(hidden) == without_digests(shown).replace("hunter2", "<hidden>")


@pytest.mark.parametrize(
    ("obj", "message"),
    [
        pytest.param(
            task_run(asking(extensions=[{"name": f"s{i}", "product": "minio", "inject": False} for i in range(257)])),
            "the object holds 257 different selectors; 256 are the limit: write the same selector for several steps, "
            "best once, under '*' in the annotation extensions.fuseml.org/run-selectors, or split it into several",
            id="selectors",
        ),
        pytest.param(
            task_run(asking(args=["<< extension.store.url >>" * 10_001])),
            "the object holds more than 10000 expressions, which are the limit: give a variable the value once, and "
            "use $(NAME), or split it into several",
            id="expressions",
        ),
        pytest.param(
            task_run(asking(script="x" * 2**18 + "<< extension.store.url >>")),
            "steps[a].script: is longer than 256 KiB, too long to hold an expression; give a variable its value, and "
            "use that there, or write \\<< for a literal",
            id="long-text",
        ),
        pytest.param(
            task_run(asking(extensions=[{"name": f"s{i}"} for i in range(30)])),
            "and 10 more",
            id="problems",
        ),
    ],
)
def test_what_is_too_much_is_refused(obj, message):
    with pytest.raises(RefusedError) as refused:
        mutate(obj, index_of(STORE), ME)

    assert refused.value.problems[-1] == message


def test_sixty_four_selectors_shared_by_many_steps_are_not_too_many():
    block = [{"name": f"s{i}", "product": "minio", "inject": False} for i in range(64)]
    obj = task_run(*({"name": f"s{i}", "image": "i"} for i in range(20)), extensions=block)

    assert mutate(obj, index_of(STORE), ME).ops


def test_a_long_script_full_of_what_looks_like_openers_is_left_alone():
    script = "<< extension." * 32_000

    assert mutate(task_run({"name": "a", "script": script}), index_of(STORE), ME).ops == ()


def test_a_private_variable_never_replaces_one_of_the_authors():
    record = deepcopy(STORE)
    record["services"][0]["credentials"] = [{"id": "c", "secretRef": {"name": "s"}, "configuration": {"S3_KEY": "key"}}]
    name = "_FUSEML_STORE_S3_KEY"
    env = [{"name": name, "value": "mine"}, {"name": "DSN", "value": "x<< extension.store.cfg.S3_KEY >>"}]

    with pytest.raises(RefusedError) as refused:
        mutate(task_run(asking(env=env)), index_of(record), ME)

    assert str(refused.value) == (
        f"steps[a].env[1].value: needs a variable {name!r} of its own, and there is another of that name"
    )


def test_two_selectors_may_not_share_a_private_variable():
    record = deepcopy(STORE)
    record["services"] = [
        {
            "id": name,
            "credentials": [{"id": "c", "secretRef": {"name": name}, "configuration": {"KEY": "key"}}],
        }
        for name in ("one", "two")
    ]
    block = [
        {"name": "a-b", "service_id": "one", "inject": False},
        {"name": "a_b", "service_id": "two", "inject": False},
    ]
    env = [{"name": "X", "value": "<< extension.a-b.cfg.KEY >><< extension.a_b.cfg.KEY >>"}]

    with pytest.raises(RefusedError, match="two values here would need the name '_FUSEML_A_B_KEY'"):
        mutate(task_run(asking(extensions=block, env=env)), index_of(record), ME)
