"""Which extensions a list shows, by the criteria of selectors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import InvalidSelectorError
from registry.records.codec import decode
from registry.resolving.query import matching, query_of
from registry.resolving.selectors import CRITERIA
from tests.records.test_laws import extensions

MLFLOW = decode(
    {
        "id": "m",
        "product": "mlflow",
        "version": "1.10.1",
        "services": [{"id": "a", "resource": "s3"}, {"id": "b", "resource": "http", "category": "ui"}],
    }
)


@pytest.mark.parametrize(
    ("criteria", "services"),
    [
        pytest.param({}, ["a", "b"], id="nothing"),
        pytest.param({"product": "mlflow", "version": "~1.10.0"}, ["a", "b"], id="constraint"),
        pytest.param({"version": "1.10.1"}, ["a", "b"], id="version as text"),
        pytest.param({"version": "<1"}, None, id="other versions"),
        pytest.param({"service_resource": "s3"}, ["a"], id="one service"),
        pytest.param({"service_resource": "s3", "service_category": "ui"}, None, id="no service has both"),
        pytest.param({"extension_id": "m", "service_id": "b"}, ["b"], id="ids"),
        pytest.param({"extension_id": "x"}, None, id="another id"),
        pytest.param({"product": "", "zone": ""}, ["a", "b"], id="empty is not given"),
    ],
)
def test_extension_is_shown_with_its_matching_services(criteria, services):
    found = matching(MLFLOW, query_of(criteria))

    assert (None if found is None else [s.id for s in found.services]) == services


def test_wrong_constraint_is_refused():
    with pytest.raises(InvalidSelectorError) as refusal:
        query_of({"version": ">=1.."})

    assert refusal.value.problems[0].path == ("version",)


@given(extensions, st.dictionaries(st.sampled_from(CRITERIA), st.from_regex("[a-z0-9]{1,2}", fullmatch=True)))
def test_more_criteria_never_show_more(extension, criteria):
    wider = matching(extension, query_of({}))
    narrower = matching(extension, query_of(criteria))

    assert wider == extension
    assert narrower is None or set(map(repr, narrower.services)) <= set(map(repr, extension.services))
