"""An expression is refused if its value is missing or is no text."""

import pytest

from tests.renderer.refusal import refusal


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param(
            "<< extension.stroe.url >>",
            "no selector is named 'stroe'; available: 'bare', 'many', 'odd', 'store'",
            id="an-unknown-name",
        ),
        pytest.param(
            "<< extension.stroe.url | default('x') >>",
            "no selector is named 'stroe'; available: 'bare', 'many', 'odd', 'store'",
            id="an-unknown-name-with-default",
        ),
        pytest.param(
            "<< extension['no\tsuch'].url >>",
            "no selector is named 'no\\tsuch'; available: 'bare', 'many', 'odd', 'store'",
            id="an-unknown-name-in-brackets",
        ),
        pytest.param(
            "<< extension.store.zone >>",
            "'store' has no zone; available: 'cfg', 'product', 'url'",
            id="a-missing-field",
        ),
        pytest.param(
            "<< extension.store.version >>",
            "'store' has no version; available: 'cfg', 'product', 'url'",
            id="a-field-that-is-none",
        ),
        pytest.param(
            "<< extension.store.zone | upper >>",
            "'store' has no zone; available: 'cfg', 'product', 'url'",
            id="a-missing-field-before-a-filter",
        ),
        pytest.param("<< extension.bare.url >>", "'bare' has no url; available: none", id="no-field-at-all"),
        pytest.param(
            "<< extension.store.cfg.SECRETS >>",
            "'store' has no cfg key 'SECRETS'; available: 'KEY', 'OTHER'",
            id="a-missing-key",
        ),
        pytest.param(
            "<< extension.many.cfg.KEY >>",
            "'many' has no cfg key 'KEY'; "
            "available: 'K00', 'K01', 'K02', 'K03', 'K04', 'K05', 'K06', 'K07', 'K08', 'K09', …",
            id="a-missing-key-of-many",
        ),
        pytest.param(
            "<< extension.bare.cfg.KEY >>", "'bare' has no cfg key 'KEY'; available: none", id="a-key-without-any-cfg"
        ),
        pytest.param(
            "<< extension.odd.cfg.KEY >>", "'odd' has no cfg key 'KEY'; available: none", id="a-cfg-that-is-a-text"
        ),
        pytest.param("<< extension.odd.version >>", "the value is not text, but of type int", id="a-number"),
        pytest.param(
            "<< extension.odd.version | upper >>",
            "the value is not text, but of type int",
            id="a-number-before-a-filter",
        ),
        pytest.param(
            "<< extension.odd.version | default('x') >>",
            "the value is not text, but of type int",
            id="a-number-before-default",
        ),
        pytest.param("<< extension.odd.url >>", "the value is not text, but of type dict", id="a-mapping"),
        pytest.param("<< extension.odd.zone >>", "the value is not text, but of type bool", id="true"),
        pytest.param(
            "<< extension.store.cfg.KEY | lower | host >>",
            "filter 'host': the value is not a URL, such as http://host:port/path",
            id="no-url",
        ),
    ],
)
def test_what_is_not_there_is_refused(text, problem):
    error = refusal(text)

    assert error.problem == problem
    assert error.source in text
