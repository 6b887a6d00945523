"""Grading a folder: who gets how many points, what is flagged, and what the files look like."""

from __future__ import annotations

import csv
import errno
import html
import io
import json
import os
import re
import shlex
import sys
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from classroomhelp import IDS, Learner, stamp

from labkit import cli, report
from labkit.classroom import classpage, grade, rubric
from labkit.classroom.flags import Kind
from labkit.engines.base import Paths
from labkit.exercises.journal import Journal

MOODLE = "{name}_{number}_assignsubmission_file_"
LAB2 = [id for id in IDS if id.startswith("2.")]
RUBRIC = """
title = "Lab 2 (4711)"
out_of = 24
[points]
default = 0
"2.*" = 2
[hints]
cost = 0.25
free = 1
[late]
deadline = 2026-11-20T23:59:00Z
per_day = 0.1
"""


def put(folder: Path, name: str, number: int, data: bytes, file: str = "lab-report.json") -> Path:
    """Lay a file where Moodle's download has it."""
    place = folder / MOODLE.format(name=name, number=number)
    place.mkdir(parents=True, exist_ok=True)
    (place / file).write_bytes(data)
    return place / file


def rows(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.read_text("utf-8"))))


def run(folder: Path, *more: str) -> Path:
    """Grade, and return the folder that was written."""
    assert cli.main(["grade", str(folder), *more]) == 0
    return folder.with_name(f"{folder.name}-grades")


@pytest.fixture
def five(tmp_path: Path) -> Path:
    """A class of five: one perfect, one half, one who did nothing, one hostile, one who hands in twice and renamed."""
    folder = tmp_path / "class"
    put(folder, "Ada Lovelace", 101, Learner("Ada Lovelace").pass_(*LAB2).file())
    half = Learner("Grace Hopper").pass_(*LAB2[:4]).hint(LAB2[4], 3).pass_(LAB2[4])
    half.fail(LAB2[5]).solution(LAB2[5]).pass_(LAB2[5]).fail(LAB2[6], "3", "4 <b>", "the list")
    put(folder, "Grace Hopper", 102, half.file())
    put(folder, "Alan Turing", 103, Learner("Alan Turing").file())
    hostile = Learner("Mal Ory").report()
    for row in hostile["exercises"]:
        row["state"] = "passed"
    put(folder, "Mal Ory", 104, json.dumps(hostile).encode())
    early = Learner("Linus T").pass_(*LAB2[:3])
    put(folder, "Linus Torvalds", 105, early.file())
    put(folder, "Linus Torvalds", 105, early.pass_(*LAB2[3:6]).file(), "report (1).json")
    (tmp_path / "rubric.toml").write_text(RUBRIC)
    return folder


def test_the_reports_of_these_tests_are_like_real_ones(tmp_path: Path) -> None:
    """What the tests make up has the fields of what ./lab report writes, and a real one is graded."""
    paths = Paths(tmp_path, tmp_path / "work", tmp_path / ".lab", tmp_path / "run")
    paths.work.mkdir()
    entry = {"time": stamp(1), "do": "check", "id": "2.2", "state": "passed", "engine": "28", "evidence": [["a", "b"]]}
    Journal(paths.state, paths.work).add(entry)
    made = report.make(paths, "A. Learner")
    assert made.keys() == Learner("A. Learner").report().keys()
    (tmp_path / "in").mkdir()
    report.write(paths, "A. Learner", tmp_path / "in")
    (only,) = rows(run(tmp_path / "in") / "grades.csv")
    assert (only["student"], only["status"], only["points"], only["2.2"]) == ("A. Learner", "graded", "1", "1")


