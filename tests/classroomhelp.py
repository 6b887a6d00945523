"""What the tests of grading share: students, what they did, and the reports that they hand in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from labkit import __version__, report, seal
from labkit.exercises.record import everything

IDS = [exercise.id for exercise in everything()]
BEGIN = datetime(2026, 11, 20, 9, 0, tzinfo=timezone.utc)


def stamp(minutes: float) -> str:
    """So many minutes after the course began, as the course writes a time."""
    return (BEGIN + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Learner:
    """A student whose report is made up, without an engine; it is signed as a real one is.

    Parameters
    ----------
    copy: tells the copies of the course apart: key, seed and engine come from it.
    """

    name: str
    copy: str = ""
    entries: list[dict[str, Any]] = field(default_factory=list)
    minutes: float = 0.0

    def __post_init__(self) -> None:
        self.copy = self.copy or self.name

    def _add(self, do: str, id: str, **more: Any) -> None:
        self.minutes += 2
        self.entries.append({"time": stamp(self.minutes), "do": do, "id": id, **more})

    def fail(
        self, id: str, expected: str = "80", found: str = "8080", where: str = "HostConfig.PortBindings"
    ) -> Learner:
        self._add("check", id, state="not yet", engine="28.5.2", finding=[expected, found, where])
        return self

    def pass_(self, *ids: str) -> Learner:
        for id in ids:
            container = hashlib.sha256(f"{self.copy}{id}".encode()).hexdigest()[:12]
            evidence = [[f"GET /containers/web-{container[:4]}/json", container], ["State.Status", "running"]]
            self._add("check", id, state="passed", engine="28.5.2", evidence=evidence)
        return self

    def hint(self, id: str, times: int = 1) -> Learner:
        for rung in range(times):
            self._add("hint", id, about="", rung=rung + 1)
        return self

    def solution(self, id: str) -> Learner:
        self._add("solution", id)
        return self

    def report(self, **changed: Any) -> dict[str, Any]:
        """The report, signed after `changed` was put in."""
        secret = hashlib.sha256(self.copy.encode()).digest()
        made = {
            "format": 1,
            "course": __version__,
            "who": self.name,
            "made": stamp(self.minutes + 1),
            "engine": {},
            "seed": hashlib.sha256(b"seed" + self.copy.encode()).hexdigest()[:16],
            "exercises": report._table(self.entries),
            "journal": seal.chained(self.entries),
            "notes": [],
            "proves": [],
        }
        return seal.sealed({**made, **changed}, secret)

    def file(self, **changed: Any) -> bytes:
        """The report as the bytes of its file."""
        return json.dumps(self.report(**changed), indent=1, ensure_ascii=False).encode()


def class_of(count: int, ids: Sequence[str] = IDS) -> Iterable[Learner]:
    """So many students, each with attempts, hints and passes of their own, the same ones each time."""
    for number in range(count):
        learner = Learner(f"Student{number:03d} Family{number:03d}", minutes=number / 4)
        for place, id in enumerate(ids):
            draw = hashlib.sha256(f"{number} {id}".encode()).digest()
            for n in range(draw[0] % 4):
                learner.fail(id, expected=f"port {20000 + draw[1]}", found=f"port {n}")
            if draw[2] % 5 == 0:
                learner.hint(id, 1 + draw[3] % 3)
            if draw[4] % 4 or place < 5:
                learner.pass_(id)
        yield learner
