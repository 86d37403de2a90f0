"""Steps of Tasks and Pipelines that a run refers to: what their processes see, and when it is resolved."""

import json

import pytest
import yaml

from tests.e2e.workloads.held_steps import UNTIL_LET_GO, UNTIL_LET_GO_PY, held, let_go
from tests.e2e.workloads.references import (
    ASKS,
    ASKS_FOR_SECOND,
    ATTACK,
    ODD,
    PRINT_ARGUMENTS,
    PUT,
    RESOLVED,
    SECOND,
    SELECTOR,
    TASK,
    WAITING,
    arguments_of,
    extension,
    forgotten,
    given,
    known,
    pods,
    printed,
    register,
    selectors,
    unresolved,
)
from tests.e2e.workloads.runs import PRINT, SHOW, ended, outcome, submit
from tests.e2e.workloads.tekton_objects import obj, ref, step

# Tekton names the pod of a retry so.
IS_FIRST = "'-retry' not in os.environ['HOSTNAME']"
FAILS_FIRST = f"{PRINT}; raise SystemExit({IS_FIRST})"


@pytest.fixture
def here(product, kubectl, namespace):
    here = kubectl.within(namespace)
    register(here)
    return here


@pytest.fixture
def shows(images):
    """A container that prints its environment."""
    return {"image": images.python, "command": SHOW}


def level(selector, *variables):
    """Asks under the name `odd`, and sets variables whose values name their origin."""
    return {"extensions": [selector], "env": [{"name": variable, "value": whose} for variable, whose in variables]}


@pytest.fixture
def tasks(here, shows, images):
    """Tasks that ask in their own annotations."""
    fails_first = {"image": images.python, "command": ["python3", "-c", FAILS_FIRST]}
    fails = {"image": images.python, "command": ["python3", "-c", f"{PRINT}; raise SystemExit(1)"]}
    action = obj("StepAction", "acts", shows, api="tekton.dev/v1beta1")
    found = [
        action,
        obj("Task", "asks", {"steps": [step("main", shows), step("silent", shows)]}, task={"main": ASKS}),
        obj("Task", "silent", {"steps": [step("main", shows)]}),
        obj(
            "Task",
            "mixed",
            {
                "stepTemplate": {"env": [{"name": "QUOTES", "value": "mine"}]},
                "steps": [
                    step("main", shows),
                    step("acts", {"ref": {"name": "acts"}}),
                    step("goes-on", {**fails, "onError": "continue"}),
                ],
                "sidecars": [step("watch", shows), step("deaf", shows)],
            },
            task={
                "*": ASKS,
                "main": {"env": [{"name": "URL", "value": "<< extension.odd.url >>/x"}]},
                "sidecar-watch": ASKS,
            },
        ),
        obj("Task", "fails-first", {"steps": [step("main", fails_first)]}, task={"main": ASKS}),
        obj(
            "Task",
            "levels",
            {"steps": [step("main", shows)]},
            task={"main": level(ASKS_FOR_SECOND, ("A", "task"), ("B", "task"), ("C", "task"))},
        ),
    ]
    here("create", "-f", "-", stdin=found)


