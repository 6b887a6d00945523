"""What is said about a hand-in beside its points."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ..errors import LabError, nearest
from ..messages import _


class Kind(str, Enum):
    """What a flag is about; the value is what a teacher sees, and what ``accept`` takes."""

    UNREADABLE = "unreadable"
    """No report of the course could be read in it."""
    EDITED = "edited"
    """It was changed after it was made."""
    COPIED = "copied"
    """Somebody else handed in the same report, or one of the same key or history."""
    SEED = "same seed"
    """Somebody else works in a copy of the same folder of the course."""
    ENGINE = "same engine"
    """Somebody else handed in evidence of the same containers."""
    OLDER = "older"
    """It was written by an older version of the course."""
    NEWER = "newer"
    """It was written by a newer version of the course."""
    NAME = "other name"
    """The name in the report is not that of the student who handed it in."""
    KEY = "other key"
    """Several reports of one student carry different keys."""
    OTHER_SEED = "other seed"
    """Exercises were passed with what another seed than the report's had drawn."""
    TWICE = "twice"
    """The same file was handed in more than once by the same student."""
    CLOCK = "clock"
    """The times in it cannot all be right."""
    LATE = "late"
    """The system received it after its deadline."""
    ROSTER = "not in the roster"
    """Nobody in the roster fits."""
    UNKNOWN = "unknown exercise"
    """It holds exercises that this course does not have."""


HELD = frozenset((Kind.UNREADABLE, Kind.EDITED, Kind.COPIED, Kind.SEED, Kind.ENGINE, Kind.OLDER, Kind.NEWER))
"""With one of these, a hand-in gets no points until a teacher says so."""

SHARED = (Kind.COPIED, Kind.SEED, Kind.ENGINE)
"""What two students have in common that each has for himself; the strongest first."""

ACCEPTABLE = HELD - {Kind.UNREADABLE}
"""What a teacher may let count all the same: an unreadable report has nothing that could."""

Accepted = tuple[Kind, str]
"""A flag, and the id of the one student for whom it is accepted; empty for all of them."""


def accepted(word: str) -> Accepted:
    """Return what a teacher accepts, from ``older`` or ``copied:STUDENT``.  Raises `LabError`."""
    name, colon, student = word.partition(":")
    known = {kind.value: kind for kind in ACCEPTABLE}
    if name not in known:
        close = nearest(name, known)
        raise LabError(
            _("{word!r} is no flag that holds a grade back.", word=name[:40]),
            _("Did you mean {close!r}?", close=close) if close else _("They are: {all}.", all=", ".join(sorted(known))),
        )
    if known[name] is Kind.EDITED and not student:
        raise LabError(_("Edited reports cannot be accepted from everybody at once."), _("Name the student: edited:ID"))
    if colon and not student:
        raise LabError(_("{word!r} names no student.", word=word[:40]), _("Write flag:ID, or the flag alone."))
    return known[name], student


@dataclass(frozen=True)
class Flag:
    """One remark.

    Parameters
    ----------
    sentence: for the teacher; may name other students.
    """

    kind: Kind
    sentence: str

    def for_student(self) -> str:
        """The remark as the student reads it: nobody else is named in it.  Empty where it is no business of theirs."""
        said = {
            Kind.UNREADABLE: self.sentence,
            Kind.EDITED: _("The report was changed after the course wrote it. Make a new one with ./lab report."),
            Kind.COPIED: _("The report is not yours alone: another student's hand-in is the same in substance."),
            Kind.SEED: _("Another student works in a copy of the same folder of the course."),
            Kind.ENGINE: _("Another student's evidence comes from the same containers."),
            Kind.OLDER: self.sentence,
            Kind.NEWER: self.sentence,
            Kind.NAME: _("The name in the report is not the one under which it was handed in."),
        }
        return said.get(self.kind, "")
