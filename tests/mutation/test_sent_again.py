"""A run that is sent again asks again: what its note says was put in is taken out, and what it asked is asked anew."""

import json
from copy import deepcopy

import jsonpatch
import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from registry.records import codec
from registry.resolving.index import Index
from registry.resolving.selectors import Consumer
from tests.mutation.test_laws import by_annotation
from tests.plausible_runs import INDEX, ME, RECORDS, pipeline_runs, workflows
from webhook.adapters import layout_of
from webhook.adapters.annotations.names import POD_SELECTORS, RUN_SELECTORS
from webhook.errors import RefusedError
from webhook.mutation.mutate import mutate
from webhook.mutation.note import resolved
from webhook.mutation.note.resolved import MAX_BYTES, PLACE, RESOLVED
from webhook.mutation.note.undo import undo
from webhook.objects.walk import at

ASKS = "{extensions: [{name: s3, product: minio}]}"


def moved():
    """The registry after everything has moved."""
    text = json.dumps(RECORDS).replace("minio:9000", "new:1").replace('"u"', '"new"').replace('"login"', '"other"')
    return Index(map(codec.decode, json.loads(text)))


MOVED = moved()


def patched(obj, mutation):
    return jsonpatch.apply_patch(obj, [dict(op) for op in mutation.ops])


def created(obj, index=INDEX, consumer=ME):
    return patched(obj, mutate(obj, index, consumer))


def admitted(obj, index=INDEX):
    """What becomes of *obj*; the example is left out if it is refused."""
    try:
        result = created(obj, index)
    except RefusedError:
        assume(False)
    assume(resolved.is_there(result))
    return result


def as_engines_store(node):
    """*node* after a round trip through an engine's types, which leave out what is empty."""
    if isinstance(node, dict):
        stored = {key: as_engines_store(value) for key, value in node.items()}
        return {key: value for key, value in stored.items() if value not in ({}, [], "", None)}
    return [as_engines_store(item) for item in node] if isinstance(node, list) else node


# Laws


runs = pipeline_runs | workflows | (pipeline_runs | workflows).map(by_annotation)


@given(runs)
def test_the_note_leads_back_to_the_question(obj):
    stored = admitted(obj)

    undone = undo(stored, resolved.read(stored)).obj

    assert undone["spec"] == obj["spec"]
    assert created(undone) == stored


@given(runs)
def test_sent_again_it_gets_what_a_new_one_gets(obj):
    stored = admitted(obj)
    before = deepcopy(stored)

    assert created(stored, MOVED) == created(obj, MOVED)
    again = created(as_engines_store(stored), MOVED)
    assert as_engines_store(again["spec"]) == as_engines_store(created(obj, MOVED)["spec"])
    assert stored == before


@given(runs)
def test_sent_again_with_nothing_new_it_is_sent_no_patch(obj):
    assert mutate(admitted(obj), INDEX, ME).ops == ()


def fields_of(obj, path=()):
    """The pointer to each text of an object."""
    for key, value in obj.items() if isinstance(obj, dict) else enumerate(obj):
        if isinstance(value, (dict, list)):
            yield from fields_of(value, (*path, key))
        elif isinstance(value, str):
            yield (*path, key)


@given(runs, st.data())
def test_what_was_changed_by_hand_stays(obj, data):
    stored = admitted(obj)
    changed = deepcopy(stored)
    places = [p for p in fields_of(stored["spec"]) if p[-1] not in ("name", "key", "product")]
    place = data.draw(st.sampled_from(places))
    at(changed["spec"], place[:-1])[place[-1]] = "by hand"

    try:
        again = created(changed, MOVED)
    except RefusedError:
        return  # It asks for what cannot be had, as of a variable that its own text now lacks.

    assert str(again["spec"]).count("'by hand'") == 1


