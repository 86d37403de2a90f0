"""Where in a file an object is, and what is said about it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from registry.documents.reader import Document
from webhook.adapters.layout import Remark
from webhook.errors import RefusedError
from webhook.preview.places import Place, lines_in, misplaced_at, place_of
from webhook.preview.reading import Part
from webhook.preview.subjects import Subject


@dataclass(frozen=True, slots=True)
class Lines:
    """Says where in a file a subject is, and what is wrong with it."""

    part: Part
    document: Document
    subject: Subject

    @property
    def own(self) -> str:
        """``file:line`` of the subject itself."""
        if not self.subject.path:
            return self.part.place(self.document.line)
        return self._placed([Place(self.document.number, self.subject.path)])[0]

    def of(self, refusal: RefusedError) -> list[str]:
        """``file:line`` for each problem of *refusal*."""
        obj = self.subject.obj
        pointers = [
            (pointer or misplaced_at(obj, message), line)
            for (pointer, line), message in zip(refusal.places, refusal.problems, strict=False)
        ]
        places = [
            place_of(obj, pointer, line, number=self.document.number, path=self.subject.path)
            for pointer, line in pointers
        ]
        unknown = len(refusal.problems) - len(places)
        return self._placed([*places, *[Place(self.document.number, self.subject.path)] * unknown])

    def of_remarks(self, remarks: Sequence[str]) -> list[str]:
        """``file:line`` for each of *remarks*: that of what it is about, if that is known."""
        obj, number, path = self.subject.obj, self.document.number, self.subject.path
        if not any(isinstance(remark, Remark) and remark.pointer for remark in remarks):
            return [self.own] * len(remarks)
        return self._placed(
            [
                place_of(obj, remark.pointer, remark.line, number=number, path=path)
                if isinstance(remark, Remark) and remark.pointer
                else Place(number, path)
                for remark in remarks
            ]
        )

    def _placed(self, places: Sequence[Place]) -> list[str]:
        return [self.part.place(line) for line in lines_in(self.part.chunk.text, places)]
