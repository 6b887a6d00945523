"""A widget on the screen while a block runs, and text in its place afterwards."""

from __future__ import annotations

import os
from collections.abc import Callable
from types import TracebackType
from typing import Any

from ..messages import _
from . import painter


def live() -> bool:
    """Whether somebody may be looking: in a kernel, unless ``LABKIT_LIVE`` is 0 (as when outputs are stored)."""
    if os.environ.get("LABKIT_LIVE") == "0":
        return False
    from IPython import get_ipython

    return hasattr(get_ipython(), "kernel")


class Screen:
    """Shows a widget while a block runs, and has it redrawn now and then.

    Afterwards the widget's place holds one line of text, so that no saved notebook
    looks for a widget in vain.
    """

    def __init__(self, widget: Any, redraw: Callable[[], None]) -> None:
        self._widget, self._redraw = widget, redraw

    def __enter__(self) -> Screen:
        from IPython.display import display

        self._handle = display(self._widget, display_id=True)
        painter.add(self, self._redraw)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        painter.remove(self)
        self._handle.update({"text/plain": _("The live view has ended. What came of it:")}, raw=True)
        close(self._widget)


def close(widget: Any) -> None:
    """Close a widget with all that belongs to it: layout and style are models of their own."""
    for child in getattr(widget, "children", ()):
        close(child)
    for part in (getattr(widget, "layout", None), getattr(widget, "style", None), widget):
        if part is not None:
            part.close()