@given(runs, st.sampled_from(["label", "step", "variable"]))
def test_what_was_added_by_hand_stays(obj, what):
    stored = admitted(obj)
    changed = deepcopy(stored)
    added = {"name": "ADDED", "value": "by hand"}
    steps = [step for step in layout_of(changed).steps if step.env]
    if what == "label":
        changed["metadata"]["labels"] = {"a": "by hand"}
    elif what == "variable":
        at(changed, steps[0].pointer).setdefault("env", []).append(added)
    else:
        at(changed, steps[0].pointer)["env"] = [added, *at(changed, steps[0].pointer).get("env", [])]

    assert str(created(changed, MOVED)).count("by hand") == 1


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["*", "t", "one/a", "env", "spec", "0 t\n9999 x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([f.name for t in (resolved.Resolved, resolved.Given) for f in msgspec.structs.fields(t)]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)
PLACES = st.lists(
    st.sampled_from(["spec", "metadata", "env", "templates", "a", 0, -1, 10**6, "annotations"]), max_size=5
)
FORGED = st.builds(
    lambda obj, taken, texts: {**obj, "kind": "Workflow", "taken": taken, "texts": texts},
    st.dictionaries(st.sampled_from(["given", "handover", "asked", "short"]), JUNK, max_size=3),
    st.lists(st.fixed_dictionaries({"at": st.lists(PLACES), "content": JUNK, "to": st.sampled_from(["*", ["t"]])})),
    st.lists(
        st.fixed_dictionaries(
            {"at": st.lists(PLACES), "result": st.just(resolved.digest("i")), "to": st.sampled_from(["*", ["t"]])},
            optional={"pieces": st.lists(st.tuples(st.integers(), st.integers(), st.text(max_size=3))), "was": JUNK},
        ),
        max_size=3,
    ),
)


@given(workflows, JUNK | FORGED, st.booleans())
def test_any_note_is_answered_or_refused(obj, note, is_text):
    obj = {**obj, "metadata": {"annotations": {RESOLVED: json.dumps(note) if is_text else note}}}
    before = deepcopy(obj)

    try:
        result = created(obj)
    except RefusedError as e:
        assert e.problems
    else:
        assert created(result) == result, "a second run must add nothing"

    assert obj == before


@pytest.mark.parametrize(
    "note",
    [
        "[" * 100_000,
        json.dumps({"kind": "Workflow", "taken": [{"content": "x" * 200_000, "to": ["t"] * 9_000}]}),
        json.dumps({"kind": "Workflow", "texts": [{"at": [["env"]], "to": "9 x\n" * 60_000}]}),
        json.dumps(
            {"kind": "Workflow", "taken": [{"content": "x" * 9_000, "at": [["spec", f"x{i}"] for i in range(999)]}]}
        ),
        '{"kind":"Workflow","taken":[{"to":["t"],"content":' + "[" * 60 + "]" * 60 + "}]}",
        "x" * 1_000_000,
        "",
    ],
    ids=["deep", "one-content-often", "growing-names", "many-places", "deep-content", "long", "empty"],
)
def test_a_forged_note_costs_little_and_gives_nothing(note):
    obj = workflow("")
    obj["metadata"]["annotations"] = {RESOLVED: note}

    result = created(obj)

    assert len(json.dumps(result["spec"])) < 10_000 or "x1" not in result["spec"]
    assert RESOLVED not in result["metadata"]["annotations"] or result["metadata"]["annotations"][RESOLVED] == note


# By hand


def workflow(question=f"'*': {ASKS}", *templates, **spec):
    templates = templates or ({"name": "t", "container": {"image": "i"}},)
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "demo", "annotations": {RUN_SELECTORS: question} if question else {}},
        "spec": {"templates": list(templates), **spec},
    }


def task_run(*steps, **metadata):
    return {
        "apiVersion": "tekton.dev/v1",
        "kind": "TaskRun",
        "metadata": {"name": "demo", **metadata},
        "spec": {"taskSpec": {"steps": list(steps)}},
    }


def step(name="a", **more):
    return {"name": name, "image": "i", "extensions": [{"name": "s3", "product": "minio"}], **more}


def url_of(container):
    return {entry["name"]: entry.get("value") for entry in container["env"]}.get("S3_URL")


def test_a_step_that_was_removed_is_not_put_back():
    stored = created(task_run(step("a"), step("b")))
    del stored["spec"]["taskSpec"]["steps"][0]

    again = created(stored, MOVED)["spec"]["taskSpec"]["steps"]

    assert [(s["name"], url_of(s)) for s in again] == [("b", "new")]


