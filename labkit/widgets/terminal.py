"""The terminal end of attach and exec: a line is typed into it, and what the process writes comes back.

It is no terminal emulator: escape sequences are shown, not obeyed.
"""

from __future__ import annotations

from threading import Thread
from typing import Any

import ipywidgets

from ..errors import StreamError
from ..exchange import Exchange
from ..live import Stream
from ..messages import _
from ..safe import escape
from ..streams import Frame
from .liveview import BODY, LiveView
from .logbook import Line, LogBook

SHOWN, LEFT = 200, 20
"""So many lines are on the screen, and so many stay in the notebook."""


class Terminal(LiveView):
    """What came and what was typed.

    Parameters
    ----------
    stream: upgraded, so that input can be sent.
    """

    def __init__(self, exchange: Exchange, stream: Stream) -> None:
        self.book = LogBook()
        self._stream = stream
        self._tty = False
        self.line = ipywidgets.Text(description=_("Input"), placeholder=_("Type a line, then Enter"))
        self.line.layout.width = "32em"
        self.line.on_msg(self._typed)
        self.eof = ipywidgets.Button(description=_("End of input"), tooltip=_("Say that no more input comes (Ctrl-D)"))
        self.eof.on_click(self._ended)
        super().__init__(exchange, self.line, self.eof, pause=False, scrolls=True)
        self.body.layout.min_height = "6em"

    def take(self, item: Any) -> None:
        """Note output."""
        self._tty = self._tty or not isinstance(item, Frame)
        self.book.take(item)
        self._new = True

    def over(self, why: str) -> None:
        """Take the last line, and no more input."""
        self.book.end()
        self.line.disabled = self.eof.disabled = True
        super().over(why)

    def send(self, text: str) -> None:
        """Send a line; a process that does not read must not hold up the kernel, so a thread does it."""
        if not self._tty:  # a terminal shows by itself what is typed
            self.book.add(0, text.encode("utf-8", "replace"))
        Thread(target=self._send, args=(text + "\n",), name="labkit-typed", daemon=True).start()
        self._new = True

    def _send(self, text: str) -> None:
        try:
            self._stream.send(text)
        except StreamError as error:
            self.over(error.message)

    def _typed(self, _widget: Any, content: Any, _buffers: Any) -> None:
        if content.get("event") != "submit":
            return
        text, self.line.value = self.line.value, ""
        self.send(text)

    def _ended(self, _button: Any) -> None:
        self._stream.close_write()
        self.line.disabled = self.eof.disabled = True

    def _last(self, most: int) -> list[Line]:
        lines = [*list(self.book.lines)[-most:], *self.book.open_line()]
        return lines[-most:]

    def content(self) -> str:
        """Return the lines; what was typed has a mark before it."""
        rows = "".join(f"<div>{escape(said(line))}</div>" for line in self._last(SHOWN))
        name = escape(_("Input and output"))
        return f'<div role="log" aria-live="off" aria-label="{name}" style="{BODY}">{rows}</div>'

    def stand(self) -> str:
        """Say whether input is taken."""
        return _("input goes to the process") if not self.line.disabled else _("no more input")

    def lines(self) -> list[str]:
        """Return the last lines."""
        return [said(line) for line in self._last(LEFT)]


def said(line: Line) -> str:
    """Return a line with the mark of its stream."""
    return {0: "> ", 2: "err "}.get(line.stream, "") + line.text
