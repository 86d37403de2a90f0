"""Selectors in the annotation run-selectors: what is wrong with one is refused, with line and column of its text."""

import json
import time
from copy import deepcopy

import jsonpatch
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.documents.positions import Outline, Position
from registry.records import codec
from registry.resolving.index import Index
from registry.resolving.selectors import Consumer
from webhook.adapters import layout_of
from webhook.adapters.annotations.names import LEVELS, RUN_SELECTORS
from webhook.adapters.annotations.reader import MAX_BYTES
from webhook.errors import RefusedError
from webhook.mutation.mutate import mutate
from webhook.preview import lint

ME = Consumer(project="ml")
INDEX = Index(
    [
        codec.decode(
            {
                "id": "minio",
                "product": "minio",
                "services": [{"id": "s3", "endpoints": [{"url": "http://minio", "configuration": {"S3": "x"}}]}],
            }
        )
    ]
)
TOO_LONG = "is longer than 32 KiB; say once, under '*' or a task, what several steps get"


def workflow(text, **spec):
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "demo", "annotations": {RUN_SELECTORS: text}},
        "spec": {"templates": [{"name": "train", "container": {"image": "i"}}], **spec},
    }


def problems(obj):
    with pytest.raises(RefusedError) as refused:
        mutate(obj, INDEX, ME)
    return list(refused.value.problems)


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        pytest.param(
            "train:\n  extensions: [{name: a", "2:24", "invalid YAML: did not find expected ',' or '}'", id="unclosed"
        ),
        pytest.param("train: a: b", "1:9", "invalid YAML: mapping values are not allowed in this context", id="colon"),
        pytest.param(
            "*:\n  env: []",
            "1:2",
            "invalid YAML: did not find expected alphabetic or numeric character; write '*' in quotes",
            id="star-without-quotes",
        ),
        pytest.param("\ttrain: {}", "1:1", "invalid YAML: found character that cannot start any token", id="tab"),
        pytest.param(
            "train: *x", "1:1", "an alias refers to no anchor; put text that begins with '*' in quotes", id="alias"
        ),
        pytest.param(
            "train: &x {env: []}\nother: *x",
            "1:8",
            "anchors are not read here; write out what they stand for",
            id="anchor",
        ),
        pytest.param("train: {}\ntrain: {}", "2:1", "'train' occurs twice in this map", id="key-twice"),
        pytest.param(
            'train: {env: [{name: A, value: b, name: "C"}]}',
            "1:35",
            "'name' occurs twice in this map",
            id="field-twice",
        ),
        pytest.param("train: {}\n---\nother: {}", "3:1", "expected one YAML document, and here is another", id="two"),
        pytest.param("[" * 70 + "]" * 70, "1:65", "nested deeper than 64 levels", id="deep"),
        pytest.param("x" * (MAX_BYTES + 1), "1:1", TOO_LONG, id="long"),
        pytest.param("ü" * (MAX_BYTES // 2 + 1), "1:1", TOO_LONG, id="long-in-bytes"),
        pytest.param("- train", "1:1", "expected a map from steps to what they get, got a list", id="list"),
        pytest.param("train", "1:1", "expected a map from steps to what they get, got text", id="text"),
        pytest.param("7", "1:1", "expected a map from steps to what they get, got 7", id="number"),
        pytest.param("train:", "1:1", "expected a map with 'extensions' or 'env', got nothing", id="nothing"),
        pytest.param("train: {x: 1}", "1:9", "unknown field 'x'; there are 'extensions', 'env'", id="field"),
        pytest.param("train: {extensions: {name: a}}", "1:9", "'extensions' must be a list of selectors", id="no-list"),
        pytest.param(
            "train: {extensions: [minio]}",
            "1:22",
            "extensions[0]: expected a map such as {name: store, product: mlflow}",
            id="no-selector",
        ),
        pytest.param("train: {env: [{value: x}]}", "1:15", "needs a 'name'", id="no-name"),
        pytest.param("train: {env: [{name: A, value: }]}", "1:25", "expected text, got nothing", id="no-value"),
        pytest.param("tarin: {}", "1:1", "no step is 'tarin'; did you mean 'train'?", id="close"),
        pytest.param("x: {}", "1:1", "no step is 'x'; there are 'train'", id="unknown"),
        pytest.param("? [a]\n: {}", "1:1", "a key must be text", id="list-as-key"),
    ],
)
def test_what_is_wrong_is_refused_with_line_and_column(text, place, message):
    (problem,) = problems(workflow(text))

    assert problem == f"annotation {RUN_SELECTORS}:{place}: {message}"


def test_steps_that_an_unknown_key_may_mean_are_listed_to_an_end():
    templates = [{"name": f"template-{i}", "container": {"image": "i"}} for i in range(30)]

    (problem,) = problems(workflow("x: {}", templates=templates))

    assert problem.endswith("there are " + ", ".join(f"'template-{i}'" for i in range(10)) + ", …")