def test_what_an_annotation_asked_for_a_step_that_was_removed_is_left_out_with_a_warning():
    stored = created(workflow(f"a: {ASKS}\nb: {ASKS}", *({"name": n, "container": {"image": "i"}} for n in "ab")))
    del stored["spec"]["templates"][0]

    mutation = mutate(stored, MOVED, ME)

    assert mutation.warnings == ("what was asked for 'a' is left out, as there is no such step any more",)
    assert url_of(patched(stored, mutation)["spec"]["templates"][0]["container"]) == "new"


def test_a_step_that_was_renamed_is_known_by_what_it_was_given():
    stored = created(task_run(step("a"), step("b", env=[{"name": "U", "value": "<< extension.s3.url >>"}])))
    stored["spec"]["taskSpec"]["steps"][0]["name"] = "c"

    again = created(stored, MOVED)["spec"]["taskSpec"]["steps"]

    assert [(s["name"], url_of(s)) for s in again] == [("c", "new"), ("b", "new")]


def test_a_renamed_step_that_an_annotation_names_is_refused_rather_than_forgotten():
    stored = created(workflow(f"train: {ASKS}", {"name": "train", "container": {"image": "i"}}))
    stored["spec"]["templates"][0]["name"] = "trained"

    with pytest.raises(RefusedError, match="no step is 'train'; did you mean 'trained'"):
        mutate(stored, MOVED, ME)


def test_steps_are_found_by_their_names_when_others_were_put_before_them():
    stored = created(task_run(step("a", script="curl << extension.s3.url >>")))
    stored["spec"]["taskSpec"]["steps"].insert(0, {"name": "first", "image": "i"})

    first, second = created(stored, MOVED)["spec"]["taskSpec"]["steps"]

    assert first == {"name": "first", "image": "i"}
    assert (url_of(second), second["script"]) == ("new", "curl http://new:1")


@pytest.mark.parametrize("login", ["<< extension.s3.url >>", "<< extension.s3.cfg.S3_KEY >>"], ids=["text", "secret"])
def test_what_tekton_has_stored_in_another_version_is_found(login):
    env = [{"name": "FIRST", "value": "x"}, {"name": "LOGIN", "value": login}]
    sent = pipeline_run(f"own/a: {ASKS}", podTemplate={"env": env}, **deepcopy(MIXED))
    sent["apiVersion"] = "tekton.dev/v1beta1"
    stored = in_v1(created(sent))

    again = created(stored, MOVED)

    assert again["spec"] == in_v1(created(sent, MOVED))["spec"]
    assert again["spec"] != stored["spec"]


def in_v1(run):
    spec = dict(run["spec"])
    spec["taskRunTemplate"] = {"podTemplate": spec.pop("podTemplate")}
    return {**run, "apiVersion": "tekton.dev/v1", "spec": spec}


def test_an_escape_is_an_escape_again():
    obj = task_run(step(script="a \\<< extension.s3.url >> b << extension.s3.url >> \\<< extension.x.y >>"))
    stored = created(obj)

    assert "extension.x.y >>" in stored["spec"]["taskSpec"]["steps"][0]["script"]
    assert created(stored, MOVED) == created(obj, MOVED)


def test_a_long_script_is_not_kept_twice():
    obj = task_run(step(script="# long\n" * 20_000 + "curl << extension.s3.url >>"))

    assert len(created(obj)["metadata"]["annotations"][RESOLVED]) < 1_000


# What is left for pods


DAG = {"name": "main", "dag": {"tasks": [{"name": "x", "templateRef": {"name": "w", "template": "theirs"}}]}}
OWN = {"name": "own", "container": {"image": "i"}}


def pipeline_run(question, **spec):
    return {
        "apiVersion": "tekton.dev/v1",
        "kind": "PipelineRun",
        "metadata": {"name": "demo", "annotations": {RUN_SELECTORS: question}},
        "spec": spec or {"pipelineRef": {"name": "p"}},
    }


MIXED = {
    "pipelineSpec": {
        "tasks": [
            {"name": "own", "taskSpec": {"steps": [{"name": "a", "image": "i"}]}},
            {"name": "shared", "taskRef": {"name": "t"}},
        ]
    }
}
HANDING_OVER = [
    pytest.param(workflow(f"'*': {ASKS}", DAG, OWN), id="argo"),
    pytest.param(workflow(f"'*': {ASKS}", DAG, OWN, podMetadata={"labels": {"a": "b"}}), id="argo-pod-metadata"),
    pytest.param(pipeline_run(f"'*': {ASKS}", **deepcopy(MIXED)), id="tekton"),
    pytest.param(pipeline_run(f"t/a: {ASKS}"), id="all-in-other-objects"),
]


