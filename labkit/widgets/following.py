"""Follow a stream without blocking the next cell: a thread reads, a widget shows, and all of it is let go in time.

A view is closed by its button, when its cell runs again, when the kernel is interrupted, by
``lab.clean()``, with the kernel, and some time after the last page that showed it has gone.

Sources: https://ipython.readthedocs.io/en/stable/config/callbacks.html and
https://jupyter-client.readthedocs.io/en/stable/messaging.html#execute
"""

from __future__ import annotations

import asyncio
import signal
import sys
from threading import Lock, Thread, current_thread
from typing import Any, Protocol
from urllib.parse import quote

from .. import render
from ..client import Client, Unsent
from ..errors import LabError, UsageError
from ..live import Stream
from ..markup import verbatim
from ..messages import _
from ..safe import escape
from . import page, painter
from .screen import close as close_widget
from .screen import live

JOIN = 5.0
"""So long is waited for a reader to end, in seconds."""

_open: dict[Follow, str] = {}
_lock = Lock()


class View(Protocol):
    """What shows a stream while it is followed."""

    widget: Any
    close_button: Any
    presence: page.Presence

    def take(self, item: Any) -> None:
        """Note an item; cheap, never drawing."""

    def draw(self) -> None:
        """Show what is new; called ten times a second at most."""

    def over(self, why: str) -> None:
        """Say that nothing more comes, and why."""

    def bundle(self) -> dict[str, str]:
        """Return what has been seen, as text/plain and text/html, for when the widget is gone."""


class Follow:
    """A stream that is being followed: `close` ends it, `error` and `ended` say how it ended.

    Parameters
    ----------
    stream: from a call with ``stream=True`` or ``upgrade=True``.
    view: what shows its items.
    """

    def __init__(self, stream: Stream, view: View) -> None:
        self.stream, self.view = stream, view
        self.error = ""
        self._place: Any = None
        self._widget: dict[str, Any] = {}
        self._closed = False
        self._left = ""
        self._thread = Thread(target=self._read, name="labkit-follow", daemon=True)

    @property
    def ended(self) -> str:
        """Why it is over: ``end``, ``time`` or ``closed``; empty while it goes on."""
        return self.stream.ended

    def begin(self) -> None:
        """Show the view, and read in a thread of its own."""
        with _lock:
            _open[self] = _cell()
        if live():
            _listen()
            self._show()
            painter.add(self, self._draw)
        self._thread.start()

    def close(self) -> None:
        """Close the stream and the widget; what was seen stays as text.  Closing twice does no harm."""
        with _lock:
            _open.pop(self, None)
            closed, self._closed = self._closed, True
        if closed:
            return
        self.stream.close()
        if self._thread.is_alive() and self._thread is not current_thread():
            self._thread.join(JOIN)
        painter.remove(self)
        if self._place is not None:
            self._place.update(self.view.bundle(), raw=True)
        close_widget(self.view.widget)

    def _draw(self) -> None:
        self.view.draw()
        if self.view.presence.gone():
            self._left = _("No page showed it any more, so it was closed.")
            self.close()

    def __enter__(self) -> Follow:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _read(self) -> None:
        try:
            for item in self.stream:
                self.view.take(item)
        except LabError as error:
            self.error = error.message
        if self.stream.status >= 400:
            self.error = self.stream.exchange.error
        self.view.over(self.error or self._left or _WHY.get(self.ended, ""))
        painter.remove(self)
        if not self._closed:
            self.view.draw()
            if self._place is not None:
                # The widget stays, to be searched; what a saved notebook shows is from now on what came of it.
                self._place.update(self._widget | self.view.bundle(), raw=True)

    def _show(self) -> None:
        from IPython.display import display

        shown = self.view.widget._repr_mimebundle_()
        self._widget = {key: value for key, value in shown.items() if "widget" in key}
        # Where there is no widget (an untrusted notebook, a viewer), this is what is seen.
        self._place = display(self._widget | self._instead(), raw=True, display_id=True)
        # Closed from Python, or by the page.
        self.view.widget.observe(lambda _change: self.close(), "comm")
        if self.view.widget.comm is not None:
            self.view.widget.comm.on_close(lambda _message: self.close())

    def _instead(self) -> dict[str, str]:
        line = render.headline(self.stream.exchange)
        note = _("A live view: run this cell to follow the stream.")
        return {
            "text/plain": f"{line}\n{note}",
            "text/html": verbatim(f"<p><strong>{escape(line)}</strong></p><p>{escape(note)}</p>"),
        }

    def __repr__(self) -> str:
        return self._instead()["text/plain"]

    def _ipython_display_(self) -> None:
        from IPython.display import display

        if self._place is None:  # else it is on the screen already
            display(self._instead(), raw=True)


