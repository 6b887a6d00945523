"""What a student's progress file says, to somebody who has no key and believes nothing.

Pure.  The file is the student's own, who may have written anything into it.  What is in it is
data, bounded, and taken for what it says.  Of what a journal holds, this takes the checks
alone: not the hints, not the solutions that were seen.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ..exercises.journal import FORMAT
from ..messages import _
from ..safe import harmless
from .findings import Finding
from .points import moment

LARGEST = 1_000_000
"""Bytes of a progress file; a thousand attempts have half of that."""
_LINE, _LINES, _TEXT = 64_000, 5_000, 200
"""The most characters of a line, lines of a file, and characters of a text that are taken."""


@dataclass(frozen=True)
class Check:
    """One check that counted.

    Parameters
    ----------
    time: in seconds since 1970; None when it says none.
    finding: of one that was not passed.
    """

    id: str
    passed: bool
    time: float | None
    finding: Finding | None = None


@dataclass(frozen=True)
class Log:
    """What a student's progress file says.

    Parameters
    ----------
    checks: in their order.
    said: what is wrong with the file, as a sentence; empty when all is well.
    """

    checks: tuple[Check, ...] = ()
    said: str = ""


def read(data: bytes, known: Collection[str]) -> Log:
    """Read the bytes of a progress file.  Never raises; what stands before a damage counts.

    Parameters
    ----------
    known: the ids of the exercises of this course; others are passed over.
    """
    if len(data) > LARGEST:
        return Log(said=_("The progress file is too large."))
    head, *lines = data.decode("utf-8", "replace").split("\n")
    header = _object(head)
    form = header.get("format") if header else None
    if not isinstance(form, int):
        return Log(said=_("The progress file is damaged."))
    if form > FORMAT:
        return Log(said=_("The progress file was written by a newer version of the course."))
    if len(lines) > _LINES:
        return Log(said=_("The progress file has too many lines."))
    checks: list[Check] = []
    for line in lines[:-1]:
        if (entry := _object(line)) is None:
            return Log(tuple(checks), _("The progress file is damaged; this is what stands before that."))
        if (check := _check(entry, known)) is not None:
            checks.append(check)
    cut = not lines or lines[-1]
    return Log(tuple(checks), _("The progress file is cut off; this is what stands before that.") if cut else "")


def _object(line: str) -> dict[str, Any] | None:
    if len(line) > _LINE:
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _check(entry: Mapping[str, Any], known: Collection[str]) -> Check | None:
    id = entry.get("id")
    if entry.get("do") != "check" or not isinstance(id, str) or id not in known:
        return None
    time, finding = entry.get("time"), entry.get("finding")
    when = moment(time) if isinstance(time, str) else None
    passed = entry.get("state") == "passed"
    told = None
    if not passed and isinstance(finding, list) and len(finding) == 3 and all(isinstance(p, str) for p in finding):
        told = (_short(finding[0]), _short(finding[1]), _short(finding[2]))
    return Check(id, passed, when.timestamp() if when else None, told)


def _short(text: str) -> str:
    line = " ".join(harmless(text[: 2 * _TEXT]).split())
    return line if len(line) <= _TEXT else f"{line[: _TEXT - 1]}…"