@pytest.mark.parametrize("obj", HANDING_OVER)
def test_what_was_left_for_pods_is_worked_out_anew(obj):
    stored = created(obj)

    assert created(stored, MOVED) == created(obj, MOVED)


def test_what_argo_copied_into_templates_is_taken_out_as_well():
    obj = workflow(f"'*': {ASKS}", DAG, {**OWN, "metadata": {"annotations": {"other": "x"}}})
    stored = created(obj)
    copied = deepcopy(stored)
    copied["spec"]["templates"][1]["metadata"]["annotations"] |= stored["spec"]["podMetadata"]["annotations"]

    assert created(copied, MOVED) == created(obj, MOVED)


def test_what_was_changed_in_what_was_left_for_pods_stays():
    stored = created(pipeline_run(f"'*': {ASKS}\nown/a: {{env: [{{name: A, value: b}}]}}", **deepcopy(MIXED)))
    annotations = stored["metadata"]["annotations"]
    annotations[RUN_SELECTORS] = annotations[RUN_SELECTORS].replace("minio", "odd")

    with pytest.raises(RefusedError, match="s3"):
        # '*' and the key that was left for pods now ask for different things under one name.
        mutate(stored, MOVED, ME)


# Who is asked again


@pytest.mark.parametrize("kind", ["TaskRun", "Pod"])
def test_what_an_engine_makes_is_not_taken_for_it(kind):
    owner = {"apiVersion": "tekton.dev/v1", "kind": "PipelineRun", "controller": True, "name": "x"}
    stored = created(task_run(step()))
    spec = stored["spec"] if kind == "TaskRun" else {"containers": stored["spec"]["taskSpec"]["steps"]}
    made = {**stored, "kind": kind, "spec": spec, "metadata": {**stored["metadata"], "ownerReferences": [owner]}}
    made["apiVersion"] = {"TaskRun": "tekton.dev/v1", "Pod": "v1"}[kind]

    assert mutate(made, MOVED, ME) == mutate(task_run(), MOVED, ME)


def test_a_workflow_of_a_cronworkflow_is_asked_again_though_argo_copies_its_owner():
    obj = workflow()
    cron = {"apiVersion": "argoproj.io/v1alpha1", "kind": "CronWorkflow", "controller": True, "name": "x"}
    obj["metadata"]["ownerReferences"] = [cron]

    assert created(created(obj), MOVED) == created(obj, MOVED)


def test_a_pod_of_ones_own_is_asked_again():
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "annotations": {POD_SELECTORS: f"main: {ASKS}"}},
        "spec": {"containers": [{"name": "main", "image": "i"}]},
    }
    gated = deepcopy(pod)
    gated["spec"]["schedulingGates"] = [{"name": "extensions.fuseml.org/injection"}]
    stored = created(gated)
    sent = deepcopy(stored)
    sent["spec"]["schedulingGates"] = gated["spec"]["schedulingGates"]

    assert created(stored, MOVED)["spec"]["containers"] == created(pod, MOVED)["spec"]["containers"]
    assert created(sent, MOVED)["spec"] == created(gated, MOVED)["spec"]


PRIVATE = {
    "id": "private",
    "product": "minio",
    "services": [
        {
            "id": "s3",
            "credentials": [
                {"id": of, "scope": "user", "users": [of], "secretRef": {"name": f"{of}s"}, "configuration": {"K": "k"}}
                for of in ("ann", "ben")
            ],
            "auth_required": True,
        }
    ],
}


@pytest.mark.parametrize(("user", "expected"), [("ann", "anns"), ("ben", "bens"), ("eve", None)])
def test_another_users_copy_gets_that_users_credentials_or_is_refused(user, expected):
    index = Index([codec.decode(PRIVATE)])
    stored = created(task_run(step()), index, Consumer(project="ml", user="ann"))
    me = Consumer(project="ml", user=user)

    if expected:
        (entry,) = created(stored, index, me)["spec"]["taskSpec"]["steps"][0]["env"]
        assert entry["valueFrom"]["secretKeyRef"]["name"] == expected
    else:
        with pytest.raises(RefusedError, match="requires credentials and has none for project 'ml', user 'eve'"):
            mutate(stored, index, me)


