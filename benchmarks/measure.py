"""Taking turns: what is measured and what it is measured against meet the machine in the same state."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Parameters
    ----------
    what, against: what was measured, and beside what.
    ours, theirs: medians, in `unit`.
    value, bound: the number that counts, and the most (or, with `least`, the least) that it may be.
    """

    what: str
    against: str
    ours: float
    theirs: float | None
    unit: str
    value: float
    bound: float
    kind: str = "×"
    least: bool = False

    @property
    def holds(self) -> bool:
        """Whether the bound holds."""
        return self.value >= self.bound if self.least else self.value <= self.bound

    def line(self) -> str:
        """The row in Markdown."""
        theirs = "–" if self.theirs is None else f"{self.theirs:.3g} {self.unit}"
        value, bound = (f"{n:.3g} {self.kind}" for n in (self.value, self.bound))
        sign = "≥" if self.least else "≤"
        cells = [self.what, f"{self.ours:.3g} {self.unit}", self.against, theirs, value, f"{sign} {bound}"]
        return f"| {' | '.join(cells)} | {'yes' if self.holds else 'NO'} |"


HEAD = "| what | median | against | median | value | bound | holds |\n|---|---|---|---|---|---|---|"


def turns(count: int, *ways: Callable[[], float]) -> list[float]:
    """Let each way measure itself `count` times, by turns; return the median of each.

    The order is turned round each time, so that none always comes first.
    """
    taken: list[list[float]] = [[] for _way in ways]
    for turn in range(count):
        order = range(len(ways)) if turn % 2 == 0 else reversed(range(len(ways)))
        for n in order:
            taken[n].append(ways[n]())
    return [statistics.median(times) for times in taken]


def machine() -> str:
    """The facts of the machine that matter for the numbers."""
    cpu = next(
        (line.partition(":")[2].strip() for line in _read("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor() or "unknown processor",
    )
    load = ", ".join(f"{n:.1f}" for n in os.getloadavg())
    facts = (
        f"{os.cpu_count()} × {cpu}; {platform.system()} {platform.release()}; "
        f"Python {platform.python_version()}; load before the run {load}"
    )
    # On a busy machine, a session's scheduling group can be given the right of way.
    nice = "".join(_read("/proc/self/autogroup")).rpartition(" ")[2]
    return facts if nice in ("", "0") else f"{facts}; scheduling group at nice {nice}"


def _read(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []
