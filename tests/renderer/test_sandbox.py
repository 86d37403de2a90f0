"""The second line of defence: what Jinja could do if the grammar ever let it."""

import jinja2
import pytest

import renderer
from renderer import sandbox

VARIABLES = {"extension": {"store": {"url": "http://store", "cfg": {"KEY": "value"}}}, "value": "text"}


def run(source):
    compiled = sandbox._ENVIRONMENT.compile_expression(source, undefined_to_none=False)
    return compiled(**VARIABLES)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("range(3)", id="range"),
        pytest.param("lipsum()", id="lipsum"),
        pytest.param("dict(a=1)", id="dict"),
        pytest.param("value.upper()", id="method"),
        pytest.param("value.format()", id="format"),
        pytest.param("value.format_map({})", id="format-map"),
        pytest.param("value['format']()", id="format-as-an-item"),
        pytest.param("extension.items()", id="items-of-a-mapping"),
        pytest.param("extension.store.cfg.update(KEY='x')", id="update"),
        pytest.param("value.__class__ ~ ''", id="class"),
        pytest.param("value['__class__'] ~ ''", id="class-as-an-item"),
        pytest.param("extension.__class__.__mro__ ~ ''", id="class-of-a-mapping"),
        pytest.param("value[0] ~ ''", id="index"),
        pytest.param("nothing ~ ''", id="undefined"),
        pytest.param("extension.store.nothing ~ ''", id="undefined-field"),
        pytest.param("value|attr('upper')", id="attr"),
        pytest.param("value|format", id="format-filter"),
        pytest.param("value|center(9)", id="center"),
        pytest.param("[value]|map('upper')", id="map"),
        pytest.param("extension|pprint", id="pprint"),
        pytest.param("value is string", id="test"),
        pytest.param("value is defined", id="is-defined"),
    ],
)
def test_jinja_itself_fails_at(source):
    with pytest.raises(jinja2.TemplateError):
        run(source)


def test_a_key_is_found_and_a_method_is_not():
    assert run("extension.store.cfg.KEY") == "value"
    assert run("extension['store']['url']|upper") == "HTTP://STORE"
    assert isinstance(run("extension.items"), jinja2.Undefined)
    assert isinstance(run("value.upper"), jinja2.Undefined)


def test_nothing_is_in_reach_but_the_filters_of_the_contract():
    environment = sandbox._ENVIRONMENT

    assert (environment.globals, environment.tests) == ({}, {})
    assert " ".join(sorted(environment.filters)) == (
        "b64encode default host hostport lower port quote scheme tojson trim upper urlencode"
    )


def test_authors_cannot_make_jinja_compile_more_than_a_few_pieces():
    names = " | ".join(["lower", "upper", "trim", "quote", "tojson", "urlencode"])
    for i in range(300):
        text = f"<< extension['{{{{ {i} }}}}'].cfg.K{i} | default('%{i}') | {names} >>"
        renderer.expand(text, {f"{{{{ {i} }}}}": {}})

    info = sandbox._compiled.cache_info()
    assert info.currsize <= 34
    assert info.maxsize == 64
