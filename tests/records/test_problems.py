"""Problems come all at once, each with its place."""

import pytest

from registry.documents import positions
from registry.errors import Problem
from registry.records.texts import decode_text
from tests.records.texts import SERVICE_FIELDS


def test_all_problems_of_all_documents_come_at_once():
    text = "id: x\nzones: a\nservices:\n- id: s\n  endpoints:\n  - uri: b\n---\n- id: y\n- services: c\n---\nid: [\n"

    _, problems = decode_text(text, "r.yaml")

    assert [str(problem) for problem in problems] == [
        "r.yaml:2: zones: unknown field 'zones'; did you mean 'zone'?",
        "r.yaml:6: services[0].endpoints[0].url: is required",
        "r.yaml:6: services[0].endpoints[0].uri: unknown field 'uri'; did you mean 'url'?",
        "r.yaml:9: [1].services: expected a list, got text",
        "r.yaml:11: invalid YAML: did not find expected node content",
    ]


def test_problem_tells_programs_where_it_is():
    _, problems = decode_text("id: x\nservices: [{id: s, zone: a}]", "r.yaml")

    assert [problem.as_dict() for problem in problems] == [
        {
            "file": "r.yaml",
            "line": 2,
            "path": "services[0].zone",
            "message": f"unknown field 'zone'; there are {SERVICE_FIELDS}",
        }
    ]


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        pytest.param(Problem("wrong"), "wrong", id="message"),
        pytest.param(Problem("wrong", ("a", 0, 1, "b")), "a[0][1].b: wrong", id="path"),
        pytest.param(Problem("wrong", ("a", "b c", "d")), "a['b c'].d: wrong", id="path-with-a-space"),
        pytest.param(Problem("wrong", ("\ud800\x1b",)), "['\\ud800\\x1b']: wrong", id="path-that-cannot-be-printed"),
        pytest.param(Problem("wrong", ("a",), "f"), "f: a: wrong", id="file"),
        pytest.param(Problem("wrong", ("a",), "f", 7), "f:7: a: wrong", id="file-and-line"),
        pytest.param(Problem("wrong", ("a",), "", 7), "a: wrong", id="line-without-a-file"),
    ],
)
def test_problem_is_one_line_for_people(problem, expected):
    assert str(problem) == expected


def test_thousands_of_problems_in_one_file_take_no_longer_than_reading_it_twice():
    documents_ = "".join(f"---\nid: e{i}\nzones: x\n" for i in range(3000))
    items = "---\n" + "".join(f"- id: i{i}\n  zones: x\n" for i in range(3000))

    _, problems = decode_text(documents_ + items)

    lines = (documents_ + items).splitlines()
    assert len(problems) == 6000
    assert all(lines[problem.line - 1].strip() == "zones: x" for problem in problems)


def test_records_of_a_list_have_the_lines_that_the_reader_noted(monkeypatch):
    """To look for them would read the text a second time."""
    monkeypatch.setattr(positions, "locate", None)

    found, problems = decode_text("# two\n- id: a\n\n- {id: b}\n- id: c\n  services: []\n")

    assert ([(extension.id, line) for extension, line in found], problems) == ([("a", 2), ("b", 4), ("c", 5)], [])
