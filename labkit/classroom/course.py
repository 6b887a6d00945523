"""``labkit classroom init``: an nbgrader course from the course's own notebooks.

Each lab becomes an assignment.  The cell behind each exercise, ``lab.check("2.3")``, becomes
an autograder test: locked, and worth the points of the rubric.  Cells where a learner works
stay as they are.  A locked cell before all others gives the class one seed: names, numbers
and the calls of a prediction are then the same when the notebook is run again to be graded.

Source: https://nbgrader.readthedocs.io/en/stable/contributor_guide/metadata.html
"""

from __future__ import annotations

import re
import secrets
import shlex
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import nbformat

from ..engines.base import Paths
from ..errors import LabError, UnknownExercise
from ..exercises.record import LABS, everything
from ..files import write
from ..lab import TITLES
from ..messages import _
from . import roster, rubric
from .reading import content
from .tables import Row
from .text import csv_bytes

ASSIGNMENT = "assignment-{lab}"
"""The name of a lab's assignment.  nbgrader fetches it into a folder of this name, so it is none that a lab itself
writes to: exercises of lab 2 put files into ``lab02``."""
SCHEMA = 3
SEED_CELL = "class-seed"
_SEED = re.compile(r'os\.environ\["LABKIT_SEED"\] = "([\w-]{1,40})"')
_CHECK = re.compile(r'lab\.check\("([0-9.]+)"')

CONFIG = """\
# The configuration of nbgrader for the course "Docker API Lab".

c = get_config()  # noqa: F821 - nbgrader puts it here

c.CourseDirectory.course_id = {course!r}
c.CourseDirectory.root = {root!r}
c.ExecutePreprocessor.timeout = 120
# The exchange of "labkit classroom serve", where that is used; a file that is not there is passed over.
load_subconfig("hub/nbgrader_hub.py")  # noqa: F821

# Submissions are run by labkit: in a place of their own, without a network and without rights, each with a
# practice engine of its own, and the checks outside of it. nbgrader's own Execute runs them as you. Keep this.
c.Autograde.autograde_preprocessors = [
    "labkit.classroom.autograde.Outside",
    "nbgrader.preprocessors.IgnorePattern",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
# Somebody who deleted a test gets it back, and no points for it.
c.OverwriteCells.add_missing_cells = True
"""


def assignment(notebook: nbformat.NotebookNode, points: Mapping[str, Decimal], seed: str) -> nbformat.NotebookNode:
    """Return a learner's notebook as nbgrader's source of an assignment: without outputs, its checks graded.

    Parameters
    ----------
    points: of the exercises that count, by id.
    seed: of the class; letters, digits, dashes.
    """
    cells: list[nbformat.NotebookNode] = []
    for cell in notebook.cells:
        if cell.cell_type == "code" and not any(c.cell_type == "code" for c in cells):
            cells.append(_seed_cell(seed))
        made = nbformat.from_dict({**cell, "metadata": dict(cell.metadata)})
        if cell.cell_type == "code":
            made.outputs, made.execution_count = [], None
            id = graded(cell.source)
            if id in points:
                made.metadata["nbgrader"] = _marks(cell.id, points[id])
        cells.append(made)
    return nbformat.v4.new_notebook(cells=cells, metadata=notebook.metadata, nbformat_minor=5)


def _seed_cell(seed: str) -> nbformat.NotebookNode:
    source = f'# The same names and numbers for the whole class.\nimport os\n\nos.environ["LABKIT_SEED"] = "{seed}"'
    marks = {"schema_version": SCHEMA, "grade_id": SEED_CELL, "grade": False, "solution": False, "locked": True,
             "task": False}  # fmt: skip
    return nbformat.v4.new_code_cell(source, id=SEED_CELL, metadata={"nbgrader": marks})


def seed_of(notebook: nbformat.NotebookNode) -> str:
    """Return the seed that an assignment gives to the class; empty when it gives none."""
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == SEED_CELL and (found := _SEED.search(cell.source)):
            return found[1]
    return ""


