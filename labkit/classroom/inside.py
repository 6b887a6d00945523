"""Run a notebook from within the jail, and write it with its outputs.

Nothing that is written here is believed: the examiner has the score.  The outputs are for
the feedback alone.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

_MOST_OF_A_CELL = 200_000
_MOST_OF_ALL = 3_000_000


class Client(NotebookClient):
    """A client that keeps so much output and no more, and saves the notebook after each cell."""

    out: Path
    _kept = 0

    def output(self, outs: list[Any], msg: dict[str, Any], display_id: str | None, cell_index: int) -> Any:
        """Keep an output, unless the cell or the notebook has had its share."""
        size = len(str(msg["content"]))
        there = sum(len(str(output)) for output in outs[-50:])
        if size + there > _MOST_OF_A_CELL or len(outs) > 1000 or self._kept > _MOST_OF_ALL:
            return None
        self._kept += size
        return super().output(outs, msg, display_id, cell_index)


def main() -> None:
    """Run the notebook named first, and write the one named second; the third word is the time of a cell in seconds."""
    source, out = map(Path, sys.argv[1:3])
    seconds = int(sys.argv[3])
    notebook = nbformat.read(source, as_version=4)

    def save(**_what: object) -> None:
        nbformat.write(notebook, out)

    client = Client(
        notebook,
        timeout=seconds,
        interrupt_on_timeout=True,
        allow_errors=True,
        record_timing=False,
        kernel_name="python3",
        error_on_timeout={"ename": "CellTimeoutError", "evalue": f"{seconds} s", "traceback": []},
        resources={"metadata": {"path": str(source.parent)}},
        on_cell_executed=save,
    )
    try:
        client.execute()
    except (CellExecutionError, DeadKernelError, TimeoutError, RuntimeError) as error:
        print(f"{type(error).__name__}", file=sys.stderr)
    save()


if __name__ == "__main__":
    main()
