"""Grading what nobody should hand in: files, names, rosters and rubrics that are wrong or hostile."""

from __future__ import annotations

import codecs
import csv
import io
import json
import os
import pickle
import sys
import time
import zipfile
from pathlib import Path

import pytest
from classroomhelp import IDS, Learner

from labkit import cli
from labkit.classroom import reading, roster, rubric
from labkit.classroom.owner import Owner, alike, owner
from labkit.classroom.text import plain
from labkit.errors import LabError

GOOD = Learner("Ada Lovelace").pass_("2.1").file()


def graded(folder: Path) -> dict[str, dict[str, str]]:
    """Grade a folder; return its flags by the file that they are about."""
    assert cli.main(["grade", str(folder)]) == 0
    out = folder.with_name(f"{folder.name}-grades")
    return {row["hand-in"]: row for row in csv.DictReader(io.StringIO((out / "flags.csv").read_text()))}


def said(tmp_path: Path, data: bytes, name: str = "lab-report.json") -> str:
    """What is said of one file in a folder of a student."""
    folder = tmp_path / "in" / "Ada Lovelace"
    folder.mkdir(parents=True)
    (folder / name).write_bytes(data)
    (flag,) = graded(folder.parent).values()
    assert flag["flag"] in ("unreadable", "edited")
    return flag["what was found"]


