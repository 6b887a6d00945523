"""Every exercise of every lab on the practice engine: what passes and what is refused is as on a real Engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bench import Bench, fits
from enginehelp import make_root, started
from test_exercises import each, test_every_right_way_passes, test_nothing_was_attempted_yet

from labkit.exercises import lab06
from labkit.exercises.record import Exercise
from labkit.exercises.verdict import State

# These find the practice engine behind their fixture.
__all__ = ["test_every_right_way_passes", "test_nothing_was_attempted_yet"]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A learner on a practice engine of a root of its own."""
    paths = make_root(tmp_path_factory.mktemp("p"))
    with started(paths, "practice") as record, pytest.MonkeyPatch.context() as patch:
        patch.setenv("LABKIT_ROOT", str(paths.root))  # lab 1 looks there for the daemon
        patch.setattr(lab06, "PATIENCE", 0.2)  # the servers of this engine are up at once
        bench = Bench(record, paths, tmp_path_factory.mktemp("learner"))
        patch.chdir(bench.paths.work)
        yield bench
        bench.unstage()


@pytest.mark.engine
@each
def test_wrong_attempts_are_refused(exercise: Exercise, bench: Bench) -> None:
    """Each wrong attempt is refused with the message that a real Engine leads to."""
    for wrong in exercise.wrong:
        bench.stage(exercise)
        verdict = bench.check(exercise, bench.attempt(exercise, wrong.calls, wrong.answer))
        assert verdict.state is State.NOT_YET, f"{wrong.title}: {verdict}"
        first, fill = verdict.findings[0], bench.fill(exercise)
        assert not wrong.expected or fits(fill(wrong.expected), first.expected), f"{wrong.title}: {verdict}"
        assert not wrong.found or fits(fill(wrong.found), first.found), f"{wrong.title}: {verdict}"
