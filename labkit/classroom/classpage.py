"""The page for the teacher: who has how much, what has to be looked at, and where the class stumbles."""

from __future__ import annotations

import shlex
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from ..messages import _
from ..safe import escape
from .book import Record
from .findings import commonest
from .flags import ACCEPTABLE, Kind
from .page import document, table
from .points import number
from .rubric import Rubric


def page(
    records: Sequence[Record],
    rubric: Rubric,
    titles: Mapping[str, str],
    notes: Sequence[str] = (),
    pages: Mapping[str, str] | None = None,
) -> str:
    """Return the class as a page.

    Parameters
    ----------
    notes: sentences to stand at its top.
    pages: the feedback page of each student, by id, as a link.
    """
    count = Counter(record.status for record in records)
    said = _("Graded: {graded}. Held back: {held}. Without a hand-in: {missing}.",
             graded=count["graded"], held=count["held"], missing=count["missing"])  # fmt: skip
    parts = [f"<h1>{escape(rubric.title)}</h1>", f'<p class="sum">{escape(said)}</p>']
    given = [record.mark.points for record in records if record.mark and record.status == "graded"]
    if given:
        most = next(record.mark.most for record in records if record.mark)
        middle = _("Median {median} of {most}, from {low} to {high}.", median=number(statistics.median(given)),
                   most=number(most), low=number(min(given)), high=number(max(given)))  # fmt: skip
        parts.append(f"<p>{escape(middle)}</p>")
    parts += [f'<p class="note">{escape(note)}</p>' for note in notes]
    parts += [_flags(records, rubric), _students(records, pages or {}), _exercises(records, rubric, titles)]
    return document(rubric.title, "\n".join(part for part in parts if part))


def _flags(records: Sequence[Record], rubric: Rubric) -> str:
    head = [_("student"), _("flag"), _("what was found"), _("hand-in"), _("to let it count, grade again with")]
    rows = [
        (
            escape(record.student.name),
            escape(flag.kind.value),
            escape(flag.sentence),
            f"<code>{escape(path)}</code>",
            _release(flag.kind, record.student.id, rubric),
        )
        for record in records
        for path, flag in record.flags
    ]
    return table(_("To be looked at"), head, rows, frozenset()) if rows else ""


def _release(kind: Kind, id: str, rubric: Rubric) -> str:
    """Return the option that lets a student's hand-in with a flag count, as a shell takes it."""
    if kind not in ACCEPTABLE:
        return ""
    if {(kind, ""), (kind, id)} & rubric.accept:
        return escape(_("accepted"))
    return f"<code>--accept {escape(shlex.quote(f'{kind.value}:{id}'))}</code>"


def _students(records: Sequence[Record], pages: Mapping[str, str]) -> str:
    head = [_("student"), _("status"), _("points"), _("passed"), _("tried"), _("hints"), _("solutions seen"),
            _("days late")]  # fmt: skip
    tones = {"graded": "good", "held": "open", "missing": "bad"}
    rows = []
    for record in records:
        name, link = escape(record.student.name), pages.get(record.student.id)
        status = f'<span class="{tones[record.status]}">{escape(_(record.status))}</span>'
        mark = record.mark
        cells = [""] * 6
        if mark:
            counts = [score.standing for score in mark.scores]
            points = number(mark.points) if record.status == "graded" else f"({number(mark.points)})"
            cells = [
                f"{points} / {number(mark.most)}",
                str(sum(1 for s in counts if s.passed)),
                str(sum(1 for s in counts if s.attempts)),
                str(sum(s.hints for s in counts)),
                str(sum(1 for s in counts if s.solved)),
                str(mark.late),
            ]
        rows.append((f'<a href="{escape(quote(link))}">{name}</a>' if link else name, status, *cells))
    return table(_("Students; points in brackets are held back"), head, rows, frozenset(range(2, 8)))


def _exercises(records: Sequence[Record], rubric: Rubric, titles: Mapping[str, str]) -> str:
    head = [_("exercise"), _("passed"), _("not yet"), _("not tried"), _("attempts, median"), _("hints"),
            _("most common finding")]  # fmt: skip
    marks = [record.mark for record in records if record.mark]
    rows = []
    for place, id in enumerate(rubric.points):
        standings = [mark.scores[place].standing for mark in marks]
        states = Counter(standing.state for standing in standings)
        tried = [standing.attempts for standing in standings if standing.attempts]
        reports = [mark.hand_in.report for mark in marks if mark.hand_in.report]
        told = ""
        if common := commonest(report.findings[id] for report in reports if id in report.findings):
            (expected, found, _where), times = common
            told = escape(
                _("{times} ×: expected {expected}, found {found}", times=times, expected=expected, found=found)
            )
        rows.append((
            f"{escape(id)} {escape(titles[id])}",
            str(states["passed"]),
            str(states["not yet"]),
            str(states["not attempted"]),
            f"{statistics.median(tried):g}" if tried else "",
            str(sum(standing.hints for standing in standings)),
            told,
        ))  # fmt: skip
    return table(_("Exercises"), head, rows, frozenset(range(1, 6)))
