"""``labkit grade``: a folder of reports in, a folder of tables and pages out."""

from __future__ import annotations

import importlib.util
import re
import shlex
import shutil
import stat
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ..errors import LabError, nearest
from ..exercises.record import Exercise, everything
from ..files import write
from ..messages import _
from ..safe import harmless
from . import classpage, feedback, roster, rubric, tables
from .book import Record, book
from .flags import ACCEPTABLE, Accepted, Kind, accepted
from .handin import HandIn
from .page import MADE_BY
from .reading import content, hand_ins
from .rubric import Rubric
from .sheet import workbook
from .text import csv_bytes

FEEDBACK = "feedback"
_PLACEHOLDER = re.compile(r"\{[^}]*\}")
_TABLES = ("grades.csv", "flags.csv", "moodle.csv", "canvas.csv", "nbgrader.csv", "nbgrader-students.csv")
_FILES = (*_TABLES, "grades.xlsx", "grades.html")
_ASIDE = ".labkit-grade"
_LONGEST_NAME = 255
"""Bytes of a name that file systems take."""
_LONGEST_SLUG = 180
"""Leaves room for a number, an ending, and what is put around the name while the file is written."""


def titles(exercises: Sequence[Exercise]) -> dict[str, str]:
    """Return the titles by id, without what is drawn for each learner."""
    return {exercise.id: _PLACEHOLDER.sub("…", _(exercise.title)) for exercise in exercises}


def outputs(records: Sequence[Record], rules: Rubric, named: dict[str, str], notes: Sequence[str]) -> dict[str, bytes]:
    """Return all files of a graded class, by their path in the folder that is written.  Pure.

    Parameters
    ----------
    named: titles of the exercises, by id.
    notes: sentences for the top of the class's page.
    """
    grades, flags = tables.grades(records, rules), tables.flags(records)
    rows = {
        "grades.csv": grades,
        "flags.csv": flags,
        "moodle.csv": tables.moodle(records),
        "canvas.csv": tables.canvas(records, rules),
        "nbgrader.csv": tables.nbgrader(records, rules),
        "nbgrader-students.csv": tables.nbgrader_students(records),
    }
    files = {name: csv_bytes(table) for name, table in rows.items() if table}
    if (sheet := workbook({_("Grades"): grades, _("Flags"): flags})) is not None:
        files["grades.xlsx"] = sheet
    pages = feedback_paths(records)
    for record in records:
        if path := pages.get(record.student.id):
            files[path] = feedback.page(record, rules, named).encode()
    files["grades.html"] = classpage.page(records, rules, named, notes, pages).encode()
    return files


