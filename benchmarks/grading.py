"""Grading a class of 300: reports of the whole course in, tables, workbook and 300 pages out."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from measure import Row, turns

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CHECKOUT / "tests"))

from classroomhelp import class_of  # noqa: E402 - it lies beside the tests

STUDENTS = 300
SECONDS = 10.0


def rows() -> Iterator[Row]:
    """Yield the time of ``labkit grade``, from the start of the command to its end."""
    with tempfile.TemporaryDirectory(prefix="lab-benchmark-") as top:
        folder = Path(top) / "class"
        size = 0
        for number, learner in enumerate(class_of(STUDENTS)):
            place = folder / f"{learner.name}_{number}_assignsubmission_file_"
            place.mkdir(parents=True)
            data = learner.file()
            size += len(data)
            (place / "lab-report.json").write_bytes(data)
        (taken,) = turns(3, lambda: _grade(folder))
        pages = len(list((Path(top) / "class-grades" / "feedback").rglob("*.html")))
        what = f"grade {STUDENTS} reports of {size // STUDENTS // 1000} kB each, {pages} pages written"
        yield Row(what, "–", taken, None, "s", taken, SECONDS, "s")


def _grade(folder: Path) -> float:
    begin = time.perf_counter()
    command = [sys.executable, "-m", "labkit.cli", "grade", str(folder)]
    subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True)
    return time.perf_counter() - begin
