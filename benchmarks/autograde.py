"""``nbgrader autograde`` of a submission: in a jail with an engine of its own, beside nbgrader's own *Execute*.

Both grade the same notebook, lab 2 with every exercise solved.  *Execute* runs it as whoever
grades, against a practice engine that runs already; starting that one is not counted.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from measure import Row, turns
from root import own_root

from labkit.engines import setup
from labkit.engines.base import Paths

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.append(str(CHECKOUT / "tests"))

from hubhelp import NAME, teachers_python  # noqa: E402 - it lies beside the tests
from test_classroom_nbgrader import LAB2, Nbgrader, hand_in, seed  # noqa: E402

TURNS = 3
MOST = 1.5

# The start of Python and of nbgrader, the same for both and once for a whole class, stays outside.
_TIMED = """
import json, sys, time
from nbgrader.api import Gradebook
from nbgrader.apps import AutogradeApp

app = AutogradeApp.instance()
app.initialize(["assignment-02", "--force"])
begin = time.perf_counter()
app.start()
seconds = time.perf_counter() - begin
with Gradebook(app.coursedir.db_url) as book:
    print(json.dumps([seconds, book.find_submission("assignment-02", "one").score]))
"""


def rows() -> Iterator[Row]:
    """Yield the time of one submission, from a gradebook that is open to a score that is in it."""
    python = teachers_python()
    with tempfile.TemporaryDirectory(prefix="lab-benchmark-") as top, own_root() as paths:
        ours, bare = (_course(python, Path(top) / name) for name in ("ours", "bare"))
        config = bare / "nbgrader_config.py"
        config.write_text(f"{config.read_text()}\ndel c.Autograde.autograde_preprocessors\n")
        mine, theirs = turns(TURNS, partial(_grade, python, ours, CHECKOUT), partial(_bare, python, bare, paths))
    what = f"autograde a submission of {len(LAB2)} exercises"
    yield Row(what, "nbgrader's own *Execute*", mine, theirs, "s", mine / theirs, MOST)


def _course(python: Path, folder: Path) -> Path:
    """Make a course with one submission, in which every exercise is solved."""
    words = [sys.executable, "-m", "labkit.cli", "classroom", "init", str(folder), "--lab", "2"]
    subprocess.run(words, cwd=CHECKOUT, env={**os.environ, "LABKIT_ROOT": str(CHECKOUT)}, check=True,
                   capture_output=True)  # fmt: skip
    seed(folder, "example")
    Nbgrader(python, folder)("generate_assignment", "assignment-02")
    hand_in(folder / "release" / "assignment-02" / NAME, folder / "submitted" / "one" / "assignment-02" / NAME, LAB2)
    return folder


def _grade(python: Path, folder: Path, root: Path) -> float:
    """Seconds that grading takes; the submission has to get all points."""
    environment = {
        **os.environ, "PYTHONPATH": str(CHECKOUT), "PATH": f"{python.parent}:{os.environ['PATH']}",
        "LABKIT_ROOT": str(root), "LABKIT_LIVE": "0", "HOME": str(folder.parent),
    }  # fmt: skip
    done = subprocess.run([python, "-c", _TIMED], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    seconds, score = json.loads(done.stdout.splitlines()[-1])
    assert score == len(LAB2), (score, done.stderr[-3000:])
    return float(seconds)


def _bare(python: Path, folder: Path, paths: Paths) -> float:
    """Seconds that grading takes on an engine that is as fresh as that of the other way."""
    setup.stop(paths)
    shutil.rmtree(paths.state / "practice", ignore_errors=True)
    shutil.rmtree(paths.work, ignore_errors=True)
    paths.work.mkdir()
    setup.start(paths, "practice")
    try:
        return _grade(python, folder, paths.root)
    finally:
        setup.stop(paths)
