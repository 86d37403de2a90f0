"""What a namespace is to have by a record, whatever else is known of it."""

import pytest

from registry.records.model import Credentials, Extension, SecretRef, Service
from tests.fakes.delivery import RULES
from webhook.controller.credentials.facts import Namespace, due_in, namespace_of

LOGIN = Credentials(id="login", secret_ref=SecretRef(name="minio"), configuration={"PASSWORD": "password"})
INLINE = Credentials(id="inline", configuration={"PASSWORD": "in the record"})
RECORD = Extension(id="mlflow", services=(Service(id="s3", credentials=(LOGIN, INLINE)), Service(id="none")))


def test_each_login_in_a_secret_is_due_once():
    (due,) = due_in(Namespace("red", "u-1", project="red"), RECORD).values()

    assert (due.extension, due.secret, due.mapping) == ("mlflow", "minio", {"PASSWORD": "password"})


@pytest.mark.parametrize(
    "namespace",
    [
        pytest.param(Namespace("red", "u-1"), id="neither-project-nor-owner"),
        pytest.param(Namespace("red", "u-1", project="red", is_closed=True), id="closed"),
    ],
)
def test_nothing_is_due(namespace):
    assert due_in(namespace, RECORD) == {}
    assert not namespace.opts_in


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        pytest.param({}, Namespace("red", "u-1"), id="bare"),
        pytest.param({"labels": None, "annotations": None}, Namespace("red", "u-1"), id="emptied-maps"),
        pytest.param({"labels": {RULES.keys.project_label: "a"}}, Namespace("red", "u-1", "a"), id="project"),
        pytest.param({"annotations": {RULES.keys.owner_annotation: "b"}}, Namespace("red", "u-1", "", "b"), id="owner"),
        pytest.param(
            {"annotations": {RULES.keys.project_label: "a"}}, Namespace("red", "u-1"), id="project-as-annotation"
        ),
        pytest.param({"deletionTimestamp": "t"}, Namespace("red", "u-1", is_closed=True), id="ending"),
        pytest.param({"name": "fuseml"}, Namespace("fuseml", "u-1", is_closed=True), id="the-registrys"),
    ],
)
def test_what_is_read_of_a_namespace(metadata, expected):
    assert namespace_of({"metadata": {"name": "red", "uid": "u-1", **metadata}}, RULES) == expected
