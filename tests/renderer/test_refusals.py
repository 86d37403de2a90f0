"""What is refused, with which words, and that no value ever is among them."""

import pytest

import renderer
from renderer import ExpressionError

CANARY = "cAnArY-vAlUe"
EXTENSIONS = {
    "store": {"url": CANARY, "product": CANARY, "version": None, "cfg": {"KEY": CANARY, "OTHER": CANARY, "NO": None}},
    "bare": {},
    "many": {"cfg": {f"K{i:02}": CANARY for i in range(20)}},
    "odd": {"cfg": CANARY, "version": 7, "url": {CANARY: CANARY}, "zone": True},
}
FIELDS = (
    "there are cfg, url, product, version, zone, extension_id, service_id, service_resource, "
    "service_category, endpoint_type, credentials_id"
)
FILTERS = "there are default, lower, upper, trim, urlencode, b64encode, tojson, quote, host, port, hostport, scheme"


def refusal(text):
    """The error for *text*, after a search of everything that it could show."""
    with pytest.raises(ExpressionError) as caught:
        renderer.expand(text, EXTENSIONS)
    error = caught.value
    assert CANARY not in f"{error} {error!r} {error.args} {error.__cause__!r} {error.__context__!r}"
    return error


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
            id="a-space-behind-a-dot",
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
            "<< extension.store.url | upper() >>", "the filter 'upper' takes no brackets", id="brackets-behind-a-filter"
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
            id="default-behind-another-filter",
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


