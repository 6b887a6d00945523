"""Measure, and print a table: ``python benchmarks [NAME …] [--save]``.

Needs root, Linux and the development environment; it starts engines of its own.
Ratios are of medians in one run.  Names: imports, logs, calls, engine_ready, starts.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from datetime import date
from pathlib import Path

from measure import HEAD, machine

RESULTS = Path(__file__).with_name("RESULTS.md")
MODULES = ("imports", "logs", "calls", "engine_ready", "starts")


def main() -> int:
    """Print one line a row as it is measured; return 1 when a bound does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(MODULES)}")
    parser.add_argument("--save", action="store_true", help=f"also write {RESULTS.name}")
    options = parser.parse_args()
    facts = machine()
    print(facts, HEAD, sep="\n\n")
    rows = []
    for name in options.names or MODULES:
        for row in importlib.import_module(name).rows():
            print(row.line(), flush=True)
            rows.append(row)
    if options.save:
        said = f"# Results\n\nMeasured on {date.today()} by `python benchmarks`. {facts}.\n\n{HEAD}\n"
        RESULTS.write_text(said + "".join(f"{row.line()}\n" for row in rows))
    return 0 if all(row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
