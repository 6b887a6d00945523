"""Every exercise of every lab: right answers pass, wrong ones never do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from bench import Bench, fits

from labkit.engines.base import EngineRecord, Paths
from labkit.exercises.draw import Draw
from labkit.exercises.fill import Fill
from labkit.exercises.record import LABS, Exercise, Kind, drawn, everything, of_lab
from labkit.exercises.show import labkit_lines
from labkit.exercises.verdict import State

EXERCISES = everything()
# The scope brings the tests of one exercise together, so that a starting state serves several of them.
each = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.id, scope="module")


SURVIVORS: dict[str, str] = {}
"""Conditions that no wrong attempt needs, as ``id function:line`` without the line, and why they stay."""


@pytest.fixture(scope="module")
def bench(engine: EngineRecord, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    bench = Bench(engine, Paths.of(Path(os.environ["LABKIT_ROOT"])), tmp_path_factory.mktemp("learner"))
    before = Path.cwd()
    os.chdir(bench.paths.work)  # where a learner's kernel runs
    yield bench
    bench.unstage()
    os.chdir(before)


def _fill(exercise: Exercise, seed: str) -> Fill:
    draw = Draw(seed, exercise.lab, (20000, 20099))
    words = ("work", "lab", "exercise", "registry", "mirror", "user", "auth", "password_file", "now")
    values = {**dict.fromkeys(words, "x"), "lab": exercise.lab, **(exercise.values(draw) if exercise.values else {})}

    class Kept(dict[str, str]):
        def __contains__(self, word: object) -> bool:
            return True

        def __missing__(self, word: str) -> str:
            return word

    return Fill(draw, values, Kept())


def test_each_lab_has_its_exercises() -> None:
    """Every lab that has exercises has at least five, of at least three kinds."""
    for lab in LABS:
        found = of_lab(lab)
        assert not found or (len(found) >= 5 and len({e.kind for e in found}) >= 3), lab


@each
def test_a_record_is_whole(exercise: Exercise) -> None:
    """An exercise has four hints, four wrong attempts with messages of their own, and nothing left unfilled."""
    assert len(exercise.wrong) >= 4
    assert len({wrong.title for wrong in exercise.wrong}) == len(exercise.wrong)
    assert len({(wrong.expected, wrong.found) for wrong in exercise.wrong}) == len(exercise.wrong)
    assert all(wrong.expected or wrong.found for wrong in exercise.wrong)
    if exercise.kind in (Kind.MAKE, Kind.REPAIR):
        assert exercise.docker or exercise.of_the_daemon, "an exercise that changes something is also done with docker"
        assert not exercise.solution.answer
    else:
        assert exercise.solution.answer
    fill = _fill(exercise, "a")
    fill([exercise.goal, exercise.title, exercise.begin, exercise.solution.why, dict(exercise.hints)])
    assert exercise.solution.why
    assert len(exercise.goal.splitlines()[0]) > 20


@each
def test_two_learners_differ(exercise: Exercise) -> None:
    """What one learner types does not do for another."""
    seen = set()
    for seed in ("a", "b", "c", "d", "e", "f"):
        fill = _fill(exercise, seed)
        calls = drawn(exercise.setup, fill.draw), exercise.solution.calls, exercise.solution.answer
        shown = labkit_lines(exercise, exercise.solution.calls, fill)
        seen.add(str((fill(list(map(vars, calls[0]))), shown, fill(calls[2]))))
    assert len(seen) > 3


@pytest.mark.engine
@each
def test_nothing_was_attempted_yet(exercise: Exercise, bench: Bench) -> None:
    """Before anything is done, a check says how to begin and counts nothing."""
    bench.stage(exercise)
    verdict = bench.check(exercise)
    assert verdict.state is State.NOT_ATTEMPTED, verdict
    assert verdict.words[0]
    assert not verdict.counts


@pytest.mark.engine
@each
def test_every_right_way_passes(exercise: Exercise, bench: Bench, tmp_path: Path) -> None:
    """The solution as it is printed passes: by labkit, by curl through sh, by docker; and so do other right ways."""
    failed = []
    for way, go in bench.right_ways(exercise, tmp_path):
        bench.stage(exercise)
        verdict = go()
        if not verdict.passed:
            failed.append(f"{way}: {verdict}")
        if way == "labkit" and exercise.kind is Kind.PREDICT:  # what is true is what the engine answers
            given = bench.answer(exercise, exercise.solution.answer)
            statuses = [answer.status for answer in bench.lab(exercise).answers]
            assert statuses == (given if isinstance(given, list) else [given])
    assert not failed, "\n".join(failed)


@pytest.mark.engine
@each
def test_wrong_attempts_are_refused_and_every_condition_is_needed(exercise: Exercise, bench: Bench) -> None:
    """Each wrong attempt gets its own message; with any condition knocked out, one of them would get through."""
    found = bench.trials(exercise)
    messages = []
    for wrong, verdict, fill in found.refused:
        assert verdict.state is State.NOT_YET, f"{wrong.title}: {verdict}"
        first = verdict.findings[0]
        assert not wrong.expected or fits(fill(wrong.expected), first.expected), f"{wrong.title}: {verdict}"
        assert not wrong.found or fits(fill(wrong.found), first.found), f"{wrong.title}: {verdict}"
        messages.append((first.expected, first.found, first.where))
    assert len(set(messages)) == len(messages), "two wrong attempts get the same message"
    alive = [
        s for s in found.sites if s not in found.needed and f"{exercise.id} {s.partition(':')[0]}" not in SURVIVORS
    ]
    assert not alive, f"no wrong attempt needs these conditions: {alive}"
