"""What the objects of a stream become: the patch that the webhook would return, applied and rendered. Pure.

An object that does not ask comes out as exactly the text that came in.
"""

import difflib
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import jsonpatch

from registry.delivery.ledger import Ledger
from registry.documents import streams
from registry.documents.reader import Document
from registry.documents.streams import Chunk
from registry.resolving.selectors import Consumer
from registry.resolving.view import Views
from webhook.adapters import layout_of
from webhook.adapters.layout import Finding, Remark
from webhook.errors import RefusedError
from webhook.mutation.analysis import analyse
from webhook.mutation.mutate import Mutation, mutate
from webhook.mutation.question import ask
from webhook.mutation.sent_again import as_written
from webhook.mutation.settings import Settings
from webhook.objects import manifests
from webhook.objects.patch import Op
from webhook.preview import dropped_blocks, environment, unmatched_keys
from webhook.preview.environment import Admitted
from webhook.preview.expected_pods.expected import FindDefinition
from webhook.preview.lines import Lines
from webhook.preview.near_misses import near_misses_in
from webhook.preview.reading import Part, parts_of
from webhook.preview.subjects import (
    Subject,
    admitted_of,
    depends_on_parameters,
    expected_pods_of_subject,
    subjects,
    with_embedded,
)
from webhook.preview.versions import unread_version

Output = Literal["yaml", "json", "patch", "diff", "env"]
_Result: TypeAlias = "tuple[Subject, Mutation, Consumer]"


def no_definitions(namespace: str) -> FindDefinition:
    """For runs in *namespace*, a function that finds nothing."""
    return lambda kind, name, namespace: None


@dataclass(slots=True)
class DocumentPreview:
    """What one document of a stream becomes.

    Attributes:
        text: The document in the chosen output format.
        errors: Why it was refused or could not be read; then *text* is empty.
        count: How many objects it holds.
        is_empty: True if it holds nothing at all.
    """

    text: str = ""
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    count: int = 0
    is_empty: bool = False


