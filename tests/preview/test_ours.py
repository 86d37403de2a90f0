"""What is meant for us is found, and nothing is said about the files of other tools."""

import json
from itertools import pairwise

import pytest

from webhook.preview import lint

FOREIGN = {
    "compose": "services:\n  db: {image: postgres:16, ports: ['5432:5432']}\nvolumes: {data: {}}\n",
    "compose-with-version": "version: '3'\nname: x\nservices:\n  db: {image: a}\n",
    "travis": "language: python\nservices: [docker, mysql]\n",
    "gitlab-ci": "image: a\nservices:\n  - name: postgres:16\n    alias: db\ntest: {script: [make]}\n",
    "gitlab-reference": "test:\n  script:\n    - !reference [.setup, script]\n",
    "github-workflow": "on: push\njobs: {a: {runs-on: x, services: {db: {image: a}}, steps: [{uses: a/b@v1}]}}\n",
    "github-action": "name: a\nruns: {using: composite, steps: [{run: a, shell: bash}]}\n",
    "render": "services:\n  - type: web\n    name: app\n    env: docker\n",
    "kong": "_format_version: '3.0'\nservices:\n  - name: a\n    url: http://a\n    routes: [{name: r}]\n",
    "digitalocean": "name: app\nregion: fra\nservices:\n  - name: api\n    github: {repo: a/b}\n",
    "service-list-with-ids": "id: P1\ntype: team\nsummary: x\nself: y\nservices: [{id: a, type: b}]\n",
    "product-catalogue": '[{"id": "1", "product": "lamp", "price": "3"}, {"id": "1", "product": "chair"}]',
    "product-as-a-map": "id: 7\nproduct: {name: lamp}\nversion: 1\n",
    "cloudformation": "Resources:\n  A: {Type: X, Properties: {B: !Ref C, D: !GetAtt [E, F]}}\n",
    "helm-values": "product: x\nimage: {tag: y}\nservice: {port: 80}\nresources: {}\n",
    "helm-template": "apiVersion: v1\nkind: Service\nmetadata:\n  name: {{ .Values.name }}\n",
    "helm-template-with-blocks": "{{- if .Values.on }}\nkind: Service\n{{- end }}\n",
    "json-with-comments": '{\n  // a comment\n  "extensions": ["a.b"],\n}\n',
    "azure-pipeline": "trigger: [main]\nsteps:\n  - script: make\n    displayName: a\n",
    "steps-of-another-tool": "steps:\n  - name: php\n    extensions: [mbstring, intl]\n",
    "woodpecker": "steps:\n  - name: a\n    image: b\n    commands: ['echo << extensions >> out']\n",
    "top-level-extensions": "steps: []\nextensions: [a, b]\n",
    "mkdocs-with-tags": "markdown_extensions:\n  - x: !!python/name:a.b\n",
    "another-extension": "apiVersion: kubesphere.io/v1alpha1\nkind: Extension\nmetadata: {name: a}\nspec: {a: b}\n",
    "crd-with-repeated-keys": "a: 1\na: 2\n",
    "tab": "a:\n\t- b\n",
    "alias-without-anchor": "a: *b\n",
    "key-that-is-null": "~: a\n",
    "deep": "[" * 1000,
    "bomb": "a: &a [x, x]\n"
    + "".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in pairwise("abcdefghijk")),
    "notebook": json.dumps({"cells": [{"cell_type": "code", "source": ["print(1 << 2)"]}], "nbformat": 4}),
    "package-lock": json.dumps({"name": "a", "lockfileVersion": 3, "packages": {"": {"version": "1.0.0"}}}),
    "kustomization": "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml]\n",
    "json-patch": "- op: add\n  path: /spec/a\n  value: {name: x, product: z}\n",
    "tekton-that-does-not-ask": "apiVersion: tekton.dev/v1\nkind: TaskRun\nspec: {taskSpec: {steps: [{a: a, a: a}]}}\n",
    "empty": "",
    "only-comments": "# extensions: product, services\n",
    "text": "services, product\n",
}  # fmt: skip


@pytest.mark.parametrize("text", FOREIGN.values(), ids=FOREIGN)
def test_files_of_other_tools_are_passed_over(text):
    checked = lint.check(text, "file")

    assert (checked.extensions, checked.problems) == ([], [])
    assert checked.passed_over


