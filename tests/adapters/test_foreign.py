"""What asks is found wherever it stands in an object of another kind, and once."""

from hypothesis import given
from hypothesis import strategies as st

from webhook.adapters import is_read, layout_of
from webhook.adapters.annotations.names import POD_SELECTORS
from webhook.adapters.foreign import parts_of

ASKS = {POD_SELECTORS: "'*': {extensions: [{name: x, product: minio}]}"}
TEMPLATE = {"metadata": {"annotations": ASKS}, "spec": {"containers": [{"name": "a"}]}}
RUN = {"apiVersion": "tekton.dev/v1", "kind": "TaskRun", "metadata": {"annotations": ASKS}, "spec": {}}
PATHS = st.lists(st.sampled_from(["spec", "template", "a.b/c", "annotations", 0]), min_size=1, max_size=12)


def around(part, path):
    for step in reversed(path):
        part = [part] if step == 0 else {step: part}
    return {"apiVersion": "example.com/v1", "kind": "Thing", "of": part}


@given(PATHS)
def test_a_pod_template_is_found_at_any_depth(path):
    parts = parts_of(around(TEMPLATE, path), is_read)

    assert list(parts.templates) == [("of", *path)]
    assert parts.objects == parts.annotations == {}


@given(PATHS)
def test_an_object_of_a_known_kind_is_found_at_any_depth(path):
    parts = parts_of(around(RUN, path), is_read)

    assert list(parts.objects) == [("of", *path)]
    assert parts.templates == parts.annotations == {}


@given(PATHS)
def test_other_annotations_are_judged_where_they_stand(path):
    layout = layout_of(around({"annotations": ASKS}, path))

    assert layout is not None
    assert [a.pointer for a in layout.annotations.read] == [("of", *path, "annotations", POD_SELECTORS)]
    assert len(layout.warnings) == 1


KEYS = ["spec", "containers", "metadata", "annotations", "submit", "workflowTemplateRef", POD_SELECTORS]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["spec", "containers", "metadata", "annotations", "submit", "workflowTemplateRef", POD_SELECTORS]
            ),
            inner,
            max_size=4,
        )
    ),
)


@given(st.dictionaries(st.sampled_from(["spec", "metadata", "submit"]), JSON))
def test_any_object_is_judged_without_an_error(content):
    layout_of({"apiVersion": "example.com/v1", "kind": "Thing", **content})
