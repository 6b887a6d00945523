"""A checkout's root of the benchmark's own, so that its engine is nobody else's."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from labkit.engines.base import Paths

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.append(str(CHECKOUT / "tests"))

from enginehelp import make_root  # noqa: E402 - it lies beside the tests


@contextmanager
def own_root() -> Iterator[Paths]:
    """A root that is removed afterwards; images that the checkout has built are used again."""
    built = CHECKOUT / ".lab" / "images"
    with tempfile.TemporaryDirectory(prefix="lab-benchmark-") as folder:
        paths = make_root(Path(folder), built if built.is_dir() else None)
        try:
            yield paths
        finally:
            shutil.rmtree(paths.run, ignore_errors=True)