def feedback_paths(records: Sequence[Record]) -> dict[str, str]:
    """Return where the page of each student goes who handed something in, by id.

    A folder of Moodle's keeps its name: a ZIP of such folders is what Moodle takes back
    as feedback files for many students.
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for record in records:
        if not record.hand_ins:
            continue
        owner = record.owner
        slug = re.sub(r"[^\w@+-]+", "-", record.student.id).strip("-") or "student"
        path = f"{FEEDBACK}/{_fitting(slug, _LONGEST_SLUG)}.html"
        if owner.system == "moodle" and owner.folder:
            path = f"{FEEDBACK}/{_fitting(owner.folder, _LONGEST_NAME)}/feedback.html"
        stem, _dot, _html = path.rpartition(".")
        number = 2
        while path.casefold() in taken:
            path = f"{stem}-{number}.html"
            number += 1
        taken.add(path.casefold())
        found[record.student.id] = path
    return found


def _fitting(name: str, most: int) -> str:
    """Return a name cut to so many bytes, never within a character."""
    return name.encode()[:most].decode(errors="ignore")


def command(
    folder: Path,
    rubric_file: Path | None,
    roster_file: Path | None,
    to: Path | None,
    accept: Sequence[str],
    labs: Sequence[str] = (),
) -> int:
    """Grade a folder and say what was found; return the exit code: 1 when there is no hand-in at all.

    Parameters
    ----------
    to: the folder to write; None takes the one beside `folder` with ``-grades`` behind its name.
    accept: flags with which a hand-in counts all the same, as ``older`` or ``copied:ID``, beside those of the rubric.
    labs: those whose exercises alone count, as ``2`` or ``02``; all of them when empty.

    Raises `LabError`.
    """
    exercises = everything()
    ids = [exercise.id for exercise in exercises]
    notes: list[str] = []
    rules = rubric.default(ids)
    if rubric_file:
        rules = rubric.parse(content(rubric_file, rubric.LARGEST), rubric_file.name, ids)
    rules = rubric.of_labs(rules, labs)
    asked = {accepted(word) for word in accept}
    rules = replace(rules, accept=rules.accept | asked)
    students: list[roster.Student] = []
    if roster_file:
        students, said = roster.parse(content(roster_file, roster.LARGEST), roster_file.name)
        notes += [said] if said else []
    place = _place(folder, to)
    found = hand_ins(folder, ids, roster.folders(students))
    if not found and not students:
        raise LabError(
            _("There is no hand-in in {folder}.", folder=folder),
            _("It should hold the files lab-report.json that ./lab report writes, loose or in folders."),
        )
    records = book(found, students, rules)
    if wrong := nobody(records, asked):
        raise LabError(f"--accept: {wrong[0]}", wrong[1])
    notes += without_flag(records, asked)
    # A rubric may serve several classes, and an id in it be of another one.
    if rubric_file and (wrong := nobody(records, rules.accept)):
        notes.append(f"{rubric_file.name}: {wrong[0]} {wrong[1]}")
    if not labs and not rubric_file:
        notes += only_lab(found, ids)
    notes += tables.left_out(records)
    files = outputs(records, rules, titles(exercises), notes)
    _write(place, files)
    print(_summary(records, rules))
    for note in notes:
        print(note)
    if "grades.xlsx" not in files:
        print(_("grades.xlsx was not written: it needs XlsxWriter, which this gets: {command}", command=_get_xlsx()))
    print(_("Written: {folder}. Begin with grades.html.", folder=place))
    return 0


def nobody(records: Sequence[Record], accept: Iterable[Accepted]) -> tuple[str, str] | None:
    """Return a sentence about a student's id that nobody has, and what to do; None when there is none such."""
    ids = [record.student.id for record in records]
    for kind, id in sorted(accept):
        if id and id not in ids:
            held = [record.student.id for record in records if kind in record.held]
            close = nearest(id, held) or nearest(id, ids)
            if close:
                hint = _("Did you mean {kind}:{id}?", kind=kind.value, id=harmless(close))
            elif held:
                shown = ", ".join(held[:10]) + (" …" if held[10:] else "")
                hint = _("Held back with this flag: {ids}.", ids=harmless(shown))
            else:
                hint = _("Nobody is held back with this flag.")
            return _("nobody has the id {id}.", id=harmless(id)[:100]), hint
    return None


def without_flag(records: Sequence[Record], accept: Iterable[Accepted]) -> list[str]:
    """Return a sentence for each student whose hand-in does not have the flag that is accepted of it."""
    said = []
    for kind, id in sorted(accept):
        record = next((record for record in records if record.student.id == id), None)
        if record is None or any(flag.kind is kind for _path, flag in record.flags):
            continue
        option = f"--accept {shlex.quote(f'{kind.value}:{id}')}"
        sentence = _("{option} changes nothing: nothing that {id} handed in has this flag.", option=option, id=id)
        if record.held:
            sentence += " " + _("Held back with: {flags}.", flags=", ".join(kind.value for kind in record.held))
        said.append(harmless(sentence))
    return said


def only_lab(found: Iterable[HandIn], known: Iterable[str]) -> list[str]:
    """Return a sentence when all labs count and a class has attempted the exercises of one lab alone."""
    said = [hand_in.report.standings for hand_in in found if hand_in.report]
    attempted = {id.partition(".")[0] for id in known if any(id in s and s[id].attempts for s in said)}
    if len(attempted) != 1:
        return []
    (lab,) = attempted
    return [_("All labs were counted; only lab {lab} was attempted: --lab {lab} counts that alone.", lab=lab)]


