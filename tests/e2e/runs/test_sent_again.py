"""Runs that are sent again, in each way that people's tools have, get what is registered now, for who sends them."""

import json
import uuid

import pytest

from tests.e2e.support.canary import marker
from tests.e2e.support.waiting import wait_for
from tests.e2e.workloads.argo_objects import found_by_argo, template
from tests.e2e.workloads.argo_objects import obj as argo
from tests.e2e.workloads.references import RESOLVED, extension, known, metadata, printed
from tests.e2e.workloads.runs import PRINT, SHOW, ended, environment, submit
from tests.e2e.workloads.sent_again import exported, rerun, resent_by_argo
from tests.e2e.workloads.shared_credentials import asking
from tests.e2e.workloads.tekton_objects import obj as tekton

OLD, NEW = "http://old:1", "http://new:2"
SELECTOR = {"name": "m", "product": "moving"}
ASKS = {"extensions": [SELECTOR]}
OWN = [{"name": "OWN", "value": "<< extension.m.cfg.WHERE >>/own"}]
KEPT = "its note cannot undo what it was given before, which it keeps"


def register(here, url):
    here("apply", "--server-side", "-f", "-", stdin=extension("moving", {"WHERE": url}))
    known(here, "moving", value=url)


def of(url):
    """What a step sees that asks for it, and has an expression of its own."""
    return {"WHERE": url, "OWN": f"{url}/own"}


@pytest.fixture
def here(product, kubectl, namespace):
    here = kubectl.within(namespace)
    register(here, OLD)
    return here


@pytest.fixture
def runs(images):
    """A run of each kind, with its own step that asks."""
    shows = {"image": images.python, "command": SHOW, "env": OWN}
    asking_step = {"name": "main", **shows, "extensions": [SELECTOR]}
    script = {"name": "script", "image": images.python, "env": OWN, "extensions": [SELECTOR]}
    lines = [
        "#!/bin/sh",
        "# << extension.m.url >> \\<< extension.m.url >>",
        "env -u PWD python3 - <<'END'",
        PRINT,
        "END",
        "",
    ]
    script["script"] = "\n".join(lines)
    in_argo = {
        "entrypoint": "main",
        "templates": [template("main", container=shows)],
        "podMetadata": {"annotations": {"example.com/x": "y"}},
    }
    return {
        "PipelineRun": tekton(
            "PipelineRun",
            "first",
            {"pipelineSpec": {"tasks": [{"name": "t", "taskSpec": {"steps": [asking_step, script]}}]}},
        ),
        "TaskRun": tekton("TaskRun", "first", {"taskSpec": {"steps": [asking_step, script]}}),
        "Workflow": argo("Workflow", "first", in_argo, run={"main": ASKS}),
    }


def seen(here, kind, name):
    """What each step of a run has printed."""
    assert ended(here, kind.lower(), name) == "Succeeded"
    return list(printed(here, name).values())


WAYS = [
    ("PipelineRun", rerun),
    ("PipelineRun", exported),
    ("TaskRun", rerun),
    ("TaskRun", exported),
    ("Workflow", resent_by_argo),
    ("Workflow", exported),
]


@pytest.mark.parametrize("managed", ["--show-managed-fields=false", "--show-managed-fields"])
@pytest.mark.parametrize(("kind", "send"), WAYS)
def test_a_run_that_is_sent_again_is_admitted_with_what_is_registered_now(here, runs, kind, send, managed):
    name = submit(here, runs[kind])
    register(here, NEW)

    sent = send(here.json("get", kind, name, managed))
    made = here.json("create", "--dry-run=server", "-f", "-", stdin=sent)

    new = here.json("create", "--dry-run=server", "-f", "-", stdin=named(runs[kind], "another"))
    assert OLD not in json.dumps(made["spec"])
    # Argo's types add what is empty.
    assert without_empty(made["spec"]) == without_empty(new["spec"])
    assert made["metadata"]["annotations"][RESOLVED] == new["metadata"]["annotations"][RESOLVED]


