"""Laws of mutate over plausible runs: the author's own stays, twice is once, UPDATE gives back what CREATE gave."""

from copy import deepcopy

import jsonpatch
from hypothesis import given
from hypothesis import strategies as st

from registry.resolving.index import Index
from tests.plausible_runs import BLOCKS, ENVS, INDEX, ME, pipeline_runs, workflows
from webhook.adapters import layout_of
from webhook.adapters.annotations.names import RUN_SELECTORS
from webhook.adapters.step import Level, names_in
from webhook.errors import RefusedError
from webhook.mutation.mutate import mutate
from webhook.objects import manifests
from webhook.objects.walk import at


@given(pipeline_runs | workflows)
def test_laws(obj):
    original = deepcopy(obj)
    try:
        mutation = mutate(obj, INDEX, ME)
    except RefusedError as e:
        assert all(problem.strip() for problem in e.problems)
        return
    result = jsonpatch.apply_patch(obj, [dict(op) for op in mutation.ops])

    assert obj == original, "the object itself must not be touched"
    assert not mutate(result, INDEX, ME).ops, "a second run must add nothing"
    restored = mutate(obj, Index(), ME, old=result)
    assert jsonpatch.apply_patch(obj, [dict(op) for op in restored.ops]) == result, "UPDATE gives back what was given"
    assert next(iter(manifests.load(manifests.dump(result)))).content == result
    for step in layout_of(obj).steps:
        before = at(obj, step.env) or []
        after = at(result, step.env) or []
        names = [entry["name"] for entry in after]
        assert names[len(names) - len(before) :] == [entry["name"] for entry in before], "the author's own, in order"
        assert len(set(names)) == len(names), "no name twice"
        assert "extensions" not in at(result, step.pointer)


def with_annotation(obj, what):
    obj["metadata"]["annotations"] = {RUN_SELECTORS: manifests.dump(what)}
    return obj


def by_annotation(obj):
    """*obj* with all that its blocks say in an annotation instead, where a task's replace those of its steps."""
    obj, asked = deepcopy(obj), {}
    shared_names = {
        step.pointer: names_in([b for b in step.blocks if b.level == Level.TASK]) for step in layout_of(obj).steps
    }
    for task in obj["spec"].get("pipelineSpec", {}).get("tasks", ()):
        if "extensions" in task["taskSpec"]:
            asked[task["name"]] = {"extensions": task["taskSpec"].pop("extensions")}
    for template in obj["spec"].get("templates", ()):
        if "extensions" in template:
            shared = template.pop("extensions")
            asked[f"{template['name']}/*"] = {"extensions": shared}
    for step in layout_of(obj).steps:
        container = at(obj, step.pointer)
        if "extensions" in container:
            own = container.pop("extensions")
            asked[step.key] = {"extensions": [s for s in own if s["name"] not in shared_names[step.pointer]]}
    return with_annotation(obj, asked)


def outcome(obj, index=INDEX):
    """The spec that *obj* gets, or None."""
    try:
        mutation = mutate(obj, index, ME)
    except RefusedError:
        return None
    return jsonpatch.apply_patch(obj, [dict(op) for op in mutation.ops])["spec"]


@given(pipeline_runs | workflows)
def test_an_annotation_gives_what_the_same_blocks_give(obj):
    assert outcome(by_annotation(obj)) == outcome(obj)


def of_step(spec):
    """The variables of the step that is tried."""
    env = spec["taskSpec"]["steps"][0].get("env", [])
    assert len({entry["name"] for entry in env}) == len(env), "no name twice"
    return {entry["name"]: entry for entry in env}


@given(BLOCKS, ENVS, ENVS)
def test_variables_of_an_annotation_are_as_if_the_author_had_put_them_first(block, given_env, env):
    own = {entry["name"] for entry in env}
    first = [entry for entry in given_env if entry["name"] not in own]
    run = {"apiVersion": "tekton.dev/v1", "kind": "TaskRun", "metadata": {"name": "demo"}}

    def task_run(env):
        return {
            **run,
            "metadata": {},
            "spec": {"taskSpec": {"steps": [{"name": "a", "extensions": block, "env": env}]}},
        }

    by_author = outcome(task_run(first + env))
    by_annotation = outcome(with_annotation(task_run(env), {"a": {"env": given_env}}))

    assert (by_author is None) == (by_annotation is None)
    if by_author is not None:
        assert of_step(by_annotation) == of_step(by_author)
        public = [[name for name in of_step(spec) if name[0] != "_"] for spec in (by_author, by_annotation)]
        assert public[0] == public[1]


@given(workflows, st.booleans())
def test_an_annotation_is_resolved_once(obj, is_merged):
    obj = by_annotation(obj)
    try:
        mutation = mutate(obj, INDEX, ME)
    except RefusedError:
        return
    result = jsonpatch.apply_patch(obj, [dict(op) for op in mutation.ops])
    sent = deepcopy(result if is_merged else obj)
    sent["metadata"]["annotations"] |= obj["metadata"]["annotations"]

    assert not mutate(result, INDEX, ME).ops, "a second run must add nothing"
    restored = mutate(sent, Index(), ME, old=result)
    assert jsonpatch.apply_patch(sent, [dict(op) for op in restored.ops])["spec"] == result["spec"]
