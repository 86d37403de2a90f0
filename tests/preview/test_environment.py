"""``preview -o env``: what the process of each step will see and where each variable comes from, each step once."""

import pytest

from registry.records import codec
from registry.resolving.index import Index
from registry.resolving.selectors import Consumer
from webhook.mutation.settings import Settings
from webhook.objects import manifests
from webhook.preview.definitions import Definitions
from webhook.preview.previewer import Previewer

ME = Consumer(project="ml")
SERVICE = {"id": "s", "configuration": {"A": "given", "B": "given"}}
INDEX = Index([codec.decode({"id": "minio", "product": "minio", "services": [SERVICE]})])
BLOCK = "extensions: [{name: store, product: minio}]"


def environment(text):
    """What is shown for the objects of *text*, which must not be refused."""
    definitions = Definitions(lambda _: "", None)
    definitions.add(text.splitlines(keepends=True))
    previewer = Previewer(INDEX, lambda _: ME, Settings(), "env", definitions.seen_from)
    documents = list(previewer.show(text.splitlines(keepends=True), "x"))
    assert [error for document in documents for error in document.errors] == []
    return "".join(document.text for document in documents)


def task_run(spec, **more):
    api = {"apiVersion": "tekton.dev/v1", "kind": "TaskRun", "metadata": {"name": "r"}}
    return manifests.dump({**api, "spec": {"taskSpec": spec, **more}})


def workflow(spec):
    api = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": "r"}}
    return manifests.dump({**api, "spec": spec})


def own(name, value="mine"):
    return [{"name": name, "value": value}]


ASKING = {"name": "main", "image": "i", "extensions": [{"name": "store", "product": "minio"}]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            task_run({"stepTemplate": {"env": [*own("A"), *own("B")]}, "steps": [ASKING]}),
            "# TaskRun/r steps[main]\nA=mine  # stepTemplate\nB=mine  # stepTemplate\n",
            id="all-from-the-template",
        ),
        pytest.param(
            task_run({"stepTemplate": {"env": own("A")}, "steps": [{"name": "main", "env": own("A", "nearer")}]}),
            "# TaskRun/r steps[main]\nA=nearer  # its own env\n",
            id="step-that-asks-for-nothing",
        ),
        pytest.param(
            task_run({"steps": [{**ASKING, "env": own("A")}]}, podTemplate={"env": own("A", "pods")}),
            "# TaskRun/r steps[main]\nB=given  # selector 'store'\nA=pods  # podTemplate\n",
            id="pod-template",
        ),
        pytest.param(
            task_run({"steps": [{**ASKING, "envFrom": [{"secretRef": {"name": "more"}}]}]}),
            "# TaskRun/r steps[main]\nA=given  # selector 'store'\nB=given  # selector 'store'\n"
            "# envFrom: Secret 'more' is not read here\n",
            id="env-from",
        ),
        pytest.param(
            task_run({"steps": [{**ASKING, "extensions": [{**ASKING["extensions"][0], "inject": False}]}]}),
            "# TaskRun/r steps[main]\n",
            id="nothing",
        ),
        pytest.param(
            workflow(
                {
                    "templateDefaults": {"container": {"env": [*own("A"), *own("C")]}},
                    "podSpecPatch": "containers: [{name: main, env: [{name: C, value: '{{workflow.name}}'}]}]",
                    "templates": [{"name": "t", "container": ASKING}],
                }
            ),
            "# Workflow/r templates[t]\nA=mine  # templateDefaults.container\nC='{{workflow.name}}'  # podSpecPatch\n"
            "B=given  # selector 'store'\n",
            id="defaults-and-patch",
        ),
    ],
)
def test_variables_are_shown_with_where_they_come_from(text, expected):
    assert environment(text) == expected


# Inline steps beside references, for which the annotation goes on to all pods of the run.
TEKTON = """
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata:
  name: r
  annotations: {extensions.fuseml.org/run-selectors: '"*": {extensions: [{name: store, product: minio}]}'}
spec:
  taskRunSpecs: [{pipelineTaskName: other, podTemplate: {env: [{name: B, value: pod}]}}]
  pipelineSpec:
    tasks:
      - name: here
        taskSpec: {stepTemplate: {env: [{name: B, value: template}]}, steps: [{name: main, image: i}]}
      - {name: other, taskRef: {name: library}}
---
apiVersion: tekton.dev/v1
kind: Task
metadata: {name: library}
spec: {steps: [{name: main, image: i}]}
"""
ARGO = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata:
  name: r
  annotations: {extensions.fuseml.org/run-selectors: '"*": {extensions: [{name: store, product: minio}]}'}
spec:
  podSpecPatch: 'containers: [{name: main, env: [{name: B, value: patch}]}]'
  templates:
    - name: all
      steps:
        - - {name: a, template: here}
          - {name: b, templateRef: {name: library, template: shared}}
          - {name: c, inline: {container: {image: i}}}
    - {name: here, container: {image: i}}
---
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: library}
spec: {templates: [{name: shared, container: {image: i, env: [{name: C, value: own}]}}]}
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            TEKTON,
            "# PipelineRun/r tasks[here].steps[main]\nB=template  # stepTemplate\nA=given  # selector 'store'\n"
            "# PipelineRun/r tasks[other] (Task 'library') container step-main\n"
            "A=given  # selector 'store'\nB=pod  # taskRunSpecs[0].podTemplate\n",
            id="tekton",
        ),
        pytest.param(
            ARGO,
            "# Workflow/r templates[all].steps[c].inline\nA=given  # selector 'store'\nB=patch  # podSpecPatch\n"
            "# Workflow/r templates[here]\nA=given  # selector 'store'\nB=patch  # podSpecPatch\n"
            "# Workflow/r templates[shared] (WorkflowTemplate 'library') container main\n"
            "A=given  # selector 'store'\nC=own  # its own env\nB=patch  # podSpecPatch\n",
            id="argo",
        ),
    ],
)
def test_each_step_is_shown_once(text, expected):
    assert sorted(environment(text).splitlines()) == sorted(expected.splitlines())
    assert environment(text).count("# selector 'store'") == expected.count("# selector 'store'")