@pytest.mark.parametrize(("kind", "send"), [way for way in WAYS if way[1] is not exported])
def test_its_containers_print_the_new_values(here, runs, kind, send):
    name = submit(here, runs[kind])
    first = seen(here, kind, name)
    register(here, NEW)

    again = submit(here, send(here.json("get", kind, name)))

    count = 1 if kind == "Workflow" else 2
    assert first == [of(OLD)] * count
    assert seen(here, kind, again) == [of(NEW)] * count


def without_empty(node):
    if isinstance(node, dict):
        kept = {key: without_empty(value) for key, value in node.items()}
        return {key: value for key, value in kept.items() if value not in ({}, "", None)}
    return [without_empty(item) for item in node] if isinstance(node, list) else node


def named(obj, name):
    return {**obj, "metadata": {**obj["metadata"], "name": name}}


def test_what_was_changed_in_a_copy_stays(here, runs):
    name = submit(here, runs["TaskRun"])
    stored = exported(here.json("get", "taskrun", name))
    env = stored["spec"]["taskSpec"]["steps"][0]["env"]
    next(entry for entry in env if entry["name"] == "WHERE")["value"] = "http://mine"
    env.append({"name": "MORE", "value": "mine"})
    register(here, NEW)

    made = here.json("create", "--dry-run=server", "-f", "-", stdin=stored)

    env = {entry["name"]: entry["value"] for entry in made["spec"]["taskSpec"]["steps"][0]["env"]}
    assert env == {"WHERE": "http://mine", "OWN": f"{NEW}/own", "MORE": "mine"}


@pytest.mark.parametrize("kind", ["WorkflowTemplate", "CronWorkflow"])
def test_argo_submits_from_a_definition_what_is_registered_now(here, images, kind):
    shows = {"image": images.python, "command": SHOW, "env": OWN}
    asks = {"main": ASKS}
    spec = {"entrypoint": "main", "templates": [template("main", asks=asks, container=shows)]}
    if kind == "CronWorkflow":
        spec = {"schedules": ["0 0 1 1 *"], "suspend": True, "workflowSpec": spec}
    submit(here, argo(kind, "from", spec))
    if kind == "WorkflowTemplate":
        found_by_argo(here, "from")
    names = []

    for url in (OLD, NEW):
        register(here, url)
        names.append(submit(here, resent_by_argo(here.json("get", kind, "from"))))
        # Steps of definitions are resolved when their pods are created.
        assert seen(here, "Workflow", names[-1]) == [of(url)]

    register(here, OLD)
    again = submit(here, resent_by_argo(here.json("get", "workflow", names[-1])))
    assert seen(here, "Workflow", again) == [of(OLD)]


@pytest.mark.parametrize("is_bound", [False, True], ids=["to-be-scheduled", "bound"])
def test_a_pod_that_is_sent_again(here, images, is_bound):
    container = {"name": "main", "image": images.python, "command": SHOW}
    pod = {"apiVersion": "v1", "kind": "Pod", "spec": {"restartPolicy": "Never", "containers": [container]}}
    pod["metadata"] = metadata("first", pod={"main": {**ASKS, "env": OWN}})
    submit(here, pod)

    def phase(name):
        return here.api.get("pods", name)["status"]["phase"]

    wait_for(lambda: phase("first") == "Succeeded", 120, "the end of the first pod")
    register(here, NEW)
    copied = exported(here.json("get", "pod", "first"))
    if not is_bound:
        del copied["spec"]["nodeName"]

    again = submit(here, copied)

    wait_for(lambda: phase(again) == "Succeeded", 120, "the end of the second pod")
    assert environment(here, "first", "main") == of(OLD)
    assert environment(here, again, "main") == of(NEW)


