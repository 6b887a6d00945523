"""From where a student stands with an exercise to points, by a rubric."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from ..exercises.standing import Standing
from ..messages import _
from .rubric import Rubric

_CENT = Decimal("0.01")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)


@dataclass(frozen=True)
class Score:
    """The points for one exercise.

    Parameters
    ----------
    points, most: what it gives, and the most that it could give.
    why: each deduction in a few words.
    """

    id: str
    standing: Standing
    points: Decimal
    most: Decimal
    why: tuple[str, ...] = ()


def score(rubric: Rubric, id: str, standing: Standing, late_days: int) -> Score:
    """Return the points for one exercise.

    Parameters
    ----------
    late_days: days begun since the deadline, 0 when in time.
    """
    most = rubric.points[id]
    if not standing.passed:
        if standing.attempts and rubric.attempt_share:
            words = (_("tried, not passed: {share}", share=percent(rubric.attempt_share)),)
            return Score(id, standing, most * rubric.attempt_share * _kept(rubric, late_days), most, words)
        return Score(id, standing, Decimal(0), most)
    share, why = Decimal(1), []
    if standing.solved and rubric.solution_share != 1:
        share *= rubric.solution_share
        why.append(_("solution seen before it was passed: {share}", share=percent(rubric.solution_share)))
    paid = max(0, standing.hints - rubric.hints_free)
    if paid and rubric.hint_cost:
        off = min(paid * rubric.hint_cost, rubric.hint_most)
        share *= 1 - off
        why.append(_("hints {count}: −{share}", count=paid, share=percent(off)))
    if late_days and (kept := _kept(rubric, late_days)) != 1:
        share *= kept
        why.append(_("late by {days} d: −{share}", days=late_days, share=percent(1 - kept)))
    return Score(id, standing, most * share, most, tuple(why))


def _kept(rubric: Rubric, late_days: int) -> Decimal:
    return 1 - min(late_days * rubric.late_per_day, rubric.late_most)


def days_late(rubric: Rubric, when: datetime | None) -> int:
    """Return the days begun between the deadline and `when`; 0 without either."""
    if rubric.deadline is None or when is None:
        return 0
    over = when - rubric.deadline - timedelta(minutes=rubric.late_grace)
    return max(0, math.ceil(over / timedelta(days=1)))


def total(rubric: Rubric, scores: tuple[Score, ...]) -> tuple[Decimal, Decimal]:
    """Return the points of a report and the most that there are, in the scale of the rubric, to the hundredth."""
    points, most = sum((s.points for s in scores), Decimal(0)), rubric.most
    if rubric.out_of is not None:
        points, most = points * rubric.out_of / most, rubric.out_of
    return points.quantize(_CENT, ROUND_HALF_UP), most.quantize(_CENT, ROUND_HALF_UP)


def number(value: Decimal) -> str:
    """Return a number to the hundredth, with a point and no trailing noughts, such as ``1.5``."""
    text = format(value.quantize(_CENT, ROUND_HALF_UP), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(share: Decimal) -> str:
    """Return a share as per cent, such as ``50 %``."""
    return f"{number(share * 100)} %"


def moment(text: str) -> datetime | None:
    """Return a time as the course writes it (``2026-01-02T03:04:05Z``); None when it is none."""
    try:
        return datetime.fromisoformat(f"{text[:-1]}+00:00") if _MOMENT.fullmatch(text) else None
    except ValueError:  # the 31st of February
        return None
