"""Watch a stream while it runs; what came of it stays as text and an HTML table."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

from .. import render, streams, tables
from ..client import Unsent
from ..errors import StreamError, UsageError
from ..live import Stream
from ..markup import verbatim
from ..messages import _
from ..safe import escape, harmless
from ..tables import draw
from .screen import Screen, live
from .views import view_of

KEPT = 10_000
"""No more items of a stream are kept than this; the oldest go first."""


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
        from ..tables.frame import frame

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
            return {"text/plain": "\n".join(lines), "text/html": verbatim(head)}
        last, rows = self.grid, render.ROWS
        if len(last.items) > rows:
            last = replace(last, items=last.items[-rows:])
        html = verbatim(head + draw.html(last, rows))
        return {"text/plain": "\n".join([*lines, draw.plain(last, rows)]), "text/html": html}

    def __repr__(self) -> str:
        return str(self._repr_mimebundle_()["text/plain"])


def watch(stream: Stream | Unsent, each: Callable[[Any], None] | None = None) -> Watched | Unsent:
    """Read a stream to its end and show it meanwhile, as `follow` does; the cell waits for the end.

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
    view = view_of(stream) if live() else None
    if view is not None:
        view.close_button.on_click(lambda _button: stream.close())
    try:
        with stream, Screen(view.widget, view.draw) if view is not None else nullcontext():
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