def graded(source: str) -> str:
    """Return the exercise whose check a cell is; empty for any other cell."""
    lines = source.strip().splitlines()
    found = _CHECK.match(lines[0]) if len(lines) == 1 else None
    return found[1] if found else ""


def _marks(name: str, points: Decimal) -> dict[str, Any]:
    # nbgrader computes with floats, and takes whole numbers as such.
    worth = int(points) if points == points.to_integral_value() else float(points)
    return {
        "schema_version": SCHEMA, "grade_id": name, "cell_type": "code", "grade": True, "solution": False,
        "locked": True, "task": False, "points": worth,
    }  # fmt: skip


def _seed(file: Path) -> str:
    """Return the seed of an assignment that was made before, else a new one: a released one must not change.

    Raises `LabError` where the one that was made before cannot be read.
    """
    if not file.exists():
        return secrets.token_hex(8)
    try:
        return seed_of(nbformat.read(file, as_version=4)) or secrets.token_hex(8)
    except Exception as error:  # nbformat has no one error for what is no notebook
        raise LabError(
            _("{file} cannot be read: its seed would be another one.", file=file),
            _("Put back the one that was released; where none was, delete it."),
        ) from error


def init(folder: Path, labs: Sequence[str], rubric_file: Path | None, roster_file: Path | None) -> int:
    """Make a course, or bring its sources up to date; return 0.

    Parameters
    ----------
    folder: of the course; made when it is not there.
    labs: two digits each; all of them when empty.
    rubric_file: gives the points.
    roster_file: becomes ``students.csv``, for ``nbgrader db student import``.

    Raises `LabError`.  A configuration that is there is left as it is.
    """
    wanted = [lab.strip().zfill(2) for lab in labs] or list(LABS)
    if unknown := [lab for lab in wanted if lab not in LABS]:
        raise UnknownExercise(unknown[0], LABS)
    ids = [exercise.id for exercise in everything()]
    rules = rubric.default(ids)
    if rubric_file:
        rules = rubric.parse(content(rubric_file, rubric.LARGEST), rubric_file.name, ids)
    students: list[roster.Student] = []
    if roster_file:
        students, said = roster.parse(content(roster_file, roster.LARGEST), roster_file.name)
        print(said) if said else None
    files: dict[str, bytes] = {}
    for lab in wanted:
        source = next((Paths.find().root / "notebooks").glob(f"{lab}-*.ipynb"))
        name = f"source/{ASSIGNMENT.format(lab=lab)}/{source.name}"
        made = assignment(nbformat.read(source, as_version=4), rules.points, _seed(folder / name))
        files[name] = nbformat.writes(made).encode()
    if students:
        rows: list[Row] = [["id", "first_name", "last_name", "email"]]
        rows += [[s.id, s.first, s.last, s.email] for s in students]
        files["students.csv"] = csv_bytes(rows)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (folder / "nbgrader_config.py").exists():
            config = CONFIG.format(course="docker-api-lab", root=str(folder.resolve()))
            files["nbgrader_config.py"] = config.encode()
        for name, data in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            write(folder / name, data)
    except OSError as error:
        raise LabError(
            _("{folder} cannot be written: {why}.", folder=folder, why=error.strerror or str(error)),
            _("Give a folder that you may write to."),
        ) from error
    for lab in wanted:
        worth = sum((points for id, points in rules.points.items() if id.startswith(f"{int(lab)}.")), Decimal(0))
        name = ASSIGNMENT.format(lab=lab)
        print(_("{name}  {title}, {points} points", name=name, title=TITLES[lab], points=worth))
    steps = [f"cd {shlex.quote(str(folder))}", *(["nbgrader db student import students.csv"] if students else []),
             f"nbgrader generate_assignment {ASSIGNMENT.format(lab=wanted[0])}"]  # fmt: skip
    print(_("Written: {folder}. Next: {commands}", folder=folder, commands=" && ".join(steps)))
    return 0