def test_a_class_of_five_gets_its_grades_to_the_point(five: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each of five students gets what the rubric says, and the hostile one nothing until a teacher has looked."""
    out = run(five, "--rubric", str(five.parent / "rubric.toml"))
    found = {row["student"]: row for row in rows(out / "grades.csv")}
    # 12 exercises of 2 points = 24, scaled to 24. Grace: 4 × 2; three hints, one free: 2 × (1 - 0.5);
    # solution seen: 1; one tried: 0.
    points = {name: row["points"] for name, row in found.items()}
    scale = 24 / (2 * len(LAB2))
    assert points == {
        "Ada Lovelace": "24",
        "Grace Hopper": f"{round((8 + 1 + 1) * scale, 2):g}",
        "Alan Turing": "0",
        "Mal Ory": "",
        "Linus Torvalds": f"{round(12 * scale, 2):g}",
    }
    assert found["Mal Ory"]["status"] == "held"
    assert found["Mal Ory"]["flags"] == "edited"
    assert found["Linus Torvalds"]["hand-in"].endswith("report (1).json")
    assert "Students: 5. Graded: 4. Held back: 1. Without a hand-in: 0." in capsys.readouterr().out


def test_one_lab_is_graded_out_of_its_own_exercises(five: Path) -> None:
    """With --lab, the other labs count for nothing, with and without a rubric; it scales to out_of as ever."""
    for lab in ("2", "02"):
        found = {row["student"]: row for row in rows(run(five, "--lab", lab) / "grades.csv")}
        assert (found["Ada Lovelace"]["points"], found["Ada Lovelace"]["out of"]) == (str(len(LAB2)), str(len(LAB2)))
        assert "3.1" not in found["Ada Lovelace"]
    both = rows(run(five, "--lab", "2", "--lab", "3") / "grades.csv")
    assert both[0]["out of"] == str(sum(id[:2] in ("2.", "3.") for id in IDS))
    other = five.parent / "all.toml"
    other.write_text('out_of = 100\n[points]\n"2.*" = 2\n')
    found = {row["student"]: row for row in rows(run(five, "--lab", "2", "--rubric", str(other)) / "grades.csv")}
    assert (found["Ada Lovelace"]["points"], found["Ada Lovelace"]["out of"]) == ("100", "100")


def test_a_class_that_did_one_lab_is_told_how_to_count_it_alone(five: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a choice of what counts, one line says so; with one, or with two labs attempted, none does."""
    line = "All labs were counted; only lab 2 was attempted: --lab 2 counts that alone."
    out = run(five)
    assert line in capsys.readouterr().out.splitlines()
    assert line in html.unescape((out / "grades.html").read_text())
    run(five, "--lab", "2")
    run(five, "--rubric", str(five.parent / "rubric.toml"))
    put(five, "Ann Other", 106, Learner("Ann Other").fail("3.1").file())
    run(five)
    assert "counts that alone" not in capsys.readouterr().out


def test_the_same_folder_gives_the_same_bytes(five: Path, tmp_path: Path) -> None:
    """CSV, XLSX and HTML are the same, byte by byte, wherever and whenever they are written."""
    rubric = str(tmp_path / "rubric.toml")
    first = run(five, "--rubric", rubric)
    other = tmp_path / "elsewhere"
    assert cli.main(["grade", str(five), "--rubric", rubric, "--to", str(other)]) == 0
    files = {f.relative_to(first): f.read_bytes() for f in first.rglob("*") if f.is_file()}
    assert {"grades.csv", "grades.xlsx", "grades.html", "moodle.csv"} <= {str(name) for name in files}
    assert files == {f.relative_to(other): f.read_bytes() for f in other.rglob("*") if f.is_file()}


def test_the_workbook_holds_the_table_of_the_csv(five: Path) -> None:
    """Each cell of the sheet is that of grades.csv, read without a program that would calculate it."""
    out = run(five)
    with zipfile.ZipFile(out / "grades.xlsx") as book:
        space = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
        strings = [
            "".join(t.text or "" for t in item.iterfind(".//m:t", space))
            for item in ET.fromstring(book.read("xl/sharedStrings.xml")).iterfind("m:si", space)
        ]
        sheet = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))
        assert not sheet.findall(".//m:f", space)  # no formula
    cells = [
        {
            re.sub(r"\d", "", cell.get("r", "")): strings[int(cell.findtext("m:v", "", space))]
            if cell.get("t") == "s"
            else cell.findtext("m:v", "", space)
            for cell in row.iterfind("m:c", space)
        }
        for row in sheet.iterfind(".//m:row", space)
    ]
    table = list(csv.reader(io.StringIO((out / "grades.csv").read_text())))
    assert [row.get("B", "") for row in cells] == [row[1] for row in table]
    assert [row.get("D", "") for row in cells] == [row[3] for row in table]


def test_moodle_gets_its_worksheet(five: Path) -> None:
    """moodle.csv has the columns that Moodle's importer looks for; who is held back is not in it."""
    table = rows(run(five) / "moodle.csv")
    assert {"Identifier", "Full name", "Grade", "Last modified (grade)", "Feedback comments"} <= set(table[0])
    assert {row["Identifier"] for row in table} == {f"Participant {n}" for n in (101, 102, 103, 105)}


