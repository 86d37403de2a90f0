"""The processes of steps see, byte for byte, what is registered: running containers print their environment."""

import json

import pytest

from tests.e2e.support.canary import marker
from tests.e2e.workloads.runs import SHOW, ended, environments, submit

ODD = {
    "QUOTES": "'single' \"double\" `back` \\ back\\\\slash",
    "LINES": "first\nsecond\r\n\ttabbed\n",
    "DOLLARS": "$ $$ $HOME ${HOME} $(HOME) $$(HOME) $$$(X) $( $() a$",
    "PERCENT": "%s %d %(x)s 100%",
    "BLANKS": "  both ends  ",
    "EMPTY": "",
    "UNICODE": "Zürich 東京 🚀 \u200d e\u0301",
    "EXPRESSION": "<< extension.odd.cfg.QUOTES >>",
    "SHELL": "; rm -rf / && $(reboot) | cat <<EOF >>out",
    "LARGE": "0123456789abcdef" * 1920,
}
BRACES = {"BRACES": "{{y}} {{=1+1}} {{workflow.name}}"}
PARAMS = {"PARAMS": "$(params.x) $(context.taskRun.name)"}
IN_SECRET = {
    "SECRET_ODD": marker() + ODD["DOLLARS"] + ODD["QUOTES"] + BRACES["BRACES"] + PARAMS["PARAMS"],
    "SECRET_LINES": f"{marker()}\nb",
}


def extension(**configuration):
    return {
        "apiVersion": "fuseml.org/v1alpha1",
        "kind": "Extension",
        "metadata": {"name": "odd"},
        "spec": {
            "product": "odd",
            "configuration": configuration,
            "services": [
                {
                    "id": "api",
                    "endpoints": [
                        {"url": "http://odd:80", "type": "internal", "configuration": {"ODD_URL": "http://odd"}}
                    ],
                    "credentials": [
                        {"id": "login", "secretRef": {"name": "odd"}, "configuration": {k: k for k in IN_SECRET}}
                    ],
                }
            ],
        },
    }


@pytest.fixture
def here(product, kubectl, namespace):
    return kubectl.within(namespace)


@pytest.fixture
def shows(images):
    """A container that prints its environment."""
    return {"image": images.python, "command": SHOW}


@pytest.fixture
def register(here):
    """Registers the extension `odd`, and its Secret, in the test's namespace."""

    def _register(**configuration):
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "odd"}, "stringData": IN_SECRET}
        here("apply", "--server-side", "-f", "-", stdin=[secret, extension(**configuration)])

    return _register


SELECTOR = {"name": "odd", "product": "odd"}


def test_steps_of_tekton_see_what_the_registry_holds(register, here, shows):
    register(**ODD, **BRACES)
    tasks = [
        {
            "name": "train",
            "taskSpec": {
                "steps": [
                    {"name": "asks", **shows, "extensions": [SELECTOR]},
                    {"name": "silent", **shows, "env": [{"name": "OWN", "value": "$(HOME) stays"}]},
                    {
                        "name": "own",
                        **shows,
                        "extensions": [SELECTOR],
                        "env": [
                            {"name": "QUOTES", "value": "mine"},
                            {"name": "FROM", "value": "<$(ODD_URL)>"},
                            {"name": "URL", "value": "<< extension.odd.url >>/x"},
                        ],
                    },
                ]
            },
        },
        {"name": "other", "taskSpec": {"steps": [{"name": "main", **shows}]}},
    ]
    run = {
        "apiVersion": "tekton.dev/v1",
        "kind": "PipelineRun",
        "metadata": {"generateName": "odd-"},
        "spec": {
            "pipelineSpec": {
                "tasks": tasks[:1],
                "finally": [
                    {"name": "last", "taskSpec": {"steps": [{"name": "asks", **shows, "extensions": [SELECTOR]}]}},
                    tasks[1],
                ],
            }
        },
    }

    name = submit(here, run)

    assert ended(here, "pipelinerun", name) == "Succeeded"
    expected = {**ODD, **BRACES, **IN_SECRET, "ODD_URL": "http://odd"}
    shown = environments(here, f"tekton.dev/pipelineRun={name}")
    assert shown["train/asks"] == shown["last/asks"] == expected
    assert shown["train/silent"] == {"OWN": "$(HOME) stays"}
    assert shown["train/own"] == {**expected, "QUOTES": "mine", "FROM": "<http://odd>", "URL": "http://odd:80/x"}
    assert shown["other/main"] == {}


def workflow(annotation, *templates):
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {
            "generateName": "odd-",
            "annotations": {"extensions.fuseml.org/run-selectors": json.dumps(annotation)} if annotation else {},
        },
        "spec": {
            "entrypoint": "all",
            "templates": [
                {"name": "all", "steps": [[{"name": t["name"], "template": t["name"]} for t in templates]]},
                *templates,
            ],
        },
    }


def test_steps_of_argo_see_what_the_registry_holds(register, here, shows):
    register(**ODD, **PARAMS)
    env = [{"name": "QUOTES", "value": "mine"}, {"name": "URL", "value": "<< extension.odd.url >>/x"}]
    run = workflow(
        {"asks": {"extensions": [SELECTOR]}, "own": {"extensions": [SELECTOR]}},
        {"name": "asks", "container": shows},
        {"name": "silent", "container": {**shows, "env": [{"name": "OWN", "value": "mine"}]}},
        {"name": "own", "container": {**shows, "env": env}},
    )

    name = submit(here, run)

    assert ended(here, "workflow", name) == "Succeeded"
    expected = {**ODD, **PARAMS, **IN_SECRET, "ODD_URL": "http://odd"}
    assert environments(here, f"workflows.argoproj.io/workflow={name}") == {
        "asks": expected,
        "silent": {"OWN": "mine"},
        "own": {**expected, "QUOTES": "mine", "URL": "http://odd:80/x"},
    }


def test_what_an_engine_would_change_is_refused(register, here, shows):
    register(**BRACES, **PARAMS)
    step = {"name": "a", **shows, "extensions": [SELECTOR]}
    task_run = {
        "apiVersion": "tekton.dev/v1",
        "kind": "TaskRun",
        "metadata": {"generateName": "odd-"},
        "spec": {"taskSpec": {"steps": [step]}},
    }
    run = workflow({"asks": {"extensions": [SELECTOR]}}, {"name": "asks", "container": shows})

    for obj, name in ((task_run, "PARAMS"), (run, "BRACES")):
        message = here.fails("create", "-f", "-", stdin=obj)
        assert f"selector 'odd': '{name}' from extension odd" in message
        assert "ask the operator to keep it as a credential with a secretRef" in message