def test_a_service_that_is_gone_is_refused():
    with pytest.raises(RefusedError, match="selector 's3'"):
        mutate(created(task_run(step())), Index(), ME)


# Notes that cannot lead back


OLD = '{"asked":"b0","steps":{"a":{"s3":{"credentials":"%s","extension":"private","service":"s3","variables":["K"]}}}}'
KEEPS = "its note cannot undo what it was given before, which it keeps; create it from its manifest for what holds now"


def noted(text):
    env = [{"name": "K", "valueFrom": {"secretKeyRef": {"name": "anns", "key": "k"}}}]
    return task_run({"name": "a", "image": "i", "env": env}, annotations={RESOLVED: text})


@pytest.mark.parametrize(
    "note",
    [
        pytest.param(OLD % "ann", id="of-an-older-version"),
        pytest.param('{"asked":"b0","kind":"PipelineRun"}', id="copied-from-the-run-that-it-was-part-of"),
        pytest.param('{"asked":"b0","kind":"TaskRun","short":true,"bound":[["private","s3","ann"]]}', id="too-long"),
    ],
)
def test_a_note_that_cannot_lead_back_is_said_to_keep_what_it_has(note):
    mutation = mutate(noted(note), Index([codec.decode(PRIVATE)]), Consumer(project="ml", user="ann"))

    assert (mutation.ops, mutation.warnings) == ((), (KEEPS,))
    assert len(KEEPS) <= 120


@pytest.mark.parametrize(
    "note",
    [
        pytest.param(OLD % "ann", id="of-an-older-version"),
        pytest.param(OLD % "nobody", id="that-are-gone"),
        pytest.param('{"asked":"b0","kind":"TaskRun","short":true,"bound":[["private","s3","ann"]]}', id="too-long"),
        pytest.param(
            '{"kind":"PipelineRun","given":[{"to":"*","selectors":{"s":{"extension":"private","service":"s3",'
            '"credentials":"ann"}}}]}',
            id="copied-from-a-run",
        ),
    ],
)
def test_credentials_of_somebody_else_are_not_kept(note):
    with pytest.raises(RefusedError, match="of private/s3, which you may not have now; create it from its manifest"):
        mutate(noted(note), Index([codec.decode(PRIVATE)]), Consumer(project="ml", user="ben"))


def test_an_object_that_was_stored_with_an_older_note_can_be_applied_again():
    obj = workflow(f"t: {ASKS}")
    stored = created(obj)
    note = resolved.read(stored)
    steps = {"t": {"s3": {"extension": "minio", "service": "s3", "variables": ["S3_URL", "S3_KEY", "REGION"]}}}
    old = resolved.Resolved(asked=note.asked, annotation=note.annotation, steps=steps)
    stored["metadata"]["annotations"][RESOLVED] = resolved.text_of(old)
    merged = deepcopy(stored)
    merged["metadata"]["annotations"] |= obj["metadata"]["annotations"]

    assert patched(obj, mutate(obj, Index(), ME, old=stored)) == stored
    assert patched(merged, mutate(merged, Index(), ME, old=stored)) == stored


# How long a note may be


def many(steps, ask):
    """A Workflow of *steps* templates; *ask* makes what one of them says of its own."""
    templates = [{"name": f"task-of-a-long-name-{i:04}", "container": {"image": "b"}, **ask(i)} for i in range(steps)]
    return workflow("", *templates)


def block(i):
    return {"extensions": [{"name": "s3", "product": "minio"}]}


SHORT = {
    "every-step-by-an-annotation": many(800, lambda i: {})
    | {"metadata": {"name": "x", "annotations": {RUN_SELECTORS: f"'*': {ASKS}"}}},
    "all-but-one": many(800, lambda i: {})
    | {
        "metadata": {
            "name": "x",
            "annotations": {RUN_SELECTORS: f"'*': {ASKS}\ntask-of-a-long-name-0007: {{env: [{{name: A, value: b}}]}}"},
        }
    },
    "a-block-in-each": many(800, block),
    "a-text-in-each": many(
        800,
        lambda i: {**block(i), "container": {"image": "b", "args": ["--url", "<< extension.s3.url >>"]}},
    ),
}


