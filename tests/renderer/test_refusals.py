"""What the grammar refuses, and how its messages look."""

import pytest

import renderer
from renderer import ExpressionError
from tests.renderer.refusal import FIELDS, FILTERS, refusal


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("<< extension. >>", "expected the name of a selector, found the end", id="no-name"),
        pytest.param(
            "<< extension..url >>", "expected the name of a selector, found '.' at character 14", id="no-name-but-a-dot"
        ),
        pytest.param(
            "<< extension.store >>", "expected a field, such as .url or .cfg.KEY, found the end", id="no-field"
        ),
        pytest.param(
            "<< extension.store. >>",
            "expected a field, such as .url or .cfg.KEY, found the end",
            id="no-field-but-a-dot",
        ),
        pytest.param("<< extension.store.cfg >>", "expected a key, as in .cfg.KEY, found the end", id="no-key"),
        pytest.param(
            "<< extension.store.cfg | upper >>",
            "expected a key, as in .cfg.KEY, found ' ' at character 23",
            id="no-key-but-a-filter",
        ),
        pytest.param(
            "<< extension.store.cgf.KEY >>", "unknown field 'cgf'; did you mean 'cfg'?", id="a-typing-error-in-cfg"
        ),
        pytest.param("<< extension.store.URL >>", "unknown field 'URL'; did you mean 'url'?", id="a-field-in-capitals"),
        pytest.param(
            "<< extension.store.password >>", f"unknown field 'password'; {FIELDS}", id="a-field-that-is-none"
        ),
        pytest.param(
            "<< extension.store.services >>",
            "unknown field 'services'; did you mean 'service_id'?",
            id="a-field-of-another-kind",
        ),
        pytest.param("<< extension.my.store.url >>", f"unknown field 'store'; {FIELDS}", id="a-name-with-a-dot"),
        pytest.param(
            "<< extension.store.cfg.any.key >>",
            'a key with dots is written in brackets, as in .cfg["any.key"]',
            id="a-key-with-a-dot",
        ),
        pytest.param(
            "<< extension.store.url.host >>",
            "expected '|' and a filter, found '.' at character 23",
            id="a-part-of-a-field",
        ),
        pytest.param(
            "<< extension[store].url >>",
            "expected the name of a selector in quotes, found 's' at character 14",
            id="a-name-without-quotes",
        ),
        pytest.param(
            "<< extension[0].url >>",
            "expected the name of a selector in quotes, found '0' at character 14",
            id="a-number-in-brackets",
        ),
        pytest.param(
            "<< extension[extension.store.cfg.KEY].url >>",
            "expected the name of a selector in quotes, found 'e' at character 14",
            id="an-expression-in-brackets",
        ),
        pytest.param(
            "<< extension[].url >>",
            "expected the name of a selector in quotes, found ']' at character 14",
            id="empty-brackets",
        ),
        pytest.param('<< extension["store".url >>', "expected ']', found '.' at character 21", id="no-closing-bracket"),
        pytest.param('<< extension["store].url >>', "the quote at character 14 is never closed", id="no-closing-quote"),
        pytest.param(
            "<< extension[\"store'].url >>", "the quote at character 14 is never closed", id="two-kinds-of-quotes"
        ),
        pytest.param('<< extension["a" "b"].url >>', "expected ']', found '\"' at character 18", id="two-strings"),
        pytest.param(
            "<< extension.store .url >>",
            "expected a field, such as .url or .cfg.KEY, found ' ' at character 19",
            id="a-space-in-the-path",
        ),
        pytest.param(
            "<< extension. store.url >>",
            "expected the name of a selector, found ' ' at character 14",
            id="a-space-after-a-dot",
        ),
        pytest.param(
            "<< extension.st\u043ere.url >>",
            "expected a field, such as .url or .cfg.KEY, found '\u043e' (U+043E) at character 16",
            id="a-cyrillic-letter-in-the-name",
        ),
        pytest.param(
            "<< extension.store\uff0eurl >>",
            "expected a field, such as .url or .cfg.KEY, found '\uff0e' (U+FF0E) at character 19",
            id="a-full-width-dot",
        ),
        pytest.param(
            "<< extension.store.url\xa0>>",
            "expected '|' and a filter, found '\\xa0' (U+00A0) at character 23",
            id="a-no-break-space",
        ),
        pytest.param("<< extension.store.u\u200brl >>", f"unknown field 'u'; {FIELDS}", id="a-zero-width-space"),
        pytest.param(
            "<< extension.store.\x00 >>",
            "expected a field, such as .url or .cfg.KEY, found '\\x00' at character 20",
            id="a-null",
        ),
        pytest.param(
            "<< extension.store.url | default(“x”) >>",
            "expected a text in quotes, found '“' (U+201C) at character 34",
            id="typographic-quotes",
        ),
        pytest.param(
            "<< extension.store.url \\n >>", "expected '|' and a filter, found '\\' at character 24", id="an-escape"
        ),
        pytest.param(
            "<< extension.store.url | reverse >>", f"unknown filter 'reverse'; {FILTERS}", id="an-unknown-filter"
        ),
        pytest.param(
            "<< extension.store.url | uper >>",
            "unknown filter 'uper'; did you mean 'upper'?",
            id="a-typing-error-in-a-filter",
        ),
        pytest.param(
            "<< extension.store.url | B64Encode >>",
            "unknown filter 'B64Encode'; did you mean 'b64encode'?",
            id="a-filter-in-capitals",
        ),
        pytest.param("<< extension.store.url | >>", "expected a filter, found the end", id="no-filter"),
        pytest.param(
            "<< extension.store.url || upper >>", "expected a filter, found '|' at character 25", id="two-bars"
        ),
        pytest.param(
            "<< extension.store.url upper >>", "expected '|' and a filter, found 'u' at character 24", id="no-bar"
        ),
        pytest.param(
            "<< extension.store.url | upper() >>", "the filter 'upper' takes no brackets", id="brackets-after-a-filter"
        ),
        pytest.param(
            '<< extension.store.url | trim("/") >>',
            "the filter 'trim' takes no brackets",
            id="an-argument-for-a-filter",
        ),
        pytest.param(
            "<< extension.store.url | default >>",
            "'default' needs a text, as in default(\"text\")",
            id="default-without-a-text",
        ),
        pytest.param(
            "<< extension.store.url | default() >>",
            "expected a text in quotes, found ')' at character 34",
            id="default-with-empty-brackets",
        ),
        pytest.param(
            "<< extension.store.url | default(5) >>",
            "expected a text in quotes, found '5' at character 34",
            id="default-with-a-number",
        ),
        pytest.param(
            "<< extension.store.url | default(extension.store.zone) >>",
            "expected a text in quotes, found 'e' at character 34",
            id="default-with-a-path",
        ),
        pytest.param(
            '<< extension.store.url | default("a", true) >>',
            "expected ')', found ',' at character 37",
            id="default-with-two-arguments",
        ),
        pytest.param(
            '<< extension.store.url | default(value="a") >>',
            "expected a text in quotes, found 'v' at character 34",
            id="default-with-a-keyword",
        ),
        pytest.param(
            '<< extension.store.url | default("a" >>', "expected ')', found the end", id="default-without-an-end"
        ),
        pytest.param(
            '<< extension.store.url | default("a >> b) >>',
            "the quote at character 34 is never closed",
            id="default-without-a-closing-quote",
        ),
        pytest.param(
            '<< extension.store.url | default(((("a")))) >>',
            "expected a text in quotes, found '(' at character 34",
            id="default-in-many-brackets",
        ),
        pytest.param(
            '<< extension.store.url | upper | default("a") >>',
            "'default' must be the first filter",
            id="default-after-another-filter",
        ),
        pytest.param(
            '<< extension.store.url | default("a") | default("b") >>',
            "'default' must be the first filter",
            id="default-twice",
        ),
        pytest.param(
            "<< extension.store.url|trim|trim|trim|trim|trim|trim|trim|trim|trim >>",
            "more than 8 filters",
            id="nine-filters",
        ),
        pytest.param(
            "<< extension.store.url >>> x >>",
            "expected '|' and a filter, found '>' at character 24",
            id="three-closing-angles-then-two",
        ),
        pytest.param(
            "<< extension.store.url << extension.store.zone >>",
            "an expression cannot hold another one; is its end missing?",
            id="another-expression-within",
        ),
        pytest.param(
            '<< extension.store.cfg.X | default("<< extension.store.url >>") >>',
            "an expression cannot hold another one; is its end missing?",
            id="another-expression-in-a-string",
        ),
        pytest.param(
            "<< extension.<< extension.store.zone >>.url >>",
            "an expression cannot hold another one; is its end missing?",
            id="another-expression-in-the-name",
        ),
        pytest.param(
            "<< extension.$(params.name).url >>",
            "expected the name of a selector, found '$' at character 14",
            id="a-tekton-variable-in-the-name",
        ),
        pytest.param(
            "<< extension.{{inputs.parameters.name}}.url >>",
            "expected the name of a selector, found '{' at character 14",
            id="an-argo-variable-in-the-name",
        ),
        pytest.param(
            "cat <<extension.txt >>out",
            "expected a field, such as .url or .cfg.KEY, found the end",
            id="a-heredoc-named-like-a-file",
        ),
    ],
)
def test_the_grammar_refuses(text, problem):
    error = refusal(text)

    assert error.problem == problem
    assert error.source in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "a << extension.store.urk >> b",
            "\"<< extension.store.urk >>\": unknown field 'urk'; did you mean 'url'?",
            id="without-the-text-around-it",
        ),
        pytest.param(
            "<<\textension['\x1b\u202e'].urk\t>>",
            "\"<<\\textension['\\x1b\\u202e'].urk\\t>>\": unknown field 'urk'; did you mean 'url'?",
            id="control-characters-are-made-visible",
        ),
        pytest.param(
            "<< extension['" + "n" * 400 + "'].url >>",
            "\"<< extension['" + "n" * 65 + "…\": no selector is named '" + "n" * 39 + "…'; "
            "available: 'bare', 'many', 'odd', 'store'",
            id="long-ones-are-cut",
        ),
        pytest.param(
            "<< extension['" + "\x00" * 400 + "'].url >>",
            "\"<< extension['" + r"\x00" * 16 + "\\…\": no selector is named '" + r"\x00" * 9 + "\\x0…'; "
            "available: 'bare', 'many', 'odd', 'store'",
            id="long-ones-are-cut-after-they-were-made-visible",
        ),
    ],
)
def test_a_message_is_one_short_line(text, expected):
    assert str(refusal(text)) == expected


def test_the_first_refused_expression_counts_before_any_value_is_looked_up():
    error = refusal("<< extension.nobody.url >> << extension.store.urk >> << extension.store.urn >>")

    assert error.source == "<< extension.store.urk >>"


def test_braces_are_refused_by_the_same_grammar():
    with pytest.raises(ExpressionError) as caught:
        renderer.parse("{{ extension.store.cgf.KEY }}", braces=True)

    assert str(caught.value) == "\"{{ extension.store.cgf.KEY }}\": unknown field 'cgf'; did you mean 'cfg'?"
