"""Messages are for people who write YAML: they do not speak of Python's values."""

import re
from copy import deepcopy

from hypothesis import given
from hypothesis import strategies as st

from webhook.objects import manifests
from webhook.preview import lint

SELECTOR = {"name": "a", "product": "b", "version": "1", "optional": True, "inject": False}
STEP = {
    "name": "s",
    "image": "i",
    "args": ["<< extension.a.url >> << extension.x.url >>"],
    "env": [{"name": "A", "value": "<< extension.a.cfg.B >>"}],
    "extensions": [SELECTOR, {"name": "c", "zone": "z"}],
}
ANNOTATION = {"s": {"extensions": [SELECTOR], "env": [{"name": "A", "value": "<< extension.y.url >>"}]}}
OBJECTS = [
    {
        "apiVersion": "tekton.dev/v1",
        "kind": "PipelineRun",
        "metadata": {"name": "r", "annotations": {"extensions.fuseml.org/run-selectors": manifests.dump({"t/s": {}})}},
        "spec": {"pipelineSpec": {"tasks": [{"name": "t", "taskSpec": {"steps": [STEP]}}]}},
    },
    {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "WorkflowTemplate",
        "metadata": {"name": "r"},
        "spec": {"templates": [{"name": "s", "container": STEP, "metadata": {"annotations": {}}}]},
    },
    {"name": "w", "steps": [{**STEP, "inputs": [{"name": "i", "value": "{{ extension.q.url }}"}]}]},
    {
        "id": "a",
        "product": "b",
        "services": [
            {"id": "s", "auth_required": True, "endpoints": [{"url": "u", "type": "internal"}], "credentials": []}
        ],
    },
    {
        "apiVersion": "fuseml.org/v1alpha1",
        "kind": "Extension",
        "metadata": {"name": "a"},
        "spec": {"version": "1", "services": [{"id": "s", "endpoints": [{"url": "u"}], "default": True}]},
    },
]
ODD = st.sampled_from([None, True, False, 7, 1.5, "", [], {}, [None], {"a": None}, [[]], "None of these"])
PYTHON = re.compile(r"\b(?:None|True|False|dict|list\[|str|int|float|tuple|<class|NoneType)\b(?! of these)")


def paths(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from paths(item, (*path, key))


@st.composite
def odd_objects(draw):
    obj = deepcopy(draw(st.sampled_from(OBJECTS)))
    for _ in range(draw(st.integers(1, 2))):
        *above, last = draw(st.sampled_from([path for path in paths(obj) if path]))
        holder = obj
        for part in above:
            holder = holder[part]
        holder[last] = deepcopy(draw(ODD))
    return obj


@given(odd_objects())
def test_no_message_speaks_of_values_of_python(obj):
    messages = [str(problem) for problem in lint.check(manifests.dump(obj), "file").problems]

    assert [message for message in messages if PYTHON.search(message)] == []


def test_selector_without_a_name_is_not_among_those_that_there_are():
    obj = {**OBJECTS[2], "steps": [{**STEP, "env": [], "extensions": [{"name": None, "product": "b"}, SELECTOR]}]}

    messages = sorted(problem.message for problem in lint.check(manifests.dump(obj), "file").problems)

    assert messages == [
        "steps[s].args[0]: \"<< extension.x.url >>\": no selector is named 'x' here; there are a",
        "steps[s]: extensions[0]: name: is required: expressions use it, as in << extension.NAME.url >>",
    ]
