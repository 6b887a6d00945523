"""What stands below the cells of a graded notebook: verdicts of the examiner, and text of the notebook."""

from __future__ import annotations

from typing import Any

import nbformat

from ..exercises.standing import Standing
from ..messages import _
from ..safe import harmless

_MOST_OF_A_CELL = 20_000


def verdict(standing: Standing, finding: tuple[str, str, str] | None, points: float) -> list[Any]:
    """Return the outputs of a graded cell: what was found, and the points, which nbgrader reads.

    A message and a number both: nbgrader takes the first number that a cell results in.
    """
    lines = [_(standing.state)]
    if not standing.passed and finding:
        labels = (_("expected"), _("found"), _("look at"))
        lines += [f"  {label}: {harmless(text)}" for label, text in zip(labels, finding)]
    text = "\n".join(lines) + "\n"
    score = points if standing.passed else 0.0
    return [
        nbformat.v4.new_output("stream", name="stdout", text=text),
        nbformat.v4.new_output("execute_result", data={"text/plain": f"{score:g}"}, execution_count=None),
    ]


def of_the_notebook(executed: str) -> dict[tuple[int, str], list[Any]]:
    """Return the outputs of the cells by place and source, as text alone: whoever made them could write anything."""
    try:
        notebook = nbformat.reads(executed, as_version=4)
        cells = list(enumerate(notebook.cells))
        return {(n, str(c.source)): _text(c.get("outputs", [])) for n, c in cells if c.cell_type == "code"}
    except Exception:  # whatever it is, the score is known without it
        return {}


def _text(outputs: Any) -> list[Any]:
    said = []
    for output in list(outputs)[:100]:
        kind = output.get("output_type")
        if kind == "stream":
            said.append(str(output.get("text", "")))
        elif kind == "error":
            said.append(f"{output.get('ename')}: {output.get('evalue')}\n")
        elif kind in ("execute_result", "display_data"):
            said.append(str(output.get("data", {}).get("text/plain", "")) + "\n")
    text = harmless("".join(said))
    if len(text) > _MOST_OF_A_CELL:
        text = text[:_MOST_OF_A_CELL] + "\n…\n"
    return [nbformat.v4.new_output("stream", name="stdout", text=text)] if text else []
