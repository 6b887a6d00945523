"""Which view shows which stream."""

from __future__ import annotations

from ..live import Stream
from .eventsview import EventsView
from .following import View
from .logview import LogView
from .progressview import ProgressView
from .statsview import StatsView
from .terminal import Terminal


def view_of(stream: Stream) -> View:
    """Return the view for a stream, by the path that was asked for and whether it takes input."""
    exchange = stream.exchange
    path = exchange.request.path
    if exchange.status == 101:
        return Terminal(exchange, stream)
    if path.endswith("/stats"):
        return StatsView(exchange)
    if path.endswith(("/logs", "/attach", "/start")):
        return LogView(exchange)
    if path.endswith(("/images/create", "/push", "/build", "/images/load")):
        return ProgressView(exchange)
    return EventsView(exchange)
