"""Every exercise of every lab on the container kind: right ways, wrong attempts and knocked-out conditions."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from bench import Bench
from enginehelp import make_root, started
from test_exercises import (
    test_every_right_way_passes,
    test_nothing_was_attempted_yet,
    test_wrong_attempts_are_refused_and_every_condition_is_needed,
)
from test_exercises_soak import in_random_order

from labkit.engines.base import EngineRecord, Paths

pytestmark = pytest.mark.slow

# These find the container kind behind their fixture.
__all__ = [
    "test_every_right_way_passes",
    "test_nothing_was_attempted_yet",
    "test_wrong_attempts_are_refused_and_every_condition_is_needed",
]


@pytest.fixture(scope="module")
def bench(engine: EngineRecord, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A learner on an engine in a container of a Docker that has nothing else to do."""
    images = (Paths.of(Path(os.environ["LABKIT_ROOT"])).state / "images").resolve()
    outer, inner = (make_root(tmp_path_factory.mktemp(name) / "root", images) for name in ("outer", "inner"))
    with started(outer) as docker, pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("DOCKER_")]:
            patch.delenv(name)
        patch.setenv("DOCKER_HOST", str(docker.endpoint))
        with started(inner, "container") as record:
            patch.setenv("LABKIT_ROOT", str(inner.root))  # lab 1 looks there for the daemon
            bench = Bench(record, inner, tmp_path_factory.mktemp("learner"))
            patch.chdir(bench.paths.work)
            yield bench
            bench.unstage()


@pytest.mark.timeout(3600)
def test_twenty_learners_in_random_order(bench: Bench, tmp_path: Path) -> None:
    """Whatever is drawn for a learner, and in whatever order, every solution passes."""
    bench.unstage()  # what the other tests left is not a learner's
    in_random_order(bench.record, Paths.of(bench.paths.root), tmp_path)
