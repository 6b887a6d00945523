"""Say what is being done, and how much of it is done: a bar in a terminal, else a line for each thing."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID


class Progress:
    """Call it with what is being done, and the part that is done (0 to 1; None when unknown).

    It writes to standard error, which is read when the object is made: standard output is
    kept for results.  Used with ``with``, it leaves no bar behind, but a line for each thing
    that was done: some of them say what was healed.
    """

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._doing = ""
        self._bars: Bars | None = None
        self._task: TaskID | None = None

    def __call__(self, doing: str, part: float | None = None) -> None:
        if self._terminal:
            self._draw(doing, part)
        elif doing != self._doing:
            print(doing, file=sys.stderr, flush=True)
        self._doing = doing

    def _draw(self, doing: str, part: float | None) -> None:
        if self._bars is None:
            from rich.console import Console
            from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as Bars

            columns = (BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
            self._bars = Bars(*columns, console=Console(stderr=True), transient=True)
            self._bars.start()
        if self._task is None or doing != self._doing:
            if self._task is not None:
                self._bars.remove_task(self._task)
            self._bars.console.print(doing, markup=False, highlight=False)
            self._task = self._bars.add_task("", total=None if part is None else 1.0)
        if part is not None:
            part = min(max(part, 0.0), 1.0)
            self._bars.update(self._task, total=1.0, completed=part, description=f"{100 * part:.0f} %")

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bars is not None:
            self._bars.stop()
            self._bars = self._task = None
