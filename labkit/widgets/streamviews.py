"""What is drawn while a stream runs: bars for layers, the latest rows for the rest."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Any, Protocol

import ipywidgets

from .. import tables
from ..bars import Bar, Bars
from ..exchange import Exchange
from ..messages import _
from ..safe import harmless
from ..tables import draw

TAIL = 20
"""As many of the latest rows are shown while a stream runs."""


class View(Protocol):
    """What is drawn while a stream runs."""

    def take(self, item: Any) -> None:
        """Note an item; cheap, and never drawing."""

    def draw(self) -> None:
        """Show what was noted."""


class BarsView:
    """A bar for each layer, and one for all."""

    def __init__(self) -> None:
        self._bars = Bars()
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
        label = ipywidgets.Label(harmless(bar.name), layout=ipywidgets.Layout(width="9em"))
        return ipywidgets.HBox(
            [label, ipywidgets.FloatProgress(min=0.0, max=1.0), ipywidgets.Label(harmless(bar.status))]
        )


class TailView:
    """The latest rows of events, logs or samples."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
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
        grid = tables.items_grid(self._exchange, list(self._latest))
        self.widget.value = draw.html(replace(grid, items=grid.items[-TAIL:]), TAIL)
