"""The teacher's page on a class at work: what it makes of progress files, also of hostile ones, and who is told."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from classroomhelp import IDS
from hubhelp import ROOT, chromium
from hypothesis import given, settings
from hypothesis import strategies as st

import labkit
from labkit import cli
from labkit.classroom import watch, watchpage
from labkit.classroom.grade import titles
from labkit.classroom.hub import plain, serve, watchfiles, watchroom
from labkit.classroom.hub.folder import ClassFolder
from labkit.classroom.hub.watchfiles import Watched, Watchroom
from labkit.classroom.watch import Seat, State
from labkit.classroom.watchlog import Log, read
from labkit.exercises.journal import Journal
from labkit.exercises.record import everything
from labkit.files import write

NOW = 1_800_000_000.0
NAMES = titles(everything())
HEAD = b'{"format": 1, "key": "0123456789ab"}\n'


def line(id: str, minutes: float = 1, *, passed: bool = False, found: str = "8080", **more: Any) -> dict[str, Any]:
    """An entry of a journal, so many minutes ago."""
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW - 60 * minutes))
    entry = {"time": when, "do": "check", "id": id, "state": "passed" if passed else "not yet"}
    return {**entry, **({} if passed else {"finding": ["80", found, "HostConfig.PortBindings"]}), **more}


def file(*entries: dict[str, Any]) -> bytes:
    """A progress file."""
    return HEAD + b"".join(json.dumps({**entry, "mac": "0"}).encode() + b"\n" for entry in entries)


def seat(*entries: dict[str, Any], name: str = "Ada Lovelace") -> Seat:
    """A student who has done so much."""
    return Seat(name.split()[0].lower(), name, read(file(*entries), IDS))


def row(*entries: dict[str, Any], lab: str = "") -> watch.Row:
    """The row of a student who has done so much."""
    return watch.look([seat(*entries)], IDS, NOW, lab).rows[0]


def page(*seats: Seat) -> str:
    """The page of a class."""
    return watchpage.page(watch.look(seats, IDS, NOW), NAMES, ["1", "2"], "14:05:10")


# What the class does


def test_who_is_stuck() -> None:
    """Three attempts since the last pass, if that was of an exercise that had not been passed before."""
    two = [line("2.1", passed=True), line("2.2"), line("2.2")]
    assert row(*two).state is State.WORKING
    stuck = row(*two, line("2.3", 0.5, found="no folder"))
    assert (stuck.state, stuck.exercise, stuck.attempts, stuck.last) == (State.STUCK, "2.3", 3, "2.1")
    assert stuck.finding == ("80", "no folder", "HostConfig.PortBindings")
    assert stuck.seen == 30
    assert (stuck.passed, stuck.count) == (1, len([id for id in IDS if id.startswith("2.")]))
    assert row(*two, line("2.3"), line("2.1", passed=True)).attempts == 3
    assert row(*two, line("2.3"), line("2.2", passed=True)).state is State.WORKING


def test_who_is_away_done_or_has_not_begun() -> None:
    """An hour without a check, a whole lab, no file, no check; a lab alone is looked at when it is asked for."""
    assert row(*[line("2.2", 61)] * 4).state is State.AWAY
    whole = [line(id, passed=True) for id in IDS if id.startswith("2.")]
    assert row(*whole).state is State.DONE
    assert row(*whole, line("3.1")).state is State.WORKING
    assert row(*whole, line("3.1"), lab="2").state is State.DONE
    assert row(*whole, lab="3").state is State.BEGINNING
    assert row().state is State.BEGINNING
    assert watch.look([Seat("ada", "Ada")], IDS, NOW).rows[0].state is State.BEGINNING


def test_what_holds_most_people_up() -> None:
    """The exercise at which most are stuck comes first, with the finding that most had, each student counted once."""
    klass = watch.look(
        [
            seat(*[line("2.2", found="web-3f9c")] * 3, name="Ada"),
            seat(line("2.2", found="web-0a1b"), line("2.2", passed=True), line("2.3"), name="Grace"),
            seat(*[line("2.3", found="forged")] * 2, line("2.3", passed=True), name="Mal"),
            seat(line("2.1", passed=True), name="Zoë"),
        ],
        IDS,
        NOW,
    )
    assert [hurdle.id for hurdle in klass.hurdles] == ["2.2", "2.3", "2.1"]
    first, second, third = klass.hurdles
    assert (first.tried, first.passed, first.open, first.stuck, first.attempts) == (2, 1, 1, 1, 2.5)
    assert first.finding == (("80", "web…", "HostConfig.PortBindings"), 2)
    assert second.finding == (("80", "8080", "HostConfig.PortBindings"), 1)
    assert third.finding is None
    assert klass.counts == {State.STUCK: 1, State.WORKING: 3}
    assert [one.name for one in klass.stuck] == ["Ada"]


def test_hints_and_solutions_are_not_looked_at() -> None:
    """A student is told so: with them, all that is shown is the same."""
    more = [{**line("2.2"), "do": do} for do in ("hint", "solution", "reset")]
    assert row(line("2.2"), *more, line("2.2")) == row(line("2.2"), line("2.2"))


# What may stand in a file


@pytest.mark.parametrize(
    ("data", "checks", "said"),
    [
        (b"", 0, "damaged"),
        (b"\xff\xfe\x00", 0, "damaged"),
        (b"[]\n", 0, "damaged"),
        (b'{"format": "1"}\n', 0, "damaged"),
        (b'{"format": 2, "key": "x"}\nwhat a later course writes\n', 0, "newer version"),
        (HEAD.strip(), 0, "cut off"),
        (file(line("2.1"), line("2.2"))[:-40], 1, "cut off"),
        (file(line("2.1")) + b"nonsense\n" + file(line("2.2")), 1, "damaged"),
        (file(line("2.1")) + b"[" * 60_000 + b"\n", 1, "damaged"),
        (file(line("2.1")) + b'{"a": "' + b"x" * 100_000 + b'"}\n', 1, "damaged"),
        (file(line("2.1")) + b"1" * 60_000 + b"\n", 1, "damaged"),
        (file(*[line("2.1")] * 7000), 0, "too large"),
        (HEAD + b'{"do":"hint","id":"2.1"}\n' * 6000, 0, "too many"),
        (file(line("2.1"), line("9.9"), {"do": "check", "id": ["2.2"]}, {"do": "check"}, {}), 1, ""),
        (file(line("2.1", time=7), line("2.1", time="yesterday"), line("2.1", time="2026-02-31T00:00:00Z")), 3, ""),
        (file(line("2.1", finding="abc"), line("2.1", finding=["a"]), line("2.1", finding=[1, 2, 3])), 3, ""),
    ],
)
def test_a_file_that_the_course_did_not_write(data: bytes, checks: int, said: str) -> None:
    """What stands before a damage counts; a sentence says what is wrong; the page is made, with the others on it."""
    log = read(data, IDS)
    assert len(log.checks) == checks
    assert said in log.said
    assert bool(said) == bool(log.said)
    made = page(Seat("mal", "Mal Ory", log), seat(line("2.2", passed=True)))
    assert "Ada Lovelace" in made
    assert log.said in made


def test_a_clock_that_is_ahead() -> None:
    """Its time is not believed, and all else is."""
    found = row(*[line("2.2", -60 * 24 * 365)] * 3)
    assert (found.state, found.seen, found.attempts) == (State.STUCK, None, 3)
    assert "not that of this machine" in found.said
    assert row(line("2.2", -0.5)).seen == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=60), st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(IDS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["do", "id", "state", "time", "finding", "mac"]) | st.text(max_size=4), inner, max_size=6),
    max_leaves=12).map(lambda value: json.dumps(value).encode())), max_size=6))  # fmt: skip
def test_any_file_makes_a_page(lines: list[bytes]) -> None:
    """Whatever a student writes, reading it raises nothing, and a page and a table come of it."""
    klass = watch.look([Seat("mal", "Mal", read(HEAD + b"\n".join(lines), IDS))], IDS, NOW)
    watchpage.page(klass, NAMES, ["1"], "14:05:10").encode()
    watchpage.sheet(klass)


def test_nothing_on_the_page_is_markup_of_a_student() -> None:
    """Names and findings are text; marks that turn a line around are made visible; a table begins no formula."""
    evil = '<img src=x onerror="alert(1)">\u202e'
    forged = [line("2.2", finding=[evil, "=1+1", evil])] * 3
    made = page(seat(*forged, name=f"{evil} Ory"))
    assert "<img" not in made
    assert "\u202e" not in made
    assert made.count("&lt;img") >= 4
    klass = watch.look([seat(*forged, name="=cmd|' /C calc'!A0")], IDS, NOW)
    _head, cells = csv.reader(io.StringIO(watchpage.sheet(klass).decode()))
    assert cells[1].startswith("'=cmd")
    assert "'=1+1" in cells
    long = page(seat(line("2.2", finding=["x" * 5000, "y", "z"]), line("2.2"), line("2.2"), name="Ada"))
    assert "x" * 201 not in long


# The page


def test_an_empty_class() -> None:
    """It says so; a class in which nobody has begun does, too."""
    assert "Nobody is in this class" in page()
    assert "<table" not in page()
    begun = page(Seat("ada", "Ada"), Seat("zoë", "Zoë", told=False))
    assert "Nobody who was told of this page has tried an exercise yet." in begun
    assert "not told yet" in begun


def test_the_page_says_what_students_are_told() -> None:
    """Word for word, and where to hold it and to have it as a table."""
    made = page(seat(line("2.2")))
    assert watchpage.escape(watch.notice()) in made
    assert 'href="?still=1"' in made
    assert 'href="students.csv"' in made
    held = watchpage.page(watch.look([], IDS, NOW, "2"), NAMES, ["1", "2"], "14:05:10", live=False)
    assert 'href="?lab=2"' in held
    assert 'href="students.csv?lab=2"' in held
    assert 'href="?lab=1&amp;still=1"' in held


@pytest.mark.browser
def test_axe_finds_nothing_on_the_page() -> None:
    """In light and dark, on a wide and a narrow screen, with every state on it."""
    whole = [line(id, passed=True) for id in IDS if id.startswith("2.")]
    made = page(
        seat(*[line("2.2")] * 4), seat(*whole, name="Grace"), seat(line("2.1", 600), name="Alan"), seat(name="Barbara"),
        seat(line("2.1"), name="Edsger"), Seat("mal", "Mal", Log(said="The progress file is too large.")),
        Seat("zoë", "Zoë", told=False),
    )  # fmt: skip
    assert set(re.findall("|".join(state.value for state in State), made)) == {state.value for state in State}
    with chromium() as browser:
        for scheme in ("light", "dark"):
            tab = browser.new_page(color_scheme=scheme, viewport={"width": 1280, "height": 800}, bypass_csp=True)
            tab.set_content(made)
            tab.evaluate(AXE_SCRIPT)
            found = tab.evaluate("axe.run().then(found => found.violations.map(v => [v.id, v.nodes.map(n => n.html)]))")
            assert found == []
            tab.set_viewport_size({"width": 400, "height": 800})
            assert tab.evaluate("document.documentElement.scrollWidth") <= 400


# Which files are read


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Seat]:
    """A class of one, whose folder is ``students/mal/lab``; returns what is read of it now."""
    monkeypatch.setattr(watchfiles, "_FRESH", 0.0)
    (tmp_path / "students" / "mal" / "lab").mkdir(parents=True)
    (tmp_path / "told").mkdir()
    (tmp_path / "told" / "mal").touch()
    made = Watchroom([Watched("mal", "Mal", "Mal Ory", os.getuid())], tmp_path / "students", tmp_path / "told", IDS)
    return lambda: made.seats()[0]


def test_the_course_writes_what_is_read(room: Callable[[], Seat], tmp_path: Path) -> None:
    """What a learner's journal keeps is found, also when it grows; what has not changed is not parsed again."""
    lab = tmp_path / "students" / "mal" / "lab"
    journal = Journal(lab, tmp_path / "work")
    assert room().log is None
    journal.add(line("2.1", passed=True))
    journal.add(line("2.2"))
    first = room().log
    assert first
    assert [check.id for check in first.checks] == ["2.1", "2.2"]
    assert first.said == ""
    assert room().log is first
    journal.add(line("2.2"))
    again = room().log
    assert again
    assert len(again.checks) == 3


