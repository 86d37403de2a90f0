"""The table in docs/templates.md is what the templates hold."""

import os
import re
from pathlib import Path

from registry.templates.catalogue import Template, templates

PAGE = Path(__file__).parents[2] / "docs" / "templates.md"
TABLE = re.compile(r"(?<=\| product \| resource \| variables \| source \|\n\|---\|---\|---\|---\|\n)(?:\|.*\n)*")
SOURCE = re.compile(r"^# Source: (\S+)\n((?:#   \S+\n)*)", re.MULTILINE)
PACKAGE = re.compile(r"https://(?:pypi\.org/project|pkg\.go\.dev)/(?P<name>[^@]+)[/@](?P<version>[^/@]+)/?")
REPOSITORY = re.compile(r"https://github\.com/(?P<name>[^/]+/[^/]+)/tree/(?P<version>\w+)")


def sources(template: Template) -> str:
    found = []
    for url, files in SOURCE.findall(template.text):
        known = PACKAGE.fullmatch(url) or REPOSITORY.fullmatch(url)
        title = f"{known['name']} {known['version']}" if known else url.removeprefix("https://")
        found.append(": ".join([f"[{title}]({url})", *filter(None, [", ".join(code(files))])]))
    return "; ".join(found)


def code(files: str) -> list[str]:
    return [f"`{file}`" for file in re.findall(r"#   (\S+)", files)]


def rows() -> str:
    lines = []
    for template in templates().values():
        _, *services = re.split(r"^  - id: ", template.text, flags=re.MULTILINE)
        name = f"`{template.product}`"
        for service in services:
            (resource,) = re.findall(r"^    resource: (\S+)$", service, re.MULTILINE)
            variables = re.findall(r"^ +(#?)([A-Z][A-Z0-9_]+): ", service, re.MULTILINE)
            shown = ", ".join(f"(`{variable}`)" if optional else f"`{variable}`" for optional, variable in variables)
            lines.append(f"| {name} | `{resource}` | {shown} | {sources(template) if name else ''} |\n")
            name = ""
    return "".join(lines)


def test_table_lists_every_template():
    page = PAGE.read_text()

    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(TABLE.sub(lambda _: rows(), page, count=1))
    else:
        assert TABLE.search(page)[0] == rows()