def test_a_table_that_is_not_written_is_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where nobody of Moodle's has a grade, or nobody has a number, the command and the page say why."""
    folder, loose = tmp_path / "held", tmp_path / "loose"
    ada = Learner("Ada Lovelace").pass_("2.1", "2.2", "2.3")
    put(folder, "Ada Lovelace", 1, ada.file())
    put(folder, "Grace Hopper", 2, ada.file())
    roster = tmp_path / "roster.csv"
    roster.write_text("id,name,moodle\ns1,Ada Lovelace,1\ns2,Grace Hopper,2\ns3,Alan Turing,3\n")
    held = "moodle.csv was not written: nobody with a number of Moodle&#x27;s has a grade: 2 held back, 1 without"
    loose.mkdir()
    (loose / "lab-report.json").write_bytes(ada.file())
    nobody = "moodle.csv and canvas.csv were not written: neither the names"
    for words, sentence in (((folder, "--roster", str(roster)), held), ((loose,), nobody)):
        out = run(*words)
        assert not (out / "moodle.csv").exists()
        assert html.unescape(sentence) in capsys.readouterr().out
        assert sentence in (out / "grades.html").read_text()
    out = run(folder, "--accept", "copied:1")
    assert (out / "moodle.csv").exists()
    assert "not written" not in capsys.readouterr().out
    assert "not written" not in (out / "grades.html").read_text()


def test_canvas_gets_its_gradebook(tmp_path: Path) -> None:
    """canvas.csv begins as Canvas's importer wants it: Student, ID and Section, then the points possible."""
    folder = tmp_path / "canvas"
    folder.mkdir()
    (folder / "lovelaceada_12345_67890_lab-report.json").write_bytes(Learner("Ada Lovelace").pass_("2.1").file())
    (folder / "hopper_LATE_12346_67891_lab-report.json").write_bytes(Learner("Grace Hopper").pass_("2.1", "2.2").file())
    roster = tmp_path / "roster.csv"
    roster.write_text(
        "Student,ID,SIS User ID,SIS Login ID,Section,Lab 1 (9)\n    Points Possible,,,,,10\n"
        '"Lovelace, Ada",12345,s1,ada,A,\n"Hopper, Grace",12346,s2,grace,A,\n"Turing, Alan",12347,s3,alan,A,\n'
    )
    rubric = tmp_path / "rubric.csv"
    rubric.write_text("setting,value\ntitle,Lab 2 (4711)\nlate.deadline,2026-11-30T12:00:00Z\nlate.per_day,0.2\n")
    out = run(folder, "--roster", str(roster), "--rubric", str(rubric))
    head, possible, *students = csv.reader(io.StringIO((out / "canvas.csv").read_text()))
    assert head == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Lab 2 (4711)"]
    assert possible == ["    Points Possible", "", "", "", "", str(len(IDS))]
    # Received late, though made in time: one day.
    assert students == [
        ["Ada Lovelace", "12345", "s1", "ada", "A", "1"],
        ["Grace Hopper", "12346", "s2", "grace", "A", "1.6"],
        ["Alan Turing", "12347", "s3", "alan", "A", ""],
    ]
    flags = {(row["student"], row["flag"]) for row in rows(out / "flags.csv")}
    assert flags == {("Grace Hopper", "late")}


def test_nbgrader_gets_its_tables(five: Path) -> None:
    """nbgrader.csv has the columns of ``nbgrader export``, and penalties of its own."""
    out = run(five, "--rubric", str(five.parent / "rubric.toml"))
    table = {row["student_id"]: row for row in rows(out / "nbgrader.csv")}
    assert list(table["101"]) == [
        "assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score",
        "late_submission_penalty", "score", "max_score",
    ]  # fmt: skip
    assert (table["101"]["raw_score"], table["101"]["late_submission_penalty"], table["101"]["score"]) == (
        "24",
        "0",
        "24",
    )
    assert table["104"]["score"] == ""
    students = rows(out / "nbgrader-students.csv")
    assert {"id": "101", "first_name": "Ada", "last_name": "Lovelace", "email": ""} in students


def test_lateness_costs_per_day_begun(tmp_path: Path) -> None:
    """A report that was made 25 hours late is two days late; by exercise, what was passed in time counts in full."""
    folder = tmp_path / "late"
    learner = Learner("Ada Lovelace").pass_("2.1")
    learner.minutes = 40 * 60
    put(folder, "Ada Lovelace", 1, learner.pass_("2.2").file())
    points = {}
    for by in ("report", "exercise"):
        rubric = tmp_path / f"{by}.toml"
        rubric.write_text(f'[late]\ndeadline = 2026-11-20T23:59:00Z\nper_day = 0.1\nby = "{by}"\n')
        points[by] = rows(run(folder, "--rubric", str(rubric)) / "grades.csv")[0]["points"]
    # 40 h after 9:00 is 1:00 on the day after next: two days begun.
    assert points == {"report": "1.6", "exercise": "1.8"}