def test_every_referenced_step_sees_what_it_asks_for(here, tasks, shows):
    lifted = {
        "metadata": {"annotations": {TASK: selectors({"annotated": ASKS, "unnamed-0": ASKS})}},
        "steps": [
            shows,
            step("block", {**shows, "extensions": [SELECTOR], "env": [{"name": "OWN", "value": "mine"}]}),
            step("expression", {**shows, "extensions": [{**SELECTOR, "inject": False}],
                                "env": [{"name": "URL", "value": "<< extension.odd.url | host >>"}]}),
            step("annotated", shows),
            step("acts", {"ref": {"name": "acts"}, "extensions": [SELECTOR]}),
            step("silent", shows),
        ],
    }  # fmt: skip
    spec = {
        "tasks": [
            ref("asks", "asks"),
            ref("silent", "silent"),
            ref("mixed", "mixed"),
            ref("fails-first", "fails-first", retries=1),
            ref("levels", "levels"),
            {"name": "lifted", "taskSpec": lifted},
            {
                "name": "many",
                "taskSpec": {"params": [{"name": "n"}], "steps": [step("main", {**shows, "extensions": [SELECTOR]})]},
                "matrix": {"params": [{"name": "n", "value": ["a", "b"]}]},
            },
        ],
        "finally": [ref("last", "silent")],
    }
    pipeline = obj(
        "Pipeline",
        "all",
        spec,
        pipeline={
            "last/main": ASKS,
            "levels/main": level(ASKS_FOR_SECOND, ("A", "pipeline"), ("B", "pipeline")),
        },
    )
    here("create", "-f", "-", stdin=pipeline)
    by_run = level(SELECTOR, ("A", "run << extension.odd.product >>"))
    run = obj("PipelineRun", "r", {"pipelineRef": {"name": "all"}}, run={"levels/main": by_run})

    name = submit(here, run)

    assert ended(here, "pipelinerun", name) == "Succeeded"
    expected = {
        "asks/main": ODD,
        "asks/silent": {},
        "silent/main": {},
        "mixed/main": {**ODD, "QUOTES": "mine", "URL": "http://odd:80/x"},
        "mixed/acts": {**ODD, "QUOTES": "mine"},
        "mixed/goes-on": {**ODD, "QUOTES": "mine"},
        "mixed/sidecar-watch": ODD,
        "mixed/sidecar-deaf": {},
        "fails-first/main": ODD,
        "fails-first-retry1/main": ODD,
        "levels/main": {**ODD, "A": "run odd", "B": "pipeline", "C": "task"},
        "lifted/unnamed-0": ODD,
        "lifted/block": {**ODD, "OWN": "mine"},
        "lifted/expression": {"URL": "odd"},
        "lifted/annotated": ODD,
        "lifted/acts": ODD,
        "lifted/silent": {},
        "many-0/main": ODD,
        "many-1/main": ODD,
        "last/main": ODD,
    }
    assert printed(here, name) == expected
    assert given(here, name) == {key for key, env in expected.items() if "UNICODE" in env}
    assert unresolved(here, name) == []


def test_a_run_asks_for_its_own_steps_and_for_referenced_ones(here, tasks, shows):
    own = {
        "steps": [
            step("block", {**shows, "extensions": [ASKS_FOR_SECOND]}),
            step("acts", {"ref": {"name": "acts"}, "extensions": [SELECTOR]}),
            step("silent", shows),
        ]
    }
    spec = {"tasks": [{"name": "own", "taskSpec": own}, ref("there", "silent"), ref("not", "silent")]}
    run = obj("PipelineRun", "r", {"pipelineSpec": spec}, run={"there/main": ASKS})
    task_run = obj("TaskRun", "t", {"taskRef": {"name": "silent"}}, api="tekton.dev/v1beta1", run={"main": ASKS})

    here("create", "-f", "-", stdin=[run, task_run])

    assert ended(here, "pipelinerun", "r") == "Succeeded"
    expected = {"own/block": SECOND, "own/acts": ODD, "own/silent": {}, "there/main": ODD, "not/main": {}}
    assert printed(here, "r") == expected
    assert ended(here, "taskrun", "t") == "Succeeded"
    assert list(printed(here, "t").values()) == [ODD]
    # What is stored can be submitted again.
    stored = here.json("get", "pipelinerun", "r")
    again = {"metadata": {"name": "again", "annotations": stored["metadata"]["annotations"]}, "spec": stored["spec"]}
    here("create", "-f", "-", stdin={**run, **again})
    assert ended(here, "pipelinerun", "again") == "Succeeded"
    assert printed(here, "again") == expected