class Trap:
    """Leaves a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return (Path.touch, (self.file,))


def _zip(content: bytes = GOOD, name: str = "lab-report.json") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        # A fixed date: these bytes are names of tests too, and several processes must agree on them.
        archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


BOMB = _zip(b"\0" * 50_000_000, "../../etc/passwd")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (_zip(), "ZIP archive"),
        (BOMB, "ZIP archive"),
        (b"\x1f\x8b\x08\x00", "not a report"),
        (b"%PDF-1.7", "not a report"),
        (b"\xff\xfe{\0", "not a report"),
        (b"<!DOCTYPE html><title>x</title>", "page to read"),
        (json.dumps({"cells": [], "metadata": {}, "nbformat": 4}).encode(), "notebook"),
        (b"[]", "not a report"),
        (b"{}", "not a report of the course"),
        (b'{"format": 1}', "not a report of the course"),
        (b'{"format": 99, "journal": []}', "newer"),
        (b'{"format": true, "journal": 3}', "changed"),
        (GOOD[:-40], "cut off"),
        (GOOD[:100], "cut off"),
        (GOOD.replace(b"2.1", b"2.2"), "changed after"),
        (b"[" * 100_000, "not a report"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested too deeply"),
        (b'{"format": 1, "journal": [' + b"9" * 100_000 + b"]}", ""),
        (b'{"format": 1, "journal": NaN}', "changed"),
        (b"{" + b"x" * 4_000_001, "too large"),
    ],
    ids=lambda value: repr(value[:24]) if isinstance(value, bytes) else "",
)
def test_what_is_no_report_is_named(tmp_path: Path, data: bytes, words: str) -> None:
    """A file that is none of ours, cut, deep or large is flagged with one sentence, and the rest is graded."""
    assert words in said(tmp_path, data)


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    """A pickle is a file like any other: it is not loaded."""
    trap = tmp_path / "sprung"
    assert "not a report" in said(tmp_path, pickle.dumps(Trap(trap)))
    assert not trap.exists()


def test_a_bomb_takes_no_time_and_no_space(tmp_path: Path) -> None:
    """A ZIP that would unpack to 50 MB outside of the folder is not opened."""
    begin = time.perf_counter()
    said(tmp_path, BOMB, "lab-report.json")
    assert time.perf_counter() - begin < 3
    assert {p.name for p in tmp_path.iterdir()} == {"in", "in-grades"}


def test_two_gigabytes_are_not_read(tmp_path: Path) -> None:
    """A sparse file of 2 GB is judged by its size."""
    folder = tmp_path / "in"
    folder.mkdir()
    with (folder / "report.json").open("wb") as file:
        file.truncate(2 * 1024**3)
    begin = time.perf_counter()
    flags = graded(folder)
    assert time.perf_counter() - begin < 3
    assert "too large for a report (2147 MB)" in flags["report.json"]["what was found"]


def test_links_pipes_and_folders_are_not_entered(tmp_path: Path) -> None:
    """Links are not followed, pipes not opened, a folder called report.json is no report; the good one counts."""
    secret = tmp_path / "secret.json"
    secret.write_bytes(Learner("Secret Person").pass_("2.1", "2.2").file())
    folder = tmp_path / "in"
    (folder / "ada").mkdir(parents=True)
    (folder / "ada" / "lab-report.json").write_bytes(GOOD)
    (folder / "link.json").symlink_to(secret)
    (folder / "loop").symlink_to(folder)
    (folder / "etc").symlink_to("/etc")
    os.mkfifo(folder / "pipe.json")
    (folder / "report.json").mkdir()
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / "__MACOSX").mkdir()
    flags = {path: row["what was found"] for path, row in graded(folder).items()}
    assert {path for path, what in flags.items() if "is a link" in what} == {"link.json", "loop", "etc"}
    assert "not a file of data" in flags["pipe.json"]
    assert "is a folder" in flags["report.json"]
    everything = "".join(p.read_text() for p in (tmp_path / "in-grades").glob("*.csv"))
    assert "Secret Person" not in everything
    assert "ada" in everything


def test_the_page_beside_the_report_is_left_out(tmp_path: Path) -> None:
    """The page that ./lab report writes is no hand-in of its own when the report is there, in a folder or loose."""
    folder = tmp_path / "in"
    (folder / "ada").mkdir(parents=True)
    for place, name in ((folder / "ada", "lab-report"), (folder, "grace")):
        (place / f"{name}.json").write_bytes(Learner(name).pass_("2.1").file())
        (place / f"{name}.html").write_text("<!DOCTYPE html><html></html>")
    assert {row["flag"] for row in graded(folder).values()} <= {"other name"}


def test_a_report_of_strange_parts_under_a_good_signature(tmp_path: Path) -> None:
    """Whoever owns a key can sign anything: what has not the shape of a report is no report."""
    strange = [
        {"who": ["a"]}, {"made": 7}, {"course": None}, {"exercises": []}, {"journal": []},
        {"seed": {"a": 1}}, {"who": "x" * 100_000}, {"who": "\x1b[2J<script>alert(1)</script>\u202e"},
    ]  # fmt: skip
    folder = tmp_path / "in"
    for number, change in enumerate(strange):
        (folder / f"s{number}").mkdir(parents=True)
        data = json.dumps(Learner(f"s{number}").report(**change)).encode()
        (folder / f"s{number}" / "lab-report.json").write_bytes(data)
    odd = Learner("s8")
    odd.entries = [{"do": "check", "id": "2.1", "state": "passed", "time": "x" * 5000, "evidence": [["<b>", 7]]}]
    (folder / "s8").mkdir()
    (folder / "s8" / "lab-report.json").write_bytes(odd.file())
    graded(folder)
    out = folder.with_name("in-grades")
    for page in out.rglob("*.html"):
        text = page.read_text()
        assert "<script" not in text
        assert "\x1b" not in text
        assert len(text) < 200_000


@pytest.mark.skipif(os.geteuid() != 0, reason="gives up rights, which only root can")
def test_folders_without_rights(tmp_path: Path) -> None:
    """What cannot be read is flagged; a folder that cannot be read or written at all gets one sentence."""
    tmp_path.chmod(0o755)
    for folder in tmp_path.parents:
        if folder.stat().st_uid == 0 and str(folder).startswith("/tmp/"):
            folder.chmod(folder.stat().st_mode | 0o011)
    folder = tmp_path / "in"
    for name in ("ada", "closed"):
        (folder / name).mkdir(parents=True)
        (folder / name / "lab-report.json").write_bytes(GOOD)
    (folder / "closed").chmod(0)
    (folder / "ada" / "mine.json").write_bytes(GOOD)
    (folder / "ada" / "mine.json").chmod(0)
    out = tmp_path / "out"
    out.mkdir(mode=0o777)
    out.chmod(0o777)

    def run(*words: str) -> tuple[int, str]:
        """Grade as a user without rights, in a process of its own; return the exit code and what was said."""
        log = out / "log"
        child = os.fork()
        if child == 0:
            with log.open("w") as file:
                log.chmod(0o666)
                sys.stdout = sys.stderr = file
                os.setgroups([])
                os.setresgid(65534, 65534, 65534)
                os.setresuid(65534, 65534, 65534)
                code = cli.main(["grade", *words])
            os._exit(code)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), log.read_text()

    run_before = tmp_path / "warm"  # what is imported late is imported while there are rights
    run_before.mkdir()
    (run_before / "a.json").write_bytes(GOOD)
    graded(run_before)
    code, words = run(str(folder), "--to", str(out / "grades"))
    assert code == 0, words
    flags = (out / "grades" / "flags.csv").read_text()
    assert "closed cannot be read: Permission denied." in flags
    assert "mine.json cannot be read: Permission denied." in flags
    for given, expected in (
        ((str(folder / "closed"), "--to", str(out / "x")), "cannot be read: Permission denied"),
        ((str(folder), "--to", str(tmp_path / "x")), "cannot be written: Permission denied"),
    ):
        code, words = run(*given)
        assert code == 1
        assert expected in words
        assert "Traceback" not in words


def test_a_folder_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing folder, a file, an empty folder and grades among the hand-ins each get one sentence."""
    (tmp_path / "download.zip").write_bytes(_zip())
    (tmp_path / "empty").mkdir()
    full = tmp_path / "full"
    full.mkdir()
    (full / "lab-report.json").write_bytes(GOOD)
    (tmp_path / "two.toml").write_text('[points]\ndefault = 0\n"2.*" = 1\n')
    for words, expected in (
        ([str(tmp_path / "none")], "cannot be read: No such file"),
        ([str(tmp_path / "download.zip")], "Unpack the download"),
        ([str(tmp_path / "empty")], "There is no hand-in"),
        ([str(full), "--to", str(full / "grades")], "cannot go into the folder"),
        ([str(full), "--rubric", str(tmp_path / "none.toml")], "none.toml cannot be read"),
        ([str(full), "--lab", "7"], "Known: 01, 02"),
        ([str(full), "--lab", ""], "Known: 01, 02"),
        ([str(full), "--lab", "3", "--rubric", str(tmp_path / "two.toml")], "no points for lab 03"),
        ([str(full), "--accept", "oldr"], "Did you mean 'older'"),
        ([str(full), "--accept", "edited"], "Name the student"),
    ):
        assert cli.main(["grade", *words]) == 1
        assert expected in capsys.readouterr().err


