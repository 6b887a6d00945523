"""Where a learner stands: what the journal adds up to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..markup import verbatim
from ..messages import _
from ..safe import escape
from .journal import Entry
from .record import Exercise

_BAR = 20


@dataclass(frozen=True)
class Standing:
    """Where a learner stands with one exercise.

    Parameters
    ----------
    attempts: up to the first pass, it included.
    hints: rungs that were shown.
    solved: the solution was shown before the first pass.
    first, passed: when it was first tried and first passed, in UTC; empty when it was not.
    evidence: what the check that passed had compared.
    """

    attempts: int = 0
    hints: int = 0
    solved: bool = False
    first: str = ""
    passed: str = ""
    evidence: tuple[tuple[str, str], ...] = ()

    @property
    def state(self) -> str:
        """``passed``, ``not yet`` or ``not attempted``."""
        return "passed" if self.passed else "not yet" if self.attempts else "not attempted"


def standings(entries: Iterable[Entry]) -> dict[str, Standing]:
    """Add up a journal."""
    found: dict[str, Standing] = {}
    for entry in entries:
        id = str(entry.get("id"))
        found[id] = _add(found.get(id, Standing()), entry)
    return found


def _add(now: Standing, entry: Entry) -> Standing:
    do = entry.get("do")
    if do == "hint":
        return replace(now, hints=now.hints + 1)
    if now.passed:
        return now
    if do == "solution":
        return replace(now, solved=True)
    if do != "check":
        return now
    time = str(entry.get("time", ""))
    now = replace(now, attempts=now.attempts + 1, first=now.first or time)
    if entry.get("state") != "passed":
        return now
    return replace(now, passed=time, evidence=tuple((str(w), str(v)) for w, v in entry.get("evidence", ())))


def rungs(entries: Iterable[Entry], id: str, about: str) -> int:
    """Return how far down the hints about one thing were shown since the exercise was last begun again."""
    shown = 0
    for entry in entries:
        if entry.get("id") == id:
            if entry.get("do") == "reset":
                shown = 0
            elif entry.get("do") == "hint" and entry.get("about", "") == about:
                rung = entry.get("rung")
                shown = max(shown + 1, rung if isinstance(rung, int) else 0)
    return shown


class Progress:
    """What is passed, as a table and a bar.

    Parameters
    ----------
    exercises: those that count, in their order.
    said: a sentence about the progress file; empty when all is well.
    """

    def __init__(
        self, exercises: Sequence[Exercise], found: dict[str, Standing], titles: dict[str, str], said: str
    ) -> None:
        self._rows = [(e, found.get(e.id, Standing())) for e in exercises]
        self._titles = titles
        self._said = said

    @property
    def passed(self) -> int:
        """How many exercises are passed."""
        return sum(1 for _exercise, standing in self._rows if standing.passed)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """One dict an exercise; times in UTC."""
        return [
            {
                "id": e.id,
                "title": self._titles.get(e.id, e.title),
                "kind": e.kind.words,
                "state": _(s.state),
                "attempts": s.attempts,
                "hints": s.hints,
                "passed": s.passed.replace("T", " ")[:16],
            }
            for e, s in self._rows
        ]

    def _head(self) -> str:
        return _("{passed} of {count} passed", passed=self.passed, count=len(self._rows))

    def __repr__(self) -> str:
        full = round(_BAR * self.passed / len(self._rows)) if self._rows else 0
        lines = [f"[{'#' * full}{'.' * (_BAR - full)}] {self._head()}"]
        width = max((len(row["title"]) for row in self.rows), default=0)
        for row in self.rows:
            counts = _("attempts {attempts}, hints {hints}", attempts=row["attempts"], hints=row["hints"])
            lines.append(
                f"{row['id']:<5} {row['title']:<{width}}  {row['state']:<13}  {counts}  {row['passed']}".rstrip()
            )
        return "\n".join([*lines, *([self._said] if self._said else [])])

    def _repr_mimebundle_(self, **_options: object) -> dict[str, str]:
        labels = (_("number"), _("exercise"), _("kind"), _("state"), _("attempts"), _("hints"), _("passed (UTC)"))
        head = "".join(f'<th style="text-align: left">{escape(label)}</th>' for label in labels)
        body = "".join(
            "<tr>" + "".join(f'<td style="text-align: left">{escape(v)}</td>' for v in row.values()) + "</tr>"
            for row in self.rows
        )
        share = 100 * self.passed // len(self._rows) if self._rows else 0
        html = (
            f"<div><strong>{escape(self._head())}</strong></div>"
            '<div style="background: #cfd8dc; width: 300px; height: 8px">'
            f'<div style="background: #2e7d32; width: {share}%; height: 8px"></div></div>'
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )
        said = f"<div>{escape(self._said)}</div>" if self._said else ""
        return {"text/plain": repr(self), "text/html": verbatim(html + said)}
