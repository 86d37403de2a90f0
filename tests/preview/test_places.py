"""lint and preview name the line of the field, for every class of problem, and the same one."""

# ruff: noqa: E501 - each text is one line

import pytest

from registry.resolving.index import Index
from registry.resolving.selectors import Consumer
from webhook.mutation.settings import Settings
from webhook.preview import lint
from webhook.preview.previewer import Previewer

HEAD = "# a run\napiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata:\n  name: r\n"
STEPS = "spec:\n  pipelineSpec:\n    tasks:\n    - name: t\n      taskSpec:\n        steps:\n        - name: s\n"
PROBLEMS = {
    "criterion": (HEAD + STEPS + "          extensions:\n          - name: a\n            prodct: b\n            zone: z\n", 15),
    "annotation-block": (
        HEAD + "  annotations:\n    extensions.fuseml.org/run-selectors: |\n      t/s:\n        extensions:\n        - name: a\n"
        "          prodct: b\n          zone: z\n" + STEPS, 11,
    ),
    "unknown-annotation": (HEAD + "  annotations:\n    a: b\n    extensions.fuseml.org/run-selector: x\n" + STEPS, 8),
    "annotation-out-of-place": (
        HEAD + STEPS.replace("taskSpec:\n", "taskSpec:\n        metadata:\n          annotations:\n            extensions.fuseml.org/run-selectors: x\n"), 13,
    ),
    "block-out-of-place": (HEAD + STEPS.replace("spec:\n", "spec:\n  extensions: []\n", 1), 7),
    "expression": (HEAD + STEPS + "          args:\n          - a\n          - << extension.x.url | nope >>\n", 15),
    "item-of-a-list": (
        "apiVersion: tekton.dev/v1\nkind: TaskRunList\nitems:\n- spec: {}\n- spec:\n    taskSpec:\n      steps:\n      - name: a\n"
        "        extensions: [{name: x, prodct: y, zone: z}]\n", 9,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "line"), PROBLEMS.values(), ids=PROBLEMS)
def test_line_is_that_of_the_field(text, line):
    found = lint.check(text, "f").problems
    previewer = Previewer(Index(), lambda obj: Consumer(), Settings())
    shown = [error for document in previewer.show(text.splitlines(keepends=True), "f") for error in document.errors]

    assert line in [problem.line for problem in found]
    assert any(error.startswith(f"f:{line}: ") for error in shown)
    messages = {f"f:{problem.line}: {problem.message}" for problem in found}
    assert messages <= {error.replace("PipelineRun/r: ", "").replace("TaskRun/?: ", "") for error in shown}
