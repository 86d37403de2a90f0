"""docs/limits.md has every limit, with its value."""

import inspect
import re
from pathlib import Path
from typing import get_args

import pytest

from registry.documents import events, reader
from registry.records import model, variables
from registry.resolving import resolve, selectors, versions
from registry.service import formats, listing, problems
from registry.stores import files
from renderer import grammar, scanner
from webhook.adapters import argo
from webhook.adapters.annotations import reader as annotations
from webhook.adapters.environment import pod_patch
from webhook.mutation import expansion, limits, mutate
from webhook.mutation.note import resolved, undo
from webhook.preview.expected_pods import tekton
from webhook.registry_server import server as registry_server
from webhook.registry_server import worker
from webhook.serving import app, review

PAGE = (Path(__file__).parents[2] / "docs" / "limits.md").read_text()
UNITS = {"KiB": 1024, "MiB": 1024 * 1024}


def max_length(annotated):
    return get_args(annotated)[1].max_length


def handle_length():
    return int(re.search(r",(\d+)}", selectors._HANDLE.pattern)[1])


REVIEWS_AT_ONCE = inspect.signature(app.create_app).parameters["reviews_at_once"].default
# Row -> constants of the code, all of which must have the value in the row.
LIMITS = {
    "different selectors; one that several steps have counts once": [limits.MAX_SELECTORS],
    "steps that ask": [limits.MAX_STEPS],
    "selectors of all steps together": [limits.MAX_GIVEN],
    "variables that an annotation sets, in all steps together": [annotations.MAX_VARIABLES],
    "expressions": [limits.MAX_EXPRESSIONS],
    "a text with an expression": [expansion.MAX_TEXT_BYTES],
    "an annotation that asks, also with what is moved into it": [annotations.MAX_BYTES],
    "a `podSpecPatch` that is read for the author's variables": [pod_patch.MAX_PATCH_BYTES],
    "Argo's templates written inline in each other": [argo.MAX_INLINE],
    "nesting of an object, document or annotation": [events.MAX_DEPTH, review.DEPTH_LIMIT],
    "problems in one refusal": [mutate.MAX_PROBLEMS, annotations.MAX_PROBLEMS],
    "its `name`": [handle_length()],
    "a criterion": [selectors.MAX_CRITERION],
    "a constraint for `version`": [versions._MAX_LENGTH],
    "comparisons in a constraint for `version`": [versions._MAX_CLAUSES],
    "its length, delimiters included": [scanner.MAX_BYTES],
    "filters": [grammar.MAX_FILTERS],
    "ids, and what selectors compare": [max_length(model.Id), max_length(model.Name)],
    "an endpoint's `url`": [max_length(model.Url)],
    "a `description`": [max_length(model.Description)],
    "a project or user": [max_length(model.Member)],
    "a value in a `configuration`": [variables.MAX_VALUE_BYTES],
    "values that aliases of YAML copy, in a file": [reader.MAX_COPIED],
    "a file of a registry": [files.MAX_FILE_BYTES],
    "a request's body": [formats.MAX_BODY_BYTES],
    "values in a body: maps, lists and texts": [formats.MAX_VALUES],
    "a page of a list": [listing.MAX_PAGE],
    "problems in one answer": [problems.MAX_PROBLEMS],
    "requests at once, in a process of it": [registry_server.THREADS],
    "a request and its answer, in seconds": [worker.PATIENCE],
    "a request": [app.BODY_LIMIT],
    "a patch": [review.PATCH_LIMIT],
    "the message of a refusal": [review.MESSAGE_LIMIT],
    "a warning": [review.WARNING_LIMIT],
    "reviews at once, in a process": [REVIEWS_AT_ONCE],
    "a note on an object": [resolved.MAX_BYTES],
    "what a note may put back": [undo.MAX_PUT_BACK],
    "Pipelines in Pipelines": [tekton.MAX_NESTED],
    "services in an explanation, or in a message": [resolve.MAX_LISTED],
}


def rows():
    lines = PAGE[PAGE.index("| what | limit |") :].split("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {what: value for what, value, _ in cells if not what.startswith("**")}


ROWS = rows()


def test_the_table_has_each_limit_once():
    assert list(ROWS) == list(LIMITS)


@pytest.mark.parametrize("what", LIMITS)
def test_it_says_what_the_code_says(what):
    number, unit = re.fullmatch(r"([\d ]+?)(?: ([A-Za-z]+))?", ROWS[what]).groups()

    assert set(LIMITS[what]) == {int(number.replace(" ", "")) * UNITS.get(unit, 1)}


def test_no_limit_of_an_object_is_missing():
    """A constant called MAX_… that nobody has put into the table is a limit that its users meet without a word."""
    found = set()
    for folder in (
        "webhook/adapters",
        "webhook/mutation",
        "renderer",
        "registry/resolving",
        "registry/records",
        "registry/documents",
    ):
        for file in sorted(Path(folder).rglob("*.py")):
            found |= {
                (file.stem, name) for name in re.findall(r"^(MAX_[A-Z_]+)\b.* = ", file.read_text(), re.MULTILINE)
            }

    source = Path(__file__).read_text()
    assert [f"{module}.{name}" for module, name in sorted(found) if name not in source] == []
