"""The note of any run leads back to its author's question, and no note that somebody writes does harm."""

import json
from copy import deepcopy

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.mutation.runs_sent_again import (
    MOVED,
    admitted,
    as_engines_store,
    created,
    workflow,
)
from tests.mutation.test_laws import by_annotation
from tests.plausible_runs import INDEX, ME, pipeline_runs, workflows
from webhook.adapters import layout_of
from webhook.errors import RefusedError
from webhook.mutation.mutate import mutate
from webhook.mutation.note import resolved
from webhook.mutation.note.resolved import RESOLVED
from webhook.mutation.note.undo import undo
from webhook.objects.walk import at

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
