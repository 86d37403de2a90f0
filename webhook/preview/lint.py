"""Checks records, selectors and expressions in files without a registry. Pure.

A file may hold anything: only what is meant for us is judged (``ours.py``), the rest is passed over.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from registry.documents import streams
from registry.documents.encoding import lines_of
from registry.documents.reader import Document
from registry.documents.streams import Chunk
from registry.errors import InvalidRecordsError, Problem
from registry.records import codec, texts
from registry.records.model import Extension
from webhook.adapters.layout import Finding
from webhook.mutation import checks, handover
from webhook.mutation.question import ask
from webhook.objects import manifests
from webhook.objects.walk import as_map
from webhook.preview import dropped_blocks, ours
from webhook.preview.dropped_blocks import ArgoCrds
from webhook.preview.expected_pods.expected import FindDefinition
from webhook.preview.near_misses import near_misses_in
from webhook.preview.places import Place, lines_in, misplaced_at, place_of
from webhook.preview.subjects import Subject, depends_on_parameters, subjects, with_embedded
from webhook.preview.versions import unread_version

NOT_OURS = "nothing in it is meant for extensions"


@dataclass(slots=True)
class Checked:
    """What is in a file.

    Attributes:
        extensions: The valid records.
        problems: In the order of their lines.
        warnings: What is odd and not wrong, in the same order.
        passed_over: Why nothing in the file was judged; "" if something was.
    """

    extensions: list[Extension] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    passed_over: str = NOT_OURS


def check(text: str, file: str, *, allowed: frozenset[str] = frozenset(), argo_crds: ArgoCrds = "unknown") -> Checked:
    """Check the *text* of a file.

    Args:
        argo_crds: Those of the cluster; as long as they are unknown, nothing is said about them.
        allowed: Variables that control a loader or an interpreter and may be registered all the same.
    """
    checked = Checked()
    find = _definitions_in(text)
    unread = ""
    is_ours = False
    for chunk in streams.chunks(lines_of(text)):
        checker = _ChunkChecker(chunk, allowed, argo_crds, find)
        checker.run()
        checked.extensions += checker.extensions
        checked.problems += [replace(p, file=file, line=p.line + chunk.line - 1) for p in checker.problems]
        checked.warnings += [replace(w, file=file, line=w.line + chunk.line - 1) for w in checker.warnings]
        is_ours = is_ours or checker.is_ours
        unread = unread or checker.unread
    checked.problems.sort(key=lambda p: p.line)
    checked.warnings.sort(key=lambda w: w.line)
    checked.passed_over = "" if is_ours else unread or NOT_OURS
    return checked


def _definitions_in(text: str) -> FindDefinition:
    """Finds the Pipelines in *text*, for runs of pipelines-as-code, which has both in one folder."""
    found: dict[object, Mapping[str, Any]] = {}
    for document in manifests.load(text) if "pipelinesascode.tekton.dev/" in text else ():
        for subject in subjects(document.content):
            if subject.obj.get("kind") == "Pipeline":
                found[as_map(subject.obj.get("metadata")).get("name")] = subject.obj
    return lambda kind, name, namespace: found.get(name)


class _ChunkChecker:
    """Checks one document of a stream. The lines of problems count from its beginning.

    Attributes:
        is_ours: True if anything in it is meant for us.
        unread: Why it could not be read; then it is not meant for us, as far as can be seen.
    """

    def __init__(self, chunk: Chunk, allowed: frozenset[str], argo_crds: ArgoCrds, find: FindDefinition) -> None:
        self._find = find
        self._chunk = chunk
        self._text = chunk.text
        self._allowed = allowed
        self._argo_crds: ArgoCrds = "minimal" if argo_crds == "unknown" else argo_crds
        self._placed: list[tuple[Place, Problem]] = []
        self.extensions: list[Extension] = []
        self._odd: list[tuple[Place, Problem]] = []
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self.is_ours = False
        self.unread = ""

    def run(self) -> None:
        documents = list(manifests.load(self._text))
        if problems := [problem for document in documents for problem in document.problems]:
            self._unreadable(problems)
            return
        for document in documents:
            if any(ours.records_in(document.content)):
                self._records(document.number)
            else:
                for subject in with_embedded(subjects(document.content)):
                    self._object(subject, document)
        self.problems += self._with_lines(self._placed)
        self.warnings += self._with_lines(self._odd)

    def _with_lines(self, placed: Sequence[tuple[Place, Problem]]) -> list[Problem]:
        lines = lines_in(self._text, [place for place, _ in placed])
        return [replace(p, line=line) for (_, p), line in zip(placed, lines, strict=True)]

    def _unreadable(self, problems: Sequence[Problem]) -> None:
        first = problems[0]
        if not ours.names_us(self._text):
            self.unread = f"line {max(first.line, 1) + self._chunk.line - 1}: {first.message}"
        elif ours.is_template(self._text):
            self.unread = "a template of Helm; check what it renders: helm template CHART | fuseml lint -"
        else:
            self.is_ours = True
            self.problems += problems

    def _records(self, number: int) -> None:
        self.is_ours = True
        (document,) = (document for document in texts.documents(self._text) if document.number == number)
        self.problems += [*document.problems, *document.repeated]
        for path, record in ours.records_in(document.content) if not document.problems else ():
            try:
                self.extensions.append(codec.decode(record, allowed=self._allowed))
            except InvalidRecordsError as e:
                self._add(number, path, e)

    def _object(self, subject: Subject, document: Document) -> None:
        """Check an object, and remember that the document is ours if it is."""
        obj, number = subject.obj, document.number
        if ours.is_extension(obj):
            self._ours(document)
            try:
                self.extensions.append(texts.decode_object(obj, allowed=self._allowed))
            except InvalidRecordsError as e:
                self._add(number, subject.path, e)
            return
        if message := unread_version(obj):
            self._ours(document)
            self._placed.append((Place(number, (*subject.path, "apiVersion")), Problem(message)))
            return
        question = ask(obj)
        found = [*near_misses_in(obj), *dropped_blocks.findings(obj, argo_crds=self._argo_crds, find=self._find)]
        if question is not None and (ours.may_ask(obj) or question.texts):
            self._ours(document)
            findings = [*checks.findings(question.layout, question.texts), *handover.findings(question)]
            known = (f for f in findings if not depends_on_parameters(subject, str(f)))
            found = [*known, *found]
            self._odd += [self._at(warning, subject, number) for warning in question.layout.warnings]
        elif found:
            self._ours(document)
        self._placed += [self._at(finding, subject, number) for finding in found]

    def _at(self, finding: Finding, subject: Subject, number: int) -> tuple[Place, Problem]:
        pointer = finding.pointer or misplaced_at(subject.obj, finding.message)
        place = place_of(subject.obj, pointer, finding.line, number=number, path=subject.path)
        return place, Problem(str(finding))

    def _ours(self, document: Document) -> None:
        if not self.is_ours:
            self.problems += document.repeated
        self.is_ours = True

    def _add(self, number: int, path: tuple[str | int, ...], error: InvalidRecordsError) -> None:
        for problem in error.problems:
            full = (*path, *problem.path)
            self._placed.append((Place(number, full), replace(problem, path=full)))