def test_too_many_and_too_deep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tree that is too deep is not descended for ever, and one with too many files is refused."""
    folder = tmp_path / "in"
    folder.joinpath(*["d"] * 12).mkdir(parents=True)
    (folder / "a.json").write_bytes(GOOD)
    assert any("too deep" in row["what was found"] for row in graded(folder).values())
    monkeypatch.setattr(reading, "_MOST_FILES", 1)
    (folder / "b.json").write_bytes(GOOD)
    with pytest.raises(LabError, match="more than 1 files"):
        reading.hand_ins(folder, IDS)


# Names of files


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("Ada Lovelace_12_assignsubmission_file_", "r.json"),
         Owner("moodle 12", "Ada Lovelace", "moodle", "12", "Ada Lovelace_12_assignsubmission_file_")),
        (("Ada Lovelace_12_assignsubmission_file", "r.json"),  # as Moodle 4.1 and newer name it
         Owner("moodle 12", "Ada Lovelace", "moodle", "12", "Ada Lovelace_12_assignsubmission_file")),
        (("Ada Lovelace_12_assignsubmission_file_r.json",), Owner("moodle 12", "Ada Lovelace", "moodle", "12")),
        (("O'Neil-Ñu Čapek_9_assignsubmission_file_", "a", "r.json"),
         Owner("moodle 9", "O'Neil-Ñu Čapek", "moodle", "9", "O'Neil-Ñu Čapek_9_assignsubmission_file_")),
        (("lovelaceada_1_2_lab-report.json",), Owner("canvas 1", "lovelaceada", "canvas", "1")),
        (("lovelaceada_LATE_1_2_lab-report-1.json",), Owner("canvas 1", "lovelaceada", "canvas", "1", late=True)),
        (("čapekkarel_1_2_lab_report.json",), Owner("canvas 1", "čapekkarel", "canvas", "1")),
        (("LATE_anon_aB3x9_77_lab-report.json",), Owner("canvas anon_aB3x9", "anon_aB3x9", "canvas", late=True)),
        (("s1", "lab-report.json"), Owner("folder s1", "s1", "folder", "", "s1")),
        (("lab-report.json",), Owner()),
    ],
)  # fmt: skip
def test_names_of_downloads(path: tuple[str, ...], expected: Owner) -> None:
    """The name, the number and LATE are read off the names that Moodle and Canvas give."""
    assert owner(path) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("ada", "Grace Hopper_102_assignsubmission_file_", "r.json"), "folder ada"),
        (("Ada", "hoppergrace_102_3_r.json"), "folder Ada"),
        (("Ada Lovelace_1_assignsubmission_file_", "Grace Hopper_102_assignsubmission_file_", "r.json"), "moodle 1"),
        (("ada_LATE_1_2_x_102_assignsubmission_file_r.json",), "canvas 1"),
        (("Ada_1_assignsubmission_file_102_3_r.json",), "moodle 1"),
        (("all hand-ins", "Grace Hopper_102_assignsubmission_file_", "r.json"), "moodle 102"),
        (("all hand-ins", "hoppergrace_102_3_r.json"), "canvas 102"),
    ],
)
def test_a_name_that_a_student_chose_makes_a_file_nobody_elses(path: tuple[str, ...], expected: str) -> None:
    """In a student's own folder, and behind the part of a name that the system gave, nothing counts."""
    assert owner(path, {"ada"}).key == expected


