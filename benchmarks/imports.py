"""``import labkit``, and the reference of the API, in a fresh interpreter."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from functools import partial

from measure import Row, turns

_PROGRAM = "import time; begin = time.perf_counter(); {done}; print(time.perf_counter() - begin)"
_REFERENCE = "from labkit import reference; reference.operations(); reference.answers()"


def rows() -> Iterator[Row]:
    """Measure what each adds to a Python that runs."""
    labkit, reference = turns(11, partial(_timed, "import labkit"), partial(_timed, _REFERENCE))
    yield Row("`import labkit`", "–", labkit * 1000, None, "ms", labkit, 0.3, "s")
    yield Row("the reference of the API: read", "–", reference * 1000, None, "ms", reference, 0.2, "s")


def _timed(done: str) -> float:
    words = [sys.executable, "-c", _PROGRAM.format(done=done)]
    return float(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