def test_a_step_named_without_its_task_is_found():
    obj = {
        "apiVersion": "tekton.dev/v1",
        "kind": "PipelineRun",
        "metadata": {"annotations": {RUN_SELECTORS: "main: {}"}},
        "spec": {"pipelineSpec": {"tasks": [{"name": "train", "taskSpec": {"steps": [{"name": "main"}]}}]}},
    }

    assert problems(obj) == [f"annotation {RUN_SELECTORS}:1:1: no step is 'main'; did you mean 'train/main'?"]


def test_there_may_be_no_steps_at_all():
    assert problems(workflow('"*": {}', templates=[])) == [
        f"annotation {RUN_SELECTORS}:1:1: no step is '*'; there are none"
    ]


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "null", "~"], ids=repr)
def test_an_annotation_that_says_nothing_asks_for_nothing(text):
    assert mutate(workflow(text), INDEX, ME).ops == ()


@pytest.mark.parametrize("text", ["{}", "train: {}", "train: {extensions: []}", "train: {env: null}"], ids=repr)
def test_an_annotation_that_asks_for_nothing_is_taken_out(text):
    obj = workflow(text)

    result = jsonpatch.apply_patch(obj, [dict(op) for op in mutate(obj, INDEX, ME).ops])

    assert RUN_SELECTORS not in result["metadata"]["annotations"]
    assert result["spec"] == obj["spec"]


def test_more_variables_than_anyone_needs_are_refused():
    templates = [{"name": f"template-{i}", "container": {"image": "i"}} for i in range(1000)]
    eleven = ", ".join(f"{{name: V{i}, value: x}}" for i in range(11))

    assert problems(workflow(f'"*": {{env: [{eleven}]}}', templates=templates)) == [
        f"annotation {RUN_SELECTORS}:1:1: sets more than 10000 variables in all steps together; name only the "
        "steps that need them, or set those that are the same for all in the steps themselves"
    ]


def test_json_is_read_as_well():
    text = (
        '{"train": {"extensions": [{"name": "s", "product": "minio"}], "env": [{"name": "A\\u0042", "value": "\\t"}]}}'
    )
    obj = workflow(text)

    result = jsonpatch.apply_patch(obj, [dict(op) for op in mutate(obj, INDEX, ME).ops])

    assert result["spec"]["templates"][0]["container"]["env"] == [
        {"name": "S3", "value": "x"},
        {"name": "AB", "value": "\t"},
    ]


def test_a_wrong_value_for_many_steps_is_complained_about_once():
    steps = [{"name": f"s{i}", "image": "i"} for i in range(20)]
    text = '"*": {env: [{name: A, value: << extension.no.url >>}]}'
    obj = {
        "apiVersion": "tekton.dev/v1",
        "kind": "TaskRun",
        "metadata": {"annotations": {RUN_SELECTORS: text}},
        "spec": {"taskSpec": {"steps": steps}},
    }

    (problem,) = problems(obj)
    found = lint.check(json.dumps(obj), "run.json").problems

    assert problem.startswith(f"annotation {RUN_SELECTORS}:1:23: steps[s0].env[A]: ")
    assert len(found) == 1


def test_a_variable_of_the_annotation_never_replaces_a_private_one():
    record = {
        "id": "db",
        "product": "db",
        "services": [
            {"id": "s", "credentials": [{"id": "c", "secretRef": {"name": "l"}, "configuration": {"KEY": "k"}}]}
        ],
    }
    text = (
        "train:\n"
        "  extensions: [{name: db, product: db}]\n"
        '  env: [{name: A, value: "x<< extension.db.cfg.KEY >>"}, {name: _FUSEML_DB_KEY, value: mine}]\n'
    )

    with pytest.raises(RefusedError) as refused:
        mutate(workflow(text), Index([codec.decode(record)]), ME)

    assert str(refused.value) == (
        f"annotation {RUN_SELECTORS}:3:81: templates[train].env[_FUSEML_DB_KEY]: "
        "another value needs a variable of this name; choose another"
    )


# Lint


FILE = """\
# a run
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata:
  name: demo
  annotations:
    extensions.fuseml.org/run-selectors: |
      train:
        extensions:
          - {name: store, prodct: minio, extension_id: minio}
        env:
          - {name: URL, value: << extension.stor.url >>}
spec:
  templates: [{name: train, container: {image: i}}]
"""


def test_lint_gives_the_line_in_the_file_and_the_place_in_the_text():
    found = lint.check(FILE.replace("prodct", "product"), "run.yaml").problems

    assert [str(problem) for problem in found] == [
        f"run.yaml:12: annotation {RUN_SELECTORS}:5:19: templates[train].env[URL]: "
        "\"<< extension.stor.url >>\": no selector is named 'stor' here; there are store"
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param(FILE, 10, id="block"),
        pytest.param(FILE.replace("prodct: minio", "prodct: [").replace("stor.", "store."), 10, id="no-yaml"),
        pytest.param(
            FILE.replace("selectors: |\n      train:", 'selectors: "train:').replace("stor.url >>}\n", 'x.url >>}"\n'),
            7,
            id="in-quotes",
        ),
    ],
)
def test_lint_finds_the_line_in_a_block_and_else_that_of_the_key(text, line):
    found = lint.check(text, "run.yaml").problems

    assert found[0].line == line, found


