"""Every exercise of every lab on the practice engine: what passes and what is refused is as on a real Engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from bench import Bench
from test_exercises import (
    test_every_right_way_passes,
    test_nothing_was_attempted_yet,
    test_wrong_attempts_are_refused_and_every_condition_is_needed,
)

from labkit.engines import setup
from labkit.engines.base import Paths
from labkit.exercises import lab06

CHECKOUT = Path(__file__).parents[1]

# The tests are those of test_exercises.py; here they find the practice engine behind their fixture.
__all__ = [
    "test_every_right_way_passes",
    "test_nothing_was_attempted_yet",
    "test_wrong_attempts_are_refused_and_every_condition_is_needed",
]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A learner on a practice engine of a root of its own."""
    root = tmp_path_factory.mktemp("p")
    for name in ("labkit", "notebooks"):
        (root / name).symlink_to(CHECKOUT / name)
    paths = Paths.of(root)
    record = setup.start(paths, "practice")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LABKIT_ROOT", str(root))  # lab 1 looks there for the daemon
        patch.setattr(lab06, "PATIENCE", 0.2)  # the servers of this engine are up at once
        bench = Bench(record, paths, tmp_path_factory.mktemp("learner"))
        patch.chdir(bench.paths.work)
        yield bench
        bench.unstage()
    setup.stop(paths)
