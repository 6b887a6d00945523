"""What a container uses, over time: processor, memory and network, each as a number and a small chart.

Source: https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerStats
"""

from __future__ import annotations

from collections import deque
from typing import Any

from ..exchange import Exchange
from ..human import moment, size
from ..messages import _
from ..safe import escape
from ..tables.containers import cpu, memory
from .charts import blocks, chart
from .liveview import LiveView

KEPT = 120
"""So many samples are kept: two minutes, for the Engine sends one a second."""


class StatsView(LiveView):
    """Charts of the latest samples."""

    def __init__(self, exchange: Exchange) -> None:
        self.processor: deque[float] = deque(maxlen=KEPT)
        self.memory: deque[float] = deque(maxlen=KEPT)
        self.received: deque[float] = deque(maxlen=KEPT)
        self.sent: deque[float] = deque(maxlen=KEPT)
        self.limit = self.count = self.processes = 0
        self._before: tuple[float, int, int] | None = None
        super().__init__(exchange)

    def take(self, item: Any) -> None:
        """Note a sample; one of a container that does not run is empty."""
        if not isinstance(item, dict) or not (item.get("memory_stats") or {}).get("usage"):
            return
        self.count += 1
        self.processor.append(cpu(item) or 0.0)
        self.memory.append(memory(item))
        self.limit = int(item["memory_stats"].get("limit") or 0)
        self.processes = int((item.get("pids_stats") or {}).get("current") or 0)
        self._network(item)
        self._new = True

    def _network(self, item: dict[str, Any]) -> None:
        """Turn the counters of all interfaces into bytes a second."""
        cards = (item.get("networks") or {}).values()
        read = moment(item.get("read"))
        now = (
            (read.timestamp() if read else float(self.count)),
            sum(c["rx_bytes"] for c in cards),
            sum(c["tx_bytes"] for c in cards),
        )
        if self._before and now[0] > self._before[0]:
            passed = now[0] - self._before[0]
            self.received.append(max(0.0, (now[1] - self._before[1]) / passed))
            self.sent.append(max(0.0, (now[2] - self._before[2]) / passed))
        self._before = now

    def _rows(self) -> list[tuple[str, str, deque[float]]]:
        def last(values: deque[float]) -> float:
            return values[-1] if values else 0.0

        used = size(last(self.memory))
        return [
            (_("processor"), f"{last(self.processor):.1f} %", self.processor),
            (
                _("memory"),
                _("{used} of {limit}", used=used, limit=size(self.limit)) if self.limit else used,
                self.memory,
            ),
            (_("received"), f"{size(last(self.received))}/s", self.received),
            (_("sent"), f"{size(last(self.sent))}/s", self.sent),
        ]

    def content(self) -> str:
        """Return a row for each measure."""
        if not self.count:
            return f"<p>{escape(_('No sample yet: a container that does not run has none.'))}</p>"
        rows = []
        for name, now, values in self._rows():
            most = max(values, default=0.0)
            top = f"{most:.1f} %" if values is self.processor else size(most)
            said = _("{name} over time: now {now}, at most {top}", name=name, now=now, top=top)
            rows.append(
                f'<tr><th scope="row" style="text-align: left">{escape(name)}</th>'
                f'<td style="text-align: right; min-width: 12em">{escape(now)}</td>'
                f'<td style="padding: 4px 12px">{chart(list(values), said, KEPT)}</td>'
                f"<td>{escape(_('at most {top}', top=top))}</td></tr>"
            )
        return f"<table>{''.join(rows)}</table>"

    def stand(self) -> str:
        """Count samples and processes."""
        return _("{count} samples, {processes} processes", count=self.count, processes=self.processes)

    def lines(self) -> list[str]:
        """Return numbers and charts as text."""
        return (
            [f"{name:<10} {now:>22}  {blocks(list(values))}" for name, now, values in self._rows()]
            if self.count
            else []
        )
