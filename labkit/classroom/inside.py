"""Run a notebook from within the jail, and write it with its outputs.

Nothing that is written here is believed: the examiner has the score.  The outputs are for
the feedback alone.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

from .jail import NOT_STARTED
from .outstream import MOST_OF_A_CELL, Bounded

_PATIENCE = 120
"""Seconds that the kernel has to start, on a machine that grades a whole class."""
_MOST_OF_ALL = 3_000_000


class Client(NotebookClient):
    """A client that keeps so much output and no more, and saves the notebook after each cell."""

    out: Path
    _kept = 0

    def output(self, outs: list[Any], msg: dict[str, Any], display_id: str | None, cell_index: int) -> Any:
        """Keep an output, unless the cell or the notebook has had its share."""
        size = len(str(msg["content"]))
        there = sum(len(str(output)) for output in outs[-50:])
        if size + there > MOST_OF_A_CELL or len(outs) > 1000 or self._kept > _MOST_OF_ALL:
            return None
        self._kept += size
        return super().output(outs, msg, display_id, cell_index)


def main() -> None:
    """Run the notebook named first, and write the one named second; the third word is the time of a cell in seconds.

    It begins when a line comes on standard input: what it imports is there before the engine is.
    """
    source, out = map(Path, sys.argv[1:3])
    seconds = int(sys.argv[3])
    notebook = nbformat.read(source, as_version=4)
    begun = False

    def begin(**_what: object) -> None:
        nonlocal begun
        begun = True

    def save(**_what: object) -> None:
        # Not nbformat.write, which validates the whole notebook: who reads this does, once, and not behind each cell.
        out.write_text(json.dumps(notebook))

    client = Client(
        notebook,
        timeout=seconds,
        startup_timeout=_PATIENCE,
        interrupt_on_timeout=True,
        allow_errors=True,
        record_timing=False,
        kernel_name="python3",
        extra_arguments=[f"--IPKernelApp.outstream_class={Bounded.__module__}.{Bounded.__qualname__}"],
        error_on_timeout={"ename": "CellTimeoutError", "evalue": f"{seconds} s", "traceback": []},
        resources={"metadata": {"path": str(source.parent)}},
        on_cell_execute=begin,
        on_cell_executed=save,
    )
    sys.stdin.readline()
    try:
        client.execute()
    except (CellExecutionError, DeadKernelError, TimeoutError, RuntimeError) as error:
        print(f"{type(error).__name__}", file=sys.stderr)
        if not begun:
            sys.exit(NOT_STARTED)
    save()


if __name__ == "__main__":
    main()
