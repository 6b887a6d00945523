"""The second ``./lab`` beside a bare JupyterLab, each to a kernel that answers; runs in this checkout."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

from measure import Row, turns
from second_start import ROOT, TURNS, bare, lab


def rows() -> Iterator[Row]:
    """Measure with a course that was started before, so that nothing is installed or built."""
    subprocess.run(["./lab", "--no-browser"], cwd=ROOT, check=True, capture_output=True)
    subprocess.run(["./lab", "stop"], cwd=ROOT, check=True, capture_output=True)
    ours, theirs = turns(TURNS, lab, bare)
    yield Row("second `./lab` to usable kernel", "bare `jupyter lab`", ours, theirs, "s", ours / theirs, 1.2)
