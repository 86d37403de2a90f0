"""The API server sends what has an annotation that is almost one of ours, so that its author gets a warning."""

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from webhook.adapters.annotations.names import LEVELS, meant_by

CONFIGURATION = Path(__file__).parents[2] / "manifests/base/webhook-configuration.yaml"
WEBHOOK = "near-misses.extensions.fuseml.org"


@pytest.fixture(scope="module")
def pattern():
    """Which keys the condition takes, apart from those with our prefix."""
    webhooks = yaml.safe_load(CONFIGURATION.read_text())["webhooks"]
    (condition,) = (
        condition["expression"]
        for webhook in webhooks
        if webhook["name"] == WEBHOOK
        for condition in webhook["matchConditions"]
        if condition["name"] == "is-near"
    )
    return re.compile(re.search(r"key\.matches\('([^']*)'\)", condition)[1])


@st.composite
def misspelt(draw):
    """One of our names with one character too few, too many or wrong, or two exchanged."""
    name = draw(st.sampled_from(LEVELS))
    at = draw(st.integers(0, len(name) - 1))
    other = draw(st.sampled_from("aeiosxzlr-_."))
    return draw(
        st.sampled_from(
            [
                name[:at] + name[at + 1 :],
                name[:at] + other + name[at:],
                name[:at] + other + name[at + 1 :],
                name[:at] + name[at + 1 : at + 2] + name[at] + name[at + 2 :],
                name.upper()[:at] + name[at:],
            ]
        )
    )


@given(misspelt())
def test_whatever_gets_a_warning_is_sent(pattern, key):
    assert not meant_by(key, "extensions") or pattern.search(key)


@pytest.mark.parametrize(
    "key",
    [
        "extensions.fuseml.org.example.com/x",
        "extensions.example.com/run",
        "extensions.gardener.cloud/type",
        "kubectl.kubernetes.io/last-applied-configuration",
        "pipelines.kubeflow.org/pipeline_spec",
        "workflows.argoproj.io/description",
        "example.com/selectors",
        "prometheus.io/pod-selector-labels",
        "fuseful.ml.example.com/team",
    ],
)
def test_what_is_somebody_elses_is_not_sent(pattern, key):
    assert not pattern.search(key)
