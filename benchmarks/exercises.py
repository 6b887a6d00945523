"""Count exercises, wrong attempts and conditions that are needed, and measure how long a check takes.

    python benchmarks/exercises.py [02 …] > benchmarks/EXERCISES.md

It needs the running engine of this checkout, or of ``LABKIT_ROOT``.  The share of
conditions that are needed is the mutation score.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from collections import Counter
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CHECKOUT / "tests"))

from bench import Bench  # noqa: E402 - it lies beside the tests

from labkit.engines.base import EngineRecord, Paths  # noqa: E402
from labkit.exercises.record import LABS, Kind, of_lab  # noqa: E402

TIMES = 5
WITHIN = 100.0
"""A check is to take less, in milliseconds."""
HEAD = """# Exercises, and what their checks need

Printed by `python benchmarks/exercises.py`. A condition is *needed* when some wrong attempt gets
through as soon as it is knocked out. Times are of checks that pass.
"""


def main(labs: list[str]) -> int:
    """Print one row a lab, and the sum; return the exit code."""
    paths = Paths.of(Path(os.environ.get("LABKIT_ROOT", CHECKOUT)))
    record = EngineRecord.load(paths.record)
    kinds = [kind.value for kind in Kind]
    load = os.getloadavg()[0]
    print(HEAD)
    print(f"Docker {record.version}, API {record.api_version}, {os.cpu_count()} cores, load at the start {load:.1f}\n")
    print(f"| lab | exercises | {' | '.join(kinds)} | wrong attempts | conditions | needed | median ms | worst ms |")
    print("|---" * (len(kinds) + 7) + "|")
    total: Counter[str] = Counter()
    all_times: list[float] = []
    longer: list[str] = []
    with tempfile.TemporaryDirectory() as state:
        bench = Bench(record, paths, Path(state))
        os.chdir(bench.paths.work)
        for lab in labs or LABS:
            row: Counter[str] = Counter()
            times: list[float] = []
            for exercise in of_lab(lab):
                found = bench.trials(exercise)
                answer = bench.solve(exercise)
                own = [bench.check(exercise, answer).seconds * 1000 for _n in range(TIMES)]
                times += own
                if (median := statistics.median(own)) >= WITHIN:
                    longer.append(f"{exercise.id} ({median:.0f} ms)")
                row.update({"exercises": 1, exercise.kind.value: 1, "wrong": len(exercise.wrong)})
                row.update({"conditions": len(found.sites), "needed": sum(s in found.needed for s in found.sites)})
            print(_line(lab, row, times, kinds), flush=True)
            total.update(row)
            all_times += times
        bench.unstage()
    print(_line("all", total, all_times, kinds))
    print(f"\nChecks that take longer than {WITHIN:.0f} ms, by their median: {', '.join(longer) or 'none'}.")
    return 0


def _line(name: str, row: Counter[str], times: list[float], kinds: list[str]) -> str:
    numbers = [row["exercises"], *(row[kind] for kind in kinds), row["wrong"], row["conditions"], row["needed"]]
    speed = [f"{statistics.median(times):.0f}", f"{max(times):.0f}"] if times else ["-", "-"]
    return f"| {name} | {' | '.join(map(str, numbers))} | {' | '.join(speed)} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
