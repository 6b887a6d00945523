"""The exercises on an engine that is slow, crowded, noisy, paused or killed, and again and again in any order."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import os
import random
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from bench import Bench
from faulty import Faulty

from labkit.engines import setup
from labkit.engines.base import EngineRecord, Paths
from labkit.errors import LabError
from labkit.exercises import probe
from labkit.exercises.record import LABS, Exercise, everything, find
from labkit.exercises.verdict import State, Verdict
from labkit.model import Endpoint
from labkit.session import Session

pytestmark = [pytest.mark.engine, pytest.mark.slow]

EXERCISES = [e for e in everything() if e.lab in os.environ.get("LABKIT_SOAK_LABS", " ".join(LABS))]
CROWD = 500
RUNS = 20
EVIL = "\x1b[31m<script>alert(1)</script>\u202e"


@pytest.fixture
def paths() -> Paths:
    return Paths.of(Path(os.environ["LABKIT_ROOT"]))


@pytest.fixture
def bench(engine: EngineRecord, paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    bench = Bench(engine, paths, tmp_path, seed="soak")
    monkeypatch.chdir(tmp_path)
    yield bench
    bench.unstage()


def _solved(bench: Bench, exercise: Exercise) -> Verdict:
    return bench.check(exercise, bench.solve(exercise))


def _forgotten(verdict: Verdict) -> bool:
    """Whether the engine lost an event among others, and the check says so."""
    return verdict.state is State.FAULT and "256" in verdict.words[0]


def in_random_order(engine: EngineRecord, paths: Paths, folder: Path) -> None:
    """Let learners solve every exercise, each in an order of their own, whatever is drawn for them.

    Parameters
    ----------
    folder: the learners keep their state there, each in a folder of their own.
    """
    for run in range(RUNS):
        bench = Bench(engine, paths, folder / str(run), seed=f"learner {run}")
        try:
            for exercise in random.Random(run).sample(EXERCISES, len(EXERCISES)):
                verdict = _solved(bench, exercise)
                assert verdict.passed, (run, exercise.id, verdict)
        finally:
            bench.unstage()


@pytest.mark.timeout(3600)
def test_twenty_learners_in_random_order(engine: EngineRecord, paths: Paths, tmp_path: Path) -> None:
    """Whatever is drawn for a learner, and in whatever order, every solution passes."""
    in_random_order(engine, paths, tmp_path)


@pytest.mark.timeout(3600)
def test_every_answer_two_seconds_late(engine: EngineRecord, paths: Paths, tmp_path: Path) -> None:
    """An engine that takes two seconds for each answer changes no verdict."""
    stand = Faulty(tmp_path / "s", str(engine.endpoint.socket))
    bench = Bench(dataclasses.replace(engine, endpoint=Endpoint(socket=stand.path)), paths, tmp_path / "state", "late")
    try:
        for exercise in EXERCISES:
            answer = bench.solve(exercise)
            stand.delay = 2.0
            verdict = bench.check(exercise, answer)
            stand.delay = 0.0
            assert verdict.passed, (exercise.id, verdict)
    finally:
        stand.delay = 0.0
        bench.unstage()
        stand.close()


@contextlib.contextmanager
def _crowd(engine: EngineRecord) -> Iterator[None]:
    """Hundreds of other people's containers with hostile labels."""
    session = Session(engine.endpoint)
    body = {"Image": "busybox", "Labels": {EVIL: EVIL, "crate": EVIL, "somebody": "else"}}
    made = [session.request("POST", "/containers/create", {"name": f"foreign-{n}"}, json=body) for n in range(CROWD)]
    assert {answer.status for answer in made} == {201}, made[-1].text
    try:
        yield
    finally:
        for n in range(CROWD):
            session.request("DELETE", f"/containers/foreign-{n}", {"force": True})
        session.close()


@contextlib.contextmanager
def _noise(engine: EngineRecord) -> Iterator[None]:
    """Somebody who makes, starts and removes containers, volumes and networks without end."""
    over = threading.Event()

    def work() -> None:
        session = Session(engine.endpoint)
        for n in itertools.count():
            if over.is_set():
                break
            name = f"noise-{n}"
            body = {"Image": "busybox", "Cmd": ["true"]}
            try:
                session.request("POST", "/containers/create", {"name": name}, json=body)
                session.request("POST", f"/containers/{name}/start")
                session.request("POST", "/volumes/create", json={"Name": name})
                session.request("DELETE", f"/volumes/{name}")
                session.request("DELETE", f"/containers/{name}", {"force": True})
            except LabError:  # lab 1 restarts the daemon
                over.wait(0.1)
        session.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.timeout(3600)
def test_among_a_crowd_and_its_events(bench: Bench, engine: EngineRecord) -> None:
    """500 foreign containers and a stream of foreign events change no verdict; a lost event is called so."""
    with _crowd(engine), _noise(engine):
        for exercise in EXERCISES:
            verdict = _solved(bench, exercise)
            assert verdict.passed or _forgotten(verdict), (exercise.id, verdict)
            bench.stage(exercise)
            wrong = exercise.wrong[0]
            verdict = bench.check(exercise, bench.attempt(exercise, wrong.calls, wrong.answer))
            assert verdict.state is State.NOT_YET or _forgotten(verdict), (exercise.id, verdict)


def _daemon(paths: Paths) -> int:
    """The process of the engine's dockerd."""
    config = os.fsencode(paths.state / "daemon.json")
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if words[0].endswith(b"dockerd") and config in words:
                return int(folder.name)
    raise AssertionError("no dockerd of this engine")


def test_a_paused_engine_is_our_fault_and_then_right_again(
    bench: Bench, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the daemon stands still nothing is counted; once it goes on, the same state passes."""
    monkeypatch.setattr(probe, "PATIENCE", 1.0)
    exercise = find("2.7")
    assert _solved(bench, exercise).passed
    pid = _daemon(paths)
    os.kill(pid, signal.SIGSTOP)
    try:
        assert bench.check(exercise).state is State.FAULT
    finally:
        os.kill(pid, signal.SIGCONT)
    assert bench.check(exercise).passed


def test_a_killed_engine_is_our_fault_and_then_right_again(bench: Bench, paths: Paths) -> None:
    """After kill -9 nothing is counted; with the engine healed, what was done is still done."""
    exercise = find("2.9")
    assert _solved(bench, exercise).passed
    os.kill(_daemon(paths), signal.SIGKILL)
    assert bench.check(exercise).state is State.FAULT
    setup.start(paths, "private")
    assert bench.check(exercise).passed


def test_a_starting_state_that_a_restart_has_changed_is_said_to_be_so(bench: Bench, paths: Paths) -> None:
    """Where the engine was started again in between, a learner is told that the exercise may have to begin again."""
    exercise = find("2.7")
    bench.stage(exercise)
    assert bench.check(exercise).state is State.NOT_ATTEMPTED
    os.kill(_daemon(paths), signal.SIGKILL)
    setup.start(paths, "private")
    assert any("started again" in word for word in bench.check(exercise).words)
    bench.desk(exercise).reset(exercise.id)
    assert bench.check(exercise).state is State.NOT_ATTEMPTED
