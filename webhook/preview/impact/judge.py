"""Objects, one after the other -> what a change of the registry means for those that it concerns. Pure."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import jsonpatch

from registry.resolving.selectors import Consumer
from registry.resolving.view import Views
from webhook.adapters import layout_of
from webhook.adapters.workloads import pod_of
from webhook.errors import RefusedError
from webhook.mutation.mutate import mutate
from webhook.mutation.note import resolved
from webhook.mutation.note.resolved import Resolved
from webhook.mutation.settings import Settings
from webhook.preview import given
from webhook.preview.expected_pods.expected import ExpectedPod, FindDefinition
from webhook.preview.expected_pods.kinds import expected_pods_of
from webhook.preview.impact import created
from webhook.preview.impact.changes import Key
from webhook.preview.impact.comparison import Comparison
from webhook.preview.impact.plan import Chosen, ObjectImpact, Outcome, Part, Summary
from webhook.preview.subjects import Subject, depends_on_parameters

# On behalf of whom a definition for all namespaces is judged: somebody who may have what everybody may have.
_ANYBODY: Final = "*"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an object was found.

    Attributes:
        text: ``FILE:LINE``; "" for an object of the cluster.
    """

    text: str = ""

    @property
    def is_stored(self) -> bool:
        """True if it is in the cluster."""
        return not self.text


@dataclass
class Judge:
    """Finds the objects that a change concerns, and says what it means for them.

    Args:
        keys: The extensions that are meant. Their objects are listed even if nothing changes for these.
        before, after: What the runs of each namespace see.
        everyones: The namespace of the extensions that are for everyone; "" for a registry in files.
        consumer_of: Gives the consumer on whose behalf an object asks.
        definitions_in: Gives a function that finds the definitions for runs in a namespace.
        skips_ended: True if runs that have ended are left out.

    Attributes:
        summary: Counts what has been judged.
    """

    keys: Collection[Key]
    before: Views
    after: Views
    everyones: str
    settings: Settings
    consumer_of: Callable[[Mapping[str, Any]], Consumer]
    definitions_in: Callable[[str], FindDefinition]
    skips_ended: bool = False
    summary: Summary = field(default_factory=Summary)

    def judge(self, subject: Subject, place: Place) -> ObjectImpact | None:
        """What the change means for *subject*; None if it does not concern it."""
        obj = subject.obj
        if created.is_made(obj):
            return None
        has_ended = created.has_ended(obj)
        if has_ended and self.skips_ended:
            self.summary.left_out += 1
            return None
        self.summary.seen += 1
        note = resolved.read(obj)
        judged = _Judged(self, subject, place, note, has_ended=has_ended)
        parts = tuple(part for part in judged.parts() if self._concerns(part))
        was_given = given.extensions(note) if note else frozenset()
        if not parts and not was_given.intersection(key.id for key in self.keys):
            return None
        if not parts:
            parts = (Part("", Outcome.UNCHANGED, is_kept=True),)
        found = ObjectImpact(
            subject.title,
            judged.namespace,
            place.text,
            parts,
            has_ended,
            tuple(given.services(note)) if note else (),
        )
        self.summary.add(found)
        return found

    def _concerns(self, part: Part) -> bool:
        if part.outcome is not Outcome.UNCHANGED or part.is_ambiguous:
            return True
        return any(self._is_meant(chosen) for s in part.selectors for chosen in (s.before, s.after))

    def _is_meant(self, chosen: Chosen | None) -> bool:
        return chosen is not None and Key(chosen.namespace, chosen.extension) in self.keys


