"""The page on a class at work, and the same as CSV.  Pure; all that comes from students is escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from ..messages import _
from ..safe import escape
from .findings import Finding
from .page import document, table
from .text import csv_bytes
from .watch import AWAY, STUCK, Class, Hurdle, Row, State, notice

REFRESH = 15
"""Seconds after which the page asks again."""

_STYLE = """
.bar { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; align-items: baseline; margin: .4rem 0; }
.bar ul { display: flex; flex-wrap: wrap; gap: .2rem; list-style: none; margin: 0; padding: 0; }
.bar li a { display: block; padding: .2rem .6rem; border: 1px solid var(--line); border-radius: .3rem; }
.bar li a[aria-current] { background: var(--soft); font-weight: 600; text-decoration: none; color: inherit; }
.counts { display: flex; flex-wrap: wrap; gap: .4rem; list-style: none; margin: .8rem 0; padding: 0; }
.counts li { background: var(--soft); border: 1px solid var(--line); border-radius: .3rem; padding: .2rem .7rem; }
.counts strong { font-size: 1.3rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .6rem; } tbody th { font-weight: 400; } .who { white-space: nowrap; }
.said { display: block; opacity: .8; font-size: .85em; }
td .who + .said { max-width: 11rem; } .found { min-width: 16rem; }
"""
_TONES = {State.STUCK: "bad", State.DONE: "good", State.UNREAD: "open"}


def page(klass: Class, titles: Mapping[str, str], labs: Sequence[str], clock: str, *, live: bool = True) -> str:
    """Return a class as a page.

    Parameters
    ----------
    titles: of the exercises, by id.
    labs: the numbers of the labs that there are.
    clock: the time of day to show.
    live: the page is one that asks again by itself.
    """
    parts = [
        f"<h1>{escape(_('The class at work'))}</h1>",
        _bar(klass, labs, clock, live=live),
        _counts(klass),
        _stuck(klass, titles),
        _hurdles(klass, titles),
        _students(klass, titles),
        _about(),
    ]
    return document(_("The class at work"), "\n".join(part for part in parts if part), style=_STYLE, made_by="")


def _link(klass: Class, lab: str, *, live: bool) -> str:
    """Return the address of another view, below the page's own."""
    query = urlencode({**({"lab": lab} if lab else {}), **({} if live else {"still": "1"})})
    return f"?{query}" if query else "."


def _bar(klass: Class, labs: Sequence[str], clock: str, *, live: bool) -> str:
    names = [("", _("All labs")), *((lab, _("Lab {number}", number=lab)) for lab in labs)]
    items = "".join(
        f'<li><a href="{escape(_link(klass, lab, live=live))}"{" aria-current=page" if lab == klass.lab else ""}>'
        f"{escape(name)}</a></li>"
        for lab, name in names
    )
    how = _("As of {clock}. It is read anew every {n} seconds.", clock=clock, n=REFRESH) if live else _(
        "As of {clock}. It stands still.", clock=clock)  # fmt: skip
    other = _("Hold it") if live else _("Let it go on")
    sheet = "students.csv" + (f"?{urlencode({'lab': klass.lab})}" if klass.lab else "")
    return (
        f'<nav class="bar" aria-label="{escape(_("Labs"))}"><ul>{items}</ul></nav>'
        f'<p class="bar"><span>{escape(how)}</span>'
        f'<a href="{escape(_link(klass, klass.lab, live=not live))}">{escape(other)}</a>'
        f'<a href="{escape(sheet)}">{escape(_("Students as CSV"))}</a></p>'
    )


def _counts(klass: Class) -> str:
    if not klass.rows:
        return f'<p class="note">{escape(_("Nobody is in this class. The roster says who is."))}</p>'
    items = "".join(
        f'<li class="{_TONES.get(state, "")}"><strong>{n}</strong> {escape(state.words)}</li>'
        for state, n in klass.counts.items()
    )
    return f'<ul class="counts" aria-label="{escape(_("Students by state"))}">{items}</ul>'


def _named(id: str, titles: Mapping[str, str]) -> str:
    return f"{escape(id)} {escape(titles.get(id, ''))}" if id else ""


def _told(finding: Finding | None) -> tuple[str, str]:
    expected, found, where = finding or ("", "", "")
    place = f'<span class="said">{escape(_("look at {where}", where=where))}</span>' if where else ""
    return (_value(expected), _value(found) + place) if finding else ("", "")


def _value(text: str) -> str:
    return f"<code>{escape(text)}</code>" if text else "–"


