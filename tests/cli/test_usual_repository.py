"""A hook of pre-commit gives lint all files of a repository: it says only what is ours."""

# ruff: noqa: E501 - each file is one line

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from webhook.cli.main import commands

USUAL = {
    "docker-compose.yml": "services:\n  db: {image: postgres:16, ports: ['5432:5432']}\n  app: {build: ., extends: {service: db}}\n",
    "compose.override.yaml": "version: '3.9'\nservices:\n  app:\n    environment: {A: b}\n    x-y: &z [a]\n    w: *z\n",
    ".github/workflows/ci.yml": "on: {push: {branches: [main]}}\njobs:\n  test:\n    runs-on: ubuntu\n    services: {redis: {image: redis}}\n"
    "    steps:\n      - uses: actions/checkout@v4\n      - run: echo ${{ matrix.x }} << EOF\n",
    ".github/actions/setup/action.yml": "name: a\nruns:\n  using: composite\n  steps:\n    - {uses: shivammathur/setup-php@v2, with: {extensions: mbstring}}\n",
    ".gitlab-ci.yml": "image: a\nservices:\n  - name: docker:dind\n    alias: docker\ntest:\n  script:\n    - !reference [.a, script]\n",
    ".travis.yml": "services: [docker]\nscript: make\n",
    "azure-pipelines.yml": "trigger: [main]\nsteps:\n- script: make\n  displayName: x\n",
    "bitbucket-pipelines.yml": "pipelines: {default: [{step: {services: [docker], script: [make]}}]}\n",
    "buildkite.yml": "steps:\n  - label: a\n    command: make\n",
    "render.yaml": "services:\n  - type: web\n    name: app\n    env: docker\n    plan: free\n",
    "kong.yml": "_format_version: '3.0'\nservices:\n  - name: a\n    url: http://a\n",
    "cloudbuild.yaml": "steps:\n- name: gcr.io/a\n  args: [build]\n",
    "template.yaml": "AWSTemplateFormatVersion: '2010-09-09'\nResources: {A: {Type: X, P: !Ref B}}\n",
    "mkdocs.yml": "theme: x\nmarkdown_extensions:\n  - a: {b: !!python/name:c.d ''}\n",
    ".vscode/settings.json": '{\n  // comments\n  "editor.tabSize": 2,\n}\n',
    ".vscode/extensions.json": '{\n  // comments\n  "recommendations": ["a.b"],\n}\n',
    ".devcontainer/devcontainer.json": '{\n  // comments\n  "image": "x",\n  "extensions": ["a.b", "c.d"],\n}\n',
    "tsconfig.json": '{\n  /* comments */\n  "extends": "./a",\n  "compilerOptions": {},\n}\n',
    "package.json": json.dumps({"name": "a", "version": "1.0.0", "product": "x", "scripts": {"a": "b"}}),
    "package-lock.json": json.dumps(
        {"name": "a", "lockfileVersion": 3, "packages": {f"node_modules/p{i}": {"version": "1.0.0"} for i in range(300)}}
    ),
    "product.json": json.dumps({"nameShort": "a", "product": "b", "version": "1", "extensionsGallery": {}}),
    "fixtures/products.json": json.dumps([{"id": str(i), "product": "lamp", "price": "3"} for i in range(2)]),
    "fixtures/more-products.json": json.dumps([{"id": "1", "product": "lamp", "price": "3"}]),
    "chart/Chart.yaml": "apiVersion: v2\nname: a\nversion: 0.1.0\n",
    "chart/values.yaml": "product: x\nservice: {type: ClusterIP}\nimage: {tag: ''}\n",
    "chart/templates/deployment.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ .Values.name }}\n"
    "  labels: {{- include \"a.labels\" . | nindent 4 }}\n",
    "chart/templates/_helpers.tpl.yaml": '{{- define "a.labels" -}}\na: b\n{{- end }}\n',
    "chart/templates/run.yaml": "{{- if .Values.run }}\napiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata:\n  annotations:\n"
    "    extensions.fuseml.org/run-selectors: |\n      main: {extensions: [{name: {{ .Values.name }}}]}\n{{- end }}\n",
    "base/kustomization.yaml": "resources: [template.yaml]\n",
    "base/template.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: WorkflowTemplate\nmetadata: {name: library}\n"
    "spec: {templates: [{name: train, container: {image: a}}]}\n",
    "overlay/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [../base]\n"
    "patches:\n- {path: asking.yaml}\n- {path: json6902.yaml, target: {kind: A}}\n",
    "overlay/asking.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: WorkflowTemplate\nmetadata:\n  name: library\n  annotations:\n"
    "    extensions.fuseml.org/pipeline-selectors: |\n      train: {extensions: [{name: t, product: mlflow}]}\n",
    "overlay/json6902.yaml": "- op: replace\n  path: /spec/a\n  value: {name: b, product: c}\n",
    "overlay/delete.yaml": "$patch: delete\napiVersion: v1\nkind: Service\nmetadata: {name: a}\n",
    "deploy/list.yaml": "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: a}}\n- null\n",
    "deploy/crd.yaml": "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec: {names: {kind: Extension}}\n",
    "deploy/other-extension.yaml": "apiVersion: kubesphere.io/v1alpha1\nkind: Extension\nspec: {a: b}\n",
    "deploy/application.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: {source: {helm: {values: 'a: {{b}}'}}}\n",
    "deploy/task.yaml": "apiVersion: tekton.dev/v1\nkind: Task\nspec: {steps: [{name: a, image: b, script: 'cat <<EOF >>out'}]}\n",
    "notebooks/a.ipynb": json.dumps({"cells": [{"cell_type": "code", "source": ["x << 2"]}], "nbformat": 4}),
    "notebooks/checkpoint.json": json.dumps({"cells": [{"source": ["extensions"]}], "nbformat": 4}),
    "ansible/playbook.yml": "- hosts: all\n  tasks:\n  - {name: a, service: {name: b}}\n  - name: '{{ x }}'\n",
    "ansible/vault.yml": "$ANSIBLE_VAULT;1.1;AES256\n6162\n",
    "openapi.yaml": "openapi: 3.0.0\npaths: {/extensions: {get: {responses: {200: {description: a}}}}}\n",
    "locale.yaml": "no: nei\nyes: ja\n~: tom\n",
    "data/duplicate-keys.yaml": "a: 1\na: 2\n",
    "data/lines.json": '{"product": "a"}\n{"product": "b"}\n',
    "data/windows.yaml": "a: b\r\nc: d\r\n",
    "data/tabs.yaml": "a:\n\t- b\n",
    "empty.yaml": "",
    "empty.json": "",
}  # fmt: skip
BINARY = {
    "logo.png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR fuseml.org",
    "data/latin-1.yaml": b"a: caf\xe9\n",
    "data/utf-16.yaml": "a: b\n".encode("utf-16"),
    "data/utf-16-without-mark.json": '{"a": "b"}'.encode("utf-16-le"),
    "data/binary.yaml": bytes(range(256)),
}
# What is ours and right stands in the same repository.
OWN = {
    "registry/minio.yaml": "id: minio\nproduct: minio\nservices:\n- {id: s3, endpoints: [{url: http://minio}]}\n",
    "registry/extension.yaml": "apiVersion: fuseml.org/v1alpha1\nkind: Extension\nmetadata: {name: a}\nspec: {product: b}\n",
    "run.yaml": "apiVersion: tekton.dev/v1\nkind: TaskRun\nspec:\n  taskSpec:\n    steps:\n"
    "    - {name: a, extensions: [{name: x, product: minio}]}\n",
}


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A folder with all of these files; gives their names."""
    monkeypatch.chdir(tmp_path)
    for name, content in {**USUAL, **OWN, **BINARY}.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return [*USUAL, *OWN, *BINARY]


def lint(*args):
    result = CliRunner().invoke(commands, ["lint", *args])
    assert isinstance(result.exception, (SystemExit, type(None))), result.exc_info
    return result.exit_code, result.stdout, result.stderr


OURS = len(OWN) + len(["overlay/asking.yaml"])


def test_hook_says_nothing_about_a_usual_repository(repository):
    files = len(repository)

    assert lint(*repository) == (0, "", f"{files} files, 0 problems, {files - OURS} files passed over\n")


def test_folder_is_the_same_as_its_files(repository):
    code, output, errors = lint(".")

    assert (code, output) == (0, "")
    assert errors.endswith("files passed over\n")


def test_files_that_are_passed_over_are_listed_with_the_reason(repository):
    _, _, errors = lint("-v", *repository)

    listed = [line for line in errors.splitlines() if line.startswith("passed over: ")]
    assert len(listed) == len(repository) - OURS
    assert "passed over: docker-compose.yml: nothing in it is meant for extensions" in listed
    assert "passed over: data/tabs.yaml: line 2: invalid YAML: found character that cannot start any token" in listed
    assert "passed over: data/latin-1.yaml: is not UTF-8: byte 6, line 1; save it as UTF-8" in listed
    assert (
        "passed over: chart/templates/run.yaml: a template of Helm; check what it renders: "
        "helm template CHART | fuseml lint -"
    ) in listed


MISTAKES = {
    "registry/minio.yaml": ("product:", "prodct:", "registry/minio.yaml:2: prodct: unknown field 'prodct'"),
    "registry/extension.yaml": ("product: b", "products: b", "registry/extension.yaml:4: spec.products: unknown field"),
    "run.yaml": ("product", "prodct", "run.yaml:6: steps[a]: selector 'x': prodct: unknown field"),
    "overlay/asking.yaml": ("product", "prodct", "overlay/asking.yaml:7: annotation extensions.fuseml.org/pipeline-selectors"),
    "data/tabs.yaml": ("a:", "apiVersion: fuseml.org/v1alpha1\nb:", "data/tabs.yaml:3: invalid YAML"),
    "deploy/task.yaml": ("image: b", "image: b, args: ['<< extension.x.url >>']", "deploy/task.yaml:3: steps[a].args[0]"),
    "docker-compose.yml": ("services:", "id: a\nproduct: b\nzone: [c]\n---\nservices:", "docker-compose.yml:3: zone: expected text"),
    "deploy/list.yaml": ("- null", "- {apiVersion: fuseml.org/v1alpha1, kind: Extension}", "deploy/list.yaml:5: items[1].metadata.name"),
}  # fmt: skip


@pytest.mark.parametrize(("file", "change"), MISTAKES.items(), ids=MISTAKES)
def test_mistake_of_ours_is_found_among_them(repository, file, change):
    right, wrong, found = change
    path = Path(file)
    assert right in path.read_text()
    path.write_text(path.read_text().replace(right, wrong, 1))

    code, output, _ = lint(*repository)

    assert code == 1
    assert found in output
    assert {line.partition(":")[0] for line in output.splitlines()} == {file}