def test_lint_says_that_an_annotation_is_text():
    (problem,) = lint.check(FILE.replace("selectors: |", "selectors:"), "run.yaml").problems

    assert str(problem) == f"run.yaml:7: annotation {RUN_SELECTORS}: must be text; write '|' after its key"


def test_lint_knows_the_annotation_that_a_cronworkflow_passes_on():
    text = """\
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
spec:
  workflowMetadata:
    annotations:
      extensions.fuseml.org/run-selectors: |
        trian: {extensions: []}
  workflowSpec:
    templates: [{name: train, container: {image: i}}]
"""
    (problem,) = lint.check(text, "run.yaml").problems

    assert str(problem) == (
        f"run.yaml:7: spec.workflowMetadata: annotation {RUN_SELECTORS}:1:1: no step is 'trian'; did you mean 'train'?"
    )


# Hostile


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 30)), id="laughs"
        ),
        pytest.param("{" + ",".join(f"k{i}: 1" for i in range(4000)) + "}", id="keys"),
        pytest.param("[" * 16_000 + "]" * 16_000, id="deep"),
        pytest.param("train: {env: [" + ",".join("{name: A}" for _ in range(3000)) + "]}", id="variables"),
        pytest.param('"' + "x" * 30_000 + '": {}', id="long-key"),
        pytest.param(
            '"*": {env: [' + ",".join(f"{{name: V{i}, value: x}}" for i in range(1200)) + "]}", id="variables-of-all"
        ),
    ],
)
def test_a_hostile_text_is_refused_in_no_time(text):
    templates = [{"name": f"template-{i}", "container": {"image": "i"}} for i in range(200)]
    start = time.process_time()

    assert problems(workflow(text, templates=templates))

    assert time.process_time() - start < 2


texts = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            [
                *(
                    "train",
                    '"*"',
                    "extensions",
                    "env",
                    "name",
                    "value",
                    ": ",
                    "\n",
                    "  ",
                    "- ",
                    "[",
                    "]",
                    "{",
                    "}",
                    ", ",
                ),
                "&a",
                "*a",
                "'",
                '"',
                "|",
                "<<",
                "<< extension.s.url >>",
                "product: minio",
                "---",
                "!!x",
                "?",
                "\t",
                "ü",
            ]
        ),
        max_size=25,
    ).map("".join),
)


@given(texts, st.sampled_from(LEVELS))
def test_any_text_is_answered_or_refused(text, key):
    obj = workflow("")
    obj["metadata"]["annotations"] = {key: text}
    before = deepcopy(obj)

    try:
        mutation = mutate(obj, INDEX, ME)
    except RefusedError as e:
        assert all(RUN_SELECTORS in problem or "templates[train]" in problem for problem in e.problems)
    else:
        result = jsonpatch.apply_patch(obj, [dict(op) for op in mutation.ops])
        assert not mutate(result, INDEX, ME).ops

    assert obj == before


@given(texts)
def test_a_place_is_found_in_any_text(text):
    outline = Outline(text)

    assert outline.of(("train", "env", 0)) >= Position(1, 1)


# Steps


def test_keys_are_those_of_the_steps():
    obj = workflow("'*': {env: [{name: A, value: b}]}")

    assert [(step.key, [v.name for v in step.annotation_env]) for step in layout_of(obj).steps] == [("train", ["A"])]


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        pytest.param("run-selector", f"did you mean {RUN_SELECTORS}?", id="misspelt"),
        pytest.param("nonsense-42", f"there is {RUN_SELECTORS}", id="nothing-like-it"),
    ],
)
@pytest.mark.parametrize("kind", ["Workflow", "WorkflowTemplate"])
def test_an_unknown_annotation_of_ours_is_refused(kind, key, meant):
    obj = workflow("")
    obj["kind"] = kind
    obj["metadata"]["annotations"] = {f"extensions.fuseml.org/{key}": "x"}

    with pytest.raises(RefusedError) as refused:
        mutate(obj, INDEX, ME)

    assert refused.value.problems == (f"unknown annotation extensions.fuseml.org/{key}; {meant}",)


def test_notes_that_are_not_ours_ask_for_nothing():
    obj = workflow("")
    obj["metadata"]["annotations"] = {f"extensions.fuseml.org/{key}": "x" for key in ("resolved", "waiting")}

    (op,) = mutate(obj, INDEX, ME).ops

    assert op == {"op": "remove", "path": "/metadata/annotations/extensions.fuseml.org~1resolved"}
