"""What is read of Argo's podSpecPatch: a strategic merge patch in JSON or YAML that may hold parameters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook.adapters.environment.pod_patch import MAX_PATCH_BYTES, read

PARAMETER = (
    "a parameter stands where it may set variables, so it cannot be read here; what it sets for a variable that is "
    "injected as well would be mixed with that in the pod"
)
NO_PATCH = PARAMETER.replace(
    "a parameter stands where it may set variables, so it cannot be read here", "it is no patch that can be read here"
)


def of_main(text, section="containers", name="main"):
    """The names that *text* sets for a container, whether it leaves anything else, and why it is not known."""
    sources = read(text, "podSpecPatch").of(section, name)
    names = sorted(name for source in sources for name in source.names)
    unread = [one.why for source in sources for one in source.unread]
    return names, any(source.replaces_all for source in sources), unread


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param('{"containers":[{"name":"main","env":[{"name":"A","value":"x"}]}]}', ["A"], id="json"),
        pytest.param("containers:\n- name: main\n  env:\n  - {name: A, value: x}\n", ["A"], id="yaml"),
        pytest.param(
            "containers: [{name: main, env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k}}}]}]",
            ["A"],
            id="from-a-secret",
        ),
        pytest.param("containers: [{name: main, env: [{name: A, $patch: delete}]}]", ["A"], id="deletes-one"),
        pytest.param("containers: [{name: other, env: [{name: A, value: x}]}]", [], id="another-container"),
        pytest.param("initContainers: [{name: main, env: [{name: A}]}]", [], id="another-section"),
        pytest.param("nodeSelector: {a: b}", [], id="nothing-of-containers"),
        pytest.param(
            "containers: [{name: main, $setElementOrder/env: [{name: A}], env: [{name: A}]}]", ["A"], id="with-an-order"
        ),
        pytest.param(
            'containers: [{name: main, resources: {limits: {memory: "{{inputs.parameters.m}}"}}, env: [{name: A}]}]',
            ["A"],
            id="parameter-elsewhere",
        ),
        pytest.param(
            "containers:\n- name: main\n  env:\n  - name: A\n    value: {{workflow.name}}\n",
            ["A"],
            id="parameter-for-a-value-without-quotes",
        ),
        pytest.param(
            '{"activeDeadlineSeconds": {{inputs.parameters.s}}, "containers":[{"name":"main","env":[{"name":"A"}]}]}',
            ["A"],
            id="parameter-for-a-number",
        ),
    ],
)
def test_names_are_read_where_they_stand(text, names):
    assert of_main(text) == (names, False, [])


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("containers: [{name: main, env: null}]", id="null"),
        pytest.param("containers: [{name: main, env: [{$patch: replace}, {name: A}]}]", id="list-of-variables"),
        pytest.param("containers: [{name: main, $patch: replace, env: [{name: A}]}]", id="container"),
        pytest.param("containers: [{name: main, $patch: delete}]", id="no-container"),
        pytest.param("containers: [{$patch: replace}, {name: main}]", id="list-of-containers"),
        pytest.param("containers: [{$patch: replace}, {name: other}]", id="list-of-other-containers"),
        pytest.param("containers: [{name: main, $retainKeys: [name, image], image: i}]", id="keys-that-stay"),
        pytest.param("{$patch: replace, containers: [{name: main}]}", id="pod"),
    ],
)
def test_what_leaves_nothing_of_a_containers_variables_is_known(text):
    _, replaces_all, unread = of_main(text)

    assert (replaces_all, unread) == (True, [])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("{{inputs.parameters.patch}}", PARAMETER, id="whole"),
        pytest.param("containers: {{inputs.parameters.c}}", PARAMETER, id="containers"),
        pytest.param('containers: ["{{inputs.parameters.c}}"]', PARAMETER, id="container"),
        pytest.param("containers: [{name: '{{inputs.parameters.n}}', env: []}]", PARAMETER, id="name-of-a-container"),
        pytest.param("containers: [{name: main, env: {{=toJson(inputs)}}}]", PARAMETER, id="variables"),
        pytest.param(
            'containers: [{name: main, env: [{name: "X_{{inputs.parameters.n}}"}]}]', PARAMETER, id="variable"
        ),
        pytest.param('containers: [{name: main, "{{inputs.parameters.k}}": 1}]', PARAMETER, id="key"),
        pytest.param('{"containers":[{"name":"main"{{inputs.parameters.more}}}]}', PARAMETER, id="part-of-the-text"),
        pytest.param("containers: [{name: main, env: [{name: $(params.n)}]}]", NO_PATCH, id="parameter-of-tekton's"),
        pytest.param("containers: [", NO_PATCH, id="no-yaml"),
        pytest.param("- a", NO_PATCH, id="no-map"),
        pytest.param("containers: {a: b}", NO_PATCH, id="no-list"),
    ],
)
def test_what_cannot_be_read_is_said(text, why):
    assert of_main(text)[2] == [why]


def test_a_long_patch_is_not_read():
    (why,) = of_main("# " + "x" * MAX_PATCH_BYTES)[2]

    assert why.startswith("it is longer than 32 KiB and is not read here; ")


@pytest.mark.parametrize("text", [None, "", " \n", 7, {}], ids=repr)
def test_nothing_is_no_patch(text):
    assert read(text, "podSpecPatch") is None


@given(st.text(max_size=60) | st.text("{}[]:,\"' \n-ab$", max_size=60))
def test_any_text_is_read_or_is_not(text):
    patch = read(text, "podSpecPatch")

    assert patch is None or isinstance(patch.of("containers", "main"), tuple)


def test_values_are_shown_as_they_are_written():
    text = "containers: [{name: main, env: [{name: A, value: 'x-{{workflow.name}}-{{pod.name}}'}]}]"

    (source,) = read(text, "podSpecPatch").of("containers", "main")

    assert source.entries == ({"name": "A", "value": "x-{{workflow.name}}-{{pod.name}}"},)
