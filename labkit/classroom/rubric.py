"""What counts, and how much: a rubric file, in TOML or CSV, becomes a `Rubric`.

    title = "Docker API Lab"
    out_of = 100                      # the sum is scaled to it; without it, the points are added up

    [points]                          # the most specific line counts: 2.5, then 2.*, then default
    default = 1
    "2.*" = 2
    "2.5" = 3
    "1.9" = 0                         # does not count

    [late]
    deadline = 2026-12-01T23:59:00+01:00
    per_day = 0.1

As CSV, each line is a setting and its value: ``points.2.5,3`` or ``late.per_day,0.1``.

Source: https://toml.io/en/v1.0.0
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from decimal import Decimal, InvalidOperation
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from ..errors import LabError, UnknownExercise, nearest
from ..exercises.record import LABS
from ..messages import _
from .flags import Accepted, accepted
from .text import decoded

LARGEST = 1_000_000
_MOST_POINTS = Decimal(10_000)
_LEAST_POINTS = Decimal("0.01")
"""Grades are given to the hundredth."""

_SETTINGS = {
    "title": "title",
    "out_of": "out_of",
    "accept": "accept",
    "hints.cost": "hint_cost",
    "hints.free": "hints_free",
    "hints.most": "hint_most",
    "solution.share": "solution_share",
    "attempt.share": "attempt_share",
    "late.deadline": "deadline",
    "late.per_day": "late_per_day",
    "late.most": "late_most",
    "late.grace_minutes": "late_grace",
    "late.by": "late_by",
    "hand_ins.take": "take",
}
_CHOICES = {"late_by": ("report", "exercise"), "take": ("best", "first", "last")}
_SHARES = ("hint_cost", "hint_most", "solution_share", "attempt_share", "late_per_day", "late_most")
_COUNTS = ("hints_free", "late_grace")


@dataclass(frozen=True)
class Rubric:
    """What counts, and how much.

    Parameters
    ----------
    points: of each exercise that counts, in the order of the course.
    title: the name of the assignment in tables.
    out_of: what a full set of points is scaled to; None adds the points up.
    hint_cost, hints_free, hint_most: share of an exercise that each hint costs beyond the free ones, and the most.
    solution_share: what is left of an exercise whose solution was seen before it was passed.
    attempt_share: what an exercise gives that was tried and not passed.
    deadline, late_per_day, late_most, late_grace: from when on, what share a day begun costs, the most, minutes free.
    late_by: ``report``: when the report was made; ``exercise``: when each exercise was passed.
    take: of several hand-ins: ``best``, ``first`` or ``last``.
    accept: flags with which a hand-in counts all the same: of everybody, or of one student.
    """

    points: Mapping[str, Decimal]
    title: str = "Docker API Lab"
    out_of: Decimal | None = None
    hint_cost: Decimal = Decimal(0)
    hints_free: int = 0
    hint_most: Decimal = Decimal("0.5")
    solution_share: Decimal = Decimal("0.5")
    attempt_share: Decimal = Decimal(0)
    deadline: datetime | None = None
    late_per_day: Decimal = Decimal("0.1")
    late_most: Decimal = Decimal("0.5")
    late_grace: int = 0
    late_by: str = "report"
    take: str = "best"
    accept: frozenset[Accepted] = field(default_factory=frozenset)

    @property
    def most(self) -> Decimal:
        """All points together, before they are scaled."""
        return sum(self.points.values(), Decimal(0))


def default(ids: Iterable[str]) -> Rubric:
    """Return the rubric that holds without a file: one point for each exercise."""
    return Rubric({id: Decimal(1) for id in ids})


def of_labs(rubric: Rubric, labs: Iterable[str]) -> Rubric:
    """Return a rubric in which the exercises of some labs alone count.

    Parameters
    ----------
    labs: their numbers, such as ``2`` or ``02``; none leaves the rubric as it is.

    Raises `LabError` for a lab that there is not, and when no exercise of them gives a point.
    """
    wanted = {lab.strip().zfill(2) for lab in labs}
    if unknown := sorted(wanted - set(LABS)):
        raise UnknownExercise(unknown[0], LABS)
    if not wanted:
        return rubric
    points = {id: worth for id, worth in rubric.points.items() if id.partition(".")[0].zfill(2) in wanted}
    if sum(points.values()) < _LEAST_POINTS:
        raise LabError(
            _("The rubric gives no points for lab {labs}.", labs=", ".join(sorted(wanted))),
            _("Give an exercise of it 0.01 or more, or leave --lab out."),
        )
    return replace(rubric, points=points)


def parse(data: bytes, name: str, ids: Iterable[str]) -> Rubric:
    """Read a rubric.

    Parameters
    ----------
    name: of the file; one that ends in ``.csv`` is read as CSV.
    ids: the exercises of the course, in their order.

    Raises `LabError`: one sentence, with the nearest name where one is unknown.
    """
    known = list(ids)
    text, _encoding = decoded(data, name)
    flat = _from_csv(text, name) if name.lower().endswith(".csv") else _from_toml(text, name)
    points = {key.partition(".")[2]: value for key, value in flat.items() if key.startswith("points.")}
    rubric = Rubric(_points(points, known, name))
    changes = {}
    for key, value in flat.items():
        if key.startswith("points."):
            continue
        if key not in _SETTINGS:
            raise _unknown(key, [*_SETTINGS, "points"], name)
        changes[_SETTINGS[key]] = _value(_SETTINGS[key], key, value, name)
    if rubric.most < _LEAST_POINTS:
        raise LabError(_("In {name}, no exercise gives a point.", name=name), _("Give one of them 0.01 or more."))
    return replace(rubric, **changes)


def _from_toml(text: str, name: str) -> dict[str, Any]:
    try:
        pairs = list(_flat(tomllib.loads(text, parse_float=Decimal)))
    except (ValueError, RecursionError) as error:
        deep = isinstance(error, RecursionError)
        why = _("it is nested too deeply") if deep else str(error).splitlines()[0]
        raise LabError(_("{name} is not TOML: {why}.", name=name, why=why), _("Mend that line.")) from error
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:  # "2.1" and 2.1 are two keys to TOML, and one exercise
            raise LabError(_("{name} says {key} once more.", name=name, key=key), _("Take one of the two lines out."))
        found[key] = value
    return found


def _flat(table: Mapping[str, Any], before: str = "") -> Iterable[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


def _from_csv(text: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for line, row in enumerate(_rows(text, name), 1):
        cells = [cell.strip() for cell in row]
        if not any(cells) or (line == 1 and cells[0].lower() == "setting"):
            continue
        if len(cells) < 2 or not cells[0]:
            raise LabError(
                _("Line {line} of {name} is not a setting and its value.", line=line, name=name),
                _("Write them as points.2.5,3"),
            )
        if cells[0] in found:
            raise LabError(
                _("Line {line} of {name} says {key} once more.", line=line, name=name, key=cells[0]),
                _("Take one of the two lines out."),
            )
        found[cells[0]] = [c for c in cells[1:] if c] if cells[0] == "accept" else cells[1]
    return found


def _rows(text: str, name: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text))
    try:
        return list(reader)
    except csv.Error as error:
        raise LabError(
            _("Line {line} of {name} is not CSV: {why}.", line=reader.line_num, name=name, why=error),
            _("Mend that line."),
        ) from error


def _points(said: Mapping[str, Any], known: list[str], name: str) -> dict[str, Decimal]:
    labs = {id.partition(".")[0] for id in known}
    for key in said:
        if key != "default" and key not in known and not (key.endswith(".*") and key[:-2] in labs):
            raise _unknown(key, [*known, *(f"{lab}.*" for lab in sorted(labs)), "default"], name)
    worth = {key: _number(f"points.{key}", value, name, _MOST_POINTS) for key, value in said.items()}
    found = {}
    for id in known:
        several = f"{id.partition('.')[0]}.*"
        found[id] = worth.get(id, worth.get(several, worth.get("default", Decimal(1))))
    return {id: points for id, points in found.items() if points}


def _unknown(key: str, known: Iterable[str], name: str) -> LabError:
    close = nearest(key, known)
    what = _("{name} names {key!r}, which is neither an exercise nor a setting.", name=name, key=key[:40])
    return LabError(
        what, _("Did you mean {close}?", close=close) if close else _("docs/instructors.md lists the settings.")
    )


def _value(field: str, key: str, value: Any, name: str) -> Any:
    if field in _SHARES:
        return _number(key, value, name, Decimal(1))
    if field in _COUNTS:
        return int(_number(key, value, name, Decimal(100_000)))
    if field == "out_of":
        found = _number(key, value, name, _MOST_POINTS)
        if found < _LEAST_POINTS:
            raise LabError(
                _("In {name}, out_of is below {least}.", name=name, least=_LEAST_POINTS),
                _("Leave it out to add the points up."),
            )
        return found
    if field == "deadline":
        return _deadline(value, name)
    if field == "accept":
        return frozenset(accepted(str(word)) for word in (value if isinstance(value, list) else [value]))
    if field in _CHOICES:
        if value not in _CHOICES[field]:
            choices = ", ".join(_CHOICES[field])
            raise LabError(_("In {name}, {key} is {value!r}.", name=name, key=key, value=str(value)[:40]),
                           _("It may be one of: {choices}.", choices=choices))  # fmt: skip
        return value
    return str(value)[:100]


def _number(key: str, value: Any, name: str, most: Decimal) -> Decimal:
    try:
        if isinstance(value, bool):
            raise InvalidOperation
        found = Decimal(str(value))
    except InvalidOperation:
        found = Decimal("NaN")
    if not (found.is_finite() and 0 <= found <= most):
        raise LabError(
            _("In {name}, {key} is {value!r}.", name=name, key=key, value=str(value)[:40]),
            _("It is a number from 0 to {most}.", most=most),
        )
    return found


def _deadline(value: Any, name: str) -> datetime:
    found = value
    if isinstance(value, str):
        try:
            found = datetime.fromisoformat(value.strip().replace("Z", "+00:00"))
        except ValueError:
            found = None
    if not isinstance(found, datetime) or found.tzinfo is None:
        raise LabError(
            _("In {name}, late.deadline is not a time with its zone.", name=name),
            _("Write it as 2026-12-01T23:59:00+01:00."),
        )
    try:
        found.astimezone(timezone.utc)
    except OverflowError as error:
        raise LabError(
            _("In {name}, late.deadline is no year from 1 to 9999 in UTC.", name=name), _("Write a nearer time.")
        ) from error
    return found
