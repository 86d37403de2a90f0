"""Who misspells what we read is told the right spelling, by every command and at admission; others hear nothing."""

import json

import pytest
from click.testing import CliRunner

from tests.plausible_runs import INDEX, ME
from webhook.adapters.annotations.names import PREFIX, RUN_SELECTORS
from webhook.cli.main import commands
from webhook.errors import RefusedError
from webhook.mutation.mutate import mutate
from webhook.objects import manifests
from webhook.preview.lint import check

ASKS = "'*': {extensions: [{name: t, product: mlflow}]}"
BLOCK = [{"name": "t", "product": "mlflow"}]


def task_run(step=None, **metadata):
    steps = [{"name": "a", "image": "i", **(step or {})}]
    return {
        "apiVersion": "tekton.dev/v1",
        "kind": "TaskRun",
        "metadata": metadata,
        "spec": {"taskSpec": {"steps": steps}},
    }


def workflow(template=None, **spec):
    templates = [{"name": "m", "container": {"image": "i"}, **(template or {})}]
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {},
        "spec": {"templates": templates, **spec},
    }


def deployment(**of_pods):
    template = {"metadata": of_pods, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"template": template}}


def linted(obj):
    return [problem.message for problem in check(manifests.dump(obj), "file").problems]


PREFIXES = {
    "extension.fuseml.org/run-selectors": "run-selectors",
    "extensions.fuseml.io/run-selectors": "run-selectors",
    "extentions.fuseml.org/task-selectors": "task-selectors",
    "extensions.fusml.org/pod-selectors": "pod-selectors",
    "extensions.fuseml.com/run-selector": "run-selectors",
    "Extensions.fuseml.org/run-selectors": "run-selectors",
    "extensions.fuseml.org.run-selectors": "run-selectors",
    "extensions-fuseml.org/pipeline-selectors": "pipeline-selectors",
    "extension.fuseml.org/anything": "run-selectors",
    "fuseml.org/run-selectors": "run-selectors",
    "fuseml.io/run_selectors": "run-selectors",
    "fuseml/task-selector": "task-selectors",
    "run-selectors": "run-selectors",
    "tekton.dev/run-selectors": "run-selectors",
}


@pytest.mark.parametrize(("key", "meant"), PREFIXES.items(), ids=PREFIXES)
@pytest.mark.parametrize(
    "make", [task_run, lambda annotations: workflow(podMetadata={"annotations": annotations}), deployment]
)
def test_annotation_that_is_nearly_ours(key, meant, make):
    obj = make(annotations={key: ASKS})

    (message,) = linted(obj)
    assert message.endswith(f"annotation {key} is not read: write {PREFIX}{meant}")
    assert list(mutate(obj, INDEX, ME).warnings) == [message]


@pytest.mark.parametrize(
    "key",
    [
        *("tekton.dev/pipelines.minVersion", "extensions.istio.io/plugin", "extensions/v1beta1", "fuseml.org/owner"),
        *("fuseml/codeset-name", "kubectl.kubernetes.io/last-applied-configuration", "run-selector", "pod-selectors"),
        *("extensions.gardener.cloud/operation", "apiextensions.k8s.io/approved"),
    ],
)
def test_annotations_of_others(key):
    assert linted(task_run(annotations={key: "text"})) == []
    assert linted(deployment(annotations={key: "text"})) == []


def test_unknown_annotation_of_ours_has_the_message_that_it_had():
    (message,) = linted(task_run(annotations={PREFIX + "run-selector": ASKS}))

    assert message == f"unknown annotation {PREFIX}run-selector; did you mean {RUN_SELECTORS}?"


BLOCKS = [
    "extension",
    "Extensions",
    "extentions",
    "extenions",
    "fuseml_extensions",
    "fuseml-extensions",
    "fusemlExtensions",
]
BLOCKS += ["extensions.fuseml.org", "x-extensions", "EXTENSION"]
HOLDERS = {
    "step": (task_run, "steps[a]"),
    "task": (
        lambda block: {**task_run(), "spec": {"taskSpec": {**task_run()["spec"]["taskSpec"], **block}}},
        "taskSpec",
    ),
    "run": (lambda block: {**task_run(), "spec": {**task_run()["spec"], **block}}, "spec"),
    "template": (workflow, "templates[m]"),
    "container": (lambda block: workflow({"container": {"image": "i", **block}}), "templates[m]"),
    "workflow": (lambda block: workflow(**block), "spec"),
    "container set": (
        lambda block: workflow({"container": None, "containerSet": {"containers": [{"name": "c", **block}]}}),
        "templates[m].containers[c]",
    ),
    "step of FuseML": (lambda block: {"name": "w", "steps": [{"name": "a", "image": "i", **block}]}, "steps[a]"),
}