def test_who_was_not_told_is_not_read(
    room: Callable[[], Seat], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not so much as opened; nor is what was read before kept."""
    Journal(tmp_path / "students" / "mal" / "lab", tmp_path / "work").add(line("2.1"))
    assert room().log
    (tmp_path / "told" / "mal").unlink()
    monkeypatch.setattr(watchfiles, "read_plain", lambda *_a: pytest.fail("it was read"))
    assert room() == Seat("Mal", "Mal Ory", told=False)


def _huge(place: Path, _secret: Path) -> None:
    with place.open("wb") as out:
        out.write(HEAD)
        out.truncate(10**9)


@pytest.mark.parametrize(
    ("put", "said"),
    [
        (lambda place, secret: place.symlink_to(secret), "not a plain file"),
        (lambda place, secret: os.link(secret, place), "not a plain file"),
        (lambda place, _secret: os.mkfifo(place), "not a plain file"),
        (lambda place, _secret: place.mkdir(), "not a plain file"),
        (lambda place, _secret: place.symlink_to("/dev/zero"), "not a plain file"),
        (_huge, "too large"),
    ],
    ids=["link", "second name", "pipe", "folder", "device", "1 GB"],
)
def test_what_is_in_the_place_of_the_file(
    room: Callable[[], Seat], tmp_path: Path, put: Callable[[Path, Path], None], said: str
) -> None:
    """Nothing is followed, waited for, or read to its end."""
    secret = tmp_path / "secret"
    secret.write_bytes(file(line("2.1", passed=True)))
    put(tmp_path / "students" / "mal" / "lab" / "progress", secret)
    begun = time.monotonic()
    log = room().log
    assert log
    assert said in log.said
    assert log.checks == ()
    assert time.monotonic() - begun < 2


def test_a_file_of_another_user_is_not_read(tmp_path: Path) -> None:
    """Whoever it was that put it there."""
    (tmp_path / "progress").write_bytes(file())
    with pytest.raises(OSError, match="progress"):
        plain.read_plain(tmp_path, "progress", os.getuid() + 1, 1000, None)
    (tmp_path / "door").symlink_to(tmp_path)
    with pytest.raises(OSError, match="door"):
        plain.read_plain(tmp_path / "door", "progress", os.getuid(), 1000, None)


# Off, and on


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ClassFolder:
    """A machine that can serve a class, its sockets somewhere else; and where that class will be."""
    monkeypatch.setattr(serve, "unavailable", lambda: "")

    def teacher(place: ClassFolder, name: str) -> str:
        if name:  # without a password: what it is hashed with is not installed here
            write(place.hub / "teacher", name)
        return ""

    monkeypatch.setattr(serve, "_teacher", teacher)
    monkeypatch.setattr(ClassFolder, "run", property(lambda self: tmp_path / "run" / "0a1b2c3d"))
    monkeypatch.setenv("LABKIT_ROOT", str(ROOT))
    (tmp_path / "roster.csv").write_text("id,name\nAda,Ada Lovelace\nzoë,Zoë\n")
    monkeypatch.chdir(tmp_path)
    return ClassFolder.of(tmp_path / "class")


def run(*words: str) -> int:
    """Run ``labkit classroom serve --check``."""
    return cli.main(["classroom", "serve", "class", "--check", "--port", "18324", *words])


def configured(place: ClassFolder, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the class's configuration tells JupyterHub, which is not installed here."""

    class Section(SimpleNamespace):
        def __getattr__(self, name: str) -> Any:
            setattr(self, name, Section())
            return getattr(self, name)

    c = Section()
    monkeypatch.setattr(ClassFolder, "configure", lambda self, c: None)
    exec(compile(place.config.read_text(), "jupyterhub_config.py", "exec"), {"get_config": lambda: c})
    return c


def test_a_class_is_not_watched_unless_asked_for(
    place: ClassFolder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No page, no sentence; with --watch both, also at the next start; --no-watch ends it, and nobody was told."""
    assert run("--roster", "roster.csv", "--teacher", "prof") == 0
    assert "/services/watch/" not in capsys.readouterr().out
    assert not place.watched()
    assert place.said() == ""
    c = configured(place, monkeypatch)
    assert [service["name"] for service in c.JupyterHub.services] == ["culler"]
    assert "Your teacher has a page" not in c.JupyterHub.template_vars["announcement_login"]

    assert run("--watch") == 0
    assert "is at http://127.0.0.1:18324/services/watch/. Students are told so." in capsys.readouterr().out
    c = configured(place, monkeypatch)
    first, _culler = c.JupyterHub.services
    assert first["name"] == "watch"
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", first["url"])
    assert "admin" not in first
    assert watch.notice() in c.JupyterHub.template_vars["announcement_login"]
    (place.told / "ada").touch()
    assert run() == 0
    assert "/services/watch/" in capsys.readouterr().out
    assert (place.told / "ada").exists()

    assert run("--no-watch") == 0
    assert "/services/watch/" not in capsys.readouterr().out
    assert place.services() == []
    assert not place.told.exists()


def test_a_page_that_nobody_would_see(place: ClassFolder, capsys: pytest.CaptureFixture[str]) -> None:
    """A class without a teacher, and a configuration that starts no page: what to do is said, and it stays off."""
    assert run("--roster", "roster.csv", "--watch") == 1
    assert "the class has no teacher.\nSay who it is: --teacher NAME." in capsys.readouterr().err
    assert not place.hub.exists()
    assert run("--roster", "roster.csv", "--teacher", "prof", "--watch") == 0
    place.config.write_text(place.config.read_text().replace("*lab_class.services(),", ""))
    assert run("--no-watch") == 0
    assert run("--watch") == 1
    assert f"add: *ClassFolder.of({str(place.root)!r}).services()" in capsys.readouterr().err
    assert not place.watched()


def test_what_the_page_is_told(place: ClassFolder) -> None:
    """The students of the roster in its order, by their names; not the teacher, and nobody who left."""
    assert run("--roster", "roster.csv", "--teacher", "prof", "--watch") == 0
    order = watchroom.order(place)
    assert [(one["login"], one["id"], one["name"]) for one in order["students"]] == [
        ("ada", "Ada", "Ada Lovelace"), ("zoë", "zoë", "Zoë"),
    ]  # fmt: skip
    users = {one["user"] for one in order["students"]}
    assert place.watcher not in users
    Path("roster.csv").write_text("id\nzoë\n")
    assert run("--roster", "roster.csv") == 0
    assert [one["login"] for one in watchroom.order(place)["students"]] == ["zoë"]


def test_a_learner_is_told_first(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Where there is something to say, labkit.start says it, before all else and harmlessly; elsewhere nothing."""
    monkeypatch.setenv("LABKIT_NOTICE", f"{watch.notice()}\x1b[2J")
    with pytest.raises(labkit.UnknownExercise):
        labkit.start("77")
    lines = capsys.readouterr().out.splitlines()
    assert " ".join(lines) == f"{watch.notice()}␛[2J"
    assert max(map(len, lines)) <= 72
    monkeypatch.setenv("LABKIT_NOTICE", "")
    with pytest.raises(labkit.UnknownExercise):
        labkit.start("77")
    assert capsys.readouterr().out == ""


def test_the_page_is_ended_with_its_class(place: ClassFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is known by its module and by the class's sockets; that of another class is left alone."""
    commands = [[sys.executable, "-m", watchroom.PAGE, "/order.json", str(run)] for run in (place.run, "/run/other")]
    monkeypatch.setattr(serve, "find", lambda wanted: [words for words in commands if wanted(words)])
    monkeypatch.setattr(serve, "_cwd", lambda _process: Path("/"))
    assert serve._servants(place) == commands[:1]
