"""A checkout's root of the benchmark's own, so that its engine is nobody else's."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from labkit.engines.base import Paths

CHECKOUT = Path(__file__).resolve().parents[1]


@contextmanager
def own_root() -> Iterator[Paths]:
    """A root that is removed afterwards; images that the checkout has built are used again."""
    root = Path(tempfile.mkdtemp(prefix="lab-benchmark-"))
    try:
        for name in ("labkit", "notebooks"):
            (root / name).symlink_to(CHECKOUT / name)
        built = CHECKOUT / ".lab" / "images"
        if built.is_dir():
            (root / ".lab").mkdir(mode=0o700)
            (root / ".lab" / "images").symlink_to(built)
        yield Paths.of(root)
    finally:
        shutil.rmtree(Paths.of(root).run, ignore_errors=True)
        shutil.rmtree(root)
