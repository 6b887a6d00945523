"""Watch a stream while it runs: the one module that knows ipywidgets.

The widget is a layer on top.  What stays in the notebook, what an untrusted one
shows, and what is compared by nbval is the final state as text and an HTML table.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from threading import Event, Thread
from types import TracebackType
from typing import Any, Protocol

from . import render, streams, tables
from .bars import Bar, Bars
from .client import Unsent
from .errors import StreamError, UsageError
from .live import Stream
from .messages import _
from .safe import escape, harmless
from .tables import draw

PERIOD = 0.1
"""The screen is redrawn at most once in this time, in seconds."""

KEPT = 10_000
"""No more items of a stream are kept than this; the oldest go first."""

TAIL = 20
"""As many of the latest rows are shown while a stream runs."""


class Watched:
    """What came of a stream: `items` as they came, `error`, and why it `ended`.

    Leave it as the last line of a cell to see it as a table.
    """

    def __init__(self, stream: Stream) -> None:
        self.exchange = stream.exchange
        self.items: deque[Any] = deque(maxlen=KEPT)
        self.error = ""
        self.ended = ""

    @property
    def grid(self) -> tables.Grid:
        """The items as a grid."""
        return tables.items_grid(self.exchange, list(self.items))

    @property
    def table(self) -> Any:
        """The items as a DataFrame."""
        from .tables.frame import frame

        return frame(self.grid)

    def _said(self) -> list[str]:
        said = [render.headline(self.exchange)]
        if self.error and self.exchange.ok:
            said.append(
                _(
                    "The status says {n}, but the stream carries an error: {error}",
                    n=self.exchange.status,
                    error=self.error,
                )
            )
        elif self.error:
            said.append(_("The Engine says: {error}", error=self.error))
        if self.ended == "time":
            said.append(_("It was read to the time limit."))
        if self.ended == "closed" and not self.error:
            said.append(_("It was stopped here."))
        return [harmless(line) for line in said]

    def _repr_mimebundle_(self, **_options: object) -> dict[str, Any]:
        lines = self._said()
        if len(self.items) == KEPT:
            lines.append(_("Only the last {count} items are kept.", count=KEPT))
        head = "".join(f"<p>{escape(line)}</p>" for line in lines)
        if not self.exchange.ok:
            return {"text/plain": "\n".join(lines), "text/html": head}
        last, rows = self.grid, render.ROWS
        if len(last.items) > rows:
            last = replace(last, items=last.items[-rows:])
        return {"text/plain": "\n".join([*lines, draw.plain(last, rows)]), "text/html": head + draw.html(last, rows)}

    def __repr__(self) -> str:
        return str(self._repr_mimebundle_()["text/plain"])


class View(Protocol):
    """What is drawn while a stream runs."""

    def take(self, item: Any) -> None:
        """Note an item; cheap, and never drawing."""

    def draw(self) -> None:
        """Show what was noted."""


def watch(stream: Stream | Unsent, each: Callable[[Any], None] | None = None) -> Watched | Unsent:
    """Read a stream to its end and show it meanwhile: bars for layers, the latest lines for the rest.

    Parameters
    ----------
    stream: from a call with ``stream=True``; its own time limit (``seconds=``) counts.
    each: called with each item, in the same thread.

    Returns what came of it.  An error in the stream is shown, not raised; so is
    an interruption of the kernel, after which the stream is closed.

    Raises `UsageError` for an answer that is no stream.
    """
    if isinstance(stream, Unsent):
        return stream  # a call that still has a gap says so itself
    if not isinstance(stream, Stream):
        raise UsageError(_("Only a stream can be watched."), _("Add stream=True to the call."))
    result = Watched(stream)
    screen, view = _screen(result)
    try:
        with stream, screen:
            for item in stream:
                if keeps(item):
                    result.items.append(item)
                if view is not None:
                    view.take(item)
                if each is not None:
                    each(item)
    except StreamError as error:
        result.error = error.message
    except KeyboardInterrupt:
        pass  # leaving the block above closed the stream; what came until then is shown
    if stream.status >= 400:
        result.error = stream.exchange.error
    result.ended = stream.ended
    return result


def keeps(item: Any) -> bool:
    """Whether an item says more than how many bytes went by."""
    return not (isinstance(item, dict) and item.get("progressDetail") and not streams.item_error(item))


def live() -> bool:
    """Whether somebody may be looking: in a kernel, unless ``LABKIT_LIVE`` is 0 (as when outputs are stored)."""
    if os.environ.get("LABKIT_LIVE") == "0":
        return False
    from IPython import get_ipython

    return hasattr(get_ipython(), "kernel")


def _screen(result: Watched) -> tuple[AbstractContextManager[Any], View | None]:
    if not live():
        return nullcontext(), None
    view = BarsView() if result.exchange.request.method == "POST" and _progresses(result) else TailView(result)
    return Screen(view.widget, view.draw), view


def _progresses(result: Watched) -> bool:
    path = result.exchange.request.path
    return path.endswith(("/images/create", "/push", "/build"))


class Screen:
    """Shows a widget while a block runs, and redraws it in a thread of its own, now and then.

    The thread draws also what came just before a silence.  Afterwards the widget's
    place holds one line of text, so that no saved notebook looks for a widget in vain.
    """

    def __init__(self, widget: Any, redraw: Callable[[], None]) -> None:
        self._widget, self._redraw = widget, redraw
        self._over = Event()
        self._thread = Thread(target=self._run, name="labkit-screen", daemon=True)

    def _run(self) -> None:
        while not self._over.wait(PERIOD):
            self._redraw()

    def __enter__(self) -> Screen:
        from IPython.display import display

        self._handle = display(self._widget, display_id=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._handle.update({"text/plain": _("The live view has ended. What came of it:")}, raw=True)
        _close(self._widget)


def _close(widget: Any) -> None:
    """Close a widget with all that belongs to it: layout and style are models of their own."""
    for child in getattr(widget, "children", ()):
        _close(child)
    for part in (getattr(widget, "layout", None), getattr(widget, "style", None), widget):
        if part is not None:
            part.close()


class BarsView:
    """A bar for each layer, and one for all."""

    def __init__(self) -> None:
        import ipywidgets

        self._bars = Bars()
        self._make = ipywidgets
        self._total = self._row(Bar(_("all")))
        self._rows: dict[str, Any] = {}
        self.widget = ipywidgets.VBox([self._total])

    def take(self, item: Any) -> None:
        """Note a line of progress."""
        if isinstance(item, dict):
            self._bars.feed(item)

    def draw(self) -> None:
        """Move the bars to where the layers are."""
        bars = dict(self._bars.all)
        for name, bar in bars.items():
            if name not in self._rows:
                self._rows[name] = self._row(bar)
                self.widget.children = (self._total, *self._rows.values())
            _label, progress, status = self._rows[name].children
            progress.value, status.value = bar.part, harmless(bar.status)
        self._total.children[1].value = self._bars.part

    def _row(self, bar: Bar) -> Any:
        make = self._make
        label = make.Label(harmless(bar.name), layout=make.Layout(width="9em"))
        return make.HBox([label, make.FloatProgress(min=0.0, max=1.0), make.Label(harmless(bar.status))])


class TailView:
    """The latest rows of events, logs or samples."""

    def __init__(self, result: Watched) -> None:
        import ipywidgets

        self._result = result
        self._latest: deque[Any] = deque(maxlen=TAIL)
        self._drawn = self._count = 0
        self.widget = ipywidgets.HTML()

    def take(self, item: Any) -> None:
        """Note an item."""
        self._latest.append(item)
        self._count += 1

    def draw(self) -> None:
        """Draw the latest rows, if there are new ones."""
        if self._drawn == self._count:
            return
        self._drawn = self._count
        grid = tables.items_grid(self._result.exchange, list(self._latest))
        self.widget.value = draw.html(replace(grid, items=grid.items[-TAIL:]), TAIL)
