"""What the tests of the exercises share: a learner who does them, right and wrong, in every way."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import docker
import pytest
from enginehelp import make_root, started

from labkit.curl import SECRET_HEADERS
from labkit.encode import target
from labkit.engines.base import EngineRecord, Paths
from labkit.exchange import Exchange
from labkit.exercises.conditions import NOTHING
from labkit.exercises.desk import Desk
from labkit.exercises.fill import Fill
from labkit.exercises.journal import Journal
from labkit.exercises.record import Also, Call, Exercise, Wrong, drawn, find
from labkit.exercises.show import curl_lines, docker_lines, labkit_lines
from labkit.exercises.stage import elsewhere, filled, kept, send
from labkit.exercises.verdict import Verdict
from labkit.lab import Lab
from labkit.model import Request, Response

DOCKER = shutil.which("docker")
"""The docker command; None where there is none, and its ways are left out, as the end of the run says."""


class RecordingLab(Lab):
    """A lab that remembers what its calls were answered."""

    def call(self, method: str, path: str, /, **options: Any) -> Any:
        answer = super().call(method, path, **options)
        self.__dict__.setdefault("answers", []).append(answer)
        return answer


@dataclass
class Trials:
    """What came of the wrong attempts at one exercise.

    Parameters
    ----------
    refused: each attempt, its verdict, and the placeholders as they were then: each start keeps ids of its own.
    sites: the conditions of the check, in the order in which they were first looked at.
    needed: those without which some wrong attempt gets through.
    """

    refused: list[tuple[Wrong, Verdict, Fill]] = field(default_factory=list)
    sites: dict[str, None] = field(default_factory=dict)
    needed: set[str] = field(default_factory=set)


class Bench:
    """One learner, who does exercises on one engine.

    Parameters
    ----------
    paths: of the engine; the learner's key, journal and starts lie in `state`.
    """

    def __init__(self, record: EngineRecord, paths: Paths, state: Path, seed: str = "tester") -> None:
        self.seed = seed
        self.record = record
        self.paths = Paths(paths.root, paths.work, state, paths.run)
        self.paths.work.mkdir(exist_ok=True)
        self.journal = Journal(state, state)  # its copy does not meet that of another learner
        self._labs: dict[str, RecordingLab] = {}
        self._staged, self._changed = "", False
        self.sites: dict[str, tuple[str, ...]] = {}

    def lab(self, exercise: Exercise) -> RecordingLab:
        if exercise.lab not in self._labs:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("LABKIT_SEED", self.seed)
                self._labs[exercise.lab] = RecordingLab(exercise.lab, self.paths, self.record)
        return self._labs[exercise.lab]

    def desk(self, exercise: Exercise) -> Desk:
        desk = self.lab(exercise)._desk
        desk._journal = self.journal
        return desk

    def fill(self, exercise: Exercise) -> Fill:
        """The placeholders, with what the setup kept."""
        desk = self.desk(exercise)
        fill = desk._fill(exercise)
        start = desk._stage.load(exercise)
        fill.kept.update(start.kept if start else {})
        return fill

    def stage(self, exercise: Exercise) -> None:
        """Make the starting state afresh, where an attempt may have changed it."""
        if lacking := set(exercise.needs) - {c.value for c in self.record.capabilities}:
            pytest.skip(f"the {self.record.kind} engine cannot {', '.join(lacking)}")
        if self._staged == exercise.id and not self._changed:
            return
        self.unstage()
        card = self.desk(exercise).reset(exercise.id)
        assert card.tone != "fault", card.text
        self._staged, self._changed = exercise.id, False

    def unstage(self) -> None:
        """Clear away what the last exercise left."""
        if self._staged:
            last = find(self._staged)
            self.desk(last)._stage.clear(last, self.fill(last))
        self._staged = ""

    def send(self, exercise: Exercise, calls: Iterable[Call]) -> list[Exchange]:
        """Send calls as a learner would, whatever they are answered."""
        fill, answers = self.fill(exercise), []
        for call in calls:
            answer = send(self.lab(exercise)._session, filled(call, exercise, fill))
            if call.keep and answer.ok:
                word, value = kept(call, answer.json())
                fill.kept[word] = value
            answers.append(answer)
        return answers

    def _sending(self, calls: Iterable[Call]) -> None:
        """Note that the starting state is no longer one, once something is sent that may change it."""
        self._changed |= any(call.method not in ("GET", "HEAD") for call in calls)

    def answer(self, exercise: Exercise, expression: str, r: object = None) -> object:
        """Return what `expression` gives, with the last response for ``r``."""
        if not expression:
            return NOTHING
        return eval(self.fill(exercise)(expression), {"r": r, "lab": self.lab(exercise)})

    def attempt(self, exercise: Exercise, calls: Sequence[Call], expression: str) -> object:
        """Make an attempt, and return the answer to hand in."""
        calls = list(calls)
        self._sending(calls)
        answers = self.send(exercise, calls)
        return self.answer(exercise, expression, answers[-1] if answers else None)

    def right_ways(self, exercise: Exercise, folder: Path) -> Iterator[tuple[str, Callable[[], Verdict]]]:
        """Yield the name of each right way, and what goes it from the starting state to a verdict."""
        yield "labkit", lambda: self.by_labkit(exercise)
        if not exercise.of_the_daemon:
            yield "curl", lambda: self.by_curl(exercise, folder)
        if exercise.docker and DOCKER:
            yield "docker", lambda: self.by_docker(exercise)
        for other in exercise.also:
            yield other.title, partial(self._by_calls, exercise, other)

    def _by_calls(self, exercise: Exercise, other: Also) -> Verdict:
        return self.check(exercise, self.attempt(exercise, other.calls, other.answer))

    def by_labkit(self, exercise: Exercise) -> Verdict:
        """Run the solution as it is printed for labkit, and return what its own check says."""
        self._sending(drawn(exercise.solution.calls, self.fill(exercise).draw))
        lab, solution = self.lab(exercise), exercise.solution
        lab.__dict__["answers"] = []
        fill = self.fill(exercise)
        given = f", {fill(solution.answer)}" if solution.answer else ""
        lines = [*labkit_lines(exercise, solution.calls, fill), f'verdict = lab.check("{exercise.id}"{given})']
        room: dict[str, Any] = {"lab": lab}
        exec("\n".join(lines), room)
        meant = {call.path for call in drawn(solution.calls, fill.draw) if call.refused}
        for answer, call in zip(lab.answers, drawn(solution.calls, fill.draw)):
            assert not answer.error or call.path in meant, answer.error
            assert not answer.notes, "a right call is blamed"
        verdict: Verdict = room["verdict"]
        return verdict

    def by_curl(self, exercise: Exercise, folder: Path) -> Verdict:
        """Run the printed curl lines in one sh, and check."""
        self._sending(drawn(exercise.solution.calls, self.fill(exercise).draw))
        fill, session = self.fill(exercise), self.lab(exercise)._session
        solution = exercise.solution
        lines = curl_lines(exercise, solution.calls, fill, session.endpoint, session.version, folder)
        calls = [filled(call, exercise, self.fill(exercise)) if "{kept:" not in str(call) else call
                 for call in drawn(solution.calls, fill.draw)]  # fmt: skip
        secrets = {
            SECRET_HEADERS[k.lower()]: v for c in calls for k, v in c.headers.items() if k.lower() in SECRET_HEADERS
        }
        body, status = folder / "body", folder / "status"
        script = [
            line if call.keep else f"{line} -s -o {body} -w '%{{http_code}}' > {status}"
            for line, call in zip(lines, calls)
        ]
        done = subprocess.run(
            ["sh", "-eu", "-c", "\n".join(script)], env={**os.environ, **secrets}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        r = None
        if body.exists() or status.exists():
            call = calls[-1]
            bare = elsewhere(call.path)[1]  # of another server than the engine
            request = Request(call.method, target(bare, call.params, session.version), session.endpoint)
            r = Exchange(
                request, Response(int(status.read_text()), "", (), body.read_bytes() if body.exists() else b""), 0.0
            )
        return self.check(exercise, self.answer(exercise, solution.answer, r))

    def by_docker(self, exercise: Exercise) -> Verdict:
        """Run the docker commands, or the lines for docker-py, and check."""
        self._changed = True
        host = str(self.record.endpoint)
        environment = {**os.environ, "DOCKER_HOST": host, "DOCKER_CONFIG": str(self.paths.state)}
        fill = self.fill(exercise)
        for entry, line in zip(exercise.docker, docker_lines(exercise, fill)):
            if isinstance(entry, str):
                client = docker.DockerClient(base_url=host)
                exec(line, {"client": client})
                client.close()
            else:
                done = subprocess.run(["sh", "-c", line], env=environment, capture_output=True, text=True)
                assert done.returncode == 0, done.stderr
        return self.check(exercise, NOTHING)

    def solve(self, exercise: Exercise) -> object:
        """Do an exercise rightly from its starting state; return the answer to hand in."""
        self.stage(exercise)
        calls = drawn(exercise.solution.calls, self.fill(exercise).draw)
        return self.attempt(exercise, calls, exercise.solution.answer)

    def trials(self, exercise: Exercise) -> Trials:
        """Make every wrong attempt, and knock out each condition of the check after it."""
        found = Trials()
        self.stage(exercise)
        fresh = self.check(exercise)
        if not fresh.findings:  # conditions that tell an attempt from none
            found.needed |= {s for s in fresh.sites if self.check(exercise, off=[s]).state is not fresh.state}
        for wrong in exercise.wrong:
            self.stage(exercise)
            answer = self.attempt(exercise, wrong.calls, wrong.answer)
            verdict = self.check(exercise, answer)
            found.refused.append((wrong, verdict, self.fill(exercise)))
            found.sites |= dict.fromkeys(verdict.sites)
            found.needed |= {s for s in verdict.sites if self.check(exercise, answer, off=[s]).passed}
        if exercise.id not in self.sites:
            self.check(exercise, self.solve(exercise))
        found.sites |= dict.fromkeys(self.sites.get(exercise.id, ()))
        return found

    def check(self, exercise: Exercise, answer: object = NOTHING, off: Sequence[str] = ()) -> Verdict:
        """Check without writing anything down."""
        verdict = self.desk(exercise).look(exercise, answer, frozenset(off))
        if verdict.passed and not off:
            self.sites[exercise.id] = verdict.sites
        return verdict


@contextmanager
def on_practice(folders: pytest.TempPathFactory) -> Iterator[Bench]:
    """A learner on a practice engine of their own, who stands where a kernel runs."""
    paths = make_root(folders.mktemp("p"))
    with started(paths, "practice") as record, pytest.MonkeyPatch.context() as patch:
        patch.setenv("LABKIT_ROOT", str(paths.root))
        bench = Bench(record, paths, folders.mktemp("learner"))
        patch.chdir(bench.paths.work)
        yield bench
        bench.unstage()


def fits(template: str, text: str) -> bool:
    """Whether a text is as a template says; ``…`` stands for anything."""
    return re.fullmatch(re.escape(template).replace("…", ".*"), text, re.DOTALL) is not None
