"""What holds for every text, every value and every expression."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import renderer
from renderer import ExpressionError

LAWS = settings(max_examples=200)
TEXTS = st.text()
PIECES = st.sampled_from(
    [
        *["<<", ">>", "<", ">", "{{", "}}", "[", "]", "(", ")", "'", '"', "|", "-", "%", "\\", " ", "\t", "\n", "é"],
        *["extension", "s", "url", ".url", "cfg", ".cfg.", "upper", "host", "default", "default('", "__class__"],
        *["<< extension.", "<< extension.s.url >>"],
    ]
)
MESSES = st.lists(PIECES | st.characters(), max_size=30).map("".join)


@LAWS
@given(TEXTS)
def test_without_an_opener_nothing_changes(text):
    assume("<<" not in text)

    assert renderer.expand(text, {}) == text


@LAWS
@given(MESSES, st.booleans())
def test_parts_join_to_the_text_when_nothing_is_escaped(text, braces):
    assume("\\" not in text)
    try:
        template = renderer.parse(text, braces=braces)
    except ExpressionError:
        return

    assert "".join(part if isinstance(part, str) else part.source for part in template.parts) == text


@LAWS
@given(MESSES, st.booleans())
def test_contains_is_false_exactly_for_texts_of_one_unchanged_part(text, braces):
    try:
        unchanged = renderer.parse(text, braces=braces).parts == (text,)
    except ExpressionError:
        unchanged = False

    assert renderer.contains(text, braces=braces) is not unchanged


@LAWS
@given(MESSES)
def test_a_text_is_expanded_or_refused_and_never_fails_otherwise(text):
    extensions = {"s": {"url": "CANARY", "cfg": {"s": "CANARY"}}}
    refused = None
    try:
        renderer.expand(text, extensions)
    except ExpressionError as error:
        refused = error

    assert "CANARY" not in f"{refused} {refused!r}"
    assert str(refused).isprintable()
    assert len(str(refused)) < 400


@LAWS
@given(TEXTS, MESSES, TEXTS)
def test_a_value_comes_out_once_as_it_is(before, value, after):
    assume("<" not in before and "\\" not in before and "<" not in after and ">" not in after)
    text = f"{before}<< extension.s.cfg.KEY >>{after}"

    assert renderer.expand(text, {"s": {"cfg": {"KEY": value}, "url": "never"}}) == f"{before}{value}{after}"


@LAWS
@given(TEXTS, TEXTS)
def test_any_name_and_key_can_be_written_in_brackets(name, key):
    assume(not set('"\r\n') & set(name + key))
    text = f'<< extension["{name}"].cfg["{key}"] >>'
    assume(renderer.contains(text) and "<<" not in name + key)

    (expression,) = renderer.parse(text).expressions
    assert (expression.name, expression.key) == (name, key)
    assert renderer.expand(text, {name: {"cfg": {key: "value"}}}) == "value"


@LAWS
@given(MESSES)
def test_an_escaped_expression_comes_out_as_it_was_written(text):
    body = text.replace("\\", "").replace("<", "").replace(">", "").replace("\n", "").replace("\r", "")
    expression = f"<< extension.{body} >>"
    assume(renderer.contains(expression))

    assert renderer.expand("\\" + expression, {}) == expression


@pytest.mark.parametrize("braces", [False, True])
def test_parsing_is_the_same_each_time(braces):
    text = "<< extension.s.url >> {{ extension.s.url }}"

    assert renderer.parse(text, braces=braces) == renderer.parse(text, braces=braces)
