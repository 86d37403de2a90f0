"""What expressions give, and how a text is taken apart."""

import doctest
import pickle

import pytest

import renderer
from renderer import Expression, ExpressionError, Filter, RendererError

EXTENSIONS = {
    "artifact-store": {
        "url": "http://minio.storage:9000/bucket",
        "product": "mlflow",
        "version": "1.19.0",
        "zone": "eu",
        "extension_id": "mlflow-01",
        "service_id": "s3",
        "service_resource": "s3",
        "service_category": "object-storage",
        "endpoint_type": "internal",
        "credentials_id": "default",
        "cfg": {
            "KEY": "vAlue ",
            "lower-case": "hyphen",
            "any.key": "dotted",
            "it's": "apostrophe",
            "EMPTY": "",
            "NONE": None,
            "ключ": "Кириллица",
            "items": "the key items",
            "get": "the key get",
            "keys": "the key keys",
            "__class__": "the key __class__",
            "EXPRESSION": "<< extension.artifact-store.url >>",
        },
    },
    "any name": {"url": "http://any", "cfg": {}},
    "items": {"url": "http://items", "cfg": {"values": "v"}},
    "_x9": {"url": "http://underscore"},
    "bare": {},
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("<< extension.artifact-store.url >>", "http://minio.storage:9000/bucket", id="url"),
        pytest.param("<< extension.artifact-store.product >>", "mlflow", id="product"),
        pytest.param("<< extension.artifact-store.version >>", "1.19.0", id="version"),
        pytest.param("<< extension.artifact-store.zone >>", "eu", id="zone"),
        pytest.param("<< extension.artifact-store.extension_id >>", "mlflow-01", id="extension-id"),
        pytest.param("<< extension.artifact-store.service_id >>", "s3", id="service-id"),
        pytest.param("<< extension.artifact-store.service_resource >>", "s3", id="service-resource"),
        pytest.param("<< extension.artifact-store.service_category >>", "object-storage", id="category"),
        pytest.param("<< extension.artifact-store.endpoint_type >>", "internal", id="endpoint-type"),
        pytest.param("<< extension.artifact-store.credentials_id >>", "default", id="credentials-id"),
        pytest.param("<< extension.artifact-store.cfg.KEY >>", "vAlue ", id="cfg"),
        pytest.param("<< extensions.artifact-store.cfg.KEY >>", "vAlue ", id="extensions-is-accepted"),
        pytest.param("<< extension.artifact-store.cfg.lower-case >>", "hyphen", id="hyphen-in-key"),
        pytest.param("<< extension._x9.url >>", "http://underscore", id="underscore-and-digit-in-name"),
        pytest.param('<< extension["any name"].url >>', "http://any", id="name-in-double-quotes"),
        pytest.param("<< extension['any name'].url >>", "http://any", id="name-in-single-quotes"),
        pytest.param("<< extension.artifact-store.cfg['any.key'] >>", "dotted", id="key-in-brackets"),
        pytest.param('<< extension.artifact-store.cfg["it\'s"] >>', "apostrophe", id="other-quote-in-string"),
        pytest.param('<< extension.artifact-store.cfg["ключ"] >>', "Кириллица", id="any-letters-in-string"),
        pytest.param('<< extension["artifact-store"]["cfg"]["KEY"] >>', "vAlue ", id="brackets-throughout"),
        pytest.param("<< extension[ \t'any name' ].url >>", "http://any", id="spaces-in-brackets"),
        pytest.param("<<extension.artifact-store.zone>>", "eu", id="no-spaces"),
        pytest.param("<<\t extension.artifact-store.zone \t>>", "eu", id="tabs-and-spaces"),
        pytest.param("a<< extension.artifact-store.zone >>b", "aeub", id="text-on-both-sides"),
        pytest.param("<< extension.bare.url | default('none') >>", "none", id="default-for-a-field"),
        pytest.param("<< extension.bare.cfg.KEY|default('none')>>", "none", id="default-without-any-cfg"),
        pytest.param("<< extension.artifact-store.cfg.X | default('') >>", "", id="empty-default"),
        pytest.param("<< extension.artifact-store.cfg.EMPTY | default('x') >>", "", id="empty-is-a-value"),
        pytest.param("<< extension.artifact-store.cfg.NONE | default('x') >>", "x", id="none-is-no-value"),
        pytest.param("<< extension.bare.url | default ( 'x' ) >>", "x", id="spaces-around-round-brackets"),
        pytest.param("<< extension.bare.url | default('a >> b << c') >>", "a >> b << c", id="arrows-in-text"),
        pytest.param('<< extension.bare.url | default("it\'s") >>', "it's", id="apostrophe-in-text"),
        pytest.param(r"<< extension.bare.url | default('\n') >>", r"\n", id="a-backslash-is-a-backslash"),
        pytest.param("<< extension.bare.url | default('{{ 7 * 7 }}{% x %}') >>", "{{ 7 * 7 }}{% x %}", id="jinja"),
        pytest.param("<< extension.bare.url | default('é') | upper >>", "É", id="filters-after-default"),
        pytest.param("<< extension.artifact-store.cfg.KEY|trim|upper|lower >>", "value", id="filters-in-order"),
        pytest.param("<< extension.artifact-store.zone" + "|upper|lower" * 4 + " >>", "eu", id="eight-filters"),
        pytest.param("<< extension.items.url >>", "http://items", id="a-name-like-a-method"),
        pytest.param("<< extension.items.cfg.values >>", "v", id="a-key-like-a-method"),
        pytest.param("<< extension.artifact-store.cfg.items >>", "the key items", id="items-is-a-key"),
        pytest.param("<< extension.artifact-store.cfg.get >>", "the key get", id="get-is-a-key"),
        pytest.param("<< extension.artifact-store.cfg.keys >>", "the key keys", id="keys-is-a-key"),
        pytest.param("<< extension.artifact-store.cfg.__class__ >>", "the key __class__", id="class-is-a-key"),
        pytest.param(
            "<< extension.artifact-store.zone >><< extension.artifact-store.zone >>",
            "eueu",
            id="side-by-side",
        ),
        pytest.param(
            "<< extension.artifact-store.cfg.EXPRESSION >>",
            "<< extension.artifact-store.url >>",
            id="values-are-not-scanned",
        ),
    ],
)
def test_an_expression_becomes_its_value(text, expected):
    assert renderer.expand(text, EXTENSIONS) == expected


