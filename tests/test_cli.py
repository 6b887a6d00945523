"""The command line: what it prints where, its exit codes, and how errors are said."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from labkit import cli, commands, reset
from labkit.cleanup import Thing
from labkit.engines import setup
from labkit.engines.base import EngineRecord, Paths
from labkit.errors import EngineError
from labkit.jupyter import Jupyter, Server
from labkit.model import Endpoint
from labkit.progress import Progress

RECORD = EngineRecord("private", Endpoint(socket="/run/x.sock"), "20.10.24", "1.41", (40000, 40099))
SERVER = Server(4711, 8888, "secret")


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """A checkout with two notebooks, named by LABKIT_ROOT."""
    for folder in ("labkit", "notebooks/src"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("01-one.ipynb", "02-two.ipynb"):
        (tmp_path / "notebooks" / name).write_text("{}")
    monkeypatch.setenv("LABKIT_ROOT", str(tmp_path))
    return Paths.of(tmp_path)


class Calls(list[str]):
    """The order in which parts of the course were started and stopped."""


@pytest.fixture
def calls(course: Paths, monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Stand-ins for JupyterLab and the engine, which note what is asked of them."""
    calls = Calls()

    def note(word: str, answer: Any = None) -> Callable[..., Any]:
        def call(*_arguments: object, **_options: object) -> Any:
            calls.append(word)
            if isinstance(answer, BaseException):
                raise answer
            return answer

        return call

    monkeypatch.setattr(Jupyter, "running", lambda _self: None)
    monkeypatch.setattr(Jupyter, "is_begun", lambda _self: "begin" in calls)
    monkeypatch.setattr(Jupyter, "trust", lambda _self, _files: None)
    monkeypatch.setattr(Jupyter, "begin", note("begin", []))
    monkeypatch.setattr(Jupyter, "wait", note("wait", SERVER))
    monkeypatch.setattr(Jupyter, "arrange", note("arrange", SERVER))
    monkeypatch.setattr(Jupyter, "stop", note("stop", True))
    monkeypatch.setattr(setup, "start", note("engine", RECORD))
    monkeypatch.setattr(setup, "stop", note("engine stop"))
    monkeypatch.setattr(setup, "status", lambda _paths: RECORD if "engine" in calls else None)
    return calls