@pytest.mark.parametrize("made", [stamp(0), "never", "0000-00-00T00:00:00Z", stamp(40 * 60)])
def test_a_clock_turned_back_for_the_report_alone_saves_no_day(tmp_path: Path, made: str) -> None:
    """What the journal says last counts where the report says an earlier time or none."""
    folder = tmp_path / "turned"
    learner = Learner("Ada Lovelace")
    learner.minutes = 39 * 60
    put(folder, "Ada Lovelace", 1, learner.pass_("2.1").file(made=made))
    for by in ("report", "exercise"):
        rubric = tmp_path / "late.toml"
        rubric.write_text(f'[late]\ndeadline = 2026-11-20T23:59:00Z\nper_day = 0.1\nby = "{by}"\n')
        (row,) = rows(run(folder, "--rubric", str(rubric)) / "grades.csv")
        assert (row["days late"], row["points"], row["flags"]) == (
            "2",
            "0.8",
            "clock" if made != stamp(40 * 60) else "",
        )


@pytest.mark.parametrize("by", ["report", "exercise"])
def test_canvas_mark_late_costs_a_day(tmp_path: Path, by: str) -> None:
    """What Canvas received late costs a day by either way to count, though it was made in time."""
    folder = tmp_path / "marked"
    folder.mkdir()
    (folder / "ada_LATE_1_2_lab-report.json").write_bytes(Learner("Ada").pass_("2.1", "2.2").file())
    (tmp_path / "late.toml").write_text(f'[late]\ndeadline = 2026-11-22T00:00:00Z\nper_day = 0.25\nby = "{by}"\n')
    (row,) = rows(run(folder, "--rubric", str(tmp_path / "late.toml")) / "grades.csv")
    assert (row["days late"], row["points"], row["flags"]) == ("1", "1.5", "late")


def test_copies_are_flagged_with_both_and_pages_name_nobody(tmp_path: Path) -> None:
    """The same key, history, seed or containers under two names: both are held; neither reads the other's name."""
    folder = tmp_path / "copies"
    ada = Learner("Ada Lovelace").pass_("2.1", "2.2", "2.3")
    put(folder, "Ada Lovelace", 1, ada.file())
    put(folder, "Same File", 2, ada.file())
    put(folder, "Same Key", 3, Learner("Same Key", copy="Ada Lovelace").pass_("3.1").file())
    resigned = Learner("Same History", entries=ada.entries)
    put(folder, "Same History", 4, resigned.file())
    one, other = Learner("Seed One").pass_("2.1"), Learner("Seed Two").pass_("2.2")
    put(folder, "Seed One", 5, one.file(seed="0123456789abcdef"))
    put(folder, "Seed Two", 6, other.file(seed="0123456789abcdef"))
    shared = Learner("Engine Other", copy="Engine One").pass_("2.5")
    put(folder, "Engine One", 7, Learner("Engine One").pass_("2.5", "2.6").file())
    engine_other = Learner("Engine Other", entries=shared.entries)
    put(folder, "Engine Other", 8, engine_other.file())
    put(folder, "Innocent Person", 9, Learner("Innocent Person").pass_("2.1").file())
    out = run(folder)
    found = {row["student"]: row for row in rows(out / "grades.csv")}
    assert {name for name, row in found.items() if row["status"] == "graded"} == {"Innocent Person"}
    assert "copied" in found["Ada Lovelace"]["flags"]
    assert "copied" in found["Same History"]["flags"]
    assert found["Seed One"]["flags"] == "same seed"
    assert found["Engine One"]["flags"] == "same engine"
    (copied,) = (r for r in rows(out / "flags.csv") if r["student"] == "Same Key" and r["flag"] == "copied")
    assert "Ada Lovelace" in copied["what was found"]
    page = (out / "feedback" / MOODLE.format(name="Same Key", number=3) / "feedback.html").read_text()
    assert "Ada Lovelace" not in page
    assert "not yours alone" in page
    again = run(folder, "--accept", "same seed")
    assert {r["student"]: r["status"] for r in rows(again / "grades.csv")}["Seed One"] == "graded"
    again = run(folder, "--accept", "copied:1")
    status = {r["student"]: r["status"] for r in rows(again / "grades.csv")}
    assert (status["Ada Lovelace"], status["Same File"]) == ("graded", "held")


def test_two_who_are_written_alike_are_two(tmp_path: Path) -> None:
    """Without a roster, names that differ in an accent alone get an id and a page each."""
    folder = tmp_path / "alike"
    for name, id in (("Müller", "2.1"), ("Muller", "2.2")):
        (folder / name).mkdir(parents=True)
        (folder / name / "lab-report.json").write_bytes(Learner(name).pass_(id).file())
    out = run(folder)
    assert sorted(row["id"] for row in rows(out / "grades.csv")) == ["muller", "muller-2"]
    assert {page.name for page in (out / "feedback").iterdir()} == {"muller.html", "muller-2.html"}