def test_callers_learn_what_an_expression_reads():
    text = "<< extension.store.cfg.KEY | default('a') | upper >> and << extensions['x y'].url >>"

    assert renderer.parse(text).expressions == (
        Expression(
            source="<< extension.store.cfg.KEY | default('a') | upper >>",
            name="store",
            field="cfg",
            key="KEY",
            filters=(Filter("default", ("a",)), Filter("upper")),
        ),
        Expression(source="<< extensions['x y'].url >>", name="x y", field="url"),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", ("",), id="empty"),
        pytest.param("no expression", ("no expression",), id="plain"),
        pytest.param(r"a \<< extension.s.url >> b", ("a << extension.s.url >> b",), id="escape-only"),
        pytest.param("<< extension.s.url >>", ("<< extension.s.url >>",), id="expression-only"),
        pytest.param("a<< extension.s.url >>b", ("a", "<< extension.s.url >>", "b"), id="between-texts"),
        pytest.param(
            r"a \<< extension.s.url >> b << extension.s.zone >>\<< extension.s.url >>",
            ("a << extension.s.url >> b ", "<< extension.s.zone >>", "<< extension.s.url >>"),
            id="escapes-join-the-text-beside-them",
        ),
    ],
)
def test_a_text_is_taken_apart(text, expected):
    assert tuple(str(part) for part in renderer.parse(text).parts) == expected


@pytest.mark.parametrize(
    ("text", "braces", "expected"),
    [
        pytest.param("plain", False, False, id="plain"),
        pytest.param("cat <<EOF >>out", False, False, id="heredoc"),
        pytest.param("<< extension.s.url", False, False, id="unclosed"),
        pytest.param("<< extension.s.url >>", False, True, id="expression"),
        pytest.param(r"\<< extension.s.url >>", False, True, id="escaped"),
        pytest.param("<< extension.nonsense( >>", False, True, id="refused"),
        pytest.param("{{ extension.s.url }}", False, False, id="braces-are-not-ours"),
        pytest.param("{{ extension.s.url }}", True, True, id="braces-asked-for"),
        pytest.param("{{ inputs.x }}", True, False, id="other-braces"),
        pytest.param("<< extension.s.url >>", True, True, id="angles-beside-braces"),
    ],
)
def test_contains_sees_every_candidate(text, braces, expected):
    assert renderer.contains(text, braces=braces) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("{{ extension.s.url }}", "U", id="braces"),
        pytest.param("{{extensions.s.url|lower}}", "u", id="no-spaces"),
        pytest.param("{{ extension.s.url }}<< extension.s.url >>", "UU", id="both"),
        pytest.param("{{ extension.b.url | default('}} {{ >> <<') }}", "}} {{ >> <<", id="delimiters-in-a-string"),
        pytest.param("{{ inputs.x }} {{ extension.s.url }} }}", "{{ inputs.x }} U }}", id="beside-other-braces"),
        pytest.param(r"\{{ extension.s.url }} {{ extension.s.url }}", "{{ extension.s.url }} U", id="escaped"),
        pytest.param("{{{ extension.s.url }}}", "{{{ extension.s.url }}}", id="three-braces-are-text"),
        pytest.param("{{ extension.s.url }}}", "{{ extension.s.url }}}", id="three-closing-braces-are-text"),
        pytest.param("{{ extension.s.url\n}}", "{{ extension.s.url\n}}", id="one-line-only"),
        pytest.param("{{ extension.s {{ extension.s.x", "{{ extension.s {{ extension.s.x", id="unclosed"),
        pytest.param("{{ extension.s.url >>", "{{ extension.s.url >>", id="pairs-do-not-mix"),
        pytest.param("<< extension.s.url }}", "<< extension.s.url }}", id="nor-the-other-way"),
    ],
)
def test_braces_work_like_angles_where_asked_for(text, expected):
    parts = renderer.parse(text, braces=True).parts
    extensions = {"s": {"url": "U"}, "b": {}}

    assert "".join(p if isinstance(p, str) else renderer.evaluate(p, extensions) for p in parts) == expected


def test_an_expression_in_braces_within_another_is_refused():
    with pytest.raises(ExpressionError, match="cannot hold another one"):
        renderer.parse("<< extension.s.url | default('{{ extension.b.url }}') >>", braces=True)


def test_a_long_expression_is_shown_short():
    (expression,) = renderer.parse("<< extension.s.url |\tdefault('" + "x" * 100 + "') >>").expressions

    assert str(expression) == r"<< extension.s.url |\tdefault('" + "x" * 48 + "…"


def test_an_error_says_which_expression_and_what_is_wrong():
    with pytest.raises(RendererError) as caught:
        renderer.expand("a << extension.s.urk >> b", {})

    error = caught.value
    assert isinstance(error, ValueError)
    assert (error.source, error.problem) == (
        "<< extension.s.urk >>",
        "unknown field 'urk'; did you mean 'url'?",
    )
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_the_example_of_the_package_works():
    assert doctest.testmod(renderer, extraglobs={"expand": renderer.expand}).failed == 0