@pytest.mark.parametrize("obj", SHORT.values(), ids=SHORT)
def test_the_note_on_many_steps_that_are_given_the_same_stays_short(obj):
    stored = created(obj)

    assert not resolved.read(stored).short
    assert len(stored["metadata"]["annotations"][RESOLVED].encode()) < 8 * 1024
    assert created(stored, MOVED) == created(obj, MOVED)


@pytest.mark.parametrize(
    "obj",
    [
        pytest.param(
            many(800, lambda i: {**block(i), "container": {"args": [f"{i}<< extension.s3.url >>{i}"]}}), id="texts"
        ),
        pytest.param(
            many(800, lambda i: {"extensions": [{"name": f"{i:03}-{'x' * 60}"[:63], "product": "minio"}]}), id="blocks"
        ),
    ],
)
def test_what_is_too_much_for_a_note_is_said_twice(obj):
    obj["spec"]["templates"] = obj["spec"]["templates"][:800]
    for i, template in enumerate(obj["spec"]["templates"]):
        # At most 256 selectors may differ.
        template["extensions"] = obj["spec"]["templates"][i % 256]["extensions"]
        template["container"]["args"] = [f"{i}<< extension.{template['extensions'][0]['name']}.url >>{i}"]

    mutation = mutate(obj, INDEX, ME)
    stored = patched(obj, mutation)

    warning = "too much for a note of 48 KiB: sent again, it would keep the values it gets now"
    assert warning in mutation.warnings
    assert len(at(stored, PLACE).encode()) <= MAX_BYTES
    assert patched(obj, mutate(obj, Index(), ME, old=stored)) == stored, "applied again, it keeps what it has"
    assert mutate(stored, INDEX, ME).warnings == (KEEPS,)


# The cases of people


def test_a_stored_run_of_before_says_that_it_keeps_its_values():
    ids = {"endpoint": "internal", "extension": "mlflow-1", "service": "tracking", "variables": ["URI"]}
    env = [{"name": "URI", "value": "http://old.tracking"}, {"name": "OTHER", "value": "http://old.tracking"}]
    obj = workflow("", {"name": "main", "container": {"image": "busybox", "command": ["env"], "env": env}})
    obj["metadata"] = {
        "generateName": "nightly-",
        "annotations": {RESOLVED: json.dumps({"asked": "b0b0b0b0b0b0b0b0", "steps": {"main": {"t": ids}}})},
    }

    mutation = mutate(obj, INDEX, ME)

    assert (mutation.ops, mutation.warnings) == ((), (KEEPS,))


def resubmitted(stored):
    """As Argo's ``FormulateResubmitWorkflow`` makes it."""
    metadata = {field: deepcopy(stored["metadata"].get(field, {})) for field in ("annotations", "labels")}
    metadata["labels"]["workflows.argoproj.io/resubmitted-from-workflow"] = stored["metadata"]["name"]
    return {**deepcopy(stored), "metadata": {"generateName": f"{stored['metadata']['name']}-", **metadata}}


def rerun(stored):
    """As Tekton's dashboard makes it."""
    metadata = {field: deepcopy(stored["metadata"].get(field, {})) for field in ("annotations", "labels")}
    metadata["labels"]["dashboard.tekton.dev/rerunOf"] = stored["metadata"]["name"]
    return {**deepcopy(stored), "metadata": {"generateName": f"{stored['metadata']['name']}-r-", **metadata}}


def exported(stored):
    """As ``kubectl get -o yaml`` prints it."""
    found = deepcopy(stored)
    found["metadata"] |= {"uid": "1", "resourceVersion": "2", "managedFields": [{"manager": "kubectl"}]}
    return {**found, "status": {"phase": "Succeeded", "message": "<< extension.s3.url >>"}}


@pytest.mark.parametrize("send", [resubmitted, rerun, exported])
@pytest.mark.parametrize(
    "obj",
    [
        pytest.param(workflow(), id="workflow"),
        pytest.param(task_run(step(script="curl << extension.s3.url >>")), id="taskrun"),
        pytest.param(pipeline_run(f"'*': {ASKS}", **deepcopy(MIXED)), id="pipelinerun"),
    ],
)
def test_whatever_way_it_is_sent_again_it_gets_the_new_values(obj, send):
    again = created(send(created(obj)), MOVED)

    assert again["spec"] == created(obj, MOVED)["spec"]
    assert "new" in str(again["spec"])
