"""Steps of templates that a Workflow refers to: what their processes see, and when it is resolved."""

import pytest

from tests.e2e.support.waiting import wait_for
from tests.e2e.workloads.argo_objects import dag, found_by_argo, obj, stored, template, there
from tests.e2e.workloads.held_steps import UNTIL_LET_GO, UNTIL_LET_GO_PY, held, let_go
from tests.e2e.workloads.references import (
    ASKS,
    ASKS_FOR_SECOND,
    ASKS_SECOND,
    ATTACK,
    ODD,
    PIPELINE,
    PRINT_ARGUMENTS,
    PUT,
    RESOLVED,
    RUN,
    SECOND,
    SELECTOR,
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


@pytest.fixture
def here(product, kubectl, namespace):
    here = kubectl.within(namespace)
    register(here)
    return here


@pytest.fixture
def shows(images):
    """A container that prints its environment."""
    return {"image": images.python, "command": SHOW}


@pytest.fixture
def fails_first(images):
    """A container that prints its environment, and fails on its first run."""
    code = f"{PRINT}; import sys; sys.stdout.flush(); sys.exit(sys.argv[1] == '0')"
    return {"image": images.python, "command": ["python3", "-c", code], "args": ["{{retries}}"]}


def level(selector, *variables):
    """Asks under the name `odd`, and sets variables whose values name their origin."""
    return {"extensions": [selector], "env": [{"name": variable, "value": whose} for variable, whose in variables]}


@pytest.fixture
def shared(here, shows, images, fails_first):
    """A WorkflowTemplate with a template of each kind."""
    named = [{"name": name, **shows} for name in ("a", "main")]
    serves = {**shows, "command": ["python3", "-c", f"{PRINT}; import sys, time; sys.stdout.flush(); time.sleep(600)"]}
    by_task = level(ASKS_FOR_SECOND, ("A", "task"), ("B", "task"), ("C", "task"))
    by_template = level(ASKS_FOR_SECOND, ("A", "pipeline"), ("B", "pipeline"))
    env = [{"name": "QUOTES", "value": "mine"}, {"name": "URL", "value": "<< extension.odd.url >>/x"}]
    templates = [
        template("asks", asks={"main": ASKS}, container={**shows, "env": env}),
        template("piped", container=shows),
        template("silent", container=shows),
        template("by-run", container=shows),
        template("set", asks={"a": ASKS}, containerSet={"containers": named}),
        template("script", asks={"*": ASKS}, script={"image": images.python, "command": ["python3"], "source": PRINT}),
        template(
            "sides",
            asks={"init-prep": ASKS, "sidecar-watch": ASKS},
            container=shows,
            initContainers=[{"name": "prep", **shows}],
            sidecars=[{"name": "watch", **shows}, {"name": "deaf", **shows}],
        ),
        template("flaky", asks={"main": ASKS}, container=fails_first, retryStrategy={"limit": "1"}),
        template("serves", asks={"main": ASKS}, container=serves, daemon=True),
        template("levels", asks={"main": by_task}, container=shows),
        template("ends", asks={"main": ASKS}, container=shows),
    ]
    whole = obj("WorkflowTemplate", "shared", {"templates": templates}, pipeline={"piped": ASKS, "levels": by_template})
    here("create", "-f", "-", stdin=whole)
    found_by_argo(here, "shared")


def test_every_step_of_a_templateref_sees_what_it_asks_for(here, shared, shows):
    names = ("piped", "silent", "by-run", "set", "script", "sides", "flaky", "levels")
    calls = [
        there("serves"),
        there("asks", hooks={"exit": {"templateRef": {"name": "shared", "template": "ends"}}}),
        *(there(name, depends="serves") for name in names),
        {"name": "inline", "template": "inline"},
    ]
    run = obj(
        "Workflow",
        "w",
        {
            "entrypoint": "all",
            "templates": [dag("all", *calls), template("inline", container=shows)],
            "hooks": {"exit": {"templateRef": {"name": "shared", "template": "ends"}}},
        },
        run={
            "by-run": ASKS,
            "inline": ASKS_SECOND,
            "levels": level(SELECTOR, ("A", "run << extension.odd.product >>")),
        },
    )

    name = submit(here, run)

    assert ended(here, "workflow", name) == "Succeeded"
    expected = {
        "serves/main": ODD,
        "asks/main": {**ODD, "QUOTES": "mine", "URL": "http://odd:80/x"},
        "asks.onExit/main": ODD,
        "piped/main": ODD,
        "silent/main": {},
        "by-run/main": ODD,
        "set/a": ODD,
        "set/main": {},
        "script/main": ODD,
        "sides/main": {},
        "sides/prep": ODD,
        "sides/watch": ODD,
        "sides/deaf": {},
        "flaky(0)/main": ODD,
        "flaky(1)/main": ODD,
        "levels/main": {**ODD, "A": "run odd", "B": "pipeline", "C": "task"},
        "inline/main": SECOND,
        "onExit/main": ODD,
    }
    assert printed(here, name) == expected
    assert given(here, name) == {key for key, env in expected.items() if "UNICODE" in env}
    assert unresolved(here, name) == []


@pytest.fixture
def libraries(here, shows):
    """A WorkflowTemplate whose template calls others: in it, inline, and in another WorkflowTemplate."""
    far = [template("far", container=shows), template("ends", container=shows)]
    calls = [
        {"name": "work", "template": "work"},
        {"name": "written", "inline": {"container": shows}},
        there("far", "far"),
    ]
    near = [{"name": "flow", "steps": [[call] for call in calls]}, template("work", container=shows)]
    for name, templates in (("far", far), ("near", near)):
        here("create", "-f", "-", stdin=obj("WorkflowTemplate", name, {"templates": templates}))
        found_by_argo(here, name)


def test_every_pod_of_a_run_is_reached_by_a_star(here, libraries, shows):
    computed = {"name": "computed", "templateRef": {"name": "near", "template": "{{workflow.parameters.which}}"}}
    calls = [
        there("flow", "near", hooks={"exit": {"templateRef": {"name": "far", "template": "ends"}}}),
        computed,
        {"name": "own", "template": "own"},
        {"name": "inline", "inline": {"container": shows}},
    ]
    templates = [dag("all", *calls), template("own", container=shows)]
    arguments = {"parameters": [{"name": "which", "value": "work"}]}
    spec = {"entrypoint": "all", "arguments": arguments, "templates": templates}

    name = submit(here, obj("Workflow", "w", spec, run={"*": ASKS_SECOND}))

    assert ended(here, "workflow", name) == "Succeeded"
    seen = printed(here, name)
    assert len(seen) == 7, seen
    assert all(env == SECOND for env in seen.values()), seen
    assert unresolved(here, name) == []


@pytest.fixture
def whole(here, shared, shows, fails_first, kubectl):
    """A WorkflowTemplate and a ClusterWorkflowTemplate that a Workflow consists of."""
    steps = [
        [{"name": "asks", "template": "asks"}, {"name": "silent", "template": "silent"}],
        [{"name": "by-run", "template": "by-run"}, {"name": "piped", "template": "piped"}, there("script")],
    ]
    spec = {
        "entrypoint": "all",
        "onExit": "last",
        "templates": [
            {"name": "all", "steps": steps},
            template("asks", asks={"main": ASKS}, container=fails_first, retryStrategy={"limit": "1"}),
            *(template(name, container=shows) for name in ("silent", "by-run", "piped")),
            template("last", asks={"main": ASKS}, container=shows),
        ],
    }
    of_cluster = f"{here.namespace}-whole"
    asks = {"piped": ASKS}
    here("create", "-f", "-", stdin=obj("WorkflowTemplate", "whole", spec, pipeline=asks))
    kubectl("create", "-f", "-", stdin=obj("ClusterWorkflowTemplate", of_cluster, spec, pipeline=asks))
    references = {"wt": {"name": "whole"}, "cwt": {"name": of_cluster, "clusterScope": True}}
    for reference in references.values():
        found_by_argo(here, **reference)
    yield references
    kubectl("delete", "clusterworkflowtemplate", of_cluster)


def test_every_step_of_a_workflowtemplateref_sees_what_it_asks_for(here, whole):
    runs = [
        obj("Workflow", name, {"workflowTemplateRef": reference}, run={"by-run": ASKS})
        for name, reference in whole.items()
    ]

    here("create", "-f", "-", stdin=runs)

    expected = {
        "asks(0)/main": ODD,
        "asks(1)/main": ODD,
        "silent/main": {},
        "by-run/main": ODD,
        "piped/main": ODD,
        "script/main": ODD,
        "onExit/main": ODD,
    }
    for name in whole:
        assert ended(here, "workflow", name) == "Succeeded"
        assert printed(here, name) == expected
        assert given(here, name) == {key for key, env in expected.items() if env}
        assert unresolved(here, name) == []


def test_each_workflow_of_a_cronworkflow_gets_what_it_asks_for(here, shared, shows):
    calls = [{"name": name, "template": name} for name in ("asks", "piped", "named", "silent")]
    spec = {
        "entrypoint": "all",
        "templates": [
            dag("all", *calls, there("by-run")),
            template("asks", asks={"main": ASKS_SECOND}, container=shows),
            *(template(name, container=shows) for name in ("piped", "named", "silent")),
        ],
    }
    asks = {"named": ASKS_SECOND, "by-run": ASKS}
    cron = {
        "schedules": ["* * * * *"],
        "workflowMetadata": {"annotations": {RUN: selectors(asks)}},
        "workflowSpec": spec,
    }
    here("create", "-f", "-", stdin=obj("CronWorkflow", "cron", cron, pipeline={"piped": ASKS_SECOND}))

    made = wait_for(lambda: here.json("get", "workflows")["items"], 90, "a Workflow of the CronWorkflow")
    here("patch", "cronworkflow", "cron", "--type=merge", "-p", '{"spec": {"suspend": true}}')
    name = made[0]["metadata"]["name"]

    assert ended(here, "workflow", name) == "Succeeded"
    assert printed(here, name) == {
        "asks/main": SECOND,
        "piped/main": SECOND,
        "named/main": SECOND,
        "silent/main": {},
        "by-run/main": ODD,
    }


def test_a_workflow_can_be_submitted_again_as_it_is_stored(here, shared, shows):
    """As `argo resubmit` does it."""
    templates = [template("annotated", asks={"main": ASKS_SECOND}, container=shows), template("named", container=shows)]
    calls = [*({"name": name, "template": name} for name in ("annotated", "named")), there("by-run"), there("silent")]
    spec = {"entrypoint": "all", "templates": [dag("all", *calls), *templates]}
    run = obj("Workflow", "w", spec, run={"named": ASKS_SECOND, "by-run": ASKS})

    here("create", "-f", "-", stdin=run)

    expected = {"annotated/main": SECOND, "named/main": SECOND, "by-run/main": ODD, "silent/main": {}}
    assert ended(here, "workflow", "w") == "Succeeded"
    assert printed(here, "w") == expected
    stored = here.json("get", "workflow", "w")
    again = {"metadata": {"name": "again", "annotations": stored["metadata"]["annotations"]}, "spec": stored["spec"]}
    here("create", "-f", "-", stdin={**run, **again})
    assert ended(here, "workflow", "again") == "Succeeded"
    assert printed(here, "again") == expected


def test_an_output_that_looks_like_an_expression_arrives_as_it_is(here, images):
    tells = {
        "image": images.python,
        "command": ["python3", "-c", PRINT_ARGUMENTS],
        "args": ["{{inputs.parameters.text}}", "x {{inputs.parameters.text}}"],
        "env": [{"name": "FROM", "value": "{{inputs.parameters.text}}"}],
    }
    source = "cat <<'END'\nSCRIPT {{inputs.parameters.text}}\nEND\n"
    takes = {"inputs": {"parameters": [{"name": "text"}]}}
    templates = [
        template("reads", asks={"main": ASKS}, container=tells, **takes),
        template(
            "script", asks={"main": ASKS}, script={"image": images.python, "command": ["sh"], "source": source}, **takes
        ),
    ]
    here("create", "-f", "-", stdin=obj("WorkflowTemplate", "shared", {"templates": templates}))
    found_by_argo(here, "shared")
    puts = {
        "container": {
            "image": images.python,
            "command": ["python3", "-c", PUT],
            "args": [ATTACK.encode().hex(), "/tmp/text"],
        },
        "outputs": {"parameters": [{"name": "text", "valueFrom": {"path": "/tmp/text"}}]},
    }
    value = {"parameters": [{"name": "text", "value": "{{tasks.puts.outputs.parameters.text}}"}]}
    calls = [
        {"name": "puts", "template": "puts"},
        {"name": "own", "template": "own", "depends": "puts", "arguments": value},
        *(there(name, depends="puts", arguments=value) for name in ("reads", "script")),
    ]
    spec = {
        "entrypoint": "all",
        "templates": [dag("all", *calls), {"name": "puts", **puts}, {"name": "own", "container": tells, **takes}],
    }

    name = submit(here, obj("Workflow", "w", spec, run={"own": ASKS_SECOND}))

    assert ended(here, "workflow", name) == "Succeeded"
    names = {unit: pod["metadata"]["name"] for unit, pod in pods(here, name)}
    expected = [[ATTACK, f"x {ATTACK}"], ATTACK]
    assert arguments_of(here, names["reads"], "main") == arguments_of(here, names["own"], "main") == expected
    assert f"SCRIPT {ATTACK}" in here("logs", names["script"], "-c", "main")
    # The same steps were given what they asked for.
    assert given(here, name, ODD | SECOND) == {"reads/main", "script/main", "own/main"}


@pytest.mark.parametrize("asks", [True, False], ids=["asking", "silent"])
def test_a_note_of_the_author_is_taken_off_a_run_and_refused_within_objects(here, shows, asks):
    def spec(metadata=None, **more):
        own = template("main", container=shows, **({"metadata": metadata} if metadata else {}))
        return {"entrypoint": "main", "suspend": True, "templates": [own], **more}

    def is_kept(kind, content, annotations=None):
        level = "run" if kind == "Workflow" else "pipeline"
        document = obj(kind, "d", content, **({level: {"main": ASKS_SECOND}} if asks else {}))
        document["metadata"].setdefault("annotations", {}).update(annotations or {})
        done = here.run("create", "--dry-run=server", "-o", "json", "-f", "-", stdin=document)
        return done.returncode == 0 and "by-its-author" in done.stdout

    def kept(note):
        annotations = {note: '{"kind":"Workflow","given":[{"to":["by-its-author/main"]}]}'}
        forged = {"annotations": annotations}
        cron = {"schedules": ["0 3 * * *"], "workflowSpec": spec()}
        return {
            "Workflow": is_kept("Workflow", spec(), annotations),
            "podMetadata": is_kept("Workflow", spec(podMetadata=forged)),
            "workflowMetadata": is_kept("Workflow", spec(workflowMetadata=forged)),
            "templates[].metadata": is_kept("Workflow", spec(forged)),
            "WorkflowTemplate": is_kept("WorkflowTemplate", spec(), annotations),
            "podMetadata of a WorkflowTemplate": is_kept("WorkflowTemplate", spec(podMetadata=forged)),
            "templates[].metadata of a WorkflowTemplate": is_kept("WorkflowTemplate", spec(forged)),
            "workflowMetadata of a CronWorkflow": is_kept("CronWorkflow", {**cron, "workflowMetadata": forged}),
        }

    # One that asks is refused; one that does not is not sent to the webhook, and nobody reads the note.
    definitions = set() if asks else {"WorkflowTemplate"}
    assert {where for where, is_there in kept(RESOLVED).items() if is_there} == definitions
    assert {where for where, is_there in kept(WAITING).items() if is_there} == {"Workflow", *definitions}
    # Other annotations stay.
    others = kept("example.com/note")
    assert others == dict.fromkeys(others, True)


def test_a_referenced_step_is_resolved_when_its_pod_is_created(here, shows, images):
    here("apply", "-f", "-", stdin=extension("moves", {"WHERE": "old"}))
    known(here, "moves", value="old")
    asks = {"extensions": [{"name": "moves", "product": "moves"}]}
    waits = f"import sys, time; {PRINT}; sys.stdout.flush(); sys.argv[1] == '0' and ({UNTIL_LET_GO_PY}, sys.exit(1))"
    first = {"image": images.python, "command": ["python3", "-c", waits], "args": ["{{retries}}"]}
    again = {"retryStrategy": {"limit": "1"}}
    templates = [
        template("there", asks={"main": asks}, container=first, **again),
        template("there-later", asks={"main": asks}, container=shows),
    ]
    here("create", "-f", "-", stdin=obj("WorkflowTemplate", "shared", {"templates": templates}))
    found_by_argo(here, "shared")
    calls = [
        {"name": "inline", "template": "inline"},
        {"name": "inline-later", "template": "inline-later", "depends": "inline"},
        there("there"),
        there("there-later", depends="there"),
    ]
    own = [template("inline", container=first, **again), template("inline-later", container=shows)]
    spec = {"entrypoint": "all", "templates": [dag("all", *calls), *own]}
    name = submit(here, obj("Workflow", "w", spec, run={"inline": asks, "inline-later": asks}))
    first_steps = held(here, 2)

    here("apply", "-f", "-", stdin=extension("moves", {"WHERE": "new"}))
    known(here, "moves", value="new")
    let_go(here, first_steps)

    assert ended(here, "workflow", name) == "Succeeded"
    old, new = {"WHERE": "old"}, {"WHERE": "new"}
    assert printed(here, name) == {
        "inline(0)/main": old,
        "inline(1)/main": old,
        "inline-later/main": old,
        "there(0)/main": old,
        "there(1)/main": new,
        "there-later/main": new,
    }


def test_a_workflow_whose_pod_cannot_get_what_it_asks_for_fails_and_says_why(here, shows):
    here("apply", "-f", "-", stdin=extension("gone", {"X": "y"}))
    known(here, "gone")
    asks = {"extensions": [{"name": "gone", "product": "gone"}]}
    later = [template("later", asks={"main": asks}, container=shows)]
    here("create", "-f", "-", stdin=obj("WorkflowTemplate", "shared", {"templates": later}))
    found_by_argo(here, "shared")
    calls = [{"name": "waits", "template": "waits"}, there("later", depends="waits")]
    waits = template("waits", container={**shows, "command": ["sh", "-c", UNTIL_LET_GO]})
    name = submit(here, obj("Workflow", "w", {"entrypoint": "all", "templates": [dag("all", *calls), waits]}))
    waiting = held(here, 1)

    here("delete", "extension", "gone")
    forgotten(here, "gone")
    let_go(here, waiting)

    assert ended(here, "workflow", name).startswith(("Failed", "Error"))
    nodes = here.json("get", "workflow", name)["status"]["nodes"].values()
    (message,) = [node["message"] for node in nodes if node["displayName"] == "later"]
    assert "container main: selector 'gone' (product=gone): nothing fits" in message
    assert outcome(here.json("get", "workflow", name))
    assert [unit for unit, _ in pods(here, name)] == ["waits"]


@pytest.mark.parametrize("options", [[], ["--server-side", "--force-conflicts"]], ids=["client-side", "server-side"])
def test_a_workflowtemplate_that_asks_can_be_applied_again_edited_and_freed_of_it(here, shows, options):
    def apply(env, **asks):
        asking = template("asks", container={**shows, **({"env": env} if env else {})})
        document = obj("WorkflowTemplate", "d", {"templates": [asking, template("silent", container=shows)]}, **asks)
        here("apply", *options, "-f", "-", stdin=document)
        return stored(here)[1]

    url, own = {"name": "URL", "value": "<< extension.odd.url >>"}, {"name": "OWN", "value": "x"}
    # The expression is stored together with its selector.
    first = apply([own], pipeline={"asks": {**ASKS, "env": [url]}})
    again = apply([own], pipeline={"asks": {**ASKS, "env": [url]}})
    edited = apply([], pipeline={"silent": ASKS})
    freed = apply([])

    assert first == {"asks": ({PIPELINE: {"asks": {**ASKS, "env": [url]}}}, [own]), "silent": ({}, [])}
    assert again == first
    assert edited == {"asks": ({}, []), "silent": ({PIPELINE: {"silent": ASKS}}, [])}
    assert freed == {"asks": ({}, []), "silent": ({}, [])}