def test_a_file_in_ones_own_folder_is_ones_own(tmp_path: Path) -> None:
    """With a roster, a folder within a student's folder hands in for nobody else."""
    folder = tmp_path / "in"
    for place in ("ada/Grace Hopper_102_assignsubmission_file_", "grace"):
        (folder / place).mkdir(parents=True)
        (folder / place / "lab-report.json").write_bytes(Learner(place[:3]).pass_("2.1").file())
    (tmp_path / "r.csv").write_text("id,name,moodle\nada,Ada Lovelace,101\ngrace,Grace Hopper,102\n")
    assert cli.main(["grade", str(folder), "--roster", str(tmp_path / "r.csv")]) == 0
    table = csv.DictReader(io.StringIO((tmp_path / "in-grades" / "grades.csv").read_text()))
    assert [row["hand-in"].partition("/")[0] for row in table] == ["ada", "grace"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Ada Lovelace", "lovelaceada", True),
        ("Lovelace, Ada", "ada lovelace", True),
        ("José Núñez", "jose nunez", True),
        ("Ada", "Ada Lovelace", True),
        ("", "Ada", True),
        ("Ada Lovelace", "Grace Hopper", False),
        ("Ada Lovelace", "lovelacead", False),
        ("Ada King", "Ada Lovelace", False),
    ],
)
def test_names_that_are_alike(one: str, other: str, same: bool) -> None:
    """Order, case, accents and Canvas's way to write a name play no part."""
    assert alike(one, other) is same
    assert alike(other, one) is same


@pytest.mark.parametrize("cell", ["=1+1", "+cmd", "-x", "@SUM(A1)", "\tx", "\rx", "＝1", "-2+3", "+1|'"])
def test_cells_that_would_be_formulas(cell: str) -> None:
    """Each gets an apostrophe; numbers and a lone dash do not."""
    assert plain(cell) == f"'{cell}"
    assert [plain(c) for c in ("-", "-1.5", "+49", "a=b", "")] == ["-", "-1.5", "+49", "a=b", ""]


def test_a_formula_behind_another_separator() -> None:
    """A program that takes a semicolon, a tab or a line's end for the end of a cell finds no formula either."""
    said = [plain(f"x{separator}=1+1") for separator in (";", "\t", "\r\n", ";;", ';"')]
    assert plain("\t=1") == "'\t'=1"
    assert said == ["x;'=1+1", "x\t'=1+1", "x\r\n'=1+1", "x;;'=1+1", "x;\"'=1+1"]
    assert [plain(c) for c in ("a; b", "a;b=c", "a - b")] == ["a; b", "a;b=c", "a - b"]


# Rosters


