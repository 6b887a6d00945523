"""A grid as text and as HTML.

The text has its columns two blanks apart and is padded with blanks alone, so that
it reads the same once runs of blanks are taken for one.  The HTML carries its
styles inline, takes its colours from the page, and needs no script.
"""

from __future__ import annotations

import html as _html

from ..messages import _
from .grid import NUMERIC, Grid

TEXT_CELL = 48
HTML_CELL = 120
NONE = "-"

_TABLE = "border-collapse: collapse; margin: 6px 0;"


def more(grid: Grid, rows: int) -> str:
    """Return how many rows are not shown; empty when all are."""
    left = len(grid.items) - rows
    return _("… and {count} more rows", count=left) if left > 0 else ""


def nothing(grid: Grid) -> str:
    """Return what stands in the place of rows when there are none: of a list, or of one object."""
    return _("(no rows)") if grid.listed else _("(an object without fields)")


def plain(grid: Grid, rows: int) -> str:
    """Return the grid's first rows as text."""
    lines = [[column.name for column in grid.columns]]
    lines += [[cell or NONE for cell in row] for row in grid.head(rows).written(TEXT_CELL)]
    if not grid.items:
        lines.append([nothing(grid)] + [""] * (len(grid.columns) - 1))
    widths = [max((len(line[n]) for line in lines if len(line) > n), default=0) for n in range(len(grid.columns))]
    right = [n > 0 and column.kind in NUMERIC for n, column in enumerate(grid.columns)]
    out = ["  ".join(_pad(*args) for args in zip(line, widths, right)).rstrip() for line in lines]
    return "\n".join([*out, *filter(None, [more(grid, rows)])])


def _pad(cell: str, width: int, right: bool) -> str:
    return cell.rjust(width) if right else cell.ljust(width)


def html(grid: Grid, rows: int) -> str:
    """Return the grid's first rows as an HTML table; everything in it is escaped."""
    aligned = ["right" if column.kind in NUMERIC else "left" for column in grid.columns]
    head = "".join(
        f'<th scope="col" style="text-align: {side};">{_html.escape(column.name)}</th>'
        for column, side in zip(grid.columns, aligned)
    )
    lines = [f"<tr>{head}</tr>"]
    for row in grid.head(rows).written(HTML_CELL):
        cells = (f'<td style="text-align: {side};">{_html.escape(c)}</td>' for c, side in zip(row, aligned))
        lines.append("<tr>" + "".join(cells) + "</tr>")
    left = nothing(grid) if not grid.items else more(grid, rows)
    note = f'<p style="margin: 4px 0;">{_html.escape(left)}</p>' if left else ""
    return f'<table style="{_TABLE}"><thead>{lines[0]}</thead><tbody>{"".join(lines[1:])}</tbody></table>{note}'
