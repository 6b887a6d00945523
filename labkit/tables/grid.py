"""A table before it is drawn: columns that know their kind, over plain objects.

The DataFrame, the text and the HTML of a response are all made from one grid.
Only the DataFrame needs pandas, so an exchange can be shown without loading it,
and only the rows that are shown are worked out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any

from .. import human
from ..messages import _
from ..safe import harmless


class Kind(str, Enum):
    """What the values of a column are: it decides their dtype, and how they are written."""

    TEXT = "text"
    INT = "int"
    FLOAT = "float"
    PERCENT = "percent"
    BYTES = "bytes"
    """A number of bytes; written as ``3.4 kB``."""
    TIME = "time"
    """A moment; written as ``3 seconds ago`` where the time of the answer is known."""
    CLOCK = "clock"
    """A moment; written as the time of day."""
    FLAG = "flag"
    ANY = "any"
    """Of each value's own kind."""


NUMERIC = (Kind.INT, Kind.FLOAT, Kind.PERCENT, Kind.BYTES)


class Bytes(int):
    """A number of bytes in a column of mixed kinds."""


def _moment(value: Any) -> datetime:
    if not isinstance(value, datetime):
        raise TypeError(value)
    return value


_TAKEN: dict[Kind, Callable[[Any], Any]] = {
    Kind.TEXT: str,
    Kind.INT: int,
    Kind.FLOAT: float,
    Kind.PERCENT: float,
    Kind.BYTES: int,
    Kind.TIME: _moment,
    Kind.CLOCK: _moment,
    Kind.FLAG: bool,
    Kind.ANY: lambda value: value,
}


@dataclass(frozen=True)
class Column:
    """A name, a kind, and how the value is got from an object."""

    name: str
    kind: Kind
    get: Callable[[Any], Any]


def text(name: str, get: Callable[[Any], Any]) -> Column:
    """A column of text."""
    return Column(name, Kind.TEXT, get)


@dataclass(frozen=True)
class Grid:
    """Objects, one a row, and the columns that are read off them.

    Parameters
    ----------
    at: when the answer was given, so that ages don't change as one looks at them.
    """

    columns: tuple[Column, ...]
    items: Sequence[Any]
    at: datetime | None = None

    @property
    def listed(self) -> bool:
        """Whether rows are things of one kind, and not the fields of one thing."""
        return [column.name for column in self.columns] != ["field", "value"]

    def cell(self, column: Column, item: Any) -> Any:
        """Return one value; None where the object lacks what the API promises."""
        try:
            value = column.get(item)
            return None if value is None else _TAKEN[column.kind](value)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            return None

    def head(self, count: int) -> Grid:
        """Return the grid with its first `count` rows."""
        return replace(self, items=self.items[:count])

    def values(self, column: Column) -> list[Any]:
        """Return a column's values, top down."""
        return [self.cell(column, item) for item in self.items]

    def written(self, limit: int) -> list[list[str]]:
        """Return every cell as harmless text of at most `limit` characters; "" for none."""
        return [
            [write(self.cell(column, item), column.kind, self.at, limit) for column in self.columns]
            for item in self.items
        ]


def grid(columns: Iterable[Column], items: Iterable[Any] | None) -> Grid:
    """Return a grid of those columns; None for `items` is an empty list, as the Engine writes it."""
    return Grid(tuple(columns), list(items or []))


def fields(pairs: Iterable[tuple[str, Any]]) -> Grid:
    """Return a grid of two columns, ``field`` and ``value``."""
    columns = (text("field", lambda pair: pair[0]), Column("value", Kind.ANY, lambda pair: pair[1]))
    return grid(columns, pairs)


def compact(value: object) -> str:
    """Return an object of JSON on one line."""
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "), default=str)


def write(value: Any, kind: Kind, at: datetime | None, limit: int) -> str:
    """Return one value as harmless text on one line."""
    said = _write(value, kind, at)
    said = harmless(said if len(said) <= 4 * limit else said[: 4 * limit]).replace("\n", " ").replace("\t", " ").strip()
    return said if len(said) <= limit else said[: limit - 1] + "…"


def _write(value: Any, kind: Kind, at: datetime | None) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        if kind is Kind.CLOCK:
            return f"{value:%H:%M:%S}"
        return human.age(value, at) if at else f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if kind is Kind.BYTES or isinstance(value, Bytes):
        return human.size(value)
    if kind is Kind.PERCENT:
        return f"{value:.1f} %"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, (list, tuple)) and not any(isinstance(v, (dict, list)) for v in value):
        return ", ".join(map(str, value))
    return compact(value) if isinstance(value, (list, dict)) else str(value)