@pytest.mark.parametrize("key", BLOCKS)
@pytest.mark.parametrize(("make", "where"), HOLDERS.values(), ids=HOLDERS)
def test_block_that_is_nearly_one(key, make, where):
    assert linted(make({key: BLOCK})) == [f"{where}: write extensions, not {key!r}: nothing is read there"]


OTHERS = {
    "a parameter": {"params": [{"name": "extension", "value": "tgz"}]},
    "a variable": {"env": [{"name": "extension", "value": "tgz"}]},
    "a text": {"extension": "tgz"},
    "labels": {"labels": {"extension": "x"}},
    "another word": {"extended": [{"name": "a"}], "externals": [{"name": "a"}], "expansions": [{"name": "a"}]},
}


@pytest.mark.parametrize("part", OTHERS.values(), ids=OTHERS)
def test_words_that_only_look_like_it(part):
    assert linted(task_run(part)) == []
    assert linted(workflow(part)) == []


@pytest.mark.parametrize(
    "document",
    [
        {"steps": [{"name": "a", "extension": [{"name": "x", "version": "1"}]}]},
        {"steps": [{"uses": "setup-php", "with": {"extension": ["mbstring"]}}]},
        {"steps": [{"script": "echo ${{ matrix.extension.x.url }} << extensin.x.url >>"}]},
        {"extension": {"name": "x"}, "extensions": ["a"]},
        {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "{{ extension.x.url }} << extensin.x.url >>"}},
        {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "spec": {"extension": [{"name": "a"}]}},
    ],
)
def test_documents_of_other_tools(document):
    assert linted(document) == []


def test_expressions_are_judged_by_the_names_in_misspelt_blocks_too():
    values = {"A": "<< t.url >>", "B": "<< extension.t.url", "C": "{{ extension.t.url }}"}
    step = {"extension": BLOCK, "env": [{"name": name, "value": value} for name, value in values.items()]}

    assert linted(task_run(step)) == [
        "steps[a]: write extensions, not 'extension': nothing is read there",
        *(
            f'steps[a].env[{i}].value: write "<< extension.t.url >>", not "{value}", which stays as it is'
            for i, value in enumerate(values.values())
        ),
    ]


def test_variable_in_an_annotation_is_judged_at_its_line():
    annotation = (
        "a:\n  extensions: [{name: t, product: mlflow}]\n  env:\n  - {name: A, value: '{{ extension.t.url }}'}\n"
    )
    obj = task_run(annotations={RUN_SELECTORS: annotation})

    (problem,) = check(manifests.dump(obj), "file").problems
    assert problem.line == 9
    assert problem.message.startswith(f'annotation {RUN_SELECTORS}:4:23: write "<< extension.t.url >>", not ')


def test_webhook_says_it_of_what_asks_and_nothing_of_what_does_not():
    env = {"env": [{"name": "A", "value": "<extension.t.url>"}]}
    meant = 'steps[a].env[0].value: write "<< extension.t.url >>", not "<extension.t.url>", which stays as it is'

    assert mutate(task_run(env), INDEX, ME).warnings == ()
    with pytest.raises(RefusedError) as refused:
        mutate(task_run({**env, "extensions": [{"name": "t", "product": "none"}]}), INDEX, ME)
    assert refused.value.warnings == (meant,)
    asking = task_run({**env, "extensions": [{"name": "t", "product": "none", "optional": True}]})
    assert mutate(asking, INDEX, ME).warnings == (meant,)
    assert linted(task_run(env)) == [meant]


def test_all_commands_say_the_same_at_the_same_line(tmp_path):
    file = tmp_path / "run.yaml"
    file.write_text(manifests.dump(task_run({"env": [{"name": "A", "value": "<extension.t.url>"}]}, name="r")))
    (tmp_path / "registry").mkdir()
    said = {}
    for command in ("lint", "preview", "explain"):
        options = [] if command == "lint" else ["--registry", str(tmp_path / "registry")]
        result = CliRunner().invoke(commands, [command, *options, str(file)])
        said[command] = next(line for line in result.output.splitlines() if "which stays" in line)

    assert said["lint"].startswith(f"{file}:12: steps[a].env[0].value: write ")
    assert said["preview"] == said["explain"]
    assert said["preview"] == f"warning: {said['lint'].replace(': steps', ': TaskRun/r: steps', 1)}"


def test_many_are_cut():
    env = [{"name": f"A{i}", "value": "<extension.t.url>"} for i in range(1000)]

    assert len(linted(task_run({"env": env}))) == 20


def test_odd_values_do_no_harm():
    odd = json.loads(
        '{"annotations": {"extension.fuseml.org/run-selectors": null, "a": [1]}, "labels": [null], "extension": 1}'
    )

    assert len(linted({**task_run(odd), "metadata": odd})) == 2