def test_start_prints_the_url_alone(calls: Calls, capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output is one line, the URL; how to stop it is said on standard error."""
    assert cli.main(["--no-browser"]) == 0
    said = capsys.readouterr()
    assert said.out == f"{SERVER.url}\n"
    assert "./lab stop" in said.err
    assert calls == ["begin", "engine", "wait", "arrange"]  # side by side: the server is awaited last


def test_start_lays_the_notebooks_out(calls: Calls, course: Paths) -> None:
    """A start gives the learner a copy to work in."""
    cli.main(["start", "--no-browser"])
    assert sorted(file.name for file in course.work.glob("*.ipynb")) == ["01-one.ipynb", "02-two.ipynb"]


def test_start_says_where_a_new_edition_stands(calls: Calls, course: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    """A new edition beside a changed copy is said by name."""
    cli.main(["--no-browser"])
    (course.work / "01-one.ipynb").write_text("mine")
    (course.root / "notebooks" / "01-one.ipynb").write_text("new")
    capsys.readouterr()
    cli.main(["--no-browser"])
    assert "01-one.ipynb has a new edition" in capsys.readouterr().err


@pytest.mark.parametrize("works", [True, False])
@pytest.mark.parametrize("user", [0, 1000])
def test_start_without_programs(
    calls: Calls, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], user: int, works: bool
) -> None:
    """Where curl and ps are missing, root gets them; otherwise that is said, and the start goes on."""

    def install(names: list[str], _progress: object) -> None:
        calls.append(f"install {' '.join(names)}")
        if not works:
            raise EngineError("The machine is not online.")

    monkeypatch.setattr(commands.shutil, "which", lambda _name: None)
    monkeypatch.setattr(commands.packages, "can_install", lambda: True)
    monkeypatch.setattr(commands.packages, "install", install)
    monkeypatch.setattr("os.geteuid", lambda: user)
    assert cli.main(["--no-browser"]) == 0
    said = capsys.readouterr()
    assert said.out == f"{SERVER.url}\n"
    assert ("install curl procps" in calls) == (user == 0)
    assert ("apt-get install curl procps" in said.err) == (user != 0 or not works)


@pytest.mark.parametrize("words", [["--engine", "cloud"], ["start", "--engine", "cloud"]])
def test_unknown_engine(calls: Calls, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """An engine that there is not is refused with those there are, before anything is begun."""
    assert cli.main(words) == 1
    said = capsys.readouterr().err
    assert "'cloud'" in said
    assert "private" in said
    assert calls == []


@pytest.mark.parametrize(("runs", "stopped"), [(None, ["stop"]), (SERVER, [])])
def test_engine_that_does_not_start(
    calls: Calls,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    runs: Server | None,
    stopped: list[str],
) -> None:
    """Without an engine, a JupyterLab begun by this start is ended; one that ran before goes on."""

    def refuse(*_arguments: object) -> None:
        raise EngineError("The engine did not start.", "Type ./lab doctor.")

    monkeypatch.setattr(Jupyter, "running", lambda _self: runs)
    monkeypatch.setattr(setup, "start", refuse)
    assert cli.main([]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.endswith("The engine did not start.\nType ./lab doctor.\n")
    assert calls == ["begin", *stopped]


def test_debug_shows_the_traceback(
    calls: Calls, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --debug, and only then, an error comes with its traceback."""

    def refuse(*_arguments: object) -> None:
        raise EngineError("The engine did not start.")

    monkeypatch.setattr(setup, "start", refuse)
    assert cli.main([]) == 1
    assert "Traceback" not in capsys.readouterr().err
    assert cli.main(["--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("code", "said"),
    [(errno.ENOSPC, "The disk is full"), (errno.EROFS, "may not write"), (errno.EACCES, "may not write")],
)
def test_files_that_cannot_be_written(
    calls: Calls, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], code: int, said: str
) -> None:
    """A full disk or a read-only folder is two lines: what happened, and what to do."""

    def refuse(*_arguments: object) -> None:
        raise OSError(code, "refused", "/course/.lab/x")

    monkeypatch.setattr(Jupyter, "begin", refuse)
    assert cli.main([]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert said in lines[0]
    assert "/course/.lab/x" in lines[0]
    assert len(lines) == 2


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("begin", "Nothing of the course runs"),
        ("engine", "JupyterLab goes on running. To stop it: ./lab stop"),
        ("wait", "JupyterLab and the engine go on running. To stop them: ./lab stop"),
    ],
)
def test_ctrl_c_says_what_goes_on(
    calls: Calls, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], at: str, said: str
) -> None:
    """Ctrl-C at any moment of a start says what goes on running, and how to stop it."""

    def interrupt(*_arguments: object) -> None:
        raise KeyboardInterrupt

    where = {"begin": (Jupyter, "begin"), "engine": (setup, "start"), "wait": (Jupyter, "wait")}
    monkeypatch.setattr(*where[at], interrupt)
    assert cli.main([]) == 130
    assert said in capsys.readouterr().err
    assert "stop" not in calls


def test_output_that_nobody_reads() -> None:
    """``./lab engine list | head -0`` ends without a word."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "labkit.cli", "engine", "list"], stdout=write, stderr=subprocess.PIPE, text=True
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (cli.UNREAD, "")


def test_stop(calls: Calls, capsys: pytest.CaptureFixture[str], course: Paths) -> None:
    """Stop ends JupyterLab before the engine that its kernels use, and says where the notebooks are."""
    assert cli.main(["stop"]) == 0
    assert calls == ["stop", "engine stop"]
    assert str(course.work) in capsys.readouterr().err


def test_status(calls: Calls, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Status says of each part where it is, or that it does not run."""
    assert cli.main(["status"]) == 0
    assert capsys.readouterr().out.count("does not run") == 2
    monkeypatch.setattr(Jupyter, "running", lambda _self: SERVER)
    monkeypatch.setattr(setup, "status", lambda _paths: RECORD)
    assert cli.main(["status"]) == 0
    said = capsys.readouterr().out
    assert SERVER.url in said
    assert "private: Docker 20.10.24, API 1.41, unix:///run/x.sock" in said