def test_a_task_of_a_pipeline_that_is_rerun_alone_keeps_its_values_and_says_so(here, runs):
    """Its note is that of the PipelineRun, as Tekton copies annotations."""
    name = submit(here, runs["PipelineRun"])
    seen(here, "PipelineRun", name)
    (child,) = here.json("get", "taskruns", "-l", f"tekton.dev/pipelineRun={name}")["items"]
    register(here, NEW)

    done = here.run("create", "-f", "-", "-o", "name", stdin=rerun(child))

    assert done.returncode == 0, done.stderr
    assert KEPT in done.stderr
    assert seen(here, "TaskRun", done.stdout.strip().rpartition("/")[2]) == [of(OLD)] * 2


def test_such_a_task_is_refused_where_its_credentials_are_not_for_the_sender(shared, team, images):
    product, _ = shared(scope="project", projects=["red"])
    red, blue = team("red"), team("blue")
    step = {"name": "main", "image": images.python, "command": SHOW, **asking(product)}
    run = tekton("PipelineRun", "first", {"pipelineSpec": {"tasks": [{"name": "t", "taskSpec": {"steps": [step]}}]}})
    submit(red, run)
    assert ended(red, "pipelinerun", "first") == "Succeeded"
    (child,) = red.json("get", "taskruns", "-l", "tekton.dev/pipelineRun=first")["items"]
    sent = rerun(child)
    sent["metadata"]["namespace"] = blue.namespace

    message = blue.fails("create", "-f", "-", stdin=sent)

    assert f"it holds credentials 'default' of {product}/api, which you may not have now" in message


@pytest.fixture
def people(here):
    """Two people with logins of their own, and one without; each may run what he likes."""
    names = {who: f"e2e-{who}-{uuid.uuid4().hex[:8]}" for who in ("ann", "ben", "eve")}
    group = {"apiVersion": "rbac.authorization.k8s.io/v1"}
    rules = [{"apiGroups": ["tekton.dev"], "resources": ["taskruns"], "verbs": ["*"]}]
    subjects = [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": name} for name in names.values()]
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "runs"}
    owners = ("ann", "ben")
    secrets = [
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": who}, "stringData": {"LOGIN": marker()}}
        for who in owners
    ]
    credentials = [
        {
            "id": who,
            "scope": "user",
            "users": [names[who]],
            "secretRef": {"name": who},
            "configuration": {"LOGIN": "LOGIN"},
        }
        for who in owners
    ]
    here("create", "-f", "-", stdin=[
        {**group, "kind": "Role", "metadata": {"name": "runs"}, "rules": rules},
        {**group, "kind": "RoleBinding", "metadata": {"name": "runs"}, "roleRef": reference, "subjects": subjects},
        *secrets,
        extension("personal", {}, auth_required=True, credentials=credentials),
    ])  # fmt: skip
    return names


def test_another_users_copy_gets_the_credentials_of_who_sends_it_or_is_refused(here, people, images):
    step = {"name": "main", "image": images.busybox, "command": ["true"]}
    step["extensions"] = [{"name": "p", "product": "personal"}]
    run = tekton("TaskRun", "anns", {"taskSpec": {"steps": [step]}})

    def as_(who):
        return f"--as={people[who]}"

    def is_known():
        return here.run("create", "--dry-run=server", "-f", "-", as_("ann"), stdin=run).returncode == 0

    wait_for(is_known, 30, "the webhook to know the logins")
    here("create", "-f", "-", as_("ann"), stdin=run)
    stored = here.json("get", "taskrun", "anns")

    bens = here.json("create", "-f", "-", as_("ben"), stdin=rerun(stored))
    message = here.fails("create", "-f", "-", as_("eve"), stdin=rerun(stored))

    assert [entry["valueFrom"]["secretKeyRef"]["name"] for entry in env_of(stored)] == ["ann"]
    assert [entry["valueFrom"]["secretKeyRef"]["name"] for entry in env_of(bens)] == ["ben"]
    assert "requires credentials" in message


def env_of(run):
    return run["spec"]["taskSpec"]["steps"][0]["env"]
