"""The exercises in the stored notebooks: nothing attempted in the learner's, all passed in the solved ones."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

from labkit.exercises import lab06
from labkit.exercises.record import everything

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
_CHECK = re.compile(r"lab\.check\(\s*\"(\d+\.\d+)\"")


def _shown(folder: Path, lab: str) -> dict[str, list[str]]:
    """Return what each check of a lab's notebook shows, by exercise."""
    files = sorted(folder.glob(f"{lab}-*.ipynb"))
    assert files, f"there is no notebook of lab {lab} in {folder.name}"
    shown: dict[str, list[str]] = {}
    for cell in nbformat.read(files[0], as_version=4).cells:
        if cell.cell_type == "code" and (found := _CHECK.search(cell.source)):
            shown.setdefault(found.group(1), []).append("".join(map(_text, cell.outputs)))
    return shown


def _text(output: Any) -> str:
    return str(output.get("text") or output.get("data", {}).get("text/plain", ""))


each = pytest.mark.parametrize("lab", sorted({e.lab for e in everything()}))


@each
def test_the_learners_notebook_shows_not_attempted(lab: str) -> None:
    """Each exercise has a check in the learner's notebook, and its stored output says that nothing was attempted."""
    shown = _shown(NOTEBOOKS, lab)
    assert set(shown) == {e.id for e in everything() if e.lab == lab}
    for id, texts in shown.items():
        assert all(": not attempted" in text for text in texts), (id, texts)


@each
def test_the_solved_notebook_shows_passed(lab: str) -> None:
    """Each exercise is passed in the solved notebook."""
    shown = _shown(NOTEBOOKS / "solved", lab)
    assert set(shown) == {e.id for e in everything() if e.lab == lab}
    for id, texts in shown.items():
        assert ": passed" in texts[-1], (id, texts)


@pytest.mark.parametrize("name", ["APP", "DOOR"])
def test_the_capstone_gives_the_programs_that_its_exercises_set_up(name: str) -> None:
    """A learner reads them in full in the notebook, where an import would hide them; the two texts are the same."""
    source = (NOTEBOOKS / "src" / "06-capstone.py").read_text()
    given = [
        ast.literal_eval(statement.value)
        for statement in ast.parse(source).body
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == name
    ]
    assert given == [getattr(lab06, name)]