@pytest.mark.parametrize(
    "data",
    [
        "id,name,email\ns1,José Núñez,j@x.org\n\n  \n,,\ns2,Ada Lovelace,a@x.org\n\n".encode(),
        codecs.BOM_UTF8
        + codecs.BOM_UTF8
        + "ID;Full name;Email address\r\ns1;José Núñez;j@x.org\r\ns2;Ada Lovelace;a@x.org\r\n".encode(),
        "id\tFirst name\tLast name\ns1\tJosé\tNúñez\ns2\tAda\tLovelace\n".encode("utf-16"),
        "id,name\ns1,José Núñez\ns2,Ada Lovelace\n".encode("cp1252"),
        '"id","name"\r"s1","Núñez, José"\r"s2","Lovelace, Ada"\r'.encode(),
    ],
    ids=["utf-8 with empty lines", "two marks and semicolons", "utf-16 and tabs", "windows-1252", "carriage returns"],
)
def test_rosters_as_programs_write_them(data: bytes) -> None:
    """Marks, encodings, separators and empty lines make no difference."""
    students, _said = roster.parse(data, "roster.csv")
    assert [(s.id, s.name, s.first, s.last) for s in students] == [
        ("s1", "José Núñez", "José", "Núñez"),
        ("s2", "Ada Lovelace", "Ada", "Lovelace"),
    ]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"id,name\n", "names no student"),
        (b"colour,size\nred,1\n", "names no column"),
        (b"id,name\ns1,A\n\nS1,B\n", "Line 4 of r.csv has the same id as line 2"),
        (b"id,name,moodle\ns1,A,7\ns2,B,7\n", "same moodle as line 2"),
        (b"id,name\n=cmd,A\n", "no usable id"),
        (b"id,name,moodle\ns1,A,101.5\n", "no usable number of Moodle or Canvas: '101.5'"),
        (b"id,name,moodle\ns1,A,1.01E+5\n", "no usable number"),
        (b'id,name,canvas\ns1,A,"1,000"\n', "no usable number"),
        (b"name,email\n,\x00\n", "not a text file"),
        (_zip(), "not a text file"),
        (b'id,name\ns1,"' + b"x" * 200_000 + b"\n", "is not CSV"),
    ],
    ids=lambda value: repr(value[:20]) if isinstance(value, bytes) else "",
)
def test_rosters_that_are_wrong(data: bytes, words: str) -> None:
    """One sentence, with the line."""
    with pytest.raises(LabError) as error:
        roster.parse(data, "r.csv")
    assert words in str(error.value)


@pytest.mark.parametrize("number", ["101", "101.0", '"101,00"', "Participant 101", "Teilnehmer/in101"])
def test_numbers_as_spreadsheets_save_them(number: str) -> None:
    """A nought behind a point or a comma does not become part of the number."""
    (student,), _said = roster.parse(f"id,name,moodle\ns1,Ada,{number}\n".encode(), "r.csv")
    assert student.moodle == "101"


def test_a_guessed_encoding_is_said() -> None:
    """A roster that is not UTF-8 is read, and the teacher asked to look at the names."""
    _students, words = roster.parse("id,name\ns1,José\n".encode("cp1252"), "r.csv")
    assert "Windows-1252" in words


def test_columns_of_another_language_are_named() -> None:
    """Names in columns that are not known are not dropped without a word."""
    (student,), words = roster.parse(b"Id;Vorname;Nachname\ns1;Ada;Lovelace\n", "r.csv")
    assert student.name == "s1"
    assert "not read: Vorname, Nachname" in words


def test_moodles_worksheet_is_a_roster() -> None:
    """The worksheet that Moodle gives has the numbers of its download."""
    (student,), _said = roster.parse(
        b"Identifier,Full name,Email address,Status,Grade\nParticipant 77,Ada Lovelace,a@x.org,Submitted,\n", "g.csv"
    )
    assert (student.id, student.moodle, student.name) == ("a@x.org", "77", "Ada Lovelace")


@pytest.mark.parametrize(
    "text",
    [
        ("Student,ID,SIS User ID,SIS Login ID,Section,Lab 2 (4711),Final Score\n,,,,,Manual Posting,\n"
        '    Points Possible,,,,,10,(read only)\n"Lovelace, Ada",12345,s1,ada,A,,\n"Student, Test",99,,deadbeef,A,,\n'),
        ("LastName,FirstName,ID,SIS User ID,SIS Login ID,Section,Lab 2 (4711)\n,,,,,,Manual Posting\n"
        "    Points Possible,,,,,,10\nLovelace,Ada,12345,s1,ada,A,\nStudent,Test,99,,deadbeef,A,\n"),
    ],
    ids=["names in one column", "names in two"],
)  # fmt: skip
def test_canvas_gradebook_is_a_roster(text: str) -> None:
    """The gradebook as Canvas exports it: rows that say how grades are posted, and its test student, are none."""
    (student,), _said = roster.parse(text.encode(), "g.csv")
    assert (student.id, student.name, student.canvas, student.login) == ("s1", "Ada Lovelace", "12345", "ada")


def test_a_list_of_ones_own_with_sections_is_not_taken_for_canvas() -> None:
    """The id is the school's, whatever other columns there are."""
    (student,), _said = roster.parse(b"id,name,section,username\ns1,Ada Lovelace,A,ada\n", "r.csv")
    assert (student.id, student.canvas, student.section, student.login) == ("s1", "", "A", "ada")


