"""Whoever asks is reached or learns that he is not: keys, computed templates and custom tasks, in every command."""

import json

import pytest
import yaml
from click.testing import CliRunner

from webhook.adapters.annotations.names import PIPELINE_SELECTORS, RUN_SELECTORS
from webhook.cli.main import commands

REGISTRY = {
    "id": "minio",
    "product": "minio",
    "services": [{"id": "s3", "endpoints": [{"url": "http://minio", "configuration": {"S3": "there"}}]}],
}
ASKS = "{extensions: [{name: store, product: minio}]}"
LOOP = {"apiVersion": "custom.tekton.dev/v1alpha1", "kind": "PipelineLoop"}
WAIT = {"apiVersion": "wait.example.com/v1", "kind": "Wait"}
TASK = {"steps": [{"name": "main", "image": "i"}]}
BLOCK = [{"name": "store", "product": "minio"}]


@pytest.fixture
def fuseml(tmp_path):
    (tmp_path / "registry").mkdir()
    (tmp_path / "registry/minio.yaml").write_text(yaml.safe_dump(REGISTRY))
    file = tmp_path / "f.yaml"

    def run(command, *objects, args=()):
        file.write_text(yaml.safe_dump_all(objects, sort_keys=False))
        options = [] if command == "lint" else ["--registry", str(tmp_path / "registry")]
        result = CliRunner().invoke(commands, [command, str(file), *options, *args])
        result.text = result.output.replace(f"{file}", "f.yaml")
        return result

    return run


def workflow(text, *templates, **spec):
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "demo", "annotations": {RUN_SELECTORS: text}},
        "spec": {"entrypoint": "main", "templates": list(templates), **spec},
    }


def library(*templates, **annotations):
    metadata = {"name": "library", "annotations": annotations}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "WorkflowTemplate",
        "metadata": metadata,
        "spec": {"templates": list(templates)},
    }


def calls(template, **call):
    step = {"name": "run", "templateRef": {"name": "library", "template": template}, **call}
    return {"name": "main", "steps": [[step]]}


def pipeline_run(text, *tasks):
    return {
        "apiVersion": "tekton.dev/v1",
        "kind": "PipelineRun",
        "metadata": {"name": "demo", "annotations": {RUN_SELECTORS: text} if text else {}},
        "spec": {"pipelineSpec": {"tasks": list(tasks)}},
    }


COMPUTED = {
    "an item": calls("{{item}}", withItems=["a", "b"]),
    "a parameter": calls("{{inputs.parameters.name}}"),
    "a part of a name": calls("train-{{workflow.parameters.kind}}"),
    "an expression": calls("{{= inputs.parameters.big ? 'a' : 'b'}}"),
    "a task of a dag": {"name": "main", "dag": {"tasks": calls("{{item}}")["steps"][0]}},
    "a hook": {
        "name": "main",
        "steps": [[{"name": "run", "template": "x", "hooks": {"exit": calls("{{x}}")["steps"][0][0]}}]],
    },
}


@pytest.mark.parametrize("name", COMPUTED)
def test_every_step_needs_no_name_of_a_template(fuseml, name):
    obj = workflow(f"'*': {ASKS}", COMPUTED[name])

    assert fuseml("lint", obj).exit_code == 0
    shown = fuseml("preview", obj, args=["-o", "json"])
    assert shown.exit_code == 0
    admitted = json.loads(shown.stdout)
    assert yaml.safe_load(admitted["spec"]["podMetadata"]["annotations"][RUN_SELECTORS]) == {"*": yaml.safe_load(ASKS)}


@pytest.mark.parametrize("key", ["run", "run/*", "'{{item}}'", "'{{item}}/main'"])
@pytest.mark.parametrize("command", ["lint", "preview", "explain"])
def test_a_key_that_names_a_computed_template_is_refused_alike_by_all_commands(fuseml, command, key):
    result = fuseml(command, workflow(f"{key}: {ASKS}", COMPUTED["an item"]))

    assert result.exit_code == 1
    assert (
        "the template that templates[main].steps[run] calls is computed ('{{item}}'); only '*' names its steps"
        in result.text
    )


def test_another_key_learns_what_it_may_not_reach(fuseml):
    result = fuseml("lint", workflow(f"train: {ASKS}", COMPUTED["an item"]))

    assert (
        "f.yaml:6: annotation extensions.fuseml.org/run-selectors:1:1: no step is 'train'; there are none; "
        in result.text
    )
    assert "calls is computed ('{{item}}'): only '*' names every step that they have" in result.text


NOT_MEANT = {
    "a template that calls others": (
        workflow(f"flow: {ASKS}", calls("flow")),
        library(
            {"name": "flow", "steps": [[{"name": "a", "template": "work"}]]},
            {"name": "work", "container": {"image": "i"}},
        ),
        "flow/*",
    ),
    "a template of a workflowTemplateRef": (
        workflow(f"wrok: {ASKS}", workflowTemplateRef={"name": "library"}),
        library({"name": "work", "container": {"image": "i"}}),
        "wrok",
    ),
    "a task of a pipelineRef": (
        {**pipeline_run(f"trian/main: {ASKS}"), "spec": {"pipelineRef": {"name": "p"}}},
        {
            "apiVersion": "tekton.dev/v1",
            "kind": "Pipeline",
            "metadata": {"name": "p"},
            "spec": {"tasks": [{"name": "train", "taskSpec": TASK}]},
        },
        "trian/main",
    ),
}


