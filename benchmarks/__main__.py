"""Measure, and print a table: ``python benchmarks [NAME …] [--save]``.

Needs root, Linux and the development environment; it starts engines of its own.
Ratios are of medians in one run.  Names: imports, logs, calls, panel, engine_ready, practice, starts, grading,
autograde, pictures, follow.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from datetime import date
from pathlib import Path

from measure import HEAD, Row, machine

RESULTS = Path(__file__).with_name("RESULTS.md")
MODULES = (
    "imports",
    "logs",
    "calls",
    "panel",
    "engine_ready",
    "practice",
    "starts",
    "grading",
    "autograde",
    "pictures",
    "follow",
)


def main() -> int:
    """Print one line a row as it is measured; return 1 when a bound does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(MODULES)}")
    parser.add_argument("--save", action="store_true", help=f"also write them into {RESULTS.name}")
    options = parser.parse_args()
    holds = True
    for name in options.names or MODULES:
        facts = machine()
        print(f"\n{name}: {facts}\n\n{HEAD}")
        rows = []
        for row in importlib.import_module(name).rows():
            print(row.line(), flush=True)
            rows.append(row)
        holds = holds and all(row.holds for row in rows)
        if options.save:
            save(name, facts, rows)
    return 0 if holds else 1


def save(name: str, facts: str, rows: list[Row]) -> None:
    """Put the rows of one module in the place of its former ones; those of others stay."""
    _title, *kept = RESULTS.read_text().split("\n## ") if RESULTS.exists() else [""]
    sections = {section.partition("\n")[0]: section.rstrip() for section in kept}
    lines = "\n".join(row.line() for row in rows)
    sections[name] = f"{name}\n\n{date.today()}. {facts}.\n\n{HEAD}\n{lines}"
    ordered = [f"## {sections[known]}\n" for known in MODULES if known in sections]
    RESULTS.write_text("\n".join(["# Results of `python benchmarks`\n", *ordered]))


if __name__ == "__main__":
    sys.exit(main())
