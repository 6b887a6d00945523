"""Have a widget's button work while a cell runs.

JupyterLab sends what is done to a widget to a subshell of the kernel, a thread beside the one that runs the cells.
ipykernel 7.4 sends it back to the thread that made the widget, where it waits until the running cell has ended: a
live view could not be stopped.  The choice is the attribute below, private to ipykernel; without it, or in a kernel
without it, the front end's own choice holds.

Source: https://jupyter.org/enhancement-proposals/91-kernel-subshells/kernel-subshells.html
"""

from __future__ import annotations

import sys
from typing import Any


def keep() -> None:
    """Leave what is done to a widget with the subshell that the front end sent it to."""
    module: Any = sys.modules.get("ipykernel.comm.comm")  # there in a kernel, and in nothing else
    if module:
        module.BaseComm._reply_subshell_for = None
