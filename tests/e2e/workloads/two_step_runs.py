"""Runs of two steps: the second one prints a result of the first."""

from typing import Any

RUN = ("pipelinerun", "hello")
WORKFLOW = ("workflow", "hello")


def pipeline_run(image: str, *, seconds: int = 0, retries: int = 0) -> dict[str, Any]:
    """Two tasks: the second one greets with the first one's result."""
    word = {
        "name": "word",
        "image": image,
        "script": f"#!/bin/sh\nsleep {seconds}; printf hello > $(results.word.path)\n",
    }
    greet = {"name": "greet", "image": image, "command": ["echo", "$(params.word)", "world"]}
    tasks = [
        {"name": "word", "retries": retries, "taskSpec": {"results": [{"name": "word"}], "steps": [word]}},
        {
            "name": "greet",
            "params": [{"name": "word", "value": "$(tasks.word.results.word)"}],
            "taskSpec": {"params": [{"name": "word"}], "steps": [greet]},
        },
    ]
    return {
        "apiVersion": "tekton.dev/v1",
        "kind": "PipelineRun",
        "metadata": {"name": "hello"},
        "spec": {"pipelineSpec": {"tasks": tasks}},
    }


def workflow(image: str, *, seconds: int = 0, retries: int = 0) -> dict[str, Any]:
    """Two steps: the second one greets with the first one's output."""
    command = ["sh", "-c", f"sleep {seconds}; printf hello > /tmp/word"]
    given = {"parameters": [{"name": "word", "value": "{{steps.word.outputs.parameters.word}}"}]}
    templates = [
        {
            "name": "main",
            "steps": [
                [{"name": "word", "template": "word"}],
                [{"name": "greet", "template": "greet", "arguments": given}],
            ],
        },
        {
            "name": "word",
            "retryStrategy": {"limit": retries, "retryPolicy": "Always"},
            "container": {"image": image, "command": command},
            "outputs": {"parameters": [{"name": "word", "valueFrom": {"path": "/tmp/word"}}]},
        },
        {
            "name": "greet",
            "inputs": {"parameters": [{"name": "word"}]},
            "container": {"image": image, "command": ["echo", "{{inputs.parameters.word}}", "world"]},
        },
    ]
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "hello"},
        "spec": {"entrypoint": "main", "templates": templates},
    }
