"""The page that one student gets: points, and for each exercise what was expected and found."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby

from ..messages import _
from ..safe import escape
from .book import Mark, Record
from .page import document, table
from .points import Score, number
from .rubric import Rubric

_TONES = {"passed": "good", "not yet": "open", "not attempted": "calm"}


def page(record: Record, rubric: Rubric, titles: Mapping[str, str]) -> str:
    """Return a student's page.  It names no other student.

    Parameters
    ----------
    titles: of the exercises, by id.
    """
    parts = [f"<h1>{escape(rubric.title)}</h1>", f"<p>{escape(record.student.name)}</p>"]
    mark = record.mark
    if mark and record.status == "graded":
        said = _("{points} of {most} points", points=number(mark.points), most=number(mark.most))
        parts.append(f'<p class="sum">{escape(said)}</p>')
        parts.append(_facts(record, mark))
    else:
        said = _("No points yet: your teacher looks at this hand-in first. What was found is below.")
        parts.append(f'<p class="note">{escape(said)}</p>')
    parts += _remarks(record)
    if mark:
        for lab, scores in groupby(mark.scores, key=lambda score: score.id.partition(".")[0]):
            parts.append(_lab(lab, list(scores), mark, titles, points=record.status == "graded"))
        parts.append(f"<p><small>{escape(_rules(rubric))}</small></p>")
    return document(f"{rubric.title}: {record.student.name}", "\n".join(parts))


def _facts(record: Record, mark: Mark) -> str:
    passed = sum(1 for score in mark.scores if score.standing.passed)
    report = mark.hand_in.report
    said = [_("{passed} of {count} exercises passed.", passed=passed, count=len(mark.scores))]
    if report and report.made:
        said.append(_("Report made {time} UTC, key {key}.", time=f"{report.made:%Y-%m-%d %H:%M}", key=report.key))
    if mark.late:
        said.append(_("Late by {days} d: {points} points less.",
                      days=mark.late, points=number(mark.raw - mark.points)))  # fmt: skip
    if len(record.hand_ins) > 1:
        said.append(_("Of your {count} files, this one counts: {name}.",
                      count=len(record.hand_ins), name=mark.hand_in.path.rpartition("/")[2]))  # fmt: skip
    return f"<p>{escape(' '.join(said))}</p>"


def _remarks(record: Record) -> list[str]:
    said = {sentence for _path, flag in record.flags if (sentence := flag.for_student())}
    return [f'<p class="note">{escape(sentence)}</p>' for sentence in sorted(said)]


def _lab(lab: str, scores: list[Score], mark: Mark, titles: Mapping[str, str], *, points: bool) -> str:
    head = [_("exercise"), _("state"), _("points"), _("what was expected, and what was found")]
    rows = [
        (
            f"{escape(score.id)} {escape(titles[score.id])}",
            _state(score),
            f"{number(score.points) if points else '–'} / {number(score.most)}",
            _told(score, mark),
        )
        for score in scores
    ]
    return table(_("Lab {number}", number=lab), head, rows, frozenset({2}), stack=True)


def _state(score: Score) -> str:
    state = score.standing.state
    count = _("attempts {attempts}, hints {hints}", attempts=score.standing.attempts, hints=score.standing.hints)
    tried = f"<br><small>{escape(count)}</small>" if score.standing.attempts else ""
    return f'<span class="{_TONES[state]}">{escape(_(state))}</span>{tried}'


def _told(score: Score, mark: Mark) -> str:
    why = f"<small>{escape('; '.join(score.why))}</small>" if score.why else ""
    finding = mark.hand_in.report.findings.get(score.id) if mark.hand_in.report else None
    if score.standing.passed:
        pairs = "".join(
            f"<li>{escape(where)}: <code>{escape(value)}</code></li>" for where, value in score.standing.evidence
        )
        folded = f"<details><summary>{escape(_('evidence'))}</summary><ul>{pairs}</ul></details>" if pairs else ""
        return folded + why
    if score.standing.attempts and finding:
        labels = (_("expected"), _("found"), _("look at"))
        rows = "".join(f"<dt>{escape(k)}</dt><dd><code>{escape(v)}</code></dd>" for k, v in zip(labels, finding))
        return f"<dl>{rows}</dl>{why}"
    return why


def _rules(rubric: Rubric) -> str:
    """Say the rules that points were given by."""
    from .points import percent

    said = [_("An exercise whose solution was seen before it was passed gives {share} of its points.",
              share=percent(rubric.solution_share))]  # fmt: skip
    if rubric.attempt_share:
        said.append(_("An exercise that was tried and not passed gives {share} of its points.",
                      share=percent(rubric.attempt_share)))  # fmt: skip
    if rubric.hint_cost:
        said.append(_("Each hint beyond {free} costs {cost} of the exercise, at most {most}.", free=rubric.hints_free,
                      cost=percent(rubric.hint_cost), most=percent(rubric.hint_most)))  # fmt: skip
    else:
        said.append(_("Hints cost nothing."))
    if rubric.deadline:
        said.append(_("Each day begun after {deadline} costs {cost}, at most {most}.",
                      deadline=f"{rubric.deadline:%Y-%m-%d %H:%M %Z}", cost=percent(rubric.late_per_day),
                      most=percent(rubric.late_most)))  # fmt: skip
    return " ".join(said)