def test_a_definition_from_a_remote_resolver_asks_as_well(here, shows, kubectl, new_namespace):
    elsewhere = kubectl.within(new_namespace())
    steps = [step("main", shows), step("silent", shows)]
    pipeline = obj(
        "Pipeline", "far", {"tasks": [{"name": "own", "taskSpec": {"steps": steps}}]}, pipeline={"own/main": ASKS}
    )
    elsewhere("create", "-f", "-", stdin=[pipeline, obj("Task", "far", {"steps": steps}, task={"main": ASKS})])

    def remote(kind):
        where = {"kind": kind, "name": "far", "namespace": elsewhere.namespace}
        return {"resolver": "cluster", "params": [{"name": key, "value": value} for key, value in where.items()]}

    tasks = [{"name": "far", "taskRef": remote("task")}]
    here("create", "-f", "-", stdin=[
        obj("PipelineRun", "r", {"pipelineSpec": {"tasks": tasks}}),
        obj("PipelineRun", "s", {"pipelineRef": remote("pipeline")}),
    ])  # fmt: skip

    # Resolved for the run's namespace: the Pipeline's has no such extension.
    for name, task in (("r", "far"), ("s", "own")):
        assert ended(here, "pipelinerun", name) == "Succeeded"
        assert printed(here, name) == {f"{task}/main": ODD, f"{task}/silent": {}}


def test_a_result_that_looks_like_an_expression_arrives_as_it_is(here, shows, images):
    task = obj(
        "Task",
        "reads",
        {
            "params": [{"name": "text"}],
            "steps": [
                {
                    "name": "main",
                    "image": images.python,
                    "command": ["python3", "-c", PRINT_ARGUMENTS],
                    "args": ["$(params.text)", "x $(params.text)"],
                    "env": [{"name": "FROM", "value": "$(params.text)"}],
                },
                {
                    "name": "script",
                    "image": images.python,
                    "script": "#!/bin/sh\ncat <<'END'\nSCRIPT $(params.text)\nEND\n",
                },
            ],
        },
        task={"*": ASKS},
    )
    here("create", "-f", "-", stdin=task)
    puts = {
        "results": [{"name": "text"}],
        "steps": [
            {
                "name": "main",
                "image": images.python,
                "command": ["python3", "-c", PUT],
                "args": [ATTACK.encode().hex(), "$(results.text.path)"],
            }
        ],
    }  # fmt: skip
    inline = {
        "params": [{"name": "text"}],
        "steps": [
            {
                "name": "main",
                "image": images.python,
                "command": ["python3", "-c", PRINT_ARGUMENTS],
                "args": ["$(params.text)", "x $(tasks.puts.results.text)"],
                "env": [{"name": "FROM", "value": "$(params.text)"}],
                "extensions": [ASKS_FOR_SECOND],
            }
        ],
    }
    value = [{"name": "text", "value": "$(tasks.puts.results.text)"}]
    run_tasks = [
        {"name": "puts", "taskSpec": puts},
        {"name": "there", "taskRef": {"name": "reads"}, "params": value},
        {"name": "here", "taskSpec": inline, "params": value},
    ]

    name = submit(here, obj("PipelineRun", "r", {"pipelineSpec": {"tasks": run_tasks}}))

    assert ended(here, "pipelinerun", name) == "Succeeded"
    expected = [[ATTACK, f"x {ATTACK}"], ATTACK]
    assert arguments_of(here, "r-there-pod", "step-main") == arguments_of(here, "r-here-pod", "step-main") == expected
    assert f"SCRIPT {ATTACK}" in here("logs", "r-there-pod", "-c", "step-script")
    # The same steps were given what they asked for.
    assert given(here, name, ODD | SECOND) == {"there/main", "there/script", "here/main"}


