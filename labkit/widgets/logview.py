"""A log as it is written: stdout and stderr told apart by a word and a mark, searched, held, and bounded."""

from __future__ import annotations

from typing import Any

import ipywidgets

from ..exchange import Exchange
from ..human import size
from ..messages import _
from ..safe import escape
from .liveview import BODY, LiveView
from .logbook import Line, LogBook

SHOWN = 200
"""So many lines are on the screen."""

LEFT = 20
"""So many stay in the notebook."""

_NAMES = ("in", "out", "err")


class LogView(LiveView):
    """The latest lines of a log."""

    def __init__(self, exchange: Exchange) -> None:
        self.book = LogBook()
        self.search = ipywidgets.Text(description=_("Search"), placeholder=_("in these lines"))
        self.streams = ipywidgets.Dropdown(
            description=_("Show"),
            options=[(_("both streams"), (0, 1, 2)), (_("stdout alone"), (1,)), (_("stderr alone"), (2,))],
        )
        super().__init__(exchange, self.search, self.streams, scrolls=True)
        for control in (self.search, self.streams):
            control.observe(self.renew, "value")

    def take(self, item: Any) -> None:
        """Note a piece of the log."""
        self.book.take(item)
        self._new = True

    def over(self, why: str) -> None:
        """Take the last line, which may have no end."""
        self.book.end()
        super().over(why)

    def chosen(self, most: int) -> list[Line]:
        """Return the latest lines that are asked for, the oldest first."""
        lines = []
        for line in self.book.found(self.search.value, self.streams.value):
            lines.append(line)
            if len(lines) == most:
                break
        return lines[::-1]

    def content(self) -> str:
        """Return the lines, the newest at the bottom."""
        rows = "".join(map(_row, self.chosen(SHOWN))) or escape(_("nothing yet"))
        return f'<div role="log" aria-live="off" aria-label="{escape(_("Log"))}" style="{BODY}">{rows}</div>'

    def stand(self) -> str:
        """Count lines and bytes."""
        _typed, out, err = self.book.count
        said = [_("{out} lines of stdout, {err} of stderr, {size}", out=out, err=err, size=size(self.book.received))]
        if self.book.dropped:
            said.append(_("the last {count} lines are kept", count=len(self.book.lines)))
        if self.search.value:
            said.append(_("searched for: {words}", words=self.search.value))
        return " · ".join(said)

    def lines(self) -> list[str]:
        """Return the last lines."""
        return [f"{_NAMES[line.stream]:<3} {line.text}" for line in self.chosen(LEFT)]


def _row(line: Line) -> str:
    # A bar and bold letters: the difference is seen in grey, too.
    err = line.stream == 2
    mark = "border-left: 4px double currentColor; font-weight: bold" if err else "border-left: 4px solid transparent"
    return (
        f'<div style="{mark}; padding-left: 6px"><span style="opacity: 0.75">{_NAMES[line.stream]:<3}</span> '
        f"{escape(line.text)}</div>"
    )
