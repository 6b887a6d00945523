"""The exchange as a notebook shows it: text always, and HTML that survives a sanitizer.

The HTML uses inline styles, tables and ``<details>``, leaves colours to the page, in
a light theme or a dark one, and holds no script, no style sheet, no id and no link to anywhere.  Everything
that comes from an Engine is escaped.  The same exchange with other ids, ages, sizes
and times differs in these values alone.

The first line and each folded part are functions of their own, to be arranged
differently by a panel.
"""

from __future__ import annotations

import json
from typing import Any

from . import curl as _curl
from . import human, streams, tables
from .errors import LabError
from .exchange import Exchange
from .meaning import meaning
from .messages import _
from .model import Headers, phrase
from .safe import escape, harmless, without_secrets
from .tables import draw

ROWS = 20
"""No more rows of a table are shown; ``r.table`` has all."""

FIELDS = 60
"""No more fields of one thing are shown; ``r.table`` has all."""

MAX_JSON = 20_000
"""No more characters of JSON are shown; ``r.json()`` has all."""

MAX_ITEMS = 20
"""No more items of a list of JSON are shown."""

_SECRET = frozenset((*_curl.SECRET_HEADERS, "set-cookie"))
_BOX = "margin: 4px 0;"
_PRE = f"{_BOX} padding: 2px 8px; border-left: 3px solid gray; white-space: pre-wrap; overflow-wrap: break-word;"


def bundle(exchange: Exchange) -> dict[str, Any]:
    """Return the exchange as text/plain and text/html."""
    grid = _table(exchange)  # once for both
    return {"text/plain": _plain(exchange, grid), "text/html": _html(exchange, grid)}


def headline(exchange: Exchange) -> str:
    """Return request, status with its meaning, time and size on one line."""
    request, status = exchange.request, exchange.status
    said = f"{request.method} {request.target} → {status} {phrase(status) or exchange.response.reason}".rstrip()
    facts = [meaning(status), human.took(exchange.seconds)]
    if not _open(exchange):
        facts.append(human.size(len(exchange.response.body)))
    return harmless(f"{said} — " + ", ".join(facts)).replace("\n", " ")


def remarks(exchange: Exchange) -> list[str]:
    """Return what went wrong, then labkit's own notes, then how to set the curl line's variables."""
    said = []
    if error := exchange.error:
        inside = _("The status says {n}, but the stream carries an error: {error}", n=exchange.status, error=error)
        said.append(inside if exchange.ok else _("The Engine says: {error}", error=error))
    if _open(exchange):
        said.append(_("The answer is a stream: a loop over it gives its items as they come."))
    return [harmless(line) for line in (*said, *exchange.notes)]


def _plain(exchange: Exchange, grid: tables.Grid | None) -> str:
    """Return the exchange as text: the line, the curl line, the table."""
    parts = [headline(exchange), harmless("$ " + exchange.curl), *map(_indent, _curl.notes(exchange.request))]
    parts += remarks(exchange)
    if grid is not None:
        parts.append(draw.plain(grid, rows(grid)))
    return "\n".join(parts)


def _html(exchange: Exchange, grid: tables.Grid | None) -> str:
    """Return the exchange as HTML: the same, with JSON and headers folded beneath."""
    parts = [f'<p style="{_BOX}"><strong>{escape(headline(exchange))}</strong></p>']
    parts.append(f'<pre style="{_PRE}">{escape(_curl.curl(exchange.request, wrap=True))}</pre>')
    parts += [f'<p style="{_BOX}">{escape(line)}</p>' for line in (*_curl.notes(exchange.request), *remarks(exchange))]
    if grid is not None:
        parts.append(f'<div style="overflow-x: auto;">{draw.html(grid, rows(grid))}</div>')
    body, said = json_text(exchange)
    if body:
        parts.append(_fold(said, f'<pre style="{_PRE}">{escape(body)}</pre>'))
    parts.append(_fold(_("Headers"), _headers(exchange)))
    return f'<div style="{_BOX}">{"".join(parts)}</div>'


def json_text(exchange: Exchange) -> tuple[str, str]:
    """Return the JSON of the answer, pretty and bounded, and what to call it; empty for none.

    A stream of progress is left out: how many lines it has differs from run to run.
    """
    if streams.is_progress(exchange) or not exchange.response.body:
        return "", ""
    try:
        value = exchange.json()
    except LabError:
        return "", ""
    said = _("JSON")
    if isinstance(value, dict):
        value = without_secrets(value)
    if isinstance(value, list) and len(value) > MAX_ITEMS:
        said = _("JSON: the first {shown} of {count}; r.json() has all", shown=MAX_ITEMS, count=len(value))
        value = value[:MAX_ITEMS]
    pieces, size = [], 0
    # Piece by piece, so that a body of many megabytes costs no more than what is shown of it.
    for piece in json.JSONEncoder(indent=2, ensure_ascii=False).iterencode(value):
        pieces.append(piece)
        size += len(piece)
        if size > MAX_JSON:
            return "".join(pieces)[:MAX_JSON] + "…", _("JSON, cut short; r.json() has all")
    return "".join(pieces), said


def rows(grid: tables.Grid) -> int:
    """Return how many rows of a grid are shown."""
    return ROWS if grid.listed else FIELDS


def _open(exchange: Exchange) -> bool:
    """Whether the answer was left to be read bit by bit."""
    return exchange.request.stream and exchange.status < 400


def _table(exchange: Exchange) -> tables.Grid | None:
    """Return the table to show; None where there is nothing to put into one."""
    if _open(exchange):
        return None
    grid = tables.grid(exchange)
    said = bool(exchange.error) and not exchange.ok
    return None if said or (not grid.items and not exchange.response.body) else grid


def _fold(title: str, content: str) -> str:
    return f'<details style="{_BOX}"><summary style="cursor: pointer;">{escape(title)}</summary>{content}</details>'


def _headers(exchange: Exchange) -> str:
    sent = (("Host", exchange.request.endpoint.authority), *exchange.request.headers)
    lines = [f"> {line}" for line in _lines(sent)] + [f"< {line}" for line in _lines(exchange.response.headers)]
    return f'<pre style="{_PRE}">{escape(chr(10).join(lines))}</pre>'


def _lines(headers: Headers) -> list[str]:
    return [f"{name}: {'***' if name.lower() in _SECRET else value}" for name, value in headers]


def _indent(line: str) -> str:
    return f"  {line}"
