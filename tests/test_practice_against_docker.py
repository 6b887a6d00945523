"""Random sequences of requests to a real Engine and to the practice engine: the answers agree.

They agree in full with 20.10.  The newer profile is read off 29; an Engine between the two answers as 29 in most.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from enginehelp import make_root, started
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from practicediff import KINDS, Pair, Score, Step, random_requests

from labkit.engines.base import EngineRecord, Paths
from labkit.session import Session

pytestmark = [pytest.mark.engine, pytest.mark.real]

LEAST = 0.85
"""So many of the answers agree with those of an Engine that is newer than 20.10; 28.5.2 was seen to reach 0.89."""


def machine(session: Session) -> type[RuleBasedStateMachine]:
    """Return the state machine that asks a real Engine and a practice engine of its own."""

    class Both(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.pair = Pair(session)

        def _ask(self, step: Step) -> None:
            found = self.pair.ask(step)
            assert not found, "\n".join([*self.pair.history[-8:], *found])

        def teardown(self) -> None:
            self.pair.clear()

    for name, make in KINDS.items():

        def go(self: Both, data: st.DataObject, make=make) -> None:  # type: ignore[no-untyped-def]
            self._ask(make(lambda choices: data.draw(st.sampled_from(choices))))

        go.__name__ = name
        setattr(Both, name, rule(data=st.data())(go))
    return Both


def _run(engine: EngineRecord, examples: int, steps: int) -> None:
    session = Session(engine.endpoint)
    try:
        if not engine.version.startswith("20.10"):
            score = Score()
            random_requests(session, score, examples, steps)
            assert score.same.total() >= LEAST * score.asked.total(), score.fields
            return
        how = settings(max_examples=examples, stateful_step_count=steps, deadline=None, database=None)
        run_state_machine_as_test(machine(session), settings=how)
    finally:
        session.close()


@pytest.fixture(scope="module")
def fresh(engine: EngineRecord, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineRecord]:
    """An engine that holds the course's images alone: notebooks leave things on that of the other tests."""
    images = (Paths.of(Path(os.environ["LABKIT_ROOT"])).state / "images").resolve()
    with started(make_root(tmp_path_factory.mktemp("fresh") / "root", images)) as record:
        yield record


def test_random_sequences(fresh: EngineRecord) -> None:
    """Statuses, shapes and all fields but ids, times, addresses and sizes are the same."""
    _run(fresh, 10, 25)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_many_random_sequences(fresh: EngineRecord) -> None:
    """So they are for longer."""
    _run(fresh, 200, 60)