def test_who_is_not_in_the_roster_is_flagged(tmp_path: Path) -> None:
    """A stranger is graded and flagged, and who handed nothing in is listed as missing."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.json").write_bytes(GOOD)
    (folder / "b.json").write_bytes(Learner("Some Body").pass_("2.1").file())
    (tmp_path / "r.csv").write_text("id,name\ns1,Ada Lovelace\ns2,Grace Hopper\n")
    assert cli.main(["grade", str(folder), "--roster", str(tmp_path / "r.csv")]) == 0
    table = csv.DictReader(io.StringIO((tmp_path / "in-grades" / "grades.csv").read_text()))
    assert [(r["id"], r["student"], r["status"], r["flags"]) for r in table] == [
        ("s1", "Ada Lovelace", "graded", ""),
        ("s2", "Grace Hopper", "missing", ""),
        ("body-some", "Some Body", "graded", "not in the roster"),
    ]


# Rubrics


def test_a_lab_that_gives_next_to_nothing_is_no_lab() -> None:
    """A lab whose points come to less than a hundredth cannot be graded alone."""
    made = rubric.parse(b'[points]\ndefault = 0\n"1.1" = 1\n"2.1" = 0.004\n', "r.toml", IDS)
    with pytest.raises(LabError, match="no points for lab 02"):
        rubric.of_labs(made, ["2"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[points]\n"2.99" = 1\n', "Did you mean 2.9?"),
        ('[points]\n"8.*" = 1\n', "'8.*', which is neither"),
        ("[points]\ndefalt = 1\n", "Did you mean default?"),
        ("[late]\ndeadlin = 2026-01-01T00:00:00Z\n", "Did you mean late.deadline?"),
        ("[late]\ndeadline = 2026-01-01T00:00:00\n", "with its zone"),
        ("[late]\ndeadline = 'tomorrow'\n", "with its zone"),
        ("[late]\nper_day = 1.5\n", "from 0 to 1"),
        ("[late]\nper_day = -1\n", "from 0 to 1"),
        ("[points]\ndefault = nan\n", "from 0 to 10000"),
        ("[points]\ndefault = true\n", "from 0 to 10000"),
        ("[points]\ndefault = 0\n", "no exercise gives a point"),
        ("out_of = 0\n", "out_of is below 0.01"),
        ("out_of = 0.001\n", "out_of is below 0.01"),
        ('[points]\ndefault = 0\n"2.1" = 0.004\n', "no exercise gives a point"),
        ("[late]\ndeadline = 9999-12-31T23:59:59-05:00\n", "no year from 1 to 9999"),
        ("[late]\ndeadline = 0001-01-01T00:00:00+01:00\n", "no year from 1 to 9999"),
        (".".join(["a"] * 1500) + " = 1\n", "is not TOML: it is nested too deeply"),
        ("[hand_ins]\ntake = 'worst'\n", "best, first, last"),
        ("accept = ['copyed']\n", "Did you mean 'copied'"),
        ("accept = ['copied:']\n", "names no student"),
        ("points = [\n", "is not TOML"),
        ('[points]\n"2.1" = 1\n2.1 = 7\n', "says points.2.1 once more"),
    ],
)
def test_rubrics_that_are_wrong(text: str, words: str) -> None:
    """One sentence, with the nearest name where one is unknown."""
    with pytest.raises(LabError) as error:
        rubric.parse(text.encode(), "r.toml", IDS)
    assert words in str(error.value)
    assert str(error.value).count("\n") <= 1


def test_rubrics_as_csv() -> None:
    """The same settings, one a line; a mark, a header and empty lines make no difference."""
    text = "\ufeffsetting,value\n\npoints.default,0\npoints.2.*,2\npoints.2.5,3.5\nlate.deadline,2026-12-01T12:00:00Z\n"
    made = rubric.parse((text + "accept,older,copied:s1\n").encode(), "r.csv", IDS)
    assert made.points["2.5"] == rubric.Decimal("3.5")
    assert "1.1" not in made.points
    assert {(kind.value, id) for kind, id in made.accept} == {("older", ""), ("copied", "s1")}
    for wrong, words in (("points.2.5\n", "not a setting"), ("title,a\ntitle,b\n", "once more"),
                         ("title," + "x" * 200_000, "Line 1 of r.csv is not CSV")):  # fmt: skip
        with pytest.raises(LabError, match=words):
            rubric.parse(wrong.encode(), "r.csv", IDS)
