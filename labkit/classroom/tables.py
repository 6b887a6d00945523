"""The grade book as tables: for people, and in the shapes that other systems import.

Sources: Moodle's ``assignfeedback_offline`` importer (columns Identifier, Grade and Last
modified (grade)); Canvas's gradebook importer (Student, ID, SIS User ID, SIS Login ID,
Section, one column an assignment, a row of points possible); ``nbgrader export`` and
``nbgrader db student import``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timezone

from ..messages import _
from .book import Record
from .points import number, total
from .rubric import Rubric

Row = list[object]


def grades(records: Sequence[Record], rubric: Rubric) -> list[Row]:
    """Return one row a student, with a column for each exercise that counts."""
    head: Row = [
        _("id"), _("student"), _("status"), _("points"), _("out of"), _("percent"), _("days late"), _("passed"),
        _("tried"), _("hints"), _("solutions seen"), _("flags"), _("hand-in"), _("made"), *rubric.points,
    ]  # fmt: skip
    return [head, *(_grade(record, rubric) for record in records)]


def _grade(record: Record, rubric: Rubric) -> Row:
    kinds = ", ".join(sorted({flag.kind.value for _path, flag in record.flags}))
    begin: Row = [record.student.id, record.student.name, _(record.status)]
    mark = record.mark
    if mark is None:
        path = record.hand_ins[0].path if record.hand_ins else ""
        return [*begin, *[""] * 8, kinds, path, "", *[""] * len(rubric.points)]
    counts = [score.standing for score in mark.scores]
    report = mark.hand_in.report
    made = report.made.strftime("%Y-%m-%dT%H:%M:%SZ") if report and report.made else ""
    held = record.status == "held"
    return [
        *begin,
        "" if held else number(mark.points),
        number(mark.most),
        "" if held else number(100 * mark.points / mark.most),
        mark.late,
        sum(1 for standing in counts if standing.passed),
        sum(1 for standing in counts if standing.attempts),
        sum(standing.hints for standing in counts),
        sum(1 for standing in counts if standing.solved),
        kinds,
        mark.hand_in.path,
        made,
        *("" if held else number(score.points) for score in mark.scores),
    ]


def flags(records: Sequence[Record]) -> list[Row]:
    """Return one row a remark."""
    head: Row = [_("id"), _("student"), _("flag"), _("hand-in"), _("what was found")]
    rows: list[Row] = [
        [record.student.id, record.student.name, flag.kind.value, path, flag.sentence]
        for record in records
        for path, flag in record.flags
    ]
    return [head, *rows]


def moodle(records: Sequence[Record]) -> list[Row]:
    """Return Moodle's grading worksheet, for those whose number in Moodle is known and who have a grade."""
    head: Row = ["Identifier", "Full name", "Email address", "Grade", "Maximum grade", "Last modified (grade)",
                 "Feedback comments"]  # fmt: skip
    rows: list[Row] = []
    for record in records:
        student, mark = record.student, record.mark
        if student.moodle and mark and record.status == "graded":
            rows.append([f"Participant {student.moodle}", student.name, student.email, number(mark.points),
                         number(mark.most), "-", _comment(record)])  # fmt: skip
    return [head, *rows] if rows else []


def _comment(record: Record) -> str:
    mark = record.mark
    if mark is None:
        return ""
    passed = sum(1 for score in mark.scores if score.standing.passed)
    said = _("{passed} of {count} exercises passed.", passed=passed, count=len(mark.scores))
    return f"{said} {_('Late by {days} d.', days=mark.late)}" if mark.late else said


def canvas(records: Sequence[Record], rubric: Rubric) -> list[Row]:
    """Return a gradebook for Canvas; the rubric's title names the assignment there, such as ``Lab 2 (4711)``."""
    rows: list[Row] = []
    for record in records:
        student = record.student
        if student.canvas or student.sis or student.login:
            grade = number(record.mark.points) if record.mark and record.status == "graded" else ""
            rows.append([student.name, student.canvas, student.sis, student.login, student.section, grade])
    if not any(record.student.canvas for record in records):
        return []
    head: Row = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", rubric.title]
    _points, most = total(rubric, ())
    return [head, ["    Points Possible", "", "", "", "", number(most)], *rows]


def left_out(records: Sequence[Record]) -> list[str]:
    """Return why tables that Moodle and Canvas import cannot be made, a sentence each.

    For a class of one of them, nothing is said about the other.
    """
    listed = [record for record in records if record.student.moodle]
    if listed and not moodle(records):
        held = sum(1 for record in listed if record.status == "held")
        why = _("nobody with a number of Moodle's has a grade: {held} held back, {missing} without a hand-in.",
                held=held, missing=len(listed) - held)  # fmt: skip
        return [_("moodle.csv was not written: {why}", why=why)]
    if listed or any(record.student.canvas for record in records):
        return []
    where = _("neither the names of the hand-ins nor the roster have numbers of Moodle's or Canvas's.")
    return [_("moodle.csv and canvas.csv were not written: {why}", why=where)]


def nbgrader(records: Sequence[Record], rubric: Rubric) -> list[Row]:
    """Return the table that ``nbgrader export`` writes."""
    head: Row = ["assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score",
                 "late_submission_penalty", "score", "max_score"]  # fmt: skip
    _points, most = total(rubric, ())
    form = "%Y-%m-%d %H:%M:%S"
    due = rubric.deadline.astimezone(timezone.utc).strftime(form) if rubric.deadline else ""
    rows: list[Row] = []
    for record in records:
        student, mark = record.student, record.mark if record.status == "graded" else None
        report = mark.hand_in.report if mark else None
        made = report.made.strftime(form) if report and report.made else ""
        scores = [mark.raw, mark.raw - mark.points, mark.points] if mark else []
        held = ["", "", ""] if record.status == "held" else ["0", "0", "0"]
        said = [number(score) for score in scores] or held
        who: Row = [student.id, student.last, student.first, student.email]
        rows.append([rubric.title, due, made, *who, *said, number(most)])
    return [head, *rows]


def nbgrader_students(records: Sequence[Record]) -> list[Row]:
    """Return the list that ``nbgrader db student import`` takes."""
    head: Row = ["id", "first_name", "last_name", "email"]
    rows: list[Row] = [[r.student.id, r.student.first, r.student.last, r.student.email] for r in records]
    return [head, *rows]
