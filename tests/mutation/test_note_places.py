"""Places in a note are found again when the lists around them have changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook.mutation.note.places import Places, found, found_in_any_version, found_where_empty
from webhook.objects.walk import at

OBJ = {
    "tasks": [{"name": "train", "env": [{"name": "A"}, {"name": "B"}]}, {"name": "clean", "args": ["x", "y"]}],
    "twins": [{"name": "same"}, {"name": "same"}],
    "nameless": [{"image": "a"}, {"name": ""}, {"name": 3}, "text"],
    "env": [{"value": "1"}, {"value": "2"}],
}


@pytest.mark.parametrize(
    ("pointer", "place"),
    [
        (("tasks", 0, "env", 1), ["tasks", "train", "env", "B"]),
        (("tasks", 1, "args", 1), ["tasks", "clean", "args", 1]),
        (("twins", 1), ["twins", 1]),
        (("nameless", 0), ["nameless", 0]),
        (("nameless", 2), ["nameless", 2]),
        (("nameless", 3), ["nameless", 3]),
        (("env", 0, "value"), ["env", -2, "value"]),
        (("tasks", 1, "env"), ["tasks", "clean", "env"]),
        ((), []),
    ],
    ids=str,
)
def test_items_are_called_by_their_names_where_these_are_unique(pointer, place):
    assert Places(OBJ).named(pointer) == place
    assert found(OBJ, place) == pointer


def test_a_place_can_be_seen_from_further_down():
    assert Places(OBJ).named(("tasks", 0, "env", 1, "value"), 2) == ["env", "B", "value"]


@pytest.mark.parametrize(
    ("changed", "place", "pointer"),
    [
        pytest.param([{"name": "new"}, {"name": "a"}], ["l", "a"], ("l", 1), id="others-were-put-before-it"),
        pytest.param([{"name": "a"}, {"name": "a"}], ["l", "a"], None, id="there-are-two-now"),
        pytest.param([{"name": "b"}], ["l", "a"], None, id="it-is-gone"),
        pytest.param([{"name": "b"}], ["l", 1], None, id="the-list-is-shorter"),
        pytest.param([{"name": "b"}], ["l", -2], None, id="shorter-from-the-end"),
        pytest.param({"a": 1}, ["l", "a"], ("l", "a"), id="it-is-a-map-now"),
        pytest.param("text", ["l", "a"], None, id="it-is-a-text-now"),
        pytest.param([["x"]], ["l", 0, "name"], None, id="no-map-within"),
    ],
)
def test_what_has_changed_is_found_or_not(changed, place, pointer):
    assert found({"l": changed}, place) == pointer


def test_only_the_last_part_of_a_place_may_be_missing():
    assert found({"a": {}}, ["a", "b"]) == ("a", "b")
    assert found({"a": {}}, ["a", "b", "c"]) is None


@pytest.mark.parametrize(
    ("obj", "place", "pointer"),
    [
        ({"podTemplate": {"env": []}}, ["taskRunTemplate", "podTemplate", "env"], ("podTemplate", "env")),
        ({"taskRunTemplate": {"podTemplate": {}}}, ["podTemplate"], ("taskRunTemplate", "podTemplate")),
        (
            {"taskRunSpecs": [{"podTemplate": {}}]},
            ["taskRunSpecs", 0, "taskPodTemplate"],
            ("taskRunSpecs", 0, "podTemplate"),
        ),
        (
            {"taskRunSpecs": [{"taskPodTemplate": 1}]},
            ["taskRunSpecs", 0, "podTemplate"],
            ("taskRunSpecs", 0, "taskPodTemplate"),
        ),
        ({"podTemplate": {"a": 1}}, ["podTemplate", "a"], ("podTemplate", "a")),
        ({"other": 1}, ["other"], ("other",)),
        ({}, ["taskRunSpecs", 0], None),
    ],
    ids=str,
)
def test_places_that_tekton_moves_between_versions_are_found(obj, place, pointer):
    found_at = found_in_any_version({"spec": obj}, ["spec", *place])

    assert found_at == (None if pointer is None else ("spec", *pointer))


TEMPLATE = ["spec", "templates", "main", "metadata", "annotations", "key"]
DEFAULT = ["spec", "templateDefaults", "container", "extensions"]


@pytest.mark.parametrize(
    ("spec", "place", "pointer"),
    [
        ({"templates": [{"name": "main", "metadata": {}}]}, TEMPLATE, ("templates", 0, *TEMPLATE[3:])),
        ({"templates": [{"name": "main"}]}, TEMPLATE, ("templates", 0, *TEMPLATE[3:])),
        ({"templates": [{"name": "other"}]}, TEMPLATE, None),
        ({"templates": {}}, TEMPLATE, None),
        ({}, TEMPLATE, None),
        ({"templateDefaults": {"container": {}}}, DEFAULT, None),
        ({"templateDefaults": {}}, DEFAULT, tuple(DEFAULT[1:])),
        ({}, DEFAULT, tuple(DEFAULT[1:])),
        ({}, ["spec", "podMetadata", "annotations", "key"], ("podMetadata", "annotations", "key")),
        ({}, ["spec", "podMetadata", "annotations", 0], None),
        ({"podMetadata": "text"}, ["spec", "podMetadata", "annotations", "key"], None),
        ({}, ["spec", "taskSpec", "extensions"], None),
        ({}, ["spec", "templateDefaults", 0, "extensions"], None),
        ({}, [], None),
    ],
    ids=str,
)
def test_what_was_alone_in_its_maps_is_put_back_though_they_are_gone(spec, place, pointer):
    found_at = found_where_empty({"spec": spec}, place)

    assert found_at == (None if pointer is None else ("spec", *pointer))


parts = st.lists(
    st.sampled_from(["tasks", "train", "env", "A", "nameless", "twins", "same", 0, 1, -1, -9, 99]), max_size=5
)


@given(parts)
def test_any_place_is_in_the_object_or_not_found(place):
    pointer = found_in_any_version(OBJ, place)

    assert pointer is None or pointer == () or isinstance(at(OBJ, pointer[:-1]), (dict, list))