@pytest.mark.parametrize("asks", [True, False], ids=["asking", "silent"])
def test_a_note_of_the_author_is_taken_off_a_run_and_refused_within_objects(here, shows, asks):
    asking = {"extensions": [ASKS_FOR_SECOND]} if asks else {}
    inline = {"steps": [step("main", {**shows, **asking})]}

    def run(task_spec=inline, **spec):
        tasks = [{"name": "own", "taskSpec": task_spec}]
        return obj("PipelineRun", "r", {"status": "PipelineRunPending", "pipelineSpec": {"tasks": tasks}, **spec})

    def is_kept(document):
        done = here.run("create", "--dry-run=server", "-o", "json", "-f", "-", stdin=document)
        return done.returncode == 0 and "by-its-author" in done.stdout

    def kept(note):
        def noted(kind="PipelineRun"):
            return {"annotations": {note: f'{{"kind":"{kind}","given":[{{"to":["by-its-author/main"]}}]}}'}}

        forged = noted()
        annotated = {**inline, "metadata": forged}
        task = obj("Task", "own", {"steps": [step("main", shows)]}, **({"task": {"main": ASKS}} if asks else {}))
        task["metadata"].setdefault("annotations", {}).update(forged["annotations"])
        return {
            "PipelineRun": is_kept(run() | {"metadata": {"name": "r", **forged}}),
            "TaskRun": is_kept(
                obj("TaskRun", "t", {"taskSpec": inline}) | {"metadata": {"name": "t", **noted("TaskRun")}}
            ),
            "taskRunSpecs[].metadata": is_kept(run(taskRunSpecs=[{"pipelineTaskName": "own", "metadata": forged}])),
            "taskSpec.metadata": is_kept(run(annotated)),
            "Pipeline": is_kept(obj("Pipeline", "p", {"tasks": [{"name": "own", "taskSpec": annotated}]})),
            "Task": is_kept(task),
        }

    # One that asks is refused; one that does not is not sent to the webhook, and nobody reads the note.
    definitions = set() if asks else {"Task"}
    assert {where for where, is_there in kept(RESOLVED).items() if is_there} == definitions
    assert {where for where, is_there in kept(WAITING).items() if is_there} == {"PipelineRun", "TaskRun", *definitions}
    # Other annotations stay.
    others = kept("example.com/note")
    assert others == dict.fromkeys(others, True)


def test_a_referenced_step_is_resolved_when_its_pod_is_created(here, shows, images):
    here("apply", "-f", "-", stdin=extension("moves", {"WHERE": "old"}))
    known(here, "moves", value="old")
    asks = {"extensions": [{"name": "moves", "product": "moves"}]}
    waits = f"import sys, time; {PRINT}; sys.stdout.flush(); {IS_FIRST} and ({UNTIL_LET_GO_PY}, sys.exit(1))"
    first = step("main", {"image": images.python, "command": ["python3", "-c", waits]})
    main = step("main", shows)
    here("create", "-f", "-", stdin=[
        obj("Task", "first", {"steps": [first]}, task={"main": asks}),
        obj("Task", "later", {"steps": [main]}, task={"main": asks}),
    ])  # fmt: skip
    spec = {
        "tasks": [
            {"name": "inline", "retries": 1, "taskSpec": {"steps": [{**first, **asks}]}},
            ref("there", "first", retries=1),
            {"name": "inline-later", "runAfter": ["inline"], "taskSpec": {"steps": [{**main, **asks}]}},
            ref("there-later", "later", runAfter=["there"]),
        ]
    }
    name = submit(here, obj("PipelineRun", "r", {"pipelineSpec": spec}))
    first_steps = held(here, 2)

    here("apply", "-f", "-", stdin=extension("moves", {"WHERE": "new"}))
    known(here, "moves", value="new")
    let_go(here, first_steps)

    assert ended(here, "pipelinerun", name) == "Succeeded"
    old, new = {"WHERE": "old"}, {"WHERE": "new"}
    assert printed(here, name) == {
        "inline/main": old,
        "inline-retry1/main": old,
        "inline-later/main": old,
        "there/main": old,
        "there-retry1/main": new,
        "there-later/main": new,
    }


