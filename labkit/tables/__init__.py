"""The response as a table that a person would want.

`grid` chooses the form by the endpoint; `table` makes a DataFrame of it.  To add
a table: write its form as columns or fields, and name its endpoint here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from .. import api
from ..errors import LabError
from ..exchange import Exchange
from ..streams import Frame
from . import containers, images, networks, registry, system, volumes
from .generic import generic, of_json
from .grid import Bytes, Column, Grid, Kind

if TYPE_CHECKING:
    from .frame import Table

__all__ = ["Bytes", "Column", "Grid", "Kind", "grid", "items_grid", "table"]

_OF_JSON: dict[str, tuple[type | tuple[type, ...], Callable[[Any], Grid | None]]] = {
    "GET /containers/json": (list, containers.listed),
    "GET /containers/{id}/json": (dict, containers.inspected),
    "GET /containers/{id}/top": (dict, containers.top),
    "GET /containers/{id}/changes": ((list, type(None)), containers.changes),
    "GET /images/json": (list, images.listed),
    "GET /images/{name}/json": (dict, images.inspected),
    "GET /images/{name}/history": (list, images.history),
    "GET /images/search": (list, images.found),
    "DELETE /images/{name}": (list, images.removed),
    "GET /volumes": (dict, volumes.listed),
    "GET /volumes/{name}": (dict, volumes.inspected),
    "POST /volumes/create": (dict, volumes.inspected),
    "GET /networks": (list, networks.listed),
    "GET /networks/{id}": (dict, networks.inspected),
    "GET /version": (dict, system.version),
    "GET /info": (dict, system.info),
    "POST /containers/prune": (dict, system.pruned),
    "POST /images/prune": (dict, system.pruned),
    "POST /volumes/prune": (dict, system.pruned),
    "POST /networks/prune": (dict, system.pruned),
    "POST /build/prune": (dict, system.pruned),
}
_OF_LINES: dict[str, Callable[[list[Any]], Grid]] = {
    "GET /events": system.events,
    "GET /containers/{id}/stats": containers.stats,
    "POST /images/create": images.progress,
    "POST /images/{name}/push": images.progress,
    "POST /images/load": images.loaded,
    "POST /build": images.build,
}
_OUTPUT = ("GET /containers/{id}/logs", "POST /containers/{id}/attach", "POST /exec/{id}/start")
_STAMPED = re.compile(r"[?&]timestamps=(1|t|true)\b", re.I)


def table(exchange: Exchange) -> Table:
    """Return the response as a DataFrame.

    Sizes are numbers of bytes, times are datetimes in UTC; what is missing is NA.
    Every answer has a table, also an error and one that is not as the API says.
    """
    from .frame import frame  # pandas is loaded when it is needed, and not before

    return frame(grid(exchange))


def grid(exchange: Exchange) -> Grid:
    """Return the response as a grid, which needs no pandas."""
    return replace(_own(exchange) or generic(exchange), at=_answered(exchange))


def items_grid(exchange: Exchange, items: list[Any]) -> Grid:
    """Return what came of a stream as a grid.

    Parameters
    ----------
    exchange: the request of the stream, and the status and headers of its answer.
    items: what the stream gave: dicts, frames or bytes.
    """
    request = exchange.request
    endpoint = f"{request.method} {api.template(request.method, request.path)}"
    frames = [Frame(1, item) if isinstance(item, bytes) else item for item in items if isinstance(item, (bytes, Frame))]
    if frames:
        made = containers.output(frames, stamped=bool(_STAMPED.search(request.target)))
    elif endpoint in _OF_LINES:
        made = _OF_LINES[endpoint]([item for item in items if isinstance(item, dict)])
    else:
        made = of_json(items)
    return replace(made, at=_answered(exchange))


def _own(exchange: Exchange) -> Grid | None:
    """Return the table of the endpoint's own; None where it has none, or the answer is not as the API says."""
    request = exchange.request
    endpoint = f"{request.method} {api.template(request.method, request.path)}"
    if exchange.status == 304 or not exchange.response.body:
        return None
    try:
        if request.path == "/v2" or request.path.startswith("/v2/"):
            said = exchange.json()
            return registry.answered(said) if isinstance(said, dict) else None
        if not exchange.ok:
            return None
        if endpoint in _OUTPUT:
            return containers.output(exchange.frames, stamped=bool(_STAMPED.search(request.target)))
        if endpoint in _OF_LINES:
            return _OF_LINES[endpoint](_lines(exchange))
        if endpoint in _OF_JSON:
            kind, form = _OF_JSON[endpoint]
            said = exchange.json()
            return form(said) if isinstance(said, kind) else None
    except (AttributeError, IndexError, KeyError, TypeError, ValueError, LabError):
        return None  # not what the API promises: the general table shows what is there
    return None


def _lines(exchange: Exchange) -> list[Any]:
    return [line for line in exchange.lines if isinstance(line, dict)]


def _answered(exchange: Exchange) -> datetime | None:
    try:
        return parsedate_to_datetime(exchange.header("Date"))
    except (TypeError, ValueError):
        return None
