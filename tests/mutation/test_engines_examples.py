"""Tekton's and Argo's own examples: untouched as they are, and still valid with selectors in every step."""

import json
import subprocess
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path

import jsonpatch
import pytest

from registry.records import codec
from registry.resolving.index import Index
from registry.resolving.selectors import Consumer
from tests.fakes.pods import argo_pod, container_of, tekton_pod
from webhook.adapters import layout_of
from webhook.adapters.annotations.names import RUN_SELECTORS, TASK_SELECTORS
from webhook.adapters.step import Engine
from webhook.mutation.mutate import mutate
from webhook.mutation.settings import Settings
from webhook.objects import manifests
from webhook.objects.walk import at
from webhook.preview.previewer import Previewer

MODULES = ["github.com/tektoncd/pipeline@v1.15.0", "github.com/argoproj/argo-workflows/v4@v4.0.2"]
ME = Consumer(project="default")
INDEX = Index(
    [
        codec.decode(
            {
                "id": "minio",
                "product": "minio",
                "services": [
                    {
                        "id": "s3",
                        "endpoints": [{"url": "http://minio", "configuration": {"FUSEML_TEST_URL": "http://minio"}}],
                        "credentials": [{"id": "c", "configuration": {"FUSEML_TEST_KEY": "key"}}],
                    }
                ],
            }
        )
    ]
)
INJECTED = ["FUSEML_TEST_URL", "FUSEML_TEST_KEY"]
STORE = {"name": "store", "product": "minio"}
URL = {"name": "FUSEML_TEST_OWN", "value": "<< extension.store.url >>"}


@cache
def example_files() -> list[Path]:
    """The examples that come inside of the engines' Go modules; kept in Go's own cache."""
    run = subprocess.run(
        ["go", "mod", "download", "-json", *MODULES], capture_output=True, text=True, timeout=300, cwd="/", check=False
    )
    assert run.returncode == 0, f"the engines' examples cannot be downloaded: {run.stderr}"
    decoder, text, folders = json.JSONDecoder(), run.stdout.strip(), []
    while text:
        module, end = decoder.raw_decode(text)
        folders.append(Path(module["Dir"]) / "examples")
        text = text[end:].lstrip()
    files = [f for folder in folders for f in sorted(folder.rglob("*")) if f.suffix in (".yaml", ".yml", ".json")]
    assert len(files) > 300
    return files


def lines(file: Path) -> list[str]:
    with file.open(newline="") as stream:
        return stream.readlines()


def objects() -> Iterator[dict]:
    for file in example_files():
        for document in manifests.load("".join(lines(file))):
            if isinstance(document.content, dict) and layout_of(document.content):
                yield document.content


def test_every_example_comes_out_of_preview_as_it_went_in():
    previewer = Previewer(INDEX, lambda obj: ME, Settings())
    count = 0

    for file in example_files():
        shown = list(previewer.show(lines(file), file.name))
        assert [error for s in shown for error in s.errors] == []
        assert "".join(s.text for s in shown) == "".join(lines(file)), file
        count += sum(s.count for s in shown)

    assert count > 500


def with_selectors(obj):
    """*obj* with a block in every step that can hold one; how many there are."""
    obj = deepcopy(obj)
    steps = [step for step in layout_of(obj).steps if step.env]
    for step in steps:
        at(obj, step.pointer)["extensions"] = [{"name": "store", "product": "minio"}]
        at(obj, step.pointer).setdefault("workingDir", "/<< extension.store.product >>")
    return obj, steps


@pytest.mark.parametrize("engine", [Engine.TEKTON, Engine.ARGO], ids=lambda e: e.value)
def test_every_step_of_every_example_can_ask(engine):
    asked = 0
    for obj in objects():
        if layout_of(obj).engine is not engine or layout_of(obj).is_definition:
            continue
        asking, steps = with_selectors(obj)

        result = jsonpatch.apply_patch(asking, [dict(op) for op in mutate(asking, INDEX, ME).ops])

        for step in steps:
            names = [entry["name"] for entry in at(result, step.env)]
            assert names[:2] == INJECTED
            assert at(result, (*step.pointer, "workingDir")) in ("/minio", at(obj, (*step.pointer, "workingDir")))
            assert "extensions" not in at(result, step.pointer)
            restored = at(result, step.env)[2:] or at(obj, step.env)
            assert restored == at(obj, step.env)
        assert not mutate(result, INDEX, ME).ops
        asked += len(steps)

    assert asked > 100