def _get_xlsx() -> str:
    """Return the command that brings XlsxWriter to this Python; one that uv made has no pip of its own."""
    if importlib.util.find_spec("pip"):
        return shlex.join([sys.executable, "-m", "pip", "install", "XlsxWriter"])
    uv = Path(sys.executable).with_name("uv")
    return shlex.join([str(uv) if uv.exists() else "uv", "pip", "install", "--python", sys.executable, "XlsxWriter"])


def _place(folder: Path, to: Path | None) -> Path:
    place = to or folder.resolve().with_name(f"{folder.resolve().name}-grades")
    inside, outside = place.resolve(), folder.resolve()
    if inside == outside or outside in inside.parents:
        raise LabError(
            _("The grades cannot go into the folder of the hand-ins: they would be read as hand-ins next time."),
            _("Give another one: --to FOLDER"),
        )
    if place.is_dir() and (other := _foreign(place)):
        raise LabError(
            _("{folder} holds what labkit grade did not write: {name}.", folder=place, name=harmless(other)),
            _("Give an empty or a new folder: --to FOLDER"),
        )
    return place


def _foreign(place: Path) -> str:
    """Return the name of something in a folder that an earlier run did not make; empty when there is nothing."""
    try:
        page = place / "grades.html"  # each run writes it, the only file that says by whom
        ours = (place / _ASIDE).is_dir() or (page.is_file() and not page.is_symlink() and _is_page(page))
        for entry in sorted(place.iterdir()):
            kind = entry.lstat().st_mode
            files, folders = stat.S_ISREG(kind) and ours and _FILES, stat.S_ISDIR(kind) and (FEEDBACK, _ASIDE)
            if entry.name not in (files or folders or ()):
                return entry.name
        for page in sorted((place / FEEDBACK).rglob("*")):
            if not (stat.S_ISDIR(kind := page.lstat().st_mode) or (stat.S_ISREG(kind) and _is_page(page))):
                return f"{FEEDBACK}/{page.name}"
    except OSError as error:
        raise _cannot_write(place, error) from error
    return ""


def _is_page(file: Path) -> bool:
    if file.suffix != ".html":
        return False
    with file.open("rb") as opened:
        return MADE_BY.encode() in opened.read(2000)


def _write(place: Path, files: dict[str, bytes]) -> None:
    """Put the files in the place of those of the last run, which stay until all of the new ones are written.

    Raises `LabError`.
    """
    aside = place / _ASIDE
    new = aside / "new"
    try:
        # Grades are nobody else's business on a machine that is shared.
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(PermissionError):  # a folder of somebody else's; the files in it are closed all the same
            place.chmod(0o700)
        _remove(aside)  # of a run that was killed
        aside.mkdir(mode=0o700)
        try:
            for name, data in files.items():
                file = new / name
                file.parent.mkdir(parents=True, exist_ok=True)
                write(file, data, 0o600)
            _swap(place, new, aside / "old")
        finally:
            _remove(aside)
    except OSError as error:
        raise _cannot_write(place, error) from error


def _swap(place: Path, new: Path, old: Path) -> None:
    """Take away what the last run wrote, and put what is new there: renames alone, within one folder."""
    old.mkdir()
    for name in (*_FILES, FEEDBACK):
        if (place / name).exists():
            (place / name).rename(old / name)
        if (new / name).exists():
            (new / name).rename(place / name)


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


def _cannot_write(place: Path, error: OSError) -> LabError:
    return LabError(
        _("{folder} cannot be written: {why}.", folder=place, why=error.strerror or str(error)),
        _("Give a folder that you may write to: --to FOLDER"),
    )


def _summary(records: Sequence[Record], rules: Rubric) -> str:
    count = Counter(record.status for record in records)
    lines = [
        _("Students: {students}. Graded: {graded}. Held back: {held}. Without a hand-in: {missing}.",
          students=len(records), graded=count["graded"], held=count["held"], missing=count["missing"])
    ]  # fmt: skip
    kinds = Counter(flag.kind for record in records for _path, flag in record.flags)
    for kind in Kind:
        if kinds[kind]:
            free = kind in ACCEPTABLE and (kind, "") not in rules.accept
            let = _('; held back; to let one count: --accept "{kind}:ID", as grades.html has it', kind=kind.value)
            lines.append(f"  {kind.value}: {kinds[kind]}{let if free else ''}")
    return "\n".join(lines)
