"""What happens on an engine, as it happens: the latest rows, filtered by a word.

Also for any other stream of JSON lines.
"""

from __future__ import annotations

import json
from collections import deque
from typing import Any

import ipywidgets

from .. import tables
from ..exchange import Exchange
from ..messages import _
from ..tables import draw
from .liveview import LiveView

KEPT, SHOWN = 2_000, 20
"""So many items are kept, and so many shown."""


class EventsView(LiveView):
    """The latest events."""

    def __init__(self, exchange: Exchange) -> None:
        self.items: deque[Any] = deque(maxlen=KEPT)
        self.count = 0
        self.filter = ipywidgets.Text(description=_("Filter"), placeholder=_("only what holds this word"))
        super().__init__(exchange, self.filter)
        self.filter.observe(self.renew, "value")

    def take(self, item: Any) -> None:
        """Note an event."""
        self.items.append(item)
        self.count += 1
        self._new = True

    def _grid(self) -> tables.Grid:
        wanted = self.filter.value.lower()
        kept: list[Any] = []
        for item in reversed(list(self.items)):
            if not wanted or wanted in json.dumps(item, ensure_ascii=False, default=str).lower():
                kept.append(item)
                if len(kept) == SHOWN:
                    break
        return tables.items_grid(self.exchange, kept[::-1])

    def content(self) -> str:
        """Return the latest rows."""
        return f'<div style="overflow-x: auto">{draw.html(self._grid(), SHOWN)}</div>'

    def stand(self) -> str:
        """Count events."""
        said = _("{count} so far", count=self.count)
        return f"{said} · {_('only with: {words}', words=self.filter.value)}" if self.filter.value else said

    def lines(self) -> list[str]:
        """Return the latest rows as text."""
        return draw.plain(self._grid(), SHOWN).splitlines() if self.items else []