@pytest.mark.parametrize("command", ["preview", "explain"])
@pytest.mark.parametrize("name", NOT_MEANT)
def test_a_key_that_means_none_of_the_expected_pods_is_said(fuseml, name, command):
    run, definition, key = NOT_MEANT[name]

    result = fuseml(command, run, definition)

    assert f"annotation {RUN_SELECTORS}: '{key}' reaches nothing: none of its pods is meant by it" in result.text


@pytest.mark.parametrize("command", ["preview", "explain"])
def test_nothing_is_said_of_keys_while_a_definition_is_unknown(fuseml, command):
    result = fuseml(command, NOT_MEANT["a template that calls others"][0])

    assert "reaches nothing" not in result.text


def loop_of(task):
    """A custom task with *task* in its own spec, as kfp-tekton compiles it."""
    return {**LOOP, "spec": {"pipelineSpec": {"tasks": [{"name": "train", "taskSpec": task}]}}}


EMBEDDED = {
    "a step of a loop": loop_of({"steps": [{"name": "main", "extensions": BLOCK}]}),
    "a task of a loop": loop_of({"extensions": BLOCK, "steps": [{"name": "main"}]}),
    "a TaskLoop": {
        "apiVersion": "custom.tekton.dev/v1alpha1", "kind": "TaskLoop",
        "spec": {"taskSpec": {"steps": [{"name": "main", "extensions": BLOCK}]}},
    },
    "a kind that nobody knows": {**WAIT, "spec": {"extensions": BLOCK}},
}  # fmt: skip


@pytest.mark.parametrize("command", ["lint", "preview", "explain"])
@pytest.mark.parametrize("name", EMBEDDED)
def test_a_block_within_a_custom_task_is_refused_where_it_stands(fuseml, name, command):
    result = fuseml(command, pipeline_run("", {"name": "each", "taskSpec": EMBEDDED[name]}))

    assert result.exit_code == 1
    assert "tasks[each].taskSpec.spec: 'extensions' is not read here" in result.text
    if command == "lint":
        line = int(result.text.partition("f.yaml:")[2].partition(":")[0])
        assert line > 10, "it is that of the block"


@pytest.mark.parametrize(
    "spec", [{"extensions": ["a", "b"]}, {"extensions": [{"name": "tls"}]}, {"extensions": {"product": "x"}}]
)
def test_what_a_custom_task_calls_extensions_itself_is_let_alone(fuseml, spec):
    result = fuseml("lint", pipeline_run("", {"name": "each", "taskSpec": {**WAIT, "spec": spec}}))

    assert result.exit_code == 0


@pytest.mark.parametrize("beside", [(), ({"name": "own", "taskSpec": TASK},)], ids=["alone", "beside a task"])
@pytest.mark.parametrize("how", ["taskRef", "taskSpec"])
def test_a_custom_task_that_is_not_reached_is_named(fuseml, how, beside):
    task = {"name": "each", how: WAIT if how == "taskSpec" else {**WAIT, "name": "w"}}
    obj = pipeline_run(f"'*': {ASKS}", task, *beside)

    for command in ("lint", "preview", "explain"):
        result = fuseml(command, obj)

        assert result.exit_code == 0, result.text
        assert (
            "annotation extensions.fuseml.org/run-selectors:1:1: '*' does not reach all: tasks[each] is a custom task"
            " (Wait), which has no steps" in result.text
        )


@pytest.mark.parametrize("kind", ["PipelineLoop", "TaskLoop"])
def test_what_a_loop_passes_on_is_left_for_its_pods(fuseml, kind):
    obj = pipeline_run(f"'*': {ASKS}", {"name": "each", "taskSpec": {**LOOP, "kind": kind, "spec": {}}})

    shown = fuseml("preview", obj, args=["-o", "json"])

    assert shown.exit_code == 0
    assert "does not reach" not in shown.text
    assert yaml.safe_load(json.loads(shown.stdout)["metadata"]["annotations"][RUN_SELECTORS]) == {
        "*": yaml.safe_load(ASKS)
    }
    refused = fuseml("lint", pipeline_run(f"each/train: {ASKS}", *obj["spec"]["pipelineSpec"]["tasks"]))
    assert "are created by the controller of PipelineLoop; only '*' names them" in refused.text.replace(
        kind, "PipelineLoop"
    )


def test_an_expression_within_a_custom_task_is_warned_about(fuseml):
    task = loop_of({"steps": [{"name": "main", "script": "echo << extension.store.url >>"}]})

    result = fuseml("preview", pipeline_run(f"'*': {ASKS}", {"name": "each", "taskSpec": task}))

    assert "tasks[each].taskSpec.spec: expressions are not expanded here" in result.text


DEFINITION = {PIPELINE_SELECTORS: f"'*': {ASKS}"}


def test_a_definition_learns_which_steps_its_annotation_does_not_reach(fuseml):
    obj = library(calls("flow"), {"name": "own", "container": {"image": "i"}}, **DEFINITION)

    for command in ("lint", "preview", "explain"):
        result = fuseml(command, obj)

        assert result.exit_code == 0, result.text
        assert "'*' does not reach all: the steps of templates[main].steps[run] are in another object" in result.text