@dataclass(frozen=True, slots=True)
class Previewer:
    """Shows what objects become.

    Attributes:
        index: Gives what the runs of a namespace see of the registry.
        consumer_of: Gives the consumer on whose behalf an object asks.
        dropped_of: Finds the blocks of an object that the API server drops.
        delivered_to: Gives the shared credentials that are in a namespace; None = that is not checked.
        definitions_in: Gives a function that finds the definitions for runs in a namespace.
    """

    index: Views
    consumer_of: Callable[[Mapping[str, Any]], Consumer]
    settings: Settings
    output: Output = "yaml"
    definitions_in: Callable[[str], FindDefinition] = no_definitions
    delivered_to: Callable[[str], Ledger | None] = lambda _: None
    dropped_of: Callable[..., list[Finding]] = dropped_blocks.findings

    def show(self, lines: Iterable[str], source: str) -> Iterator[DocumentPreview]:
        """Preview the documents of a stream one by one, without holding more than one.

        Args:
            source: The name of the stream in messages.
        """
        is_yaml = False
        for part in parts_of(lines, source):
            shown = self._show_part(part)
            if self.output == "yaml" and shown.text:
                # JSON may follow JSON without a separator, but not what is written as YAML here.
                is_yaml = is_yaml or shown.text != part.chunk.text
                separator = "---\n" if is_yaml and part.chunk.follows_directly else ""
                shown.text = separator + shown.text
            yield shown

    def _show_part(self, part: Part) -> DocumentPreview:
        shown = DocumentPreview(
            errors=part.errors, warnings=part.warnings, is_empty=not (part.documents or part.errors)
        )
        for document in part.documents:
            self._show_document(part, document, shown)
        if not shown.count and not shown.errors and self.output == "yaml":
            shown.text = part.chunk.text
        return shown

    def _show_document(self, part: Part, document: Document, shown: DocumentPreview) -> None:
        results: list[_Result] = []
        for subject in with_embedded(subjects(document.content)):
            shown.count += not subject.within
            consumer = self.consumer_of(subject.obj)
            lines = Lines(part, document, subject)
            if message := unread_version(subject.obj):
                shown.warnings.append(f"{lines.own}: {subject.title}: {message}")
            mutation = self._mutated(subject, consumer, lines, shown)
            if mutation is None:
                continue
            results.append((subject, mutation, consumer))
            pods = list(expected_pods_of_subject(subject, mutation, self.definitions_in(consumer.namespace)))
            if pods:
                unmatched = unmatched_keys.warnings(admitted_of(subject, mutation), pods)
                shown.warnings += [f"{lines.own}: {subject.title}: {warning}" for warning in unmatched]
            for pod in pods:
                if pod.unknown:
                    shown.warnings += [f"{lines.own}: {pod.title}: {pod.unknown}"] if self.output == "env" else []
                elif (pod_mutation := self._mutated(pod, consumer, lines, shown)) is not None:
                    results.append((pod, pod_mutation, consumer))
        if not shown.errors:
            shown.text += self._rendered(part.chunk, document, results)

    def _mutated(self, subject: Subject, consumer: Consumer, lines: Lines, shown: DocumentPreview) -> Mutation | None:
        """The mutation of *subject*; None if it is refused."""
        try:
            index = self.index.seen_from(consumer.namespace)
            delivered = self.delivered_to(consumer.namespace)
            mutation = mutate(subject.obj, index, consumer, settings=self.settings, delivered=delivered)
        except RefusedError as e:
            # An expected pod is not in the file.
            places = [lines.own] * len(e.problems) if subject.is_expected_pod else lines.of(e)
            shown.errors += [
                f"{place}: {subject.title}: {problem}"
                for place, problem in zip(places, e.problems, strict=True)
                if not depends_on_parameters(lines.subject, problem)
            ]
            self._warn(subject, e.warnings, lines, shown)
            return None
        self._warn(subject, mutation.warnings, lines, shown)
        return mutation

    def _warn(self, subject: Subject, warnings: Iterable[str], lines: Lines, shown: DocumentPreview) -> None:
        """Add *warnings* and near misses, each once."""
        own = [] if subject.is_expected_pod else [*near_misses_in(subject.obj), *self._dropped_of(subject.obj)]
        said = list(dict.fromkeys((*warnings, *map(Remark.of, own))))
        places = [lines.own] * len(said) if subject.is_expected_pod else lines.of_remarks(said)
        shown.warnings += [f"{place}: {subject.title}: {text}" for place, text in zip(places, said, strict=True)]

    def _dropped_of(self, obj: Mapping[str, Any]) -> list[Finding]:
        return self.dropped_of(obj, find=self.definitions_in(self.consumer_of(obj).namespace))

    def _rendered(self, chunk: Chunk, document: Document, results: list["_Result"]) -> str:
        # Expected pods are no part of the document; only their variables are shown.
        own = [
            (subject, mutation) for subject, mutation, _ in results if not (subject.is_expected_pod or subject.within)
        ]
        ops = [_below(subject.prefix, op) for subject, mutation in own for op in mutation.ops]
        match self.output:
            case "patch":
                return manifests.dump_json(ops)
            case "yaml" if not ops:
                return chunk.text
            case "yaml":
                return streams.head(chunk.text) + manifests.dump(_applied(document.content, ops))
            case "json":
                return manifests.dump_json(_applied(document.content, ops))
            case "diff":
                return "".join(_diff(subject, mutation) for subject, mutation in own)
        return "".join(self._environments(results))

    def _environments(self, results: list["_Result"]) -> Iterator[str]:
        admitted = [found for result in results if (found := self._admitted(*result)) is not None]
        for i, run in enumerate(admitted):
            if not run.subject.is_expected_pod:
                pods = itertools.takewhile(lambda found: found.subject.is_expected_pod, admitted[i + 1 :])
                yield environment.as_text(run, pods)

    def _admitted(self, subject: Subject, mutation: Mutation, consumer: Consumer) -> Admitted | None:
        layout = layout_of(subject.obj)
        if layout is None:
            return None
        question = ask(as_written(subject.obj))
        analysis = None
        if question is not None and not layout.is_definition:
            index = self.index.seen_from(consumer.namespace)
            analysis = analyse(question, index=index, consumer=consumer, settings=self.settings)
        result = jsonpatch.apply_patch(subject.obj, list(mutation.ops))
        return Admitted(subject, layout, result, analysis)


def _below(prefix: str, op: Op) -> Op:
    return {**op, "path": prefix + op["path"]} if prefix else op


def _applied(content: Any, ops: Iterable[Op]) -> Any:
    # In place: a document is rendered once, and copying it would double the time.
    return jsonpatch.apply_patch(content, list(ops), in_place=True)


def _diff(subject: Subject, mutation: Mutation) -> str:
    if not mutation.ops:
        return ""
    before = manifests.dump(subject.obj).splitlines(keepends=True)
    after = manifests.dump(_applied(subject.obj, mutation.ops)).splitlines(keepends=True)
    name = subject.title
    return "".join(difflib.unified_diff(before, after, f"submitted/{name}", f"admitted/{name}"))
