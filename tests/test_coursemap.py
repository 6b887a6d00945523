"""The map of the course: what is where, what is done, where to go on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import labkit
from labkit.coursemap import CourseMap, Part, Stage, Step, course_map, parts
from labkit.engines.base import Paths
from labkit.exercises.journal import Journal
from labkit.exercises.record import everything
from labkit.exercises.standing import Standing

ROOT = Path(__file__).resolve().parent.parent
NEW, TRIED = Standing(), Standing(attempts=1, first="2026-11-01T10:00:00Z")
DONE = Standing(attempts=1, first="2026-11-02T10:00:00Z", passed="2026-11-02T10:00:00Z")


def stage(number: str, *standings: Standing, title: str = "Title") -> Stage:
    """A lab of one part, whose exercises stand as said."""
    steps = tuple(
        Step(f"{int(number)}.{n}", f"{title} {n}", f"Exercise {int(number)}.{n} (make)", standing)
        for n, standing in enumerate(standings, 1)
    )
    return Stage(number, title, f"{number}-x.ipynb", (Part("Part 1. All", steps),))


def markdown(text: str) -> dict[str, Any]:
    """A Markdown cell."""
    return {"cell_type": "markdown", "source": text.splitlines(keepends=True)}


def code(text: str) -> dict[str, Any]:
    """A code cell."""
    return {"cell_type": "code", "source": text}


@pytest.fixture
def course(tmp_path: Path) -> Paths:
    """The course's notebooks, with a learner who has done nothing yet."""
    for name in ("labkit", "notebooks"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / ".lab").mkdir(mode=0o700)
    return Paths.of(tmp_path)


def test_parts_hold_the_exercises_that_are_checked_in_them() -> None:
    """A part has the exercises whose checks stand in it, in that order; what stands before the first has none."""
    cells = [
        code('lab.check("1.1")'),
        markdown("## Part 1. A (10 minutes)\n\ntext"),
        markdown("### Exercise 1.2 (make)"),
        code('lab.setup("1.2")'),
        code('lab.check("1.2", answer)'),
        markdown("## Part 2. B"),
        code('x = 1\nlab.check("1.99")\nlab.check("1.1")'),
    ]
    first, second = parts(cells, {"1.1": "one", "1.2": "two"}, {"1.2": DONE})
    assert [(s.id, s.heading, s.standing) for s in first.steps] == [("1.2", "Exercise 1.2 (make)", DONE)]
    assert [s.id for s in second.steps] == ["1.1"]


def test_every_exercise_is_on_the_map_once(course: Paths) -> None:
    """The notebooks name each exercise, under a heading that says its number."""
    steps = [step for lab in course_map(course).stages for step in lab.steps]
    assert sorted(step.id for step in steps) == sorted(exercise.id for exercise in everything())
    assert [step.id for step in steps if f"Exercise {step.id} " not in step.heading] == []


def test_it_goes_on_in_the_lab_that_was_worked_on_last() -> None:
    """The first open exercise of that lab comes first, then those of the others in order."""
    early = Standing(attempts=1, first="2026-10-01T10:00:00Z")
    found = CourseMap([stage("01", early, NEW), stage("02", DONE, NEW)]).next
    assert found is not None
    assert found[1].id == "2.2"
    found = CourseMap([stage("01", early, NEW), stage("02", DONE, DONE)]).next
    assert found is not None
    assert found[1].id == "1.1"
    assert CourseMap([stage("01", DONE)]).next is None
    assert "All exercises are passed." in repr(CourseMap([stage("01", DONE)]))


def test_text_and_html_say_the_same() -> None:
    """Counts, marks in words, and where to go on; the lab to go on with is open, the others are folded."""
    shown = CourseMap([stage("01", DONE), stage("02", TRIED, NEW)])._repr_mimebundle_()
    assert shown["text/plain"].startswith("1 of 3 exercises passed.\nGo on with 2.1 Title 1, in 02-x.ipynb.")
    assert "2.1 …  2.2 ·" in shown["text/plain"]
    assert "1 of 3 exercises passed." in shown["text/html"]
    assert shown["text/html"].count("<details open") == 1
    assert '<a href="02-x.ipynb#Exercise-2.1-(make)">2.1 Title 1</a>' in shown["text/html"]
    for state in ("passed", "not yet", "not attempted"):
        assert state in shown["text/html"]


def test_hostile_titles_stay_text() -> None:
    """A heading or title with markup is shown, and does nothing."""
    evil = '"><script>\x1b[31m'
    lab = Stage("01", evil, f"{evil}.ipynb", (Part(evil, (Step("1.1", evil, evil, NEW),)),))
    shown = CourseMap([lab], evil)._repr_mimebundle_()
    assert "\x1b" not in shown["text/plain"]
    assert "<script" not in shown["text/html"]
    assert '""' not in shown["text/html"]


def test_the_map_needs_no_engine(course: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """``labkit.start()`` shows it, with what the journal holds."""
    monkeypatch.setenv("LABKIT_ROOT", str(course.root))
    course.work.mkdir()
    Journal(course.state, course.work).add(
        {"time": "2026-11-02T10:00:00Z", "do": "check", "id": "1.1", "state": "passed"}
    )
    assert repr(labkit.start()).startswith("1 of 64 exercises passed.\nGo on with 1.2 ")


def test_a_damaged_journal_is_said(course: Paths) -> None:
    """What is wrong with the progress file stands above the map."""
    course.work.mkdir()
    Journal(course.state, course.work).add(
        {"time": "2026-11-02T10:00:00Z", "do": "check", "id": "1.1", "state": "passed"}
    )
    for file in (course.state / "progress", course.work / ".progress"):
        file.write_text(json.dumps({"x": 1}))
    assert len(repr(course_map(course)).splitlines()[2]) > 10
