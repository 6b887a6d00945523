"""A class at work: what the students' progress files say in, who is where and what holds them up out.

Pure: the time is passed in.  A forged file makes that student's row wrong, and no other; in the
counts of an exercise, it counts once.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from ..messages import _
from .findings import Finding, alike, commonest
from .watchlog import Check, Log

STUCK = 3
"""So many attempts since the last pass, and a student is stuck."""
AWAY = 3600.0
"""Seconds without a check after which a student is not at work."""
_AHEAD = 60.0
"""Seconds that a time may be ahead of the clock here."""


def notice() -> str:
    """Return what every student is told in a class that is watched."""
    return _(
        "Your teacher has a page on how this class gets on. It shows of you: at which exercise you are, whether it is "
        "passed, how many attempts you made, when the last check was, and what it expected and found. It does not show "
        "your code, your notebooks, your terminal, what you type, or which hints you read."
    )


# -- one student -------------------------------------------------------------------------------


class State(str, Enum):
    """How a student gets on, as far as checks show it."""

    STUCK = "stuck"
    WORKING = "working"
    DONE = "done"
    """All exercises are passed of the lab that they are in."""
    AWAY = "away"
    BEGINNING = "no check yet"
    UNTOLD = "not told yet"
    """They have started no server since the class is watched: nothing of theirs is read."""
    UNREAD = "not readable"

    @property
    def words(self) -> str:
        """The state in the teacher's language."""
        return _(self.value)


@dataclass(frozen=True)
class Seat:
    """A student, and their progress.

    Parameters
    ----------
    id, name: as the roster has them.
    log: None when they have no progress file.
    told: they were told that the class is watched; of one who was not, no file is read.
    """

    id: str
    name: str
    log: Log | None = None
    told: bool = True


@dataclass(frozen=True)
class Row:
    """A student's row.

    Parameters
    ----------
    exercise: of the last check; empty before the first one.
    attempts: since the last pass.
    last: the exercise that was passed last; empty before the first pass.
    passed, count: so many exercises, of so many of the lab that they are in, or of the course.
    seen: seconds since the last check; None where that is not known.
    finding: of the last check, where it was not passed.
    said: what is wrong with the file; empty when all is well.
    """

    id: str
    name: str
    state: State
    exercise: str = ""
    attempts: int = 0
    last: str = ""
    passed: int = 0
    count: int = 0
    seen: float | None = None
    finding: Finding | None = None
    said: str = ""


def _row(seat: Seat, ids: Sequence[str], now: float) -> Row:
    if not seat.told:
        return Row(seat.id, seat.name, State.UNTOLD)
    log = seat.log or Log()
    wanted = frozenset(ids)
    checks = [check for check in log.checks if check.id in wanted]
    if not checks:
        unread = bool(log.said) and not log.checks
        return Row(seat.id, seat.name, State.UNREAD if unread else State.BEGINNING, said=log.said)
    done: list[str] = []
    attempts = 0
    for check in checks:
        if check.passed and check.id not in done:
            done.append(check.id)
            attempts = 0
        elif not check.passed and check.id not in done:
            attempts += 1
    latest = checks[-1]
    lab = [id for id in ids if _lab(id) == _lab(latest.id)]
    passed = sum(1 for id in lab if id in done)
    said, seen = log.said, None
    if latest.time is not None and latest.time <= now + _AHEAD:
        seen = max(0.0, now - latest.time)
    else:
        said = said or _("The time of the last check is not that of this machine.")
    if passed == len(lab):
        state = State.DONE
    elif seen is not None and seen > AWAY:
        state = State.AWAY
    else:
        state = State.STUCK if attempts >= STUCK else State.WORKING
    finding = None if latest.id in done else latest.finding
    last = done[-1] if done else ""
    return Row(seat.id, seat.name, state, latest.id, attempts, last, passed, len(lab), seen, finding, said)


def _lab(id: str) -> str:
    return id.partition(".")[0]


# -- the class ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Hurdle:
    """How a class gets on with one exercise.

    Parameters
    ----------
    tried, passed: so many students.
    stuck: so many of the others are stuck, and at this one.
    attempts: up to the first pass, the middle one of those who tried.
    finding: what the checks of most students found, each student counted once, and of how many.
    """

    id: str
    tried: int
    passed: int
    stuck: int
    attempts: float
    finding: tuple[Finding, int] | None

    @property
    def open(self) -> int:
        """So many tried it and have not passed it."""
        return self.tried - self.passed


@dataclass(frozen=True)
class Class:
    """A class at work.

    Parameters
    ----------
    rows: of all students, in the order that they were given in.
    hurdles: the exercises that somebody has tried, that one first which holds most people up.
    lab: the number of the lab that is looked at, such as ``2``; empty for all.
    """

    rows: tuple[Row, ...]
    hurdles: tuple[Hurdle, ...]
    lab: str = ""

    @property
    def counts(self) -> dict[State, int]:
        """How many students are in each state; states without any are left out."""
        found = Counter(row.state for row in self.rows)
        return {state: found[state] for state in State if found[state]}

    @property
    def stuck(self) -> list[Row]:
        """Who is stuck, those with most attempts first."""
        return sorted((r for r in self.rows if r.state is State.STUCK), key=lambda r: (-r.attempts, r.name))


def look(seats: Iterable[Seat], known: Sequence[str], now: float, lab: str = "") -> Class:
    """Return a class as it is now.

    Parameters
    ----------
    known: the ids of the exercises of the course, in their order.
    now: in seconds since 1970.
    lab: a number such as ``2``, to look at that lab alone.
    """
    seats = list(seats)
    ids = [id for id in known if not lab or _lab(id) == lab]
    rows = tuple(_row(seat, ids, now) for seat in seats)
    stuck = Counter(row.exercise for row in rows if row.state is State.STUCK)
    tried: dict[str, list[list[Check]]] = {id: [] for id in ids}
    for seat in seats:
        if seat.log and seat.told:
            for id, checks in _until_passed(seat.log).items():
                if id in tried:
                    tried[id].append(checks)
    order = {id: place for place, id in enumerate(ids)}
    hurdles = [_hurdle(id, students, stuck[id]) for id, students in tried.items() if students]
    hurdles.sort(key=lambda h: (-h.stuck, -h.open, -h.attempts, order[h.id]))
    return Class(rows, tuple(hurdles), lab)


def _until_passed(log: Log) -> dict[str, list[Check]]:
    """Return the checks of each exercise, up to its first pass."""
    found: dict[str, list[Check]] = {}
    for check in log.checks:
        checks = found.setdefault(check.id, [])
        if not (checks and checks[-1].passed):
            checks.append(check)
    return found


def _hurdle(id: str, students: Sequence[Sequence[Check]], stuck: int) -> Hurdle:
    passed = sum(1 for checks in students if checks[-1].passed)
    distinct = [{check.finding for check in checks if check.finding} for checks in students]
    findings = [finding for own in distinct for finding in {alike(one) for one in own}]
    attempts = statistics.median(len(checks) for checks in students)
    return Hurdle(id, len(students), passed, stuck, attempts, commonest(findings))
