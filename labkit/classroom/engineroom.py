"""The engine of one submission: a practice engine that runs until standard input ends."""

from __future__ import annotations

import sys

from ..engines import setup
from ..engines.base import Paths


def main() -> None:
    """Start the engine, say so, and stay: when this process ends, its namespace ends, and the engine with it."""
    setup.start(Paths.find(), "practice")
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
