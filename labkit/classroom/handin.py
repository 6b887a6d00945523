"""From the bytes of a file to a report that holds, or to the reason why there is none.

A report that carries a good signature may still have been written by anything: whoever
owns a key can sign what they like.  So its shape is looked at before it is used.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .. import __version__, seal
from ..exercises.journal import Entry
from ..exercises.standing import Standing, standings
from ..messages import _
from ..report import FORMAT, other_seed
from ..reportpage import name_of
from ..safe import harmless
from .flags import Flag, Kind
from .owner import Owner
from .points import moment

LARGEST = 4_000_000
"""Bytes of a report; one of a whole course with a thousand attempts has half a million."""
_LONGEST = 400
_ENTRIES = 20_000
_CONTAINER = re.compile(r"GET /(?:containers|networks)/[^/\s]+(?:/json)?")
_SHORT_ID = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True)
class Report:
    """What a report that was read says.

    Parameters
    ----------
    who: the name, as typed.
    made: when it was made, by the student's clock; None when it says no time.
    key: as people compare it.
    seed: a digest of what everything was drawn from; empty in reports that do not say it.
    version: of the course.
    standings: by exercise.
    findings: of each exercise, what the last check that failed expected, found, and where.
    last: the latest time in its journal; None when there is none.
    history: the digests of its journal.
    engines: ids of containers and networks in the evidence.
    """

    who: str
    made: datetime | None
    key: str
    seed: str
    version: str
    standings: Mapping[str, Standing]
    findings: Mapping[str, tuple[str, str, str]]
    last: datetime | None
    history: tuple[str, ...]
    engines: frozenset[str]

    @property
    def finished(self) -> datetime | None:
        """The later of both times: a clock that was turned back for the report alone changes nothing."""
        return max((time for time in (self.made, self.last) if time), default=None)


@dataclass(frozen=True)
class HandIn:
    """One file that was handed in.

    Parameters
    ----------
    path: below the folder that is graded, with slashes.
    digest: of its bytes; empty when they were not read.
    report: None when there is none in it.
    """

    path: str
    owner: Owner
    digest: str = ""
    report: Report | None = None
    flags: tuple[Flag, ...] = field(default_factory=tuple)


def unread(path: str, owner: Owner, why: str) -> HandIn:
    """Return a hand-in that nothing could be read of; `why` is one sentence."""
    return HandIn(path, owner, flags=(Flag(Kind.UNREADABLE, why),))


def examine(path: str, owner: Owner, data: bytes, known: Collection[str]) -> HandIn:
    """Return what a file holds.  Never raises.

    Parameters
    ----------
    known: the ids of the exercises of this course.
    """
    digest = hashlib.sha256(data).hexdigest()
    name = path.rpartition("/")[2]
    why = _foreign(data, name)
    raw: Any = None
    if not why:
        try:
            raw = json.loads(data)
        except RecursionError:
            why = _("{name} is nested too deeply for a report.", name=name)
        except ValueError:
            why = _cut(data, name)
    if not why and not (isinstance(raw, dict) and isinstance(raw.get("format"), int) and "journal" in raw):
        why = _("{name} is JSON, but not a report of the course.", name=name)
    if not why and raw["format"] > FORMAT:
        why = _("{name} has a format that is newer than this course.", name=name)
    if why:
        return HandIn(path, owner, digest, flags=(Flag(Kind.UNREADABLE, why),))
    found = seal.problem(raw)
    report = _shaped(raw)
    if found:
        said = {
            seal.CHANGED: _("{name} was changed after it was made: its signature does not fit.", name=name),
            seal.DISAGREES: _("The table in {name} is not what its journal adds up to.", name=name),
        }[found]
        return HandIn(path, owner, digest, report, (Flag(Kind.EDITED, said),))
    if report is None:
        why = _("{name} looks like a report, but what is in it is not what the course writes.", name=name)
        return HandIn(path, owner, digest, flags=(Flag(Kind.UNREADABLE, why),))
    return HandIn(path, owner, digest, report, tuple(_remarks(report, raw, known)))


def _foreign(data: bytes, name: str) -> str:
    """Return why bytes are not those of a report, as far as they show it without being parsed; else nothing."""
    start = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not data.strip():
        return _("{name} is empty.", name=name)
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _(
            "{name} is a ZIP archive. Archives are not opened: hand in the file lab-report.json itself.", name=name
        )
    if start.startswith((b"<!doctype html", b"<html")):
        return _("{name} is a page to read. What can be graded is the file lab-report.json.", name=name)
    if b'"nbformat"' in data[-4096:] or b'"cells"' in data[:512]:
        return _("{name} is a notebook. What can be graded is the file lab-report.json.", name=name)
    if not start.startswith(b"{"):
        return _("{name} is not a report of the course.", name=name)
    return ""


def _cut(data: bytes, name: str) -> str:
    if data.rstrip()[-1:] != b"}":
        return _("{name} was cut off: it does not end as a report does.", name=name)
    return _("{name} is not a report of the course.", name=name)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    text = harmless(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _shaped(raw: dict[str, Any]) -> Report | None:
    """Return a report whose every part has the type that the course writes; None when one has not."""
    try:
        journal: list[Entry] = [seal.bare(entry) for entry in raw["journal"]]
        if len(journal) > _ENTRIES:
            return None
        found = {_text(id): _clipped(standing) for id, standing in standings(journal).items()}
        findings, engines = {}, set()
        for entry in journal:
            _text(entry["id"])
            if "finding" in entry:
                expected, saw, where = (_text(part) for part in entry["finding"])
                findings[entry["id"]] = (expected, saw, where)
            for where, value in entry.get("evidence", ()):
                if _CONTAINER.fullmatch(_text(where)) and _SHORT_ID.fullmatch(_text(value)):
                    engines.add(value)
        return Report(
            who=_text(raw["who"]).strip()[:100],
            made=moment(_text(raw["made"])),
            key=name_of(bytes.fromhex(_text(raw["key"]))),
            seed=_text(raw.get("seed", ""))[:16],
            version=_text(raw["course"])[:20],
            standings=found,
            findings=findings,
            last=max(_times(journal), default=None),
            history=tuple(_text(entry["digest"]) for entry in raw["journal"]),
            engines=frozenset(engines),
        )
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        return None


def _clipped(standing: Standing) -> Standing:
    evidence = tuple((_text(where), _text(value)) for where, value in standing.evidence)
    first, passed = _text(standing.first), _text(standing.passed)
    return Standing(standing.attempts, standing.hints, standing.solved, first, passed, evidence)


def _remarks(report: Report, raw: dict[str, Any], known: Collection[str]) -> list[Flag]:
    flags = []
    if report.version != __version__:
        older = _release(report.version) < _release(__version__)
        sentence = _("It was written by version {theirs} of the course; this is {ours}.",
                     theirs=report.version, ours=__version__)  # fmt: skip
        flags.append(Flag(Kind.OLDER if older else Kind.NEWER, sentence))
    if unknown := sorted(set(report.standings) - set(known))[:5]:
        flags.append(Flag(Kind.UNKNOWN, _("This course has no {ids}.", ids=", ".join(unknown))))
    if foreign := other_seed(raw):
        flags.append(Flag(Kind.OTHER_SEED, _text(foreign)))
    sure = _times(raw["journal"])
    backwards = any(later < earlier for earlier, later in itertools.pairwise(sure))
    ahead = report.made is not None and bool(sure) and max(sure) > report.made
    if len(sure) < len(raw["journal"]) or report.made is None or backwards or ahead:
        flags.append(Flag(Kind.CLOCK, _("Its times are not in order: the clock of that machine was changed.")))
    return flags


def _times(journal: Iterable[Entry]) -> list[datetime]:
    return [time for entry in journal if (time := moment(str(entry.get("time", ""))))]


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d{1,9}", version)[:3])
