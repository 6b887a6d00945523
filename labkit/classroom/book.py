"""The grade book: hand-ins become one record a student.

Who is who is settled first, then what is suspicious between students, then which of
several hand-ins counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from decimal import Decimal

from ..exercises.standing import Standing
from ..messages import _
from .flags import HELD, SHARED, Flag, Kind
from .handin import HandIn
from .owner import Owner, alike, words
from .points import Score, days_late, moment, score, total
from .roster import Student
from .rubric import Rubric

_NEVER = Standing()
_LAST = datetime.max.replace(tzinfo=timezone.utc)
_COMMON_ENTRIES = 3
"""So many entries in common at the start of two journals are no chance: each holds its second."""


@dataclass(frozen=True)
class Mark:
    """What one hand-in comes to.

    Parameters
    ----------
    raw, points, most: without and with what lateness costs, and the most there is.
    late: days begun since the deadline.
    """

    hand_in: HandIn
    scores: tuple[Score, ...]
    raw: Decimal
    points: Decimal
    most: Decimal
    late: int


@dataclass(frozen=True)
class Record:
    """One student.

    Parameters
    ----------
    mark: of the hand-in that counts; None when there is none that can be read.
    held: why the student gets no points yet; empty when they do.
    """

    student: Student
    owner: Owner
    hand_ins: tuple[HandIn, ...]
    mark: Mark | None
    held: tuple[Kind, ...] = ()

    @property
    def status(self) -> str:
        """``graded``, ``held`` or ``missing``."""
        if self.mark is None:
            return "held" if self.hand_ins else "missing"
        return "held" if self.held else "graded"

    @property
    def flags(self) -> list[tuple[str, Flag]]:
        """Every remark, with the path that it is about; one that is about them all stands once."""
        return [(hand_in.path, flag) for hand_in in self.hand_ins for flag in hand_in.flags]


def book(hand_ins: Iterable[HandIn], roster: Sequence[Student], rubric: Rubric) -> list[Record]:
    """Return one record a student: those of the roster in its order, then the others by name."""
    groups = _grouped(sorted(hand_ins, key=lambda hand_in: hand_in.path))
    found: dict[str, tuple[Student, list[HandIn]]] = {student.id: (student, []) for student in roster}
    strangers = []
    taken = set(found)
    for group in groups:
        student = _in_roster(group, roster)
        if student is not None:
            found[student.id][1].extend(group)
        else:
            strangers.append(_stranger(group, taken, listed=bool(roster)))
    strangers.sort(key=lambda pair: (words(pair[0].name), pair[0].id))
    pairs = [(student, _within(student, group)) for student, group in (*found.values(), *strangers)]
    return [_record(student, group, rubric) for student, group in _between(pairs)]


def _grouped(hand_ins: list[HandIn]) -> list[list[HandIn]]:
    groups: dict[str, list[HandIn]] = defaultdict(list)
    for hand_in in hand_ins:
        groups[hand_in.owner.key or _by_report(hand_in)].append(hand_in)
    kept = []
    stems = {hand_in.path.rpartition(".")[0] for hand_in in hand_ins if hand_in.report}
    for group in groups.values():
        read = any(hand_in.report for hand_in in group)
        # The page that ./lab report writes beside the report is for reading.
        left = [h for h in group if not (_is_page(h) and (read or h.path.rpartition(".")[0] in stems))]
        if left:
            kept.append(left)
    return kept


def _by_report(hand_in: HandIn) -> str:
    who = hand_in.report.who if hand_in.report else ""
    return f"who {' '.join(words(who))}" if words(who) else f"file {hand_in.path}"


def _is_page(hand_in: HandIn) -> bool:
    return hand_in.report is None and hand_in.path.lower().endswith((".html", ".htm"))


def _name(group: list[HandIn]) -> str:
    return next((h.owner.name for h in group if h.owner.name), "") or next(
        (h.report.who for h in group if h.report and h.report.who), ""
    )


def _in_roster(group: list[HandIn], roster: Sequence[Student]) -> Student | None:
    """Return the one student that a group belongs to: by number, by id, then by name."""
    owner = group[0].owner
    for student in roster:
        if owner.number and owner.number == getattr(student, owner.system):
            return student
    said = {text.casefold() for text in (owner.folder, _name(group)) if text}
    exact = [s for s in roster if said & {t.casefold() for t in (s.id, s.login, s.email, s.sis) if t}]
    name = _name(group)
    alike_ = [s for s in roster if name and alike(s.name, name)]
    same = [s for s in alike_ if words(s.name) == words(name)]
    for students in (exact, same, alike_):
        if len(students) == 1:
            return students[0]
    return None


def _stranger(group: list[HandIn], taken: set[str], *, listed: bool) -> tuple[Student, list[HandIn]]:
    owner, name = group[0].owner, _name(group)
    if not name:
        name = group[0].path.rpartition("/")[2].rpartition(".")[0] or group[0].path
    first, _blank, last = name.rpartition(" ")
    id = owner.number or "-".join(words(name)) or "unknown"
    while id in taken:
        id += "-2"
    taken.add(id)
    numbers = {owner.system: owner.number} if owner.system in ("moodle", "canvas") else {}
    student = Student(id=id, name=name, first=first, last=last, **numbers)
    if listed:
        flag = Flag(Kind.ROSTER, _("Nobody in the roster is {name}.", name=name))
        group = [_with(group[0], flag), *group[1:]]
    return student, group


def _with(hand_in: HandIn, *flags: Flag) -> HandIn:
    return replace(hand_in, flags=(*hand_in.flags, *flags))


def _within(student: Student, group: list[HandIn]) -> list[HandIn]:
    """Flag what is odd about the hand-ins of one student, and keep one of those that are the same."""
    kept: dict[str, HandIn] = {}
    for hand_in in group:
        mark = hand_in.digest or hand_in.path
        if mark in kept:
            flag = Flag(Kind.TWICE, _("{path} is the same file.", path=hand_in.path))
            kept[mark] = _with(kept[mark], flag)
        else:
            kept[mark] = hand_in
    keys = {h.report.key for h in kept.values() if h.report}
    left = []
    for hand_in in kept.values():
        flags = []
        if hand_in.report and not alike(hand_in.report.who, student.name):
            flags.append(Flag(Kind.NAME, _("It says that it is of {who}.", who=hand_in.report.who)))
        if hand_in.report and len(keys) > 1:
            flags.append(Flag(Kind.KEY, _("Its key is {key}; another report has another one.", key=hand_in.report.key)))
        left.append(_with(hand_in, *flags))
    return left


def _between(pairs: list[tuple[Student, list[HandIn]]]) -> list[tuple[Student, list[HandIn]]]:
    """Flag what two students have in common that each has for himself."""
    owners: dict[tuple[Kind, str], dict[int, str]] = defaultdict(dict)
    for number, (student, group) in enumerate(pairs):
        for hand_in in group:
            for common in _marks(hand_in):
                owners[common][number] = student.name
    flagged = []
    for number, (student, group) in enumerate(pairs):
        made = []
        for hand_in in group:
            with_whom: dict[Kind, set[str]] = defaultdict(set)
            for kind, mark in _marks(hand_in):
                with_whom[kind] |= {name for n, name in owners[kind, mark].items() if n != number}
            shared = [kind for kind in SHARED if with_whom[kind]]
            flags = [Flag(shared[0], _shared(shared[0], sorted(with_whom[shared[0]])))] if shared else []
            made.append(_with(hand_in, *flags))
        flagged.append((student, made))
    return flagged


def _marks(hand_in: HandIn) -> list[tuple[Kind, str]]:
    """Return what no two students have in common by chance."""
    report = hand_in.report
    # What stands in an edited report may be put there to bring others into suspicion.
    if report is None or any(flag.kind is Kind.EDITED for flag in hand_in.flags):
        return []
    marks = [(Kind.COPIED, f"key {report.key}")]
    if len(report.history) >= _COMMON_ENTRIES:
        marks.append((Kind.COPIED, f"history {report.history[_COMMON_ENTRIES - 1]}"))
    if report.seed:
        marks.append((Kind.SEED, report.seed))
    return marks + [(Kind.ENGINE, id) for id in sorted(report.engines)]


def _shared(kind: Kind, names: list[str]) -> str:
    others = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
    return {
        Kind.COPIED: _("It has the key or the history of a report of: {others}.", others=others),
        Kind.SEED: _("It comes from a copy of the same folder as a report of: {others}.", others=others),
        Kind.ENGINE: _("Its evidence is of the same containers as that of: {others}.", others=others),
    }[kind]


def _record(student: Student, group: list[HandIn], rubric: Rubric) -> Record:
    owner = next((h.owner for h in group if h.owner.number), group[0].owner if group else Owner())
    if owner.number and not getattr(student, owner.system):
        student = replace(student, **{owner.system: owner.number})
    group = [_received_late(hand_in, rubric) for hand_in in group]
    marks = [_mark(hand_in, rubric) for hand_in in group if hand_in.report]
    free = [mark for mark in marks if not _blocking(mark.hand_in, student, rubric)]
    chosen = _chosen(free or marks, rubric.take)
    held = set(_blocking(chosen.hand_in, student, rubric)) if chosen else set()
    # Whose work it is has to be asked of both, whichever of their files would count.
    held.update(kind for hand_in in group for kind in _blocking(hand_in, student, rubric) if kind in SHARED)
    return Record(student, owner, tuple(group), chosen, tuple(sorted(held)))


def _blocking(hand_in: HandIn, student: Student, rubric: Rubric) -> tuple[Kind, ...]:
    accepted = {kind for kind, id in rubric.accept if id in ("", student.id)}
    return tuple(sorted({flag.kind for flag in hand_in.flags} & HELD - accepted))


def _received_late(hand_in: HandIn, rubric: Rubric) -> HandIn:
    if hand_in.owner.late and rubric.deadline and hand_in.report and not days_late(rubric, hand_in.report.finished):
        said = _("Canvas received it late, though it was made in time: it counts as one day late.")
        return _with(hand_in, Flag(Kind.LATE, said))
    return hand_in


def _mark(hand_in: HandIn, rubric: Rubric) -> Mark:
    assert hand_in.report is not None  # noqa: S101 - the caller has looked
    standings: Mapping[str, Standing] = hand_in.report.standings
    finished = hand_in.report.finished
    least = 1 if rubric.deadline and hand_in.owner.late else 0
    late = max(days_late(rubric, finished), least)

    def days(standing: Standing) -> int:
        if rubric.late_by == "report" or not standing.passed:
            return late
        return max(days_late(rubric, moment(standing.passed) or finished), least)

    there = [(id, standings.get(id, _NEVER)) for id in rubric.points]
    scores = tuple(score(rubric, id, standing, days(standing)) for id, standing in there)
    raw, _most = total(rubric, tuple(score(rubric, id, standing, 0) for id, standing in there))
    points, most = total(rubric, scores)
    return Mark(hand_in, scores, raw, points, most, late)


def _chosen(marks: list[Mark], take: str) -> Mark | None:
    if not marks:
        return None

    def finished(mark: Mark) -> datetime:
        return (mark.hand_in.report and mark.hand_in.report.finished) or _LAST

    if take == "last":
        return max(marks, key=lambda mark: (finished(mark), mark.hand_in.path))
    if take == "first":
        return min(marks, key=lambda mark: (finished(mark), mark.hand_in.path))
    return min(marks, key=lambda mark: (-mark.points, finished(mark), mark.hand_in.path))
