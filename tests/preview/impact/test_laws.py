"""What holds for all objects and changes: the plan says what ``mutate`` would do."""

import json

import jsonpatch
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.records import codec
from registry.resolving.index import Index
from tests.mutation.test_laws import by_annotation
from tests.plausible_runs import ME, RECORDS, pipeline_runs, pipelines, workflow_templates, workflows
from tests.preview.impact.world import judge_of
from webhook.errors import RefusedError
from webhook.mutation.mutate import mutate
from webhook.mutation.settings import Settings
from webhook.preview.definitions import Definitions
from webhook.preview.expected_pods.kinds import expected_pods_of
from webhook.preview.impact.comparison import Comparison
from webhook.preview.impact.judge import Place
from webhook.preview.impact.plan import Outcome
from webhook.preview.impact.text import as_data, as_text
from webhook.preview.subjects import Subject

MINIO, ODD = RECORDS
SETTINGS = Settings(zone=ME.zone)


def changed(**edits):
    text = json.dumps(MINIO)
    for old, new in edits.values():
        assert old in text
        text = text.replace(old, new)
    return json.loads(text)


# Records that a change may put in the place of another, or beside it; None takes it away.
MINIOS = st.sampled_from(
    [
        None,
        MINIO,
        changed(url=("http://minio:9000", "http://new:1")),
        changed(value=('"u"', '"new"')),
        changed(secret=('"login"', '"other"')),
        changed(key=('"key"', '"other-key"')),
        changed(gone=('"S3_KEY"', '"OTHER_KEY"')),
        changed(region=("$(eu)", "us")),
        changed(zone=('"zone": "here"', '"zone": "far"')),
        changed(type=('"internal"', '"external"')),
        changed(product=('"product": "minio"', '"product": "none"')),
        changed(login=('"id": "c"', '"id": "d"')),
        {**MINIO, "description": "another"},
        {**MINIO, "version": "2.0.0"},
    ]
)
ODDS = st.sampled_from([None, ODD, {**ODD, "services": [{"id": "x", "configuration": {"ODD": "other", "A": "1"}}]}])
RIVALS = st.sampled_from([None, None, {**MINIO, "id": "rival"}, {**MINIO, "id": "rival", "version": "3.0.0"}])
REGISTRIES = st.tuples(MINIOS, ODDS, RIVALS).map(
    lambda records: Index([codec.decode(record) for record in records if record is not None])
)
AMBIGUITY = st.sampled_from(["warn", "refuse"])
runs = pipeline_runs | workflows | (pipeline_runs | workflows).map(by_annotation)


def decision(obj, index, settings):
    try:
        return list(mutate(obj, index, ME, settings=settings).ops)
    except RefusedError:
        return None


def expected_outcome(before, after):
    if before == after:
        return Outcome.UNCHANGED
    if after is None:
        return Outcome.REFUSED
    return Outcome.RESOLVED if before is None else None


def check(obj, before, after, ambiguity="warn"):
    settings = Settings(zone=ME.zone, ambiguity=ambiguity)
    one, other = (decision(obj, index, settings) for index in (before, after))

    part = Comparison(before, after, ME, settings).part_of(obj)

    if part is None:
        assert one == other
        return
    expected = expected_outcome(one, other)
    assert part.outcome is expected if expected else part.outcome in (Outcome.VALUES, Outcome.SERVICE)
    assert bool(part.problems) == (other is None)
    if part.outcome in (Outcome.VALUES, Outcome.SERVICE):
        assert any(selector.outcome is not Outcome.UNCHANGED for selector in part.selectors)
    if part.outcome is Outcome.UNCHANGED:
        assert all(selector.outcome is Outcome.UNCHANGED for selector in part.selectors)


@given(runs, REGISTRIES, REGISTRIES, AMBIGUITY)
def test_object_is_unchanged_exactly_if_it_is_given_the_same(obj, before, after, ambiguity):
    check(obj, before, after, ambiguity)


@given(runs, REGISTRIES, REGISTRIES, REGISTRIES)
def test_stored_run_is_unchanged_exactly_if_it_is_given_the_same_when_it_is_sent_again(obj, then, before, after):
    given_then = decision(obj, then, SETTINGS)
    stored = jsonpatch.apply_patch(obj, [dict(op) for op in given_then or ()])

    # One that was refused is none, but what holds for stored runs holds for it as well.
    check(stored, before, after)


@given(runs, REGISTRIES)
def test_nothing_changes_without_a_change(obj, index):
    part = Comparison(index, index, ME, SETTINGS).part_of(obj)

    assert part is None or (part.outcome, part.is_ambiguous) == (Outcome.UNCHANGED, False)


@given(runs, REGISTRIES, REGISTRIES)
def test_way_back_is_the_opposite(obj, before, after):
    opposite = {Outcome.REFUSED: Outcome.RESOLVED, Outcome.RESOLVED: Outcome.REFUSED}

    there = Comparison(before, after, ME, SETTINGS).part_of(obj)
    back = Comparison(after, before, ME, SETTINGS).part_of(obj)

    assert (there is None) == (back is None)
    if there and back:
        assert back.outcome is opposite.get(there.outcome, there.outcome)
        assert [(s.before, s.after) for s in there.selectors] == [(s.after, s.before) for s in back.selectors]


def with_expressions_in_env_only(node):
    """*node* without what makes most definitions be refused."""
    if isinstance(node, dict):
        kept = {key: value for key, value in node.items() if key not in ("args", "workingDir", "stepTemplate")}
        return {key: with_expressions_in_env_only(value) for key, value in kept.items()}
    return [with_expressions_in_env_only(item) for item in node] if isinstance(node, list) else node


@pytest.mark.parametrize(
    ("definitions", "run"),
    [
        pytest.param(
            pipelines,
            {"apiVersion": "tekton.dev/v1", "kind": "PipelineRun", "spec": {"pipelineRef": {"name": "demo"}}},
            id="pipelines",
        ),
        pytest.param(
            workflow_templates,
            {
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": "Workflow",
                "spec": {"workflowTemplateRef": {"name": "demo"}},
            },
            id="workflow-templates",
        ),
    ],
)
def test_definition_is_unchanged_exactly_if_the_pods_of_its_runs_are_given_the_same(definitions, run):
    @given(definitions.map(with_expressions_in_env_only), REGISTRIES, REGISTRIES)
    def holds(obj, before, after):
        changes = {}
        judge = judge_of(changes, index=before, consumer=ME)
        judge.after = after
        known = Definitions(lambda _: "", None)
        known._add(obj)
        is_refused = decision(obj, before, SETTINGS) is None
        pods = [expected.pod for expected in expected_pods_of({**run, "metadata": {"name": "r"}}, known.seen_from(""))]

        found = judge.judge(Subject(obj), Place("demo.yaml:1"))

        same = all(decision(pod, before, SETTINGS) == decision(pod, after, SETTINGS) for pod in pods)
        assert (found is None or found.outcome is Outcome.UNCHANGED) == (same or is_refused)

    holds()


@given(runs, REGISTRIES, REGISTRIES)
def test_everything_that_is_found_can_be_written(obj, before, after):
    judge = judge_of({}, index=before, consumer=ME)
    judge.after = after

    found = judge.judge(Subject(obj), Place("demo.yaml:1"))

    if found is not None:
        assert as_text(found, has_change=True).startswith(found.title)
        assert json.loads(json.dumps(as_data(found)))["outcome"] == found.outcome.value