class _Judged:
    """One object, with all that is resolved for it."""

    def __init__(self, judge: Judge, subject: Subject, place: Place, note: Resolved | None, *, has_ended: bool) -> None:
        self._judge = judge
        self._subject = subject
        self._obj = subject.obj
        self._is_stored = place.is_stored
        self._note = note
        self._has_ended = has_ended
        is_for_all = str(self._obj.get("kind")).startswith("Cluster")
        self._consumer = self._anybody() if is_for_all else judge.consumer_of(self._obj)
        self.namespace = self._consumer.namespace
        where = judge.everyones if is_for_all else self.namespace
        self._before, self._after = judge.before.seen_from(where), judge.after.seen_from(where)
        if (user := self._submitter()) is not None:
            self._consumer = replace(self._consumer, user=user)
        self._compare = Comparison(self._before, self._after, self._consumer, judge.settings)

    def parts(self) -> Iterator[Part]:
        """The parts that ask, whether or not the change concerns them."""
        for part in self._all_parts():
            if not any(depends_on_parameters(self._subject, problem) for problem in part.problems):
                yield part

    def _all_parts(self) -> Iterator[Part]:
        obj, find = self._obj, self._judge.definitions_in(self.namespace)
        kind = obj.get("kind")
        if kind == "CronWorkflow":
            if (stored := created.admitted(obj)) is not None:
                yield from self._run(created.workflow_of(stored), find, replace(self._consumer, user=""))
        elif (pod := pod_of(obj)) is not None:
            yield from self._part(pod, is_kept=self._has_ended)
        elif kind in created.RUNS:
            yield from self._run(obj, find, self._consumer)
        elif (layout := layout_of(obj)) is not None and layout.is_definition:
            if (stored := created.admitted(obj)) is not None:
                yield from self._pods(created.pods_of_definition(stored, find))
        elif layout is not None:
            yield from self._part(obj, is_kept=self._is_stored or self._note is not None)

    def _run(self, run: Mapping[str, Any], find: FindDefinition, consumer: Consumer) -> Iterator[Part]:
        is_kept = run is self._obj and (self._is_stored or self._note is not None)
        self._compare = replace(self._compare, consumer=consumer)
        yield from self._part(run, is_kept=is_kept)
        stored = run if is_kept else self._admitted(run, consumer)
        if stored is not None:
            yield from self._pods(expected_pods_of(stored, find), is_kept=self._has_ended)

    def _part(self, obj: Mapping[str, Any], where: str = "", *, is_kept: bool = False) -> Iterator[Part]:
        part = self._compare.part_of(obj, where, is_kept=is_kept)
        if part is not None:
            yield part

    def _pods(self, pods: Iterator[ExpectedPod], *, is_kept: bool = False) -> Iterator[Part]:
        is_known = True
        for expected in pods:
            if not expected.unknown:
                yield from self._part(expected.pod, expected.where, is_kept=is_kept)
            elif is_known and not is_kept:
                is_known = False
                self._note_unknown(expected)

    def _note_unknown(self, expected: ExpectedPod) -> None:
        summary = self._judge.summary
        summary.unknown += 1
        summary.first_unknown = summary.first_unknown or f"{self._subject.title} {expected.where}: {expected.unknown}"

    def _admitted(self, run: Mapping[str, Any], consumer: Consumer) -> Mapping[str, Any] | None:
        """*run* as it is stored; what is left in it for pods does not depend on the registry."""
        for view in (self._before, self._after):
            try:
                ops = mutate(run, view, consumer, settings=self._judge.settings).ops
            except RefusedError:
                continue
            stored: Mapping[str, Any] = jsonpatch.apply_patch(run, [dict(op) for op in ops]) if ops else run
            return stored
        return None

    def _anybody(self) -> Consumer:
        return Consumer(zone=self._judge.settings.zone, project=_ANYBODY)

    def _submitter(self) -> str | None:
        """Who submitted a stored run, as far as the credentials that it was given tell; None = its note says nothing.

        Whoever asks here need not be who submitted it.
        """
        if not self._is_stored:
            return None
        for extension, service, name in self._note.credentials() if self._note else ():
            for offer in self._before.narrowed({"extension_id": extension}):
                for login in offer.service.credentials if offer.service.id == service else ():
                    if login.id == name and login.scope == "user" and login.users:
                        return login.users[0]
        return ""