def placed(text):
    return [f"{p.line}: {p.message}" for p in lint.check(text, "file").problems]


STEP = "apiVersion: tekton.dev/v1\nkind: TaskRun\nspec:\n  taskSpec:\n    steps:\n    - name: a\n      extensions: "
OURS = {
    "record-with-a-misspelt-field": (
        "id: a\nproduct: b\nversions: c\n",
        ["3: unknown field 'versions'; did you mean 'version'?"],
    ),
    "record-without-id-and-product": (
        "services: [{resource: s3, endpoints: [{uri: x}]}]\n",
        ["1: is required", "1: unknown field 'uri'; did you mean 'url'?"],
    ),
    "services-as-a-map": ("product: a\nservices: {b: {}}\n", ["2: expected a list, got a map"]),
    "tag-in-a-record": (
        "product: a\nversion: !b c\nservices: []\n",
        ["2: YAML reads what begins with '!' as a type; put it in quotes"],
    ),
    "second-document": (
        "services: {db: {image: a}}\n---\nid: a\nproduct: b\nzone: [c]\n",
        ["5: expected text, got a list"],
    ),
    "after-a-document-that-cannot-be-read": (
        "a: [\n---\nid: a\nproduct: b\nzone: [c]\n",
        ["5: expected text, got a list"],
    ),
    "record-that-cannot-be-read": (
        "id: a\nproduct: b\nservices:\n\t- id: c\n",
        ["4: invalid YAML: found character that cannot start any token"],
    ),
    "annotation-that-cannot-be-read": (
        "metadata:\n  annotations:\n    extensions.fuseml.org/run-selectors: {{\n",
        ["3: invalid YAML: did not find expected node content"],
    ),
    "extension-of-another-version": (
        "apiVersion: fuseml.org/v2\nkind: Extension\n",
        ["1: expected fuseml.org/v1alpha1, got 'fuseml.org/v2'"],
    ),
    "block": (
        STEP + "[mlflow]\n",
        ["7: steps[a]: extensions[0]: expected a map such as {name: store, product: mlflow}"],
    ),
    "block-of-strings-beside-an-image": (
        "steps:\n- {name: a, image: b, extensions: [mlflow]}\n",
        ["2: steps[a]: extensions[0]: expected a map such as {name: store, product: mlflow}"],
    ),
    "key-that-stands-twice-beside-a-block": (
        STEP + "[{name: x, product: z}]\n      image: a\n      image: b\n",
        ["9: 'image' occurs twice in this map"],
    ),
    "expression": (
        "steps:\n- {name: a, args: ['<< extension.x.url >>']}\n",
        ["2: steps[a].args[0]: \"<< extension.x.url >>\": no selector is named 'x' here; there are no selectors"],
    ),
    "item-of-a-list": (
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n- apiVersion: fuseml.org/v1alpha1\n"
        "  kind: Extension\n  metadata: {name: a}\n  spec:\n    products: b\n",
        ["10: unknown field 'products'; did you mean 'product'?"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "problems"), OURS.values(), ids=OURS)
def test_what_is_meant_for_us_is_judged(text, problems):
    assert placed(text) == problems
    assert lint.check(text, "file").passed_over == ""


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("id: a\nproduct: b\nservices: []\n", id="record"),
        pytest.param("[{id: a, services: []}]", id="record-in-a-list"),
        pytest.param("product: a\nversion: 1.10\n", id="record-without-services"),
        pytest.param("product: ~\nservices:\n- {id: a, category: b}\n", id="empty-product"),
        pytest.param(STEP + "[{name: x, product: z}]\n", id="block"),
        pytest.param(
            "apiVersion: fuseml.org/v1alpha1\nkind: Extension\nmetadata: {name: a}\nspec: {}\n", id="extension"
        ),
    ],
)
def test_what_is_meant_for_us_and_right_is_not_passed_over(text):
    checked = lint.check(text, "file")

    assert (checked.problems, checked.passed_over) == ([], "")


def test_template_of_helm_is_passed_over_with_advice():
    template = "{{- if .Values.on }}\nmetadata:\n  annotations: {extensions.fuseml.org/run-selectors: x}\n{{- end }}\n"

    checked = lint.check(template, "file")

    assert checked.problems == []
    assert checked.passed_over == "a template of Helm; check what it renders: helm template CHART | fuseml lint -"
