"""The nbgrader course: its sources, and a class of five through nbgrader's own commands."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import nbformat
import pytest
from classroomhelp import IDS
from hubhelp import LOCK, teachers_python
from packaging.requirements import Requirement
from test_packaging import PROJECT, pins

from labkit import cli
from labkit.classroom import course, outputs, sandbox
from labkit.exercises.record import LABS, everything
from labkit.exercises.standing import Standing

ROOT = Path(__file__).resolve().parent.parent
NAME = "02-containers.ipynb"
LAB2 = [id for id in IDS if id.startswith("2.")]
here = pytest.mark.skipif(bool(sandbox.unavailable()), reason="needs Linux and root")


def test_the_lock_holds_what_a_teacher_needs() -> None:
    """requirements-classroom.lock pins the extra, and all else as the course's own lock has it."""
    held, own = pins(LOCK.name), pins("requirements.lock")
    for text in PROJECT["optional-dependencies"]["classroom"]:
        wanted = Requirement(text)
        versions = [version for (name, _when), version in held.items() if name == wanted.name.lower()]
        assert versions
        assert all(wanted.specifier.contains(version) for version in versions)
    assert own.items() <= held.items()


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course of lab 2 with a roster."""
    monkeypatch.setenv("LABKIT_ROOT", str(ROOT))
    (tmp_path / "roster.csv").write_text(
        "id,name,email\nperfect,Ada Lovelace,a@x.org\nhalf,Grace Hopper,g@x.org\nnothing,Alan Turing,\n"
        "hostile,Mal Ory,\ntwice,Linus Torvalds,\n"
    )
    words = ["--lab", "2", "--roster", str(tmp_path / "roster.csv")]
    assert cli.main(["classroom", "init", str(tmp_path / "course"), *words]) == 0
    return tmp_path / "course"


def test_every_exercise_of_a_lab_is_a_test_of_nbgrader(made: Path) -> None:
    """Each check is a locked cell with points; no other cell is, and no output is left."""
    notebook = nbformat.read(made / "source" / "assignment-02" / NAME, as_version=4)
    nbformat.validate(notebook)
    marks = [c.metadata["nbgrader"] for c in notebook.cells if "nbgrader" in c.metadata]
    graded = [mark for mark in marks if mark["grade"]]
    assert len(graded) == len(LAB2)
    assert all(mark["locked"] and not mark["solution"] and mark["points"] == 1 for mark in graded)
    assert [mark["grade_id"] for mark in marks if not mark["grade"]] == [course.SEED_CELL]
    assert not any(cell.get("outputs") for cell in notebook.cells)


def test_no_lab_writes_where_an_assignment_is_fetched_to() -> None:
    """nbgrader takes a folder of that name as an assignment that is there already, and fetches nothing."""
    written = {file.partition("/")[0] for exercise in everything() for file in exercise.files}
    assert "lab02" in written
    assert not written & {course.ASSIGNMENT.format(lab=lab) for lab in LABS}


def test_a_course_that_is_made_again_keeps_seed_and_configuration(made: Path) -> None:
    """Points may be changed in mid-term; what students have already drawn, and the teacher's settings, stay."""
    source, config = made / "source" / "assignment-02" / NAME, made / "nbgrader_config.py"
    seed = course.seed_of(nbformat.read(source, as_version=4))
    config.write_text(config.read_text() + "# mine\n")
    (made.parent / "r.csv").write_text("points.default,0\npoints.2.5,2.5\n")
    assert cli.main(["classroom", "init", str(made), "--lab", "02", "--rubric", str(made.parent / "r.csv")]) == 0
    notebook = nbformat.read(source, as_version=4)
    assert course.seed_of(notebook) == seed
    assert len(seed) == 16
    points = [c.metadata["nbgrader"]["points"] for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade")]
    assert points == [2.5]
    assert config.read_text().endswith("# mine\n")


def test_init_says_the_next_steps_of_the_docs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What init says to type next is what the docs say, in their order, and a shell takes it for any folder."""
    docs = (ROOT / "docs" / "instructors.md").read_text()
    steps = re.findall(r"^    (nbgrader (?:db student import|generate_assignment) .*)$", docs, re.M)
    roster = tmp_path / "roster.csv"
    roster.write_text("id,name\nada,Ada Lovelace\n")
    folder = tmp_path / "a course"
    for more, expected in (([], steps[1:]), (["--roster", str(roster)], steps)):
        assert cli.main(["classroom", "init", str(folder), "--lab", "2", *more]) == 0
        last = capsys.readouterr().out.splitlines()[-1]
        assert last.partition("Next: ")[2].split(" && ") == [f"cd '{folder}'", *expected]
    rubric = tmp_path / "rubric.toml"
    rubric.write_text('out_of = 100\n[points]\n"2.*" = 2\n')
    assert cli.main(["classroom", "init", str(folder), "--lab", "2", "--rubric", str(rubric)]) == 0
    assert f"{2 * len(LAB2)} points" in capsys.readouterr().out  # nbgrader adds points up, which the docs say
    assert "`out_of` does not count here" in docs


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--lab", "9"], "no '09'"),
        (["--rubric", "none.toml"], "none.toml cannot be read"),
        (["--roster", "none.csv"], "none.csv cannot be read"),
    ],
)
def test_a_course_that_cannot_be_made(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence, and nothing is written."""
    assert cli.main(["classroom", "init", str(tmp_path / "c"), *words]) == 1
    assert said in capsys.readouterr().err
    assert not (tmp_path / "c").exists()
    (tmp_path / "file").write_text("")
    assert cli.main(["classroom", "init", str(tmp_path / "file"), "--lab", "2"]) == 1
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("damaged", ["", "[]", "{}", '{"cells": 1', '{"cells": [], "metadata": {}, "nbformat": 99}'])
def test_a_damaged_assignment_is_not_made_anew(damaged: str, made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its seed is that of what students have; another one would fail everybody."""
    source = next((made / "source" / "assignment-02").glob("*.ipynb"))
    source.write_text(damaged)
    assert cli.main(["classroom", "init", str(made), "--lab", "2"]) == 1
    assert "cannot be read: its seed would be another one" in capsys.readouterr().err
    assert source.read_text() == damaged


def test_a_verdict_has_message_and_points() -> None:
    """nbgrader reads the number; the student reads what was expected and found."""
    done, not_yet = Standing(attempts=1, passed="2026"), Standing(attempts=2)
    said, score = outputs.verdict(not_yet, ("80", "8080", "Ports"), 2.5)
    assert "expected: 80" in said.text
    assert "found: 8080" in said.text
    assert score.data["text/plain"] == "0"
    assert outputs.verdict(done, None, 2.5)[1].data["text/plain"] == "2.5"


def test_outputs_of_a_notebook_are_text_alone() -> None:
    """HTML, scripts and escapes of a submission do not get into the feedback; nonsense gives no outputs."""
    cell = nbformat.v4.new_code_cell("x", outputs=[
        nbformat.v4.new_output("display_data", data={"text/html": "<script>", "text/plain": "a\x1b[2J"}),
        nbformat.v4.new_output("stream", text="y" * 100_000),
    ])  # fmt: skip
    text = nbformat.writes(nbformat.v4.new_notebook(cells=[cell]))
    (said,) = outputs.of_the_notebook(text)[0, "x"]
    assert said.output_type == "stream"
    assert said.text.startswith("a␛[2J\nyyy")
    assert len(said.text) < 21_000
    assert outputs.of_the_notebook("{") == outputs.of_the_notebook('{"cells": 3}') == {}


# With nbgrader itself


class Nbgrader:
    """nbgrader in an environment of its own: its extensions of JupyterLab stay out of the course's."""

    def __init__(self, python: Path, folder: Path) -> None:
        self._python = python
        self.folder = folder

    def __call__(self, *words: str, at: Path | None = None) -> str:
        environment = {
            **os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{self._python.parent}:{os.environ['PATH']}",
            "LABKIT_ROOT": str(ROOT), "HOME": str(self.folder.parent),
        }  # fmt: skip
        done = subprocess.run(
            [self._python, "-m", "nbgrader", *words],
            cwd=at or self.folder,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture(scope="session")
def nbgrader_python() -> Path:
    """The Python of an environment with nbgrader."""
    return teachers_python()


def hand_in(released: Path, target: Path, done: list[str], change: Any = None) -> None:
    """Fill the cells of some exercises in, as the solved edition has them."""
    solved = {c.id: c.source for c in nbformat.read(ROOT / "notebooks" / "solved" / NAME, as_version=4).cells}
    notebook = nbformat.read(released, as_version=4)
    for cell in notebook.cells:
        of = re.match(r"do-(\d)-(\d+)", cell.id)
        exercise = f"{of[1]}.{of[2]}" if of else ""
        if cell.cell_type == "code" and "nbgrader" not in cell.metadata and (not of or exercise in done):
            cell.source = solved.get(cell.id, cell.source)
    if change:
        change(notebook)
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, target)


def seed(made: Path, word: str) -> None:
    """Give the class the seed whose predictions stand in the solved edition."""
    source = made / "source" / "assignment-02" / NAME
    notebook = nbformat.read(source, as_version=4)
    drawn = course.seed_of(notebook)
    for cell in notebook.cells:
        cell.source = cell.source.replace(f'"{drawn}"', f'"{word}"')
    assert course.seed_of(notebook) == word
    nbformat.write(notebook, source)


def hostile(notebook: Any) -> None:
    """Patch the check, and delete a graded cell."""
    begin = next(n for n, cell in enumerate(notebook.cells) if "labkit.start" in cell.source)
    patch = "type(lab).check = lambda *a: print('passed')\nimport shutil\nshutil.rmtree(lab.work, ignore_errors=True)"
    notebook.cells.insert(begin + 1, nbformat.v4.new_code_cell(patch))
    for cell in notebook.cells:
        if course.graded(cell.source) == "2.2":
            cell.source = "1"


@here
def test_one_submission_through_nbgrader(made: Path, nbgrader_python: Path) -> None:
    """generate_assignment, autograde, generate_feedback and export, with one submission of a short assignment."""
    nbgrader = Nbgrader(nbgrader_python, made)
    seed(made, "example")
    source = made / "source" / "assignment-02" / NAME
    notebook = nbformat.read(source, as_version=4)
    end = next(n for n, cell in enumerate(notebook.cells) if course.graded(cell.source) == "2.2")
    notebook.cells = notebook.cells[: end + 1]
    nbformat.write(notebook, source)
    nbgrader("generate_assignment", "assignment-02")
    hand_in(made / "release" / "assignment-02" / NAME, made / "submitted" / "half" / "assignment-02" / NAME, ["2.1"])
    nbgrader("autograde", "assignment-02")
    nbgrader("generate_feedback", "assignment-02")
    nbgrader("export")
    (row,) = csv.DictReader((made / "grades.csv").open())
    assert (row["student_id"], row["score"], row["max_score"]) == ("half", "1.0", "2.0")
    feedback = (made / "feedback" / "half" / "assignment-02" / NAME.replace("ipynb", "html")).read_text()
    assert "not attempted" in feedback


@here
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_class_of_five_through_the_exchange(made: Path, nbgrader_python: Path, tmp_path: Path) -> None:
    """Release, fetch, submit, collect, autograde, feedback and export; grades to the point."""
    nbgrader = Nbgrader(nbgrader_python, made)
    exchange = tmp_path / "exchange"
    exchange.mkdir()
    exchange.chmod(0o777)
    with (made / "nbgrader_config.py").open("a") as config:
        config.write(f"c.Exchange.root = {str(exchange)!r}\n")
    seed(made, "example")
    nbgrader("db", "student", "import", "students.csv")
    nbgrader("generate_assignment", "assignment-02")
    nbgrader("release_assignment", "assignment-02")
    work = {
        "perfect": (LAB2, None), "half": (LAB2[:6], None), "nothing": ([], None), "hostile": (["2.1"], hostile),
        "twice": (LAB2[:2], None),
    }  # fmt: skip
    for student, (done, change) in work.items():
        home = tmp_path / student
        home.mkdir()
        shutil.copy(made / "nbgrader_config.py", home)
        (home / "nbgrader_config.py").write_text(
            (home / "nbgrader_config.py").read_text() + f"c.CourseDirectory.root = {str(home)!r}\n"
        )
        nbgrader("fetch_assignment", "assignment-02", at=home)
        hand_in(home / "assignment-02" / NAME, home / "assignment-02" / NAME, done, change)
        nbgrader("submit", "assignment-02", "--student", student, at=home)
        if student == "twice":  # and renamed: only the notebook of the assignment counts
            hand_in(home / "assignment-02" / NAME, home / "assignment-02" / NAME, LAB2[:3])
            (home / "assignment-02" / "copy.ipynb").write_bytes((home / "assignment-02" / NAME).read_bytes())
            nbgrader("submit", "assignment-02", "--student", student, at=home)
    nbgrader("collect", "assignment-02")
    nbgrader("autograde", "assignment-02")
    nbgrader("generate_feedback", "assignment-02")
    nbgrader("release_feedback", "assignment-02")
    nbgrader("export")
    scores = {row["student_id"]: float(row["score"]) for row in csv.DictReader((made / "grades.csv").open())}
    assert scores == {"perfect": len(LAB2), "half": 6, "nothing": 0, "hostile": 0, "twice": 3}
