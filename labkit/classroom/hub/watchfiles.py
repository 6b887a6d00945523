"""The progress files of a class that is watched: which of them are read, and how.

A file is a student's, who may have put anything in its place.  It is read only where the
student was told, only as a plain file of theirs, and only up to `labkit.classroom.watchlog.LARGEST` bytes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...messages import _
from ..watch import Seat
from ..watchlog import LARGEST, Log, read
from .plain import Stamp, read_plain

_NAME = "progress"
"""Of the journal in a learner's private folder: `labkit.exercises.journal`."""
_FRESH = 3.0
"""Seconds that what was read is good for, however many pages ask."""


@dataclass(frozen=True)
class Watched:
    """A student whose progress may be looked at.

    Parameters
    ----------
    login: the name that they log in with.
    id, name: as the roster has them.
    user: the number that their files belong to.
    """

    login: str
    id: str
    name: str
    user: int


class Watchroom:
    """All progress files of a class.

    Parameters
    ----------
    students: in the order of the roster.
    folders: holds ``LOGIN/lab/`` for each student.
    told: holds a file ``LOGIN`` for each student who was told.
    known: the ids of the exercises of the course.
    """

    def __init__(self, students: Sequence[Watched], folders: Path, told: Path, known: Sequence[str]) -> None:
        self._students = tuple(students)
        self._folders, self._told = folders, told
        self._known = frozenset(known)
        self._kept: dict[str, tuple[Stamp, Log]] = {}
        self._seats: tuple[Seat, ...] = ()
        self._until = 0.0
        self._lock = threading.Lock()

    def seats(self) -> tuple[Seat, ...]:
        """Return all students with what their files say now.  It blocks; call it in a thread."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._seats = tuple(map(self._seat, self._students))
                self._until = time.monotonic() + _FRESH
            return self._seats

    def _seat(self, student: Watched) -> Seat:
        if not (self._told / student.login).exists():
            self._kept.pop(student.login, None)
            return Seat(student.id, student.name, told=False)
        return Seat(student.id, student.name, self._log(student))

    def _log(self, student: Watched) -> Log | None:
        stamp, log = self._kept.get(student.login, (None, Log()))
        try:
            fresh = read_plain(self._folders / student.login / "lab", _NAME, student.user, LARGEST, stamp)
        except FileNotFoundError:
            return None
        except OSError:
            return Log(said=_("The progress file is not a plain file of the student's."))
        if fresh is None:
            return log
        stamp, data = fresh
        log = read(data, self._known)
        self._kept[student.login] = (stamp, log)
        return log
