"""The part of ``nbgrader autograde`` that runs a submission: not as the grader, but in a jail.

The score of an exercise is what the examiner saw.  Outputs of the notebook are kept for the
feedback; those of the cells that are graded are written here.
"""

from __future__ import annotations

from typing import Any

import nbformat
from nbgrader.preprocessors import NbGraderPreprocessor

from ..errors import LabError
from ..exercises.standing import Standing
from ..messages import _
from . import sandbox
from .course import graded, seed_of
from .outputs import of_the_notebook, verdict


class Outside(NbGraderPreprocessor):  # type: ignore[misc]
    """Runs a notebook outside of nbgrader's own process, and takes the score from the examiner."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Return the notebook with its outputs and the score of each graded cell."""
        ids = {n: graded(cell.source) for n, cell in enumerate(nb.cells) if _is_graded(cell)}
        lab = next((f"{int(id.partition('.')[0]):02d}" for id in ids.values() if id), "")
        if not lab:
            raise LabError(_("No graded cell of this notebook is a check of the course."))
        outcome = sandbox.run(nbformat.writes(nb), lab, seed_of(nb))
        if outcome.stopped:
            self.log.warning("The notebook was ended: %s", outcome.stopped)
        ran = of_the_notebook(outcome.executed)
        for n, cell in enumerate(nb.cells):
            if cell.cell_type != "code":
                continue
            if n in ids:
                standing = outcome.standings.get(ids[n], Standing())
                cell.outputs = verdict(standing, outcome.findings.get(ids[n]), float(cell.metadata.nbgrader.points))
            else:
                cell.outputs = ran.get((n, cell.source), [])
        return nb, resources


def _is_graded(cell: Any) -> bool:
    return cell.cell_type == "code" and bool(cell.metadata.get("nbgrader", {}).get("grade"))
