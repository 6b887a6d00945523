"""What a graded notebook prints, up to a bound.

The kernel's own stream keeps all that is printed in a fifth of a second as one message, and on a
busy machine for longer: a cell that prints a gigabyte then takes several in memory, before
`labkit.classroom.inside` could leave any of it out.  Here the rest is dropped as it is written.

Source: ``OutStream`` and ``IPKernelApp.outstream_class`` of ipykernel.
"""

from __future__ import annotations

from typing import Any

from ipykernel.iostream import OutStream

MOST_OF_A_CELL = 200_000
"""Characters."""


class Bounded(OutStream):
    """A kernel's stream that writes so much for a cell and no more."""

    _cell: Any = None
    _left = MOST_OF_A_CELL

    def write(self, string: str) -> int:
        """Write what there is room for; return the length of all of it, as if it had been written."""
        cell = self.parent_header.get("msg_id")
        if cell != self._cell:
            self._cell, self._left = cell, MOST_OF_A_CELL
        kept = string[: self._left]
        self._left -= len(kept)
        if kept:
            super().write(kept)
        return len(string)
