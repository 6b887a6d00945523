"""How far a pull, push or build has come: a bar for each layer, one for all, and how fast it goes."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

from ..bars import Bar, Bars
from ..exchange import Exchange
from ..human import size
from ..messages import _
from ..safe import escape
from ..streams import item_error
from .liveview import LiveView

SPAN = 5.0
"""The rate is that of the last seconds."""

SHOWN = 40
"""No more bars are drawn."""


class ProgressView(LiveView):
    """Bars of layers."""

    def __init__(self, exchange: Exchange) -> None:
        self.bars = Bars()
        self.error = ""
        self.last = ""
        self._bytes = 0
        self._marks: deque[tuple[float, int]] = deque()
        super().__init__(exchange)

    def take(self, item: Any) -> None:
        """Note a line of progress."""
        if not isinstance(item, dict):
            return
        before = self.bars.all.get(str(item.get("id")))
        was, stage = (before.current, before.status) if before else (0, "")
        self.bars.feed(item)
        after = self.bars.all.get(str(item.get("id")))
        if after and after.current > was and after.status == stage:
            self._bytes += after.current - was  # within one stage: a new one counts from 0 again
        self.error = item_error(item) or self.error
        self.last = str(item.get("status") or item.get("stream") or "").strip() or self.last
        self._new = True

    def rate(self) -> float:
        """Return the bytes a second of the last few seconds."""
        now = time.monotonic()
        self._marks.append((now, self._bytes))
        while now - self._marks[0][0] > SPAN and len(self._marks) > 2:
            self._marks.popleft()
        passed = now - self._marks[0][0]
        return (self._bytes - self._marks[0][1]) / passed if passed > 0.2 else 0.0

    def content(self) -> str:
        """Return a row for each layer; a failure stands first."""
        bars = list(self.bars.all.values())
        rows = [_row(_("all"), self.bars.part, "", strong=True)] if bars else []
        rows += [_row(bar.name, bar.part, _said(bar)) for bar in bars[:SHOWN]]
        if len(bars) > SHOWN:
            rows.append(f"<tr><td>{escape(_('and {count} more', count=len(bars) - SHOWN))}</td></tr>")
        wrong = f"<p><strong>{escape(_('It failed: {why}', why=self.error))}</strong></p>" if self.error else ""
        return f"{wrong}<table>{''.join(rows)}</table><p>{escape(self.last)}</p>"

    def stand(self) -> str:
        """Count layers, and say how fast it goes."""
        bars = self.bars.all.values()
        said = [_("{done} of {all} layers", done=sum(bar.done for bar in bars), all=len(bars))] if bars else []
        if not self.why and (fast := self.rate()):
            said.append(f"{size(fast)}/s")
        return " · ".join(said)

    def lines(self) -> list[str]:
        """Return each layer's state."""
        said = [f"{bar.name}: {_said(bar)}" for bar in list(self.bars.all.values())[:SHOWN]]
        return [*([_("It failed: {why}", why=self.error)] if self.error else []), *said, *filter(None, [self.last])]


def _said(bar: Bar) -> str:
    counted = bar.total > 0 and not bar.done and bar.name != "build"
    return f"{bar.status}  {size(bar.current)} / {size(bar.total)}" if counted else bar.status


def _row(name: str, part: float, said: str, strong: bool = False) -> str:
    shown = f"<strong>{escape(name)}</strong>" if strong else f"<code>{escape(name)}</code>"
    label = _("{name}: {part:.0f} percent", name=name, part=100 * part)
    return (
        f'<tr><td>{shown}</td><td><progress max="1" value="{part:.3f}" aria-label="{escape(label)}"></progress></td>'
        f'<td style="text-align: right">{100 * part:.0f} %</td><td style="text-align: left">{escape(said)}</td></tr>'
    )
