"""From a grid to a DataFrame: the one module of the tables that needs pandas."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pandas

from ..markup import verbatim
from .draw import html, plain
from .grid import Column, Grid, Kind

_DTYPES = {
    Kind.INT: "Int64",
    Kind.BYTES: "Int64",
    Kind.FLOAT: "Float64",
    Kind.PERCENT: "Float64",
    Kind.TIME: "datetime64[us, UTC]",
    Kind.CLOCK: "datetime64[us, UTC]",
    Kind.FLAG: "boolean",
    Kind.ANY: "object",
}
_ROWS = 60

# What is taken from a table may be a plain DataFrame: dollar signs in a command are no maths there either.
pandas.set_option("display.html.use_mathjax", False)


class Table(pandas.DataFrame):
    """A DataFrame that is shown with human sizes and ages; its values are numbers and times.

    A size is a number of bytes, a time a moment in UTC, so both sort and add up.
    """

    @property
    def _constructor(self) -> Callable[..., Table]:
        return Table

    def _grid(self) -> Grid:
        kinds: dict[str, str] = self.attrs.get("kinds", {})
        # An index without a name that only counts says nothing about the rows.
        counts = self.index.names == [None] and pandas.api.types.is_integer_dtype(self.index.dtype)
        shown: pandas.DataFrame = self if counts else self.reset_index()
        columns = tuple(_column(n, str(name), kinds) for n, name in enumerate(shown.columns))
        at = self.attrs.get("at")
        rows: list[Any] = list(shown.head(_ROWS).itertuples(index=False, name=None))
        rows += [()] * (len(shown) - len(rows))  # those that are not shown are counted only
        return Grid(columns, rows, at)

    def __repr__(self) -> str:
        return plain(self._grid(), _ROWS)

    def _repr_html_(self) -> str:
        return verbatim(html(self._grid(), _ROWS))


def _column(n: int, name: str, kinds: dict[str, str]) -> Column:
    def get(row: tuple[Any, ...]) -> Any:
        value = row[n]
        if isinstance(value, pandas.Timestamp):
            return value.to_pydatetime()
        return None if pandas.api.types.is_scalar(value) and pandas.isna(value) else value

    return Column(name, Kind(kinds.get(name, Kind.ANY)), get)


def frame(grid: Grid) -> Table:
    """Return a grid as a DataFrame with real dtypes.

    What is missing is NA (NaT in a column of times).
    """
    series = {column.name: _series(grid, column) for column in grid.columns}
    made: Table = Table(series, columns=[column.name for column in grid.columns])
    made.attrs = {"kinds": {column.name: column.kind.value for column in grid.columns}}
    if grid.at is not None:
        made.attrs["at"] = grid.at
    return made


def _series(grid: Grid, column: Column) -> pandas.Series[Any]:
    values: list[str | int | float | datetime | None] = grid.values(column)
    if column.kind is Kind.TEXT:
        return pandas.Series(values, dtype="object" if not values else None)
    try:
        return pandas.Series(values, dtype=_DTYPES[column.kind])
    except (OverflowError, TypeError, ValueError):  # a number beyond 64 bits: JSON knows no limit, a dtype does
        return pandas.Series(values, dtype="object")