_WHY = {
    "end": _("The stream has ended."),
    "time": _("It was read to the time limit."),
    "closed": _("It was closed here."),
}


def follow(stream: Stream | Unsent) -> Follow | Unsent:
    """Follow a stream in a view of its own while other cells run.

    Parameters
    ----------
    stream: from a call with ``stream=True``, or ``upgrade=True`` for attach and exec.

    Returns what closes it.  Raises `UsageError` for an answer that is no stream.
    """
    if isinstance(stream, Unsent):
        return stream
    if not isinstance(stream, Stream):
        raise UsageError(_("Only a stream can be followed."), _("Add stream=True to the call."))
    from .views import view_of

    return begin(stream, view_of(stream))


def begin(stream: Stream, view: View) -> Follow:
    """Show a stream in a view."""
    found = Follow(stream, view)
    view.close_button.on_click(lambda _button: found.close())
    found.begin()
    return found


def control(client: Client, name: str) -> Follow:
    """Show a container's state with buttons that send calls.

    Parameters
    ----------
    client: what the calls are sent with.
    name: the container's name or id.

    Raises `UsageError` when there is no such container.
    """
    from .controlview import Control

    answer = client.get(f"/containers/{quote(name, safe='')}/json")
    if not answer.ok:
        raise UsageError(answer.error, _("GET /containers/json?all=1 lists what there is."))
    filters = {"type": ["container"], "container": [answer.json()["Id"]]}
    stream = client.get("/events", filters=filters, stream=True)
    return begin(stream, Control(stream.exchange, client, name))


def close_all(cell: str = "") -> None:
    """Close all views, or those of one cell."""
    with _lock:
        mine = [view for view, where in _open.items() if not cell or where == cell]
    for view in mine:
        view.close()


def opened() -> int:
    """Return how many views are open."""
    return len(_open)


def _cell() -> str:
    """Return what tells the running cell from others: its id, or its text where a front end sends none."""
    from IPython import get_ipython

    shell = get_ipython()
    parent = shell.get_parent() if hasattr(shell, "get_parent") else {}
    return str(parent.get("metadata", {}).get("cellId") or parent.get("content", {}).get("code", ""))


_listening = False


def _listen() -> None:
    """Be told when a cell runs again, and when the kernel is interrupted; once is enough."""
    global _listening
    from IPython import get_ipython

    if _listening:
        return
    _listening = True
    events = get_ipython().events
    events.register("pre_execute", page.clock.busy)
    events.register("post_execute", page.clock.idle)
    page.clock.busy()  # by the cell that opens the first view
    events.register("pre_run_cell", lambda *_info: close_all(_cell()) if _cell() else None)
    events.register("post_run_cell", _after)
    try:
        asyncio.get_running_loop().call_later(0.2, _take_signal)
    except RuntimeError:  # no event loop: then nobody waits idly for an interrupt either
        pass


def _after(*result: Any) -> None:
    """Close all when a cell was interrupted."""
    if result and isinstance(result[0].error_in_exec, KeyboardInterrupt):
        close_all()


def _take_signal() -> None:
    """Take interrupts while no cell runs: the kernel ignores them then.

    While one runs, the kernel puts a handler of its own in the place and afterwards ours back.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda *_signal: close_all())
    elif "ipykernel" in sys.modules:
        asyncio.get_running_loop().call_later(0.2, _take_signal)
