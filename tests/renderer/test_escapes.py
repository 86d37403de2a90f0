"""What Jinja would evaluate is refused: ways out of its sandbox, and expensive or talkative expressions."""

import pytest

from tests.renderer.refusal import FIELDS, FILTERS, refusal

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