def with_annotation(obj):
    """*obj* with an annotation that names every step that can hold variables; which steps those are."""
    obj = deepcopy(obj)
    steps = [step for step in layout_of(obj).steps if step.env]
    asked = {step.key: {"extensions": [{"name": "store", "product": "minio"}], "env": [URL]} for step in steps}
    obj.setdefault("metadata", {}).setdefault("annotations", {})[RUN_SELECTORS] = manifests.dump(asked)
    for step in steps:
        at(obj, step.pointer).setdefault("workingDir", "/<< extension.store.product >>")
    return obj, steps


@pytest.mark.parametrize("engine", [Engine.TEKTON, Engine.ARGO], ids=lambda e: e.value)
def test_every_step_of_every_example_can_be_asked_for_by_annotation(engine):
    asked = 0
    for obj in objects():
        if layout_of(obj).engine is not engine or layout_of(obj).is_definition:
            continue
        asking, steps = with_annotation(obj)

        result = jsonpatch.apply_patch(asking, [dict(op) for op in mutate(asking, INDEX, ME).ops])

        for step in steps:
            env = at(result, step.env)
            assert [entry["name"] for entry in env[:3]] == [*INJECTED, "FUSEML_TEST_OWN"]
            assert env[2]["value"] == "http://minio"
            assert env[3:] == (at(obj, step.env) or [])
            assert at(result, (*step.pointer, "workingDir")) in ("/minio", at(obj, (*step.pointer, "workingDir")))
        assert RUN_SELECTORS not in result["metadata"]["annotations"]
        assert not mutate(result, INDEX, ME).ops
        assert jsonpatch.apply_patch(asking, [dict(op) for op in mutate(asking, Index(), ME, old=result).ops]) == result
        asked += len(steps)

    assert asked > 100


def asking_definition(obj):
    """*obj* with selectors and a variable in every step that it can hold them in; which steps those are."""
    obj = deepcopy(obj)
    steps = [step for step in layout_of(obj).steps if step.env]
    for step in steps:
        env = at(obj, step.env) or []
        at(obj, step.pointer)["env"] = [URL, *env]
    if obj["kind"] == "Task":  # Its schema has no place for blocks.
        asked = {step.key_in_home: {"extensions": [STORE]} for step in steps}
        obj.setdefault("metadata", {}).setdefault("annotations", {})[TASK_SELECTORS] = manifests.dump(asked)
    else:
        for step in steps:
            at(obj, step.pointer)["extensions"] = [STORE]
    return obj, steps


def pod_of(definition, home):
    """The pod of the task or template whose metadata is at *home*."""
    annotations = at(definition, home)["annotations"]
    if "templates" in home:
        return argo_pod(at(definition, home[:-1]), annotations)
    if len(home) > 1:
        return tekton_pod(at(definition, home[:-1]), annotations, task=at(definition, (*home[:-2], "name")))
    return tekton_pod(definition["spec"], annotations)


def container_name(step):
    if "templates" in step.pointer:
        return step.key_in_home.removeprefix("init-").removeprefix("sidecar-")
    return step.key_in_home if step.only_if_named else f"step-{step.key_in_home}"


@pytest.mark.parametrize("engine", [Engine.TEKTON, Engine.ARGO], ids=lambda e: e.value)
def test_every_step_of_every_definition_gets_in_its_pod_what_it_asks_for(engine):
    asked = 0
    for obj in objects():
        layout = layout_of(obj)
        if layout.engine is not engine or not layout.is_definition:
            continue
        asking, steps = asking_definition(obj)

        lifted = jsonpatch.apply_patch(asking, [dict(op) for op in mutate(asking, INDEX, ME).ops])

        assert not mutate(lifted, INDEX, ME).ops
        assert not any(step.blocks for step in layout_of(obj).steps)
        for step in steps:
            assert (at(lifted, step.env) or []) == (at(obj, step.env) or [])
        for home in dict.fromkeys(step.metadata_at for step in steps):
            pod = pod_of(lifted, home)
            result = jsonpatch.apply_patch(pod, [dict(op) for op in mutate(pod, INDEX, ME).ops])
            assert TASK_SELECTORS not in result["metadata"]["annotations"]
            for step in (step for step in steps if step.metadata_at == home):
                env = container_of(result, container_name(step))["env"]
                assert [entry["name"] for entry in env[:3]] == [*INJECTED, "FUSEML_TEST_OWN"], step
                assert env[2]["value"] == "http://minio"
        asked += len(steps)

    assert asked > 20
