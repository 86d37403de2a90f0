"""The maps of the folders, in docstrings and in docs/architecture.md, are the layers that lint-imports checks."""

import re
import tomllib
from pathlib import Path

import pytest

import registry
import webhook

ROOT = Path(__file__).parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
PAGE = (ROOT / "docs" / "architecture.md").read_text()


def layers(package):
    """The layers of *package*, from top to bottom, the folders of each in a set."""
    (contract,) = (contract for contract in CONTRACTS if contract.get("containers") == [package.__name__])
    return [set(layer.split(" | ")) for layer in contract["layers"]]


@pytest.mark.parametrize("package", [webhook, registry], ids=lambda package: package.__name__)
def test_docstring_draws_the_layers(package):
    drawn = re.findall(r"^(\w+(?: \| \w+)*)  +\S", package.__doc__, re.MULTILINE)

    assert [set(line.split(" | ")) for line in drawn] == layers(package)


@pytest.mark.parametrize("package", [webhook, registry], ids=lambda package: package.__name__)
def test_page_lists_the_folders_from_top_to_bottom(package):
    _, _, section = PAGE.partition(f"### `{package.__name__}`")
    listed = re.findall(r"^\| `(\w+)(?:\.py)?` \|", section.partition("###")[0], re.MULTILINE)

    in_order = list(listed)
    for layer in layers(package):
        assert set(in_order[: len(layer)]) == layer
        del in_order[: len(layer)]
    assert in_order == []