def test_status_of_a_start_that_was_cut_off(
    calls: Calls, course: Paths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was begun and not ended is said as such, by status and after Ctrl-C."""
    begun = ["python", "-I", "-S", "/somewhere/labkit/engines/boot.py", str(course.root), "{}"]
    other = ["python", "-I", "-S", "/somewhere/labkit/engines/boot.py", "/another/course", "{}"]
    monkeypatch.setattr(commands, "find", lambda wanted: [words for words in (begun, other) if wanted(words)])
    calls.append("begin")
    assert cli.main(["status"]) == 0
    said = capsys.readouterr().out
    assert "JupyterLab  is starting" in said
    assert "was not started to its end" in said
    assert "JupyterLab and the engine go on running" in commands.what_goes_on()
    monkeypatch.setattr(commands, "find", lambda wanted: [words for words in (other,) if wanted(words)])
    assert "JupyterLab goes on running" in commands.what_goes_on()


@pytest.mark.parametrize(
    ("words", "done"),
    [(["engine", "start"], ["engine"]), (["engine", "stop"], ["engine stop"]), (["engine", "status"], [])],
)
def test_engine_alone(calls: Calls, words: list[str], done: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The engine can be started, stopped and looked at without JupyterLab."""
    assert cli.main(words) == 0
    assert calls == done
    assert ("private: Docker" in capsys.readouterr().out) == (words == ["engine", "start"])


def test_engine_list(calls: Calls, capsys: pytest.CaptureFixture[str]) -> None:
    """Each kind of engine is listed, with the reason where it cannot be had."""
    assert cli.main(["engine", "list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(setup.KINDS)


@pytest.mark.parametrize(
    "words", [["engine"], ["engine", "restart"], ["reset", "1", "2"], ["--port", "1"], ["stop", "now"]]
)
def test_bad_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A command or option that there is not ends with exit code 2 and the usage."""
    with pytest.raises(SystemExit) as caught:
        cli.main(words)
    assert caught.value.code == 2
    assert "usage: lab" in capsys.readouterr().err


def test_words_after_two_dashes(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands after -- goes to JupyterLab, or to pytest, as it is."""
    given: list[list[str]] = []
    monkeypatch.setattr(Jupyter, "begin", lambda _self, options: given.append(list(options)) or [])
    cli.main(["--no-browser", "--", "--LabApp.x=1", "--", "-y"])
    monkeypatch.setattr("labkit.selftest.selftest", lambda words, everything: given.append([*words, str(everything)]))
    cli.main(["test", "--all", "--", "-k", "curl"])
    assert given == [["--LabApp.x=1", "--", "-y"], ["-k", "curl", "True"]]


def test_options_before_and_after_the_command() -> None:
    """An option of both holds wherever it stands."""
    for words in (["--engine", "podman", "start"], ["start", "--engine", "podman"], ["--engine", "podman"]):
        assert cli.parse(words).engine == "podman"


# -- reset -----------------------------------------------------------------------------

WEB = Thing("container", "web-3f9c", "abc")


@pytest.fixture
def found(calls: Calls, course: Paths, monkeypatch: pytest.MonkeyPatch) -> list[Thing]:
    """An engine with a container of lab 2; the list that is given back holds what reset removes."""
    removed: list[Thing] = []
    calls.append("engine")

    def remove(_session: object, things: list[Thing]) -> list[tuple[Thing, int]]:
        removed.extend(things)
        return [(thing, 204) for thing in things]

    monkeypatch.setattr(reset, "find", lambda _session, lab, _drawn: [WEB] if lab == "02" else [])
    monkeypatch.setattr(reset, "remove", remove)
    (course.work).mkdir()
    (course.work / "02-two.ipynb").write_text("mine")
    return removed


def test_reset_says_what_goes_and_asks(
    found: list[Thing], course: Paths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything goes it is named, and the learner may say no."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _question: "n")
    assert cli.main(["reset", "2"]) == 1
    said = capsys.readouterr().out
    assert "container web-3f9c" in said
    assert "02-two.ipynb" in said
    assert found == []
    assert (course.work / "02-two.ipynb").read_text() == "mine"


def test_reset_with_yes(found: list[Thing], course: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    """With --yes the lab's things go, and the old copy of its notebook is kept."""
    assert cli.main(["reset", "02", "--yes"]) == 0
    assert found == [WEB]
    texts = {file.read_text() for file in course.work.glob("02-two*.ipynb")}
    assert texts == {"mine", "{}"}


def test_reset_of_another_lab_leaves_this_one(found: list[Thing], course: Paths) -> None:
    """Resetting lab 1 touches nothing of lab 2."""
    assert cli.main(["reset", "01", "--yes"]) == 0
    assert found == []
    assert (course.work / "02-two.ipynb").read_text() == "mine"


def test_reset_without_anyone_to_ask(found: list[Thing], capsys: pytest.CaptureFixture[str]) -> None:
    """In a script, a reset without --yes removes nothing and says how to go ahead."""
    assert cli.main(["reset"]) == 1
    assert "--yes" in capsys.readouterr().err
    assert found == []


@pytest.mark.parametrize("number", ["9", "two", "", "022"])
def test_reset_of_no_lab(found: list[Thing], number: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A lab that there is none of is refused with those there are."""
    assert cli.main(["reset", number, "--yes"]) == 1
    assert "Known: 01, 02." in capsys.readouterr().err


def test_reset_that_the_engine_refuses(
    found: list[Thing], monkeypatch: pytest.MonkeyPatch, course: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the engine keeps is named with the status, and the notebook is not put back as if all were done."""
    monkeypatch.setattr(reset, "remove", lambda _session, things: [(thing, 409) for thing in things])
    assert cli.main(["reset", "02", "--yes"]) == 1
    assert "container web-3f9c: status 409" in capsys.readouterr().err
    assert (course.work / "02-two.ipynb").read_text() == "mine"


def test_reset_without_an_engine(
    found: list[Thing], monkeypatch: pytest.MonkeyPatch, course: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where no engine runs, the notebook is put back and that is said."""
    monkeypatch.setattr(setup, "status", lambda _paths: None)
    assert cli.main(["reset", "02", "--yes"]) == 0
    assert "only notebooks" in capsys.readouterr().out
    assert (course.work / "02-two.ipynb").read_text() == "{}"


# -- surroundings ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "root", "window"),
    [
        ({"DISPLAY": ":0"}, False, True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, False, True),
        ({}, False, False),
        ({"DISPLAY": ":0"}, True, False),
        ({"DISPLAY": ":10", "SSH_CONNECTION": "192.0.2.1"}, False, False),
    ],
)
def test_browser_only_with_a_desktop(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], root: bool, window: bool
) -> None:
    """A browser is opened on a desktop of the learner's own: not as root, not over ssh, not in a plain terminal."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("os.geteuid", lambda: 0 if root else 1000)
    monkeypatch.setattr(sys, "platform", "linux")
    assert commands.has_desktop() is window


def test_progress_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal each thing that is done is one line, however often its part is told."""
    with Progress() as progress:
        for part in (None, 0.1, 0.9):
            progress("Building the images", part)
        progress("Starting the engine")
    assert capsys.readouterr().err == "Building the images\nStarting the engine\n"


def test_progress_in_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """In a terminal each thing that is done stays as a line; a name in it is no markup."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with Progress() as progress:
        progress("Pulling [bold]busybox[/bold]", 0.5)
        progress("Pulling [bold]busybox[/bold]", 1.5)
        progress("Starting the engine")
    said = capsys.readouterr().err
    assert said.count("Pulling [bold]busybox[/bold]") == 1
    assert "Starting the engine" in said


@pytest.mark.root
@pytest.mark.skipif(sys.platform != "linux", reason="mounts a small disk")
@pytest.mark.parametrize(
    ("option", "said"),
    [("size=16k", "The disk is full"), ("ro", "The course may not write to")],
    ids=["full", "read-only"],
)
def test_real_disk(course: Paths, option: str, said: str) -> None:
    """On a real disk that is full, or read-only, a start says so in two lines and shows no traceback."""
    course.work.mkdir()
    (course.root / "notebooks" / "03-large.ipynb").write_bytes(bytes(100_000))
    start = f"mount -t tmpfs -o {option} tmpfs {course.work} && exec {sys.executable} -m labkit.cli --no-browser"
    done = subprocess.run(["unshare", "--mount", "sh", "-c", start], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert said in done.stderr.splitlines()[0]
    assert len(done.stderr.splitlines()) == 2


def test_outside_of_a_course(tmp_path: Path) -> None:
    """Called outside of the course's folder, the command says so in two lines."""
    done = subprocess.run(
        [sys.executable, "-m", "labkit.cli", "status"], cwd=tmp_path, env={}, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 2
    assert "LABKIT_ROOT" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["strat"], "Did you mean ./lab start?"),
        (["--engine", "private", "stats"], "Did you mean ./lab status?"),
        (["--no-browser", "\x1b[31mxyzzy"], "./lab --help shows them all."),
    ],
)
def test_a_misspelt_command_is_answered_with_the_nearest(words: list[str], said: str) -> None:
    """One sentence, and what to type; no list of usage."""
    answer = cli.misspelt(words)
    assert answer.startswith("There is no command ")
    assert answer.endswith(said)
    assert "\x1b" not in answer


@pytest.mark.parametrize("words", [[], ["stop"], ["--engine", "start"], ["--engine=private"], ["-h"]])
def test_what_is_no_misspelling_is_left_to_the_parser(words: list[str]) -> None:
    """Commands, options and an engine's name are not taken for misspelt commands."""
    assert cli.misspelt(words) == ""


def test_every_command_is_known() -> None:
    """The list of commands is the parser's own."""
    shown = cli.parser().format_help()
    listed = {
        line.split()[0] for line in shown.splitlines() if line.startswith("    ") and not line.startswith("     ")
    }
    assert listed == set(cli.COMMANDS)