# Every way out of Jinja's sandbox that is known (security.md 2.1), and every expensive or talkative expression (2.3).


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("<< extension.store.__class__ >>", f"unknown field '__class__'; {FIELDS}", id="class"),
        pytest.param("<< extension.__class__.__mro__ >>", f"unknown field '__mro__'; {FIELDS}", id="class-of-all"),
        pytest.param(
            '<< extension["__class__"]["__base__"] >>',
            f"unknown field '__base__'; {FIELDS}",
            id="class-of-all-in-brackets",
        ),
        pytest.param(
            "<< extension.store.url.__class__.__mro__ >>",
            "expected '|' and a filter, found '.' at character 23",
            id="class-of-a-field",
        ),
        pytest.param(
            "<< extension.store.cfg.KEY.__class__ >>",
            'a key with dots is written in brackets, as in .cfg["any.key"]',
            id="class-of-a-value",
        ),
        pytest.param(
            "<< extension.__class__.url >>",
            "no selector is named '__class__'; available: 'bare', 'many', 'odd', 'store'",
            id="class-as-a-name",
        ),
        pytest.param(
            "<< extension.store.cfg.__class__ >>",
            "'store' has no cfg key '__class__'; available: 'KEY', 'OTHER'",
            id="class-as-a-key",
        ),
        pytest.param(
            "<< extension.store.cfg['__init__'] >>",
            "'store' has no cfg key '__init__'; available: 'KEY', 'OTHER'",
            id="init-as-a-key-in-brackets",
        ),
        pytest.param(
            "<< extension.store.cfg.KEY.__init__.__globals__ >>",
            'a key with dots is written in brackets, as in .cfg["any.key"]',
            id="globals",
        ),
        pytest.param(
            "<< extension.items.url >>",
            "no selector is named 'items'; available: 'bare', 'many', 'odd', 'store'",
            id="items-as-a-name",
        ),
        pytest.param("<< extension.store.items >>", f"unknown field 'items'; {FIELDS}", id="items-as-a-field"),
        pytest.param(
            "<< extension.store.cfg.items >>",
            "'store' has no cfg key 'items'; available: 'KEY', 'OTHER'",
            id="items-as-a-key",
        ),
        pytest.param(
            "<< extension.store.cfg.get >>",
            "'store' has no cfg key 'get'; available: 'KEY', 'OTHER'",
            id="get-as-a-key",
        ),
        pytest.param(
            "<< extension.store.cfg['keys'] >>",
            "'store' has no cfg key 'keys'; available: 'KEY', 'OTHER'",
            id="keys-as-a-key",
        ),
        pytest.param(
            "<< extension.items() >>",
            "expected a field, such as .url or .cfg.KEY, found '(' at character 19",
            id="items-called",
        ),
        pytest.param(
            "<< extension.values()|map(attribute='cfg')|list >>",
            "expected a field, such as .url or .cfg.KEY, found '(' at character 20",
            id="values-called-and-mapped",
        ),
        pytest.param(
            "<< extension.store.cfg.update(KEY=1) >>",
            "expected '|' and a filter, found '(' at character 30",
            id="update-called",
        ),
        pytest.param(
            "<< extension.store.cfg.KEY.format(extension) >>",
            'a key with dots is written in brackets, as in .cfg["any.key"]',
            id="CVE-2016-10745-format",
        ),
        pytest.param(
            "<< extension.store.cfg.KEY.format_map(extension) >>",
            'a key with dots is written in brackets, as in .cfg["any.key"]',
            id="CVE-2019-10906-format-map",
        ),
        pytest.param(
            '<< extension.store.url | default("{0.__class__}".format) >>',
            "expected ')', found '.' at character 49",
            id="CVE-2024-56326-stored-format",
        ),
        pytest.param(
            '<< extension.store.url | attr("format") >>', f"unknown filter 'attr'; {FILTERS}", id="CVE-2025-27516-attr"
        ),
        pytest.param(
            "<< extension.store.url|attr('__class__') >>", f"unknown filter 'attr'; {FILTERS}", id="attr-of-class"
        ),
        pytest.param(
            "<< extension.store.cfg.KEY | format(extension) >>",
            f"unknown filter 'format'; {FILTERS}",
            id="format-filter",
        ),
        pytest.param(
            "<< extension.store.cfg | xmlattr >>",
            "expected a key, as in .cfg.KEY, found ' ' at character 23",
            id="CVE-2024-22195-xmlattr",
        ),
        pytest.param(
            "<< extension.store.cfg.KEY | xmlattr >>",
            f"unknown filter 'xmlattr'; {FILTERS}",
            id="CVE-2024-34064-xmlattr-of-a-value",
        ),
        pytest.param(
            "<< extension.store.cfg.KEY | urlize >>", f"unknown filter 'urlize'; {FILTERS}", id="CVE-2020-28493-urlize"
        ),
        pytest.param(
            "<< extension.store.cfg.KEY | center(999999999) >>", f"unknown filter 'center'; {FILTERS}", id="center"
        ),
        pytest.param(
            "<< extension.store.cfg.KEY | replace('', 'xxxxxxxx') >>",
            f"unknown filter 'replace'; {FILTERS}",
            id="replace",
        ),
        pytest.param(
            "<< extension.store.cfg.KEY | slice(99999999) | list >>",
            f"unknown filter 'slice'; {FILTERS}",
            id="slice-filter",
        ),
        pytest.param(
            "<< extension.store.cfg.KEY | map('upper') >>", f"unknown filter 'map'; {FILTERS}", id="map-filter"
        ),
        pytest.param("<< extension.store.cfg.KEY | pprint >>", f"unknown filter 'pprint'; {FILTERS}", id="pprint"),
        pytest.param(
            "<< extension.store | dictsort >>",
            "expected a field, such as .url or .cfg.KEY, found ' ' at character 19",
            id="dictsort",
        ),
        pytest.param(
            "<< extension.store | tojson >>",
            "expected a field, such as .url or .cfg.KEY, found ' ' at character 19",
            id="tojson-of-all-fields",
        ),
        pytest.param(
            "<< extension.store.cfg | tojson >>",
            "expected a key, as in .cfg.KEY, found ' ' at character 23",
            id="tojson-of-all-keys",
        ),
        pytest.param("<< extension.store.cfg.KEY | join(',') >>", f"unknown filter 'join'; {FILTERS}", id="join"),
        pytest.param("<< extension.store.cfg.KEY | safe >>", f"unknown filter 'safe'; {FILTERS}", id="safe"),
        pytest.param(
            "<< extension.store.cfg.KEY * 300000000 >>",
            "expected '|' and a filter, found '*' at character 28",
            id="multiplication",
        ),
        pytest.param(
            "<< extension.store.cfg.KEY ** 2 >>", "expected '|' and a filter, found '*' at character 28", id="power"
        ),
        pytest.param(
            "<< extension.store.cfg.KEY + extension.store.url >>",
            "expected '|' and a filter, found '+' at character 28",
            id="addition",
        ),
        pytest.param(
            "<< extension.store.cfg.KEY - 1 >>",
            "expected '|' and a filter, found '-' at character 28",
            id="subtraction",
        ),
        pytest.param(
            "<< extension.store.cfg.KEY % extension.store >>",
            "expected '|' and a filter, found '%' at character 28",
            id="modulo",
        ),
        pytest.param(
            "<< extension.store.cfg.KEY ~ extension.store.url >>",
            "expected '|' and a filter, found '~' at character 28",
            id="concatenation",
        ),
        pytest.param(
            "<< extension.store.cfg.KEY == 'a' >>",
            "expected '|' and a filter, found '=' at character 28",
            id="comparison",
        ),
        pytest.param(
            "<< extension.store.url if extension.store.cfg.KEY[0] == 'S' else 'n' >>",
            "expected '|' and a filter, found 'i' at character 24",
            id="condition",
        ),
        pytest.param(
            "<< extension.store.url and 1 >>", "expected '|' and a filter, found 'a' at character 24", id="and"
        ),
        pytest.param(
            "<< extension.store.url is string >>", "expected '|' and a filter, found 'i' at character 24", id="test"
        ),
        pytest.param(
            "<< extension.store.url in extension.store.cfg >>",
            "expected '|' and a filter, found 'i' at character 24",
            id="membership",
        ),
        pytest.param(
            "<< extension.store.cfg.KEY[0] >>", "expected '|' and a filter, found '[' at character 27", id="index"
        ),
        pytest.param(
            "<< extension.store.cfg.KEY[0:3] >>", "expected '|' and a filter, found '[' at character 27", id="slice"
        ),
        pytest.param("<< extension.store.url() >>", "expected '|' and a filter, found '(' at character 23", id="call"),
        pytest.param(
            "<< extension.store() >>",
            "expected a field, such as .url or .cfg.KEY, found '(' at character 19",
            id="call-of-all",
        ),
        pytest.param(
            "<< extension.store.url | default(range(9)) >>",
            "expected a text in quotes, found 'r' at character 34",
            id="range",
        ),
        pytest.param(
            "<< extension.store.url | default(lipsum(n=99999)) >>",
            "expected a text in quotes, found 'l' at character 34",
            id="lipsum",
        ),
        pytest.param(
            "<< extension.store.url | lipsum >>", f"unknown filter 'lipsum'; {FILTERS}", id="global-as-a-filter"
        ),
        pytest.param(
            "<< extension.store.cfg[x for x in extension] >>",
            "expected a key in quotes, found 'x' at character 24",
            id="comprehension",
        ),
        pytest.param(
            "<< extension.store.cfg[['KEY']] >>", "expected a key in quotes, found '[' at character 24", id="list"
        ),
        pytest.param(
            "<< extension.store.cfg[extension.store.cfg.KEY] >>",
            "expected a key in quotes, found 'e' at character 24",
            id="key-from-a-value",
        ),
        pytest.param(
            "<< extension.store.cfg['KEY', 'OTHER'] >>", "expected ']', found ',' at character 29", id="two-keys"
        ),
        pytest.param(
            "<< extension.store.cfg['KE' 'Y'] >>", "expected ']', found ''' at character 29", id="joined-strings"
        ),
        pytest.param(
            "<< extension.store.url %}{% print(1) >>",
            "expected '|' and a filter, found '%' at character 24",
            id="statement",
        ),
        pytest.param(
            "<< extension.store.url {# x #} >>", "expected '|' and a filter, found '{' at character 24", id="comment"
        ),
        pytest.param(
            "<< extension.store.url }}{{ extension >>",
            "expected '|' and a filter, found '}' at character 24",
            id="jinja-within",
        ),
        pytest.param(
            "<< extension.store.url = 1 >>", "expected '|' and a filter, found '=' at character 24", id="assignment"
        ),
        pytest.param(
            "<< extension.store.url; import os >>",
            "expected '|' and a filter, found ';' at character 23",
            id="semicolon",
        ),
        pytest.param(
            "<< extension.store.url -->>",
            "expected '|' and a filter, found '-' at character 24",
            id="whitespace-control",
        ),
    ],
)
def test_what_jinja_would_do_is_refused(text, problem):
    error = refusal(text)

    assert error.problem == problem
    assert error.source in text


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
        pytest.param("<< extension.odd.version >>", "the value is no text, but of type int", id="a-number"),
        pytest.param(
            "<< extension.odd.version | upper >>",
            "the value is no text, but of type int",
            id="a-number-before-a-filter",
        ),
        pytest.param(
            "<< extension.odd.version | default('x') >>",
            "the value is no text, but of type int",
            id="a-number-before-default",
        ),
        pytest.param("<< extension.odd.url >>", "the value is no text, but of type dict", id="a-mapping"),
        pytest.param("<< extension.odd.zone >>", "the value is no text, but of type bool", id="true"),
        pytest.param(
            "<< extension.store.cfg.KEY | lower | host >>",
            "filter 'host': the value is no URL, such as http://host:port/path",
            id="no-url",
        ),
    ],
)
def test_what_is_not_there_is_refused(text, problem):
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