def test_a_file_of_ones_own_beside_a_copy_frees_nobody(tmp_path: Path) -> None:
    """Who hands in another's file and one of their own is held as the other is, until it is accepted of them."""
    folder = tmp_path / "beside"
    ada = Learner("Ada Lovelace").pass_("2.1", "2.2", "2.3").file()
    put(folder, "Ada Lovelace", 1, ada)
    put(folder, "Mal Ory", 2, ada, "b.json")
    put(folder, "Mal Ory", 2, Learner("Mal Ory").pass_("2.1").file())
    status = {row["student"]: row["status"] for row in rows(run(folder) / "grades.csv")}
    assert status == {"Ada Lovelace": "held", "Mal Ory": "held"}
    out = run(folder, "--accept", "copied:1")
    assert {row["student"]: row["points"] for row in rows(out / "grades.csv")} == {"Ada Lovelace": "3", "Mal Ory": ""}


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("copied:adda", "Did you mean copied:ada?"),
        ("copied:\x1b[31mzzz", "Held back with this flag: ada, hara-o."),
        ("older:zzz", "Nobody is held back with this flag."),
    ],
)
def test_an_id_that_nobody_has_is_not_accepted_in_silence(
    tmp_path: Path, word: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """--accept with a wrong id is refused before anything is written; in a rubric for many classes it is a note."""
    folder = tmp_path / "typo"
    ada = Learner("Ada Lovelace").pass_("2.1", "2.2", "2.3")
    for name in ("ada", "o'hara"):
        (folder / name).mkdir(parents=True)
        (folder / name / "lab-report.json").write_bytes(ada.file())
    roster = tmp_path / "roster.csv"
    roster.write_text("id,name\nada,Ada Lovelace\n")
    out = folder.with_name("typo-grades")
    words = ["grade", str(folder), "--roster", str(roster)]
    assert cli.main([*words, "--accept", word]) == 1
    said = capsys.readouterr().err
    assert said.startswith("--accept: nobody has the id ")
    assert said.splitlines()[1] == hint
    assert "\x1b" not in said
    assert not out.exists()
    rubric = tmp_path / "rubric.toml"
    rubric.write_text("accept = ['copied:adda']")
    assert cli.main([*words, "--rubric", str(rubric)]) == 0
    note = "rubric.toml: nobody has the id adda. Did you mean copied:ada?"
    assert note in capsys.readouterr().out
    assert note in (out / "grades.html").read_text()


def test_a_flag_that_a_student_has_not_is_not_accepted_in_silence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The grades are written, and a sentence there and in the terminal says what holds the student back."""
    folder = tmp_path / "other-flag"
    ada = Learner("Ada Lovelace").pass_("2.1", "2.2", "2.3")
    put(folder, "Ada Lovelace", 1, ada.file())
    put(folder, "Grace Hopper", 2, ada.file())
    put(folder, "Alan Turing", 3, Learner("Alan Turing").pass_("2.1").file())
    out = run(folder, "--accept", "same seed:1", "--accept", "copied:2", "--accept", "copied:3")
    wrong = ["--accept 'same seed:1' changes nothing: nothing that 1 handed in has this flag. Held back with: copied.",
             "--accept copied:3 changes nothing: nothing that 3 handed in has this flag."]  # fmt: skip
    said = capsys.readouterr().out.splitlines()
    assert [line for line in said if "changes nothing" in line] == sorted(wrong, reverse=True)
    page = html.unescape((out / "grades.html").read_text())
    assert all(sentence in page for sentence in wrong)
    status = {row["student"]: row["status"] for row in rows(out / "grades.csv")}
    assert status == {"Ada Lovelace": "held", "Grace Hopper": "graded", "Alan Turing": "graded"}


def test_the_page_has_the_option_that_lets_a_hand_in_count(tmp_path: Path) -> None:
    """What grades.html says to type is what a shell hands on, and it works; what is accepted says so."""
    folder = tmp_path / "ready"
    ada = Learner("Ada Lovelace").pass_("2.1", "2.2", "2.3")
    put(folder, "Ada Lovelace", 1, ada.file())
    put(folder, "Grace Hopper", 2, ada.file())
    put(folder, "Seed One", 5, Learner("Seed One").pass_("2.1").file(seed="0123456789abcdef"))
    put(folder, "Seed Two", 6, Learner("Seed Two").pass_("2.2").file(seed="0123456789abcdef"))
    put(folder, "No Report", 7, b"nothing")
    out = run(folder)
    ready = [
        html.unescape(line) for line in re.findall(r"<code>(--accept .*?)</code>", (out / "grades.html").read_text())
    ]
    assert ready == ["--accept copied:1", "--accept copied:2", "--accept 'same seed:5'", "--accept 'same seed:6'"]
    run(folder, *shlex.split(" ".join(ready[1:3])))
    status = {row["student"]: row["status"] for row in rows(out / "grades.csv")}
    assert {name for name, state in status.items() if state == "graded"} == {"Grace Hopper", "Seed One"}
    assert (out / "grades.html").read_text().count("<td>accepted</td>") == 2


def test_what_stands_in_an_id_is_no_html() -> None:
    """An id with signs of HTML and of a shell is escaped for both."""
    line = classpage._release(Kind.COPIED, "<b>&$(x)", rubric.default(IDS))
    assert line == "<code>--accept &#x27;copied:&lt;b&gt;&amp;$(x)&#x27;</code>"


def test_an_edited_report_throws_no_suspicion_on_others(tmp_path: Path) -> None:
    """Whoever writes another's key into a report is held back alone."""
    folder = tmp_path / "framed"
    ada = Learner("Ada Lovelace").pass_("2.1", "2.2", "2.3")
    put(folder, "Ada Lovelace", 1, ada.file())
    forged = {**Learner("Mal Ory").report(), "key": ada.report()["key"], "journal": ada.report()["journal"]}
    put(folder, "Mal Ory", 2, json.dumps(forged).encode())
    found = {row["student"]: row for row in rows(run(folder) / "grades.csv")}
    assert (found["Ada Lovelace"]["status"], found["Ada Lovelace"]["flags"]) == ("graded", "")
    assert (found["Mal Ory"]["status"], found["Mal Ory"]["flags"]) == ("held", "edited")


def test_older_and_newer_versions_wait_for_a_word(tmp_path: Path) -> None:
    """A report of another version of the course is held; --accept older lets it count."""
    folder = tmp_path / "versions"
    put(folder, "Old Timer", 1, Learner("Old Timer").pass_("2.1").file(course="0.9.1"))
    put(folder, "New Comer", 2, Learner("New Comer").pass_("2.1").file(course="99.0.0"))
    found = {row["student"]: row for row in rows(run(folder) / "grades.csv")}
    assert (found["Old Timer"]["flags"], found["New Comer"]["flags"]) == ("older", "newer")
    assert found["Old Timer"]["points"] == found["New Comer"]["points"] == ""
    found = {row["student"]: row for row in rows(run(folder, "--accept", "older") / "grades.csv")}
    assert (found["Old Timer"]["points"], found["New Comer"]["points"]) == ("1", "")


def test_what_is_odd_is_said_and_scored(tmp_path: Path) -> None:
    """Twice the same file, another name, another key, a clock that was turned, and an exercise that there is not."""
    folder = tmp_path / "odd"
    ada = Learner("Ada Lovelace").pass_("2.1")
    put(folder, "Ada Lovelace", 1, ada.file())
    put(folder, "Ada Lovelace", 1, ada.file(), "lab-report-1.json")
    put(folder, "Grace Hopper", 2, Learner("Amazing Grace").pass_("2.1").file())
    put(folder, "Alan Turing", 3, Learner("Alan Turing").pass_("2.1").file())
    put(folder, "Alan Turing", 3, Learner("Alan Turing", copy="new laptop").pass_("2.2", "2.3").file(), "second.json")
    turned = Learner("Time Lord").pass_("2.1")
    turned.minutes -= 60
    put(folder, "Time Lord", 4, turned.pass_("2.2").file())
    odd = Learner("Un Known")
    odd._add("check", "9.9", state="passed", evidence=[])
    put(folder, "Un Known", 5, odd.file())
    found = {row["student"]: (row["flags"], row["points"]) for row in rows(run(folder) / "grades.csv")}
    assert found == {
        "Ada Lovelace": ("twice", "1"),
        "Grace Hopper": ("other name", "1"),
        "Alan Turing": ("other key", "2"),
        "Time Lord": ("clock", "2"),
        "Un Known": ("unknown exercise", "0"),
    }


def test_another_seed_is_flagged_with_the_sentence_of_verify(tmp_path: Path) -> None:
    """What was passed with another's names and ports is graded and flagged; one's own seed is not."""
    folder = tmp_path / "seeds"
    foreign, own = Learner("Mal Ory").pass_("2.1", "2.2"), Learner("Ada Lovelace").pass_("2.1")
    foreign.entries[1]["seed"] = "f" * 16
    own.entries[0]["seed"] = own.report()["seed"]
    file = put(folder, "Mal Ory", 1, foreign.file())
    put(folder, "Ada Lovelace", 2, own.file())
    out = run(folder)
    assert {row["student"]: (row["flags"], row["points"]) for row in rows(out / "grades.csv")} == {
        "Mal Ory": ("other seed", "2"),
        "Ada Lovelace": ("", "1"),
    }
    (flag,) = rows(out / "flags.csv")
    assert flag["what was found"] in report.verify(file).sentences
    assert "2.2" in flag["what was found"]


def test_first_and_last_hand_in(tmp_path: Path) -> None:
    """A rubric may take the first or the last hand-in instead of the best."""
    folder = tmp_path / "several"
    learner = Learner("Ada Lovelace").pass_("2.1", "2.2")
    put(folder, "Ada Lovelace", 1, learner.file(), "a.json")
    put(folder, "Ada Lovelace", 1, learner.pass_("2.3").file(), "b.json")
    learner.entries = learner.entries[:1]
    put(folder, "Ada Lovelace", 1, learner.file(made=stamp(500)), "c.json")
    points = {}
    for take in ("best", "first", "last"):
        (tmp_path / "r.csv").write_text(f"hand_ins.take,{take}\n")
        points[take] = rows(run(folder, "--rubric", str(tmp_path / "r.csv")) / "grades.csv")[0]["points"]
    assert points == {"best": "3", "first": "2", "last": "1"}


def test_feedback_says_what_was_expected_and_found(five: Path) -> None:
    """A student's page has the points, each exercise, expected and found, escaped, and no script."""
    out = run(five, "--rubric", str(five.parent / "rubric.toml"))
    page = (out / "feedback" / MOODLE.format(name="Grace Hopper", number=102) / "feedback.html").read_text()
    for said in ("10", "expected", "<code>3</code>", "<code>4 &lt;b&gt;</code>", "solution seen before", "hints 3"):
        assert said in page
    for unsafe in ("<script", "<b>", "http://", "https://", "onclick"):
        assert unsafe not in page
    held = (out / "feedback" / MOODLE.format(name="Mal Ory", number=104) / "feedback.html").read_text()
    assert "No points yet" in held
    assert "changed after the course wrote it" in held


def test_feedback_is_calm_about_what_was_not_attempted(five: Path) -> None:
    """What was tried stands out more than what was not; the rules name what a try gives, where it gives something."""
    share = five.parent / "share.toml"
    share.write_text("[attempt]\nshare = 0.25\n")
    for more, said in (((), False), (("--rubric", str(share)), True)):
        out = run(five, *more)
        page = (out / "feedback" / MOODLE.format(name="Grace Hopper", number=102) / "feedback.html").read_text()
        assert '<span class="calm">not attempted</span>' in page
        assert '<span class="open">not yet</span>' in page
        assert ("tried and not passed gives 25 % of its points" in page) is said


def test_links_lead_to_pages_whatever_a_folder_is_called(tmp_path: Path) -> None:
    """Signs that mean something in an address are quoted in it."""
    folder = tmp_path / "links"
    put(folder, "Ada #1 100%41?", 7, Learner("Ada").pass_("2.1").file())
    out = run(folder)
    (link,) = re.findall(r'href="([^"]*)"', (out / "grades.html").read_text())
    assert not set("#?") & set(link)
    assert (out / unquote(html.unescape(link))).is_file()


def test_names_become_no_formula(tmp_path: Path) -> None:
    """A name or a path that a spreadsheet would calculate is defused; what an import looks for is not touched."""
    folder = tmp_path / "formula"
    bad = '=HYPERLINK("http:x","y")'
    put(folder, "=cmd", 7, Learner("=cmd").pass_("2.1").file())
    (folder / "+cmd.json").write_bytes(Learner(bad).pass_("2.1").file())
    out = run(folder)
    for file in out.glob("*.csv"):
        for row in csv.reader(io.StringIO(file.read_text())):
            assert not [cell for cell in row if cell[:1] in "=+@\t" and cell], (file.name, row)
    assert rows(out / "moodle.csv")[0]["Identifier"] == "Participant 7"
    assert rows(out / "moodle.csv")[0]["Full name"] == "'=cmd"


def test_every_held_kind_has_a_sentence_for_the_student(tmp_path: Path) -> None:
    """Whoever is held back reads why, without another's name."""
    from labkit.classroom.flags import HELD, Flag

    assert all(Flag(kind, "why").for_student() for kind in HELD)
    assert not Flag(Kind.ROSTER, "why").for_student()


def test_grades_are_for_the_teacher_alone(five: Path) -> None:
    """The folder of grades and its files can be read by their owner only."""
    out = run(five)
    assert out.stat().st_mode & 0o077 == 0
    assert all(file.stat().st_mode & 0o077 == 0 for file in out.iterdir() if file.is_file())
    open_ = five.parent / "open"
    open_.mkdir()
    open_.chmod(0o755)
    run(five, "--to", str(open_))
    assert open_.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("name", ["grades.csv", "feedback", "feedback/x.html", "feedback/y/x.html"])
@pytest.mark.parametrize("kind", ["pipe", "link"])
def test_what_is_no_file_in_the_place_of_the_grades_is_refused(
    five: Path, name: str, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pipe is not waited for and a link not followed: the folder is refused, and nothing in it touched."""
    out = five.with_name("class-grades")
    place = out / name
    place.parent.mkdir(parents=True)
    if kind == "pipe":
        os.mkfifo(place)
    else:
        place.symlink_to(five.parent / "rubric.toml")
    assert cli.main(["grade", str(five)]) == 1
    assert f"did not write: {place.name}" in capsys.readouterr().err.replace("feedback/", "")
    assert [p for p in out.rglob("*") if p.is_file() and not p.is_symlink()] == []


@pytest.mark.parametrize("name", ["grades.csv", "grades.html", "grades.xlsx"])
def test_a_teachers_own_file_of_the_same_name_is_kept(
    five: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A table that no run wrote is not taken for one of an earlier run."""
    out = five.with_name("mine")
    out.mkdir()
    (out / name).write_text("my own")
    assert cli.main(["grade", str(five), "--to", str(out)]) == 1
    assert f"did not write: {name}" in capsys.readouterr().err
    assert [file.read_text() for file in out.iterdir()] == ["my own"]


def test_a_second_run_replaces_the_first_and_nothing_else(five: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Pages of students who are gone are removed; a folder with other things in it is refused."""
    out = run(five)
    gone = five / MOODLE.format(name="Mal Ory", number=104)
    (gone / "lab-report.json").unlink()
    gone.rmdir()
    run(five)
    assert not (out / "feedback" / gone.name / "feedback.html").exists()
    (out / "my-notes.txt").write_text("keep")
    assert cli.main(["grade", str(five)]) == 1
    assert "my-notes.txt" in capsys.readouterr().err
    assert (out / "my-notes.txt").read_text() == "keep"


def test_a_long_name_stops_nobody(tmp_path: Path) -> None:
    """Names that are too long for a file are cut, never within a character, and the pages of two stay apart."""
    folder = tmp_path / "long"
    folder.mkdir()
    for copy, name in enumerate(("中" * 80, "𠀀" * 99, "中" * 79 + "文")):
        (folder / f"{copy}.json").write_bytes(Learner(name, copy=str(copy)).pass_("2.1").file())
    bad = os.fsencode(folder) + b"/" + b"\x80" * 200 + b"_7_assignsubmission_file_"
    os.mkdir(bad)
    Path(os.fsdecode(bad), "lab-report.json").write_bytes(Learner("Bad Bytes").pass_("2.1").file())
    out = run(folder)
    pages = list((out / "feedback").rglob("*.html"))
    assert len(pages) == len(rows(out / "grades.csv")) == 4
    assert all(len(page.name.encode()) < 200 for page in pages)
    kept = MOODLE.format(name="N" * 220, number=8)
    put(folder, "N" * 220, 8, Learner("Long Name").pass_("2.1").file())
    assert (run(folder) / "feedback" / kept / "feedback.html").exists()


def test_a_run_that_fails_leaves_the_last_grades(five: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a file cannot be written, all that the run before wrote is there as it was, and nothing else."""
    out = run(five)
    before = {file: file.read_bytes() for file in out.rglob("*") if file.is_file()}

    def full(file: Path, data: bytes, mode: int) -> None:
        if file.name == "grades.html":
            raise OSError(errno.ENOSPC, "No space left on device")
        file.write_bytes(data)

    with monkeypatch.context() as patched:
        patched.setattr(grade, "write", full)
        assert cli.main(["grade", str(five), "--lab", "2"]) == 1
    assert before == {file: file.read_bytes() for file in out.rglob("*") if file.is_file()}
    (out / grade._ASIDE / "new").mkdir(parents=True)  # as a run that was killed leaves it
    run(five)
    assert not (out / grade._ASIDE).exists()


def test_without_xlsxwriter_all_else_is_written(five: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """The workbook needs an extra; without it, one sentence says so."""
    monkeypatch.setattr(grade, "workbook", lambda _sheets: None)
    out = run(five)
    assert not (out / "grades.xlsx").exists()
    assert (out / "grades.html").exists()
    (said,) = (line for line in capsys.readouterr().out.splitlines() if "XlsxWriter" in line)
    words = shlex.split(said.partition("this gets: ")[2])
    assert (words[1:] == ["-m", "pip", "install", "XlsxWriter"]) == (words[0] == sys.executable)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)  # as in an environment that uv made
    assert shlex.split(grade._get_xlsx())[1:] == ["pip", "install", "--python", sys.executable, "XlsxWriter"]
