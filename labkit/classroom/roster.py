"""Who is in the class: a CSV file becomes students.

It may be a list of one's own, Moodle's grading worksheet, or Canvas's exported gradebook;
columns are known by their names, in any order.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import LabError
from ..messages import _
from ..safe import harmless
from .text import decoded

LARGEST = 5_000_000
_MOST = 20_000

_COLUMNS = {
    "id": "id",
    "studentid": "id",
    "idnumber": "id",
    "username": "login",
    "sisuserid": "sis",
    "sisloginid": "login",
    "name": "name",
    "fullname": "name",
    "student": "name",
    "firstname": "first",
    "givenname": "first",
    "lastname": "last",
    "surname": "last",
    "familyname": "last",
    "email": "email",
    "emailaddress": "email",
    "mail": "email",
    "section": "section",
    "identifier": "moodle",
    "moodle": "moodle",
    "canvas": "canvas",
}
_WHO = ("id", "sis", "login", "email", "canvas", "moodle", "name", "first", "last")
_OF_CANVAS = {"sisuserid", "sisloginid"}
_NUMBER = re.compile(r"(?:[^\W\d_][^\d.,]*)?(?P<digits>\d+)(?:[.,]0{1,2})?")
"""As Moodle and Canvas write a number (``Participant 77``), and as spreadsheets save it (``77.0``)."""
_KEY = re.compile(r"[\w][\w.@+-]{0,99}")


@dataclass(frozen=True)
class Student:
    """One student.

    Parameters
    ----------
    id: by which the school knows them, and nbgrader.
    moodle, canvas: the number that the system gave them.
    sis, login: of Canvas's gradebook.
    """

    id: str
    name: str
    first: str = ""
    last: str = ""
    email: str = ""
    moodle: str = ""
    canvas: str = ""
    sis: str = ""
    login: str = ""
    section: str = ""


def folders(students: Iterable[Student]) -> frozenset[str]:
    """Return what the folders of students may be called, in small letters."""
    known = (text for s in students for text in (s.id, s.login, s.email, s.sis, s.name))
    return frozenset(text.casefold() for text in known if text)


def parse(data: bytes, name: str) -> tuple[list[Student], str]:
    """Read a roster; return its students in their order, and a sentence where something had to be guessed.

    Raises `LabError`: one sentence, with the line.
    """
    text, encoding = decoded(data, name)
    # A file that was saved twice carries its mark twice, or in the middle of it.
    lines = text.replace("\ufeff", "").splitlines()
    lines = [line for line in lines if line.strip().strip(",;\t\"' ")] and lines
    rows = _rows(lines)
    if not rows:
        raise LabError(_("{name} is empty.", name=name), _("Its first line names the columns, such as id,name,email."))
    (_line, head), *body = rows
    names = [re.sub(r"[\W_]", "", cell).lower() for cell in head]
    fields = [_COLUMNS.get(name, "") for name in names]
    possible = next((line for line, row in body if _begins(row, "points possible")), 0)
    canvas = bool(possible or _OF_CANVAS & set(names) or {"student", "section"} <= set(names)) and "id" in names
    if canvas:
        fields = ["canvas" if name == "id" else field for name, field in zip(names, fields)]  # its own number
    if not {"id", "name", "last", "login", "email"} & set(fields):
        raise LabError(
            _("The first line of {name} names no column that tells students apart.", name=name),
            _("It needs id, name or email, such as id,name,email."),
        )
    students: list[Student] = []
    seen: dict[tuple[str, str], int] = {}
    for line, row in body:
        said = dict(zip(fields, (cell.strip() for cell in row)))
        if line == possible or (line < possible and not any(map(said.get, _WHO))) or _is_test(row, said):
            continue  # rows of Canvas's gradebook that are no students
        student = _student(said, name, line)
        for field in ("id", "moodle", "canvas"):
            value = getattr(student, field)
            if value and (before := seen.setdefault((field, value.casefold()), line)) != line:
                raise LabError(
                    _("Line {line} of {name} has the same {field} as line {before}: {value}.",
                      line=line, name=name, field=field, before=before, value=value),
                    _("Take one of the two lines out."),
                )  # fmt: skip
        students.append(student)
        if len(students) > _MOST:
            raise LabError(_("{name} has more than {count} students.", name=name, count=_MOST))
    if not students:
        raise LabError(_("{name} names no student.", name=name), _("Below its first line, write one student a line."))
    guessed = []
    if encoding == "cp1252":
        guessed.append(_("{name} is not UTF-8; it was read as Windows-1252. Are the names right?", name=name))
    unread = [cell.strip() for cell, field in zip(head, fields) if cell.strip() and not field]
    if unread and not {"name", "first", "last"} & set(fields):
        guessed.append(
            _("{name} has no column name, first name or last name, so ids stand for names; not read: {unread}.",
              name=name, unread=", ".join(harmless(cell)[:40] for cell in unread[:5]))
        )  # fmt: skip
    return students, " ".join(guessed)


def _begins(row: list[str], text: str) -> bool:
    return row[0].strip().lower().startswith(text)


def _is_test(row: list[str], said: dict[str, str]) -> bool:
    """Whether it is the student that Canvas makes for teachers to try things with."""
    return _begins(row, "student, test") or (said.get("last"), said.get("first")) == ("Student", "Test")


def _rows(lines: list[str]) -> list[tuple[int, list[str]]]:
    first = next((line for line in lines if line.strip()), "")
    separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO("\n".join(lines)), delimiter=separator)
    try:
        return [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise LabError(_("Line {line} of the roster is not CSV: {why}.", line=reader.line_num, why=error)) from error


def _student(row: dict[str, str], name: str, line: int) -> Student:
    row = {field: harmless(value)[:100] for field, value in row.items()}
    full = row.get("name") or f"{row.get('first', '')} {row.get('last', '')}".strip()
    if "," in full:  # Canvas and many schools write the family name first
        last, _comma, first = (part.strip() for part in full.partition(","))
        full = f"{first} {last}"
        row = {"first": first, "last": last, **row}
    first, _blank, last = full.rpartition(" ")
    numbers = {field: _number(row.get(field, ""), name, line) for field in ("moodle", "canvas")}
    row = {**row, **numbers}
    id = next((row[field] for field in ("id", "sis", "login", "email", "canvas", "moodle") if row.get(field)), "")
    if not _KEY.fullmatch(id):
        raise LabError(
            _("Line {line} of {name} has no usable id: {id!r}.", line=line, name=name, id=id[:40]),
            _("An id begins with a letter or digit, and has no blanks."),
        )
    return Student(
        id=id,
        name=full or id,
        first=row.get("first") or first,
        last=row.get("last") or last,
        email=row.get("email", ""),
        sis=row.get("sis", ""),
        login=row.get("login", ""),
        section=row.get("section", ""),
        **numbers,
    )


def _number(said: str, name: str, line: int) -> str:
    """Return the digits of a number that Moodle or Canvas gave; empty where there is none."""
    found = _NUMBER.fullmatch(said)
    if said and not found:
        raise LabError(
            _("Line {line} of {name} has no usable number of Moodle or Canvas: {number!r}.",
              line=line, name=name, number=said[:40]),
            _("Such a number has digits alone, such as 123456."),
        )  # fmt: skip
    return found["digits"] if found else ""
