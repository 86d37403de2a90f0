"""A value arrives byte for byte, or is refused: checked against the rules of the kubelet, Tekton and Argo."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook.adapters.step import Engine, Place
from webhook.mutation.escaping import UnsafeError, check_joints, escape, expanded_env

# Text made of what is special to somebody on the way, and of what is not.
hostile = st.lists(st.sampled_from(["$", "(", ")", "{", "}", "A", "params.x", "[0]", " ", "\n", "é", "🚀"])).map(
    "".join
)


def as_the_process_sees(value):
    earlier = {"name": "A", "value": "changed"}
    return dict(expanded_env([earlier, {"name": "X", "value": value}], Engine.TEKTON))["X"]


@given(hostile)
def test_what_is_written_into_an_env_entry_comes_out_of_the_kubelet_as_it_was(value):
    try:
        literal = escape(value, Engine.TEKTON, Place.ENV)
    except UnsafeError:
        return

    assert as_the_process_sees(literal) == value


@given(hostile, hostile, hostile)
def test_author_text_around_a_value_keeps_its_meaning(before, value, after):
    try:
        parts = [before, escape(value, Engine.ARGO, Place.ARGUMENT), after]
        check_joints(parts, Engine.ARGO)
    except UnsafeError:
        return

    whole = as_the_process_sees("".join(parts))
    alone = as_the_process_sees(before), value, as_the_process_sees(after)
    # A reference that the author opens before the value, and closes after it, is the author's.
    if "$(" not in before:
        assert whole == "".join(alone)


@pytest.mark.parametrize(
    ("value", "engine", "place", "expected"),
    [
        pytest.param("$(HOME)", Engine.TEKTON, Place.ENV, "$$(HOME)", id="reference"),
        pytest.param("$$(HOME)", Engine.TEKTON, Place.ENV, "$$$$(HOME)", id="escaped-reference"),
        pytest.param("a$b $", Engine.TEKTON, Place.ENV, "a$b $", id="lone-dollars"),
        pytest.param("$$$", Engine.ARGO, Place.ARGUMENT, "$$$$$$", id="run-of-dollars"),
        pytest.param("$(date) $$", Engine.TEKTON, Place.VERBATIM, "$(date) $$", id="script-is-not-the-kubelets"),
        pytest.param("{{x}}", Engine.TEKTON, Place.ENV, "{{x}}", id="braces-mean-nothing-to-tekton"),
        pytest.param("$(params.x)", Engine.ARGO, Place.ENV, "$$(params.x)", id="params-mean-nothing-to-argo"),
        pytest.param("$(X)", Engine.FUSEML, Place.ENV, "$(X)", id="no-kubelet-reads-a-fuseml-document"),
    ],
)
def test_a_value_is_escaped_for_whoever_reads_it(value, engine, place, expected):
    assert escape(value, engine, place) == expected


@pytest.mark.parametrize(
    ("value", "engine", "place", "message"),
    [
        pytest.param(
            "x $(params.p)",
            Engine.TEKTON,
            Place.ENV,
            "the value holds a reference such as '$(params.x)', which Tekton would expand",
            id="tekton",
        ),
        pytest.param(
            '$$(tasks["t"])',
            Engine.TEKTON,
            Place.VERBATIM,
            "the value holds a reference such as '$(params.x)', which Tekton would expand",
            id="tekton-heeds-no-escape",
        ),
        pytest.param("{{=1}}", Engine.ARGO, Place.VERBATIM, "the value holds '{{', which Argo would expand", id="argo"),
        pytest.param(
            "{{ inputs.x }}", Engine.FUSEML, Place.ENV, "the value holds '{{', which FuseML would expand", id="fuseml"
        ),
        pytest.param(
            "$(X)",
            Engine.TEKTON,
            Place.FLOW,
            "the value holds '$(' or '$$', which may be expanded where the parameter is used",
            id="parameter",
        ),
    ],
)
def test_a_value_that_cannot_be_escaped_is_refused_without_being_shown(value, engine, place, message):
    with pytest.raises(UnsafeError) as refused:
        escape(value, engine, place)

    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("parts", "engine"),
    [
        pytest.param(["$", "(HOME)"], Engine.TEKTON, id="text-then-value"),
        pytest.param(["a$", "(HOME)"], Engine.TEKTON, id="value-then-text"),
        pytest.param(["$", "", "(X)"], Engine.TEKTON, id="nothing-between"),
        pytest.param(["$", "$"], Engine.TEKTON, id="two-dollars"),
        pytest.param(["{", "{x}}"], Engine.ARGO, id="braces"),
    ],
)
def test_text_and_value_that_begin_a_reference_together_are_refused(parts, engine):
    with pytest.raises(UnsafeError, match="together begin"):
        check_joints(parts, engine)


def test_braces_that_meet_are_fine_where_nobody_reads_them():
    check_joints(["{", '{"a": 1}', "}"], Engine.TEKTON)


def test_the_environment_names_what_comes_from_elsewhere():
    env = [
        {"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        {"name": "B", "value": "$(A) $(UNKNOWN) $$(A)"},
        {"name": "C", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "D", "valueFrom": 7},
    ]

    assert expanded_env(env, Engine.ARGO) == [
        ("A", "<secret s, k>"),
        ("B", "<secret s, k> $(UNKNOWN) $(A)"),
        ("C", "<field metadata.name>"),
        ("D", "<elsewhere>"),
    ]