def test_a_run_whose_pod_cannot_get_what_it_asks_for_fails_and_says_why(here, shows):
    here("apply", "-f", "-", stdin=extension("gone", {"X": "y"}))
    known(here, "gone")
    asks = {"extensions": [{"name": "gone", "product": "gone"}]}
    here("create", "-f", "-", stdin=obj("Task", "t", {"steps": [step("main", shows)]}, task={"main": asks}))
    waits = {"name": "waits", "taskSpec": {"steps": [step("main", {**shows, "command": ["sh", "-c", UNTIL_LET_GO]})]}}
    run = {"pipelineSpec": {"tasks": [waits, ref("later", "t", runAfter=["waits"])]}}
    name = submit(here, obj("PipelineRun", "r", run))
    waiting = held(here, 1)

    here("delete", "extension", "gone")
    forgotten(here, "gone")
    let_go(here, waiting)

    assert ended(here, "pipelinerun", name).startswith("Failed")
    message = outcome(here.json("get", "taskrun", "r-later"))
    assert "container step-main: selector 'gone' (product=gone): nothing fits" in message
    assert "r-later" not in [unit for unit, _ in pods(here, name)]


def stored(here, kind):
    """The stored annotations, without kubectl's, and the stored spec of the definition."""
    found = here.json("get", kind, "d")
    annotations = found["metadata"].get("annotations", {})
    return {key: value for key, value in annotations.items() if "last-applied" not in key}, found["spec"]


@pytest.mark.parametrize("options", [[], ["--server-side"]], ids=["client-side", "server-side"])
def test_a_pipeline_with_blocks_can_be_applied_again_edited_and_freed_of_them(here, shows, options):
    def definition(asking):
        steps = [step("main", {**shows, **asking}), step("silent", shows)]
        return obj("Pipeline", "d", {"tasks": [{"name": "t", "taskSpec": {"steps": steps}}]})

    def apply(document):
        here("apply", *options, "-f", "-", stdin=document)
        annotations, spec = stored(here, "pipeline")
        task_spec = spec["tasks"][0]["taskSpec"]
        assert "extensions" not in json.dumps(task_spec["steps"])
        text = (task_spec.get("metadata") or {}).get("annotations", {}).get(TASK)
        return annotations, yaml.safe_load(text) if text else None, task_spec["steps"]

    url = [{"name": "URL", "value": "<< extension.odd.url >>"}]
    first = apply(definition({"extensions": [SELECTOR], "env": url}))
    again = apply(definition({"extensions": [SELECTOR], "env": url}))
    edited = apply(definition({"extensions": [ASKS_FOR_SECOND]}))
    freed = apply(definition({}))

    assert first[1] == {"main": {"extensions": [SELECTOR], "env": url}}
    assert again == first
    assert edited[1] == {"main": {"extensions": [ASKS_FOR_SECOND]}}
    assert freed[1] is None
    assert freed[0] == {}


@pytest.mark.parametrize("options", [[], ["--server-side"]], ids=["client-side", "server-side"])
def test_a_task_with_expressions_can_be_applied_again_edited_and_freed_of_them(here, shows, options):
    def definition(env, **asks):
        return obj("Task", "d", {"steps": [step("main", {**shows, **({"env": env} if env else {})})]}, **asks)

    def apply(document):
        here("apply", *options, "-f", "-", stdin=document)
        annotations, spec = stored(here, "task")
        (main,) = spec["steps"]
        return yaml.safe_load(annotations.get(TASK) or "null"), main.get("env")

    url = [{"name": "URL", "value": "<< extension.odd.url >>"}]
    first = apply(definition([*url, {"name": "OWN", "value": "x"}], task={"main": ASKS}))
    again = apply(definition([*url, {"name": "OWN", "value": "x"}], task={"main": ASKS}))
    edited = apply(definition([], task={"main": {"extensions": [ASKS_FOR_SECOND]}}))
    freed = apply(definition([]))

    assert first == ({"main": {**ASKS, "env": url}}, [{"name": "OWN", "value": "x"}])
    assert again == first
    assert edited == ({"main": {"extensions": [ASKS_FOR_SECOND]}}, None)
    assert freed == (None, None)