def _age(seconds: float | None) -> str:
    if seconds is None:
        return "?"
    if seconds < 60:
        return _("now")
    if seconds < AWAY:
        return _("{n} min ago", n=int(seconds / 60))
    if seconds < 48 * 3600:
        return _("{n} h ago", n=int(seconds / 3600))
    return _("{n} days ago", n=int(seconds / 86400))


def _stuck(klass: Class, titles: Mapping[str, str]) -> str:
    if not klass.stuck:
        return ""
    head = [_("student"), _("at"), _("attempts"), _("last check"), _("expected"), _("found")]
    rows = [
        (escape(row.name), _named(row.exercise, titles), str(row.attempts), escape(_age(row.seen)), *_told(row.finding))
        for row in klass.stuck
    ]
    said = _("Stuck: {n} attempts or more since the last pass", n=STUCK)
    return table(said, head, rows, frozenset({2, 3}))


def _hurdles(klass: Class, titles: Mapping[str, str]) -> str:
    if not klass.hurdles:
        said = _("Nobody who was told of this page has tried an exercise yet.")
        return f"<p>{escape(said)}</p>" if klass.rows else ""
    head = [_("exercise"), _("stuck"), _("not yet"), _("passed"), _("attempts, median"), _("most common finding")]
    said = _("Exercises that were tried; what holds most people up comes first")
    return table(said, head, [_hurdle(h, titles) for h in klass.hurdles], frozenset({1, 2, 3, 4}))


def _hurdle(hurdle: Hurdle, titles: Mapping[str, str]) -> tuple[str, ...]:
    told = ""
    if hurdle.finding:
        (expected, found, where), times = hurdle.finding
        told = (
            f'<div class="found">{escape(_("{n} of {tried}:", n=times, tried=hurdle.tried))} '
            f"{escape(_('expected'))} {_value(expected)}, {escape(_('found'))} {_value(found)}"
            f'<span class="said">{escape(_("look at {where}", where=where))}</span></div>'
        )
    stuck = f'<span class="bad">{hurdle.stuck}</span>' if hurdle.stuck else "0"
    counts = (stuck, str(hurdle.open), str(hurdle.passed), f"{hurdle.attempts:g}")
    return (_named(hurdle.id, titles), *counts, told)


def _students(klass: Class, titles: Mapping[str, str]) -> str:
    if not klass.rows:
        return ""
    head = [_("student"), _("state"), _("at"), _("attempts"), _("passed last"), _("of this lab"), _("last check")]
    rows = [_student(row, titles) for row in klass.rows]
    return table(_("Students; attempts are those since the last pass"), head, rows, frozenset({3, 4, 5, 6}))


def _student(row: Row, titles: Mapping[str, str]) -> tuple[str, ...]:
    said = f'<span class="said">{escape(row.said)}</span>' if row.said else ""
    state = f'<span class="who {_TONES.get(row.state, "")}">{escape(row.state.words)}</span>{said}'
    begin = (f'<span class="who">{escape(row.name)}</span>', state)
    if not row.exercise:
        return (*begin, "", "", "", "", "")
    done = _("{passed} of {count}", passed=row.passed, count=row.count)
    at = f'<span class="who">{_named(row.exercise, titles)}</span>'
    return (*begin, at, str(row.attempts), escape(row.last), done, escape(_age(row.seen)))


def _about() -> str:
    lines = [
        _("It shows what the progress files in the students' folders say. A student can write into their own, so it "
          "is no proof; grades come from reports."),
        _("Each check that counts is an attempt. A student is away after an hour without one. Who is not told yet has "
          "started no server since this page was switched on: before that, nothing of theirs is read."),
        _("This is what students are told: {notice}", notice=notice()),
    ]  # fmt: skip
    return "".join(f"<p><small>{escape(line)}</small></p>" for line in lines)


def sheet(klass: Class) -> bytes:
    """Return the students of a class as CSV, a row each."""
    head = [_("id"), _("student"), _("state"), _("at"), _("attempts since the last pass"), _("passed last"),
            _("passed in this lab"), _("of"), _("seconds since the last check"), _("expected"), _("found"),
            _("look at"), _("remark")]  # fmt: skip
    rows = [
        [row.id, row.name, row.state.words, row.exercise, row.attempts, row.last, row.passed, row.count,
         "" if row.seen is None else int(row.seen), *(row.finding or ("", "", "")), row.said]
        for row in klass.rows
    ]  # fmt: skip
    return csv_bytes([head, *rows])
