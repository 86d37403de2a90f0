"""Every link in a page leads to a file of the repository, and to a heading in it."""

import re

import pytest

from tests.docs.pages import PAGES, ROOT

_LINK = re.compile(r"\]\((?!\w+:)(?P<path>[^)#\s]*)(?:#(?P<heading>[^)\s]+))?\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_CODE = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)


def anchors(text):
    """The anchors of a page's headings, as GitHub makes them."""
    return {
        re.sub(r"[^\w\- ]", "", re.sub(r"\]\([^)]*\)", "", heading)).strip().lower().replace(" ", "-")
        for heading in _HEADING.findall(_CODE.sub("", text))
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for found in _LINK.finditer(_CODE.sub("", page.read_text())):
        target = page.parent / found["path"] if found["path"] else page

        assert target.exists(), found[0]
        if found["heading"] and target.suffix == ".md":
            assert found["heading"] in anchors(target.read_text()), found[0]


def test_every_page_of_the_documentation_is_in_its_table_of_contents():
    contents = (ROOT / "docs/README.md").read_text()

    assert [page.name for page in PAGES if page.parent == ROOT / "docs" and f"({page.name}" not in contents] == [
        "README.md"
    ]
