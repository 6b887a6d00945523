"""Build the notebooks from their sources.

    python notebooks/build.py [02 …]     build and run: outputs are stored
    python notebooks/build.py --check    say which notebooks are out of step with their sources

One source a lab, in the percent format, makes two notebooks: the learner's
(``notebooks/``) and the solved one (``notebooks/solved/``).  A cell marked
``tags=["learner"]`` or ``tags=["solution"]`` goes into one of them only; every
cell has a fixed ``id``.  Notebooks are run on the engine of ``LABKIT_ROOT``.

Source: https://jupytext.readthedocs.io/en/latest/formats-scripts.html
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbclient import NotebookClient

from labkit.engines.base import Paths

FOLDER = Path(__file__).resolve().parent
SOURCES = FOLDER / "src"
EDITIONS = {"learner": FOLDER, "solution": FOLDER / "solved"}
CELL_SECONDS = 120

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
NAMED = "/docker-api-lab"
"""What the folder is called in stored outputs."""


class SourceError(Exception):
    """A source that cannot become a notebook; the message says where."""


def build(source: Path, edition: str) -> nbformat.NotebookNode:
    """Return one edition of a lab, not yet run.

    Parameters
    ----------
    source: a file in the percent format.
    edition: ``learner`` or ``solution``.

    Raises `SourceError` for a cell without an id, or with that of another.
    """
    other = next(name for name in EDITIONS if name != edition)
    cells, seen = [], set()
    for cell in jupytext.read(source, fmt="py:percent").cells:
        metadata = dict(cell.metadata)
        tags = list(metadata.pop("tags", []))
        if other in tags:
            continue
        name = metadata.pop("id", "")
        if not _ID.fullmatch(name):
            raise SourceError(f"{source.name}: a cell has no id of the form words-and-dashes: {cell.source[:60]!r}")
        if name in seen:
            raise SourceError(f"{source.name}: the id {name!r} stands twice in the {edition} edition")
        seen.add(name)
        metadata |= {"tags": kept} if (kept := [tag for tag in tags if tag not in EDITIONS]) else {}
        make = nbformat.v4.new_code_cell if cell.cell_type == "code" else nbformat.v4.new_markdown_cell
        cells.append(make(cell.source, id=name, metadata=metadata))
    return nbformat.v4.new_notebook(cells=cells, metadata=_METADATA, nbformat_minor=5)


def run(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Run every cell and store its outputs, without what differs for no reason."""
    paths = Paths.find()
    paths.work.mkdir(parents=True, exist_ok=True)
    NotebookClient(
        notebook, timeout=CELL_SECONDS, record_timing=False, resources={"metadata": {"path": str(paths.work)}}
    ).execute()
    for cell in notebook.cells:
        cell.get("outputs", [])[:] = _merged(cell.get("outputs", []))
        for output in cell.get("outputs", []):
            if output.output_type in ("display_data", "execute_result"):
                output.metadata = {}
    notebook.metadata = nbformat.from_dict(_METADATA)
    return _without(notebook, str(paths.root))


def _merged(outputs: list[Any]) -> list[Any]:
    """Join pieces of one stream that the kernel happened to send apart."""
    merged: list[Any] = []
    for output in outputs:
        if merged and output.output_type == "stream" == merged[-1].output_type and output.name == merged[-1].name:
            merged[-1].text += output.text
        else:
            merged.append(output)
    return merged


def _without(value: Any, root: str) -> Any:
    """Return a notebook in which the folder that it was run in has a name that suits every reader."""
    if isinstance(value, str):
        return value.replace(root, NAMED)
    if isinstance(value, list):
        return [_without(item, root) for item in value]
    if isinstance(value, dict):
        return type(value)({key: _without(item, root) for key, item in value.items()})
    return value


def form(notebook: nbformat.NotebookNode) -> list[tuple[Any, ...]]:
    """Return what a notebook takes from its source: everything but its outputs."""
    return [(c.id, c.cell_type, c.source, dict(c.metadata)) for c in notebook.cells]


def out_of_step(source: Path, edition: str) -> str:
    """Return why a notebook is not what its source makes; empty when it is."""
    file = EDITIONS[edition] / f"{source.stem}.ipynb"
    if not file.exists():
        return f"{file.relative_to(FOLDER)} is missing"
    there, wanted = form(nbformat.read(file, as_version=4)), form(build(source, edition))
    if there == wanted:
        return ""
    cell = next((w[0] for t, w in zip(there, wanted) if t != w), "the last")
    return f"{file.relative_to(FOLDER)} differs from its source at the cell {cell!r}"


def main() -> int:
    """Build, or check; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labs", nargs="*", metavar="LAB", help="such as 02; all of them without one")
    parser.add_argument("--check", action="store_true", help="run nothing, change nothing")
    parser.add_argument("--edition", choices=EDITIONS, help="one of the two only")
    options = parser.parse_args()
    sources = [s for s in sorted(SOURCES.glob("*.py")) if not options.labs or s.name.startswith(tuple(options.labs))]
    editions = [options.edition] if options.edition else list(EDITIONS)
    os.environ.setdefault("LABKIT_SEED", "example")  # the names and ports of one learner, so that outputs are alike
    os.environ.setdefault("LABKIT_LIVE", "0")  # nobody looks at widgets here
    if not options.check and len(str(Paths.find().root)) != len(NAMED):
        wanted = f"a folder whose path is as long as {NAMED}, such as /tmp/docker-lab"
        print(f"The outputs are built in {wanted}: pictures cut paths to their width.", file=sys.stderr)
        return 1
    problems = []
    for source in sources:
        for edition in editions:
            if options.check:
                problems += [problem] if (problem := out_of_step(source, edition)) else []
                continue
            file = EDITIONS[edition] / f"{source.stem}.ipynb"
            file.parent.mkdir(exist_ok=True)
            nbformat.write(run(build(source, edition)), file)
            print(f"{file.relative_to(FOLDER)}: built")
    for problem in problems:
        print(f"{problem}. Type: python notebooks/build.py {problem.split('-')[0].split('/')[-1]}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
