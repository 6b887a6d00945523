"""``import labkit`` in a fresh interpreter."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from measure import Row, turns

_PROGRAM = "import time; begin = time.perf_counter(); import labkit; print(time.perf_counter() - begin)"


def rows() -> Iterator[Row]:
    """Measure what the import adds to a Python that runs."""
    (seconds,) = turns(11, _import)
    yield Row("`import labkit`", "–", seconds * 1000, None, "ms", seconds, 0.3, "s")


def _import() -> float:
    return float(subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True).stdout)
