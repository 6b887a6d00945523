"""The exchange as a notebook shows it: text always, and HTML that survives a sanitizer.

The HTML uses inline styles, tables and ``<details>``, leaves colours to the page, in
a light theme or a dark one, and holds no id and no link to anywhere.  What a sanitizer
takes out (labkit/livelayer.py) is constant, and nothing depends on it.  Everything that
comes from an Engine is escaped.  The same exchange with other ids, ages, sizes and times
differs in these values alone.
"""

from __future__ import annotations

from typing import Any

from . import api, dockercommand, human, livelayer, pythoncall, streams, tables
from . import curl as _curl
from .errors import LabError
from .exchange import Exchange
from .markup import lines, prose, verbatim
from .messages import _
from .model import Headers, phrase
from .safe import escape, harmless, without_secrets
from .status import meaning
from .tables import draw

ROWS = 20
"""No more rows of a table are shown; ``r.table`` has all."""

FIELDS = 60
"""No more fields of one thing are shown; ``r.table`` has all."""

_SECRET = frozenset((*_curl.SECRET_HEADERS, "set-cookie"))
_BOX = "margin: 4px 0;"
_PRE = f"{_BOX} padding: 2px 8px; border-left: 3px solid gray; white-space: pre-wrap; overflow-wrap: break-word;"


def bundle(exchange: Exchange) -> dict[str, Any]:
    """Return the exchange as text/plain and text/html."""
    grid = _table(exchange)  # once for both
    return {"text/plain": _plain(exchange, grid), "text/html": verbatim(_html(exchange, grid))}


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
        # A registry and a container's own server answer too, at paths that the Engine does not have.
        engine = api.template(exchange.request.method, exchange.request.path) is not None
        outside = _("The Engine says: {error}", error=error) if engine else _("The answer says: {error}", error=error)
        said.append(inside if exchange.ok else outside)
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
    """Return the exchange as HTML: the same, with its other forms folded beneath."""
    first, dash, facts = headline(exchange).partition(" — ")
    parts = [f'<p style="{_BOX}"><strong>{escape(first)}</strong>{escape(dash + facts)}</p>']
    parts.append(_shell(_curl.curl(exchange.request, wrap=True)))
    parts += map(_said, (*_curl.notes(exchange.request), *remarks(exchange)))
    if grid is not None:
        parts.append(f'<div style="overflow-x: auto;">{draw.html(grid, rows(grid))}</div>')
    folded = [_json(exchange), _fold("headers", _("Headers"), _headers(exchange))]
    folded.append(_fold("curl", _("curl in one line"), _shell(exchange.curl)))
    folded += [_python(exchange), _docker(exchange)]
    parts.append(f'<div class="labkit-parts">{"".join(folded)}</div>')
    return f'<div style="{_BOX}" {livelayer.ATTRIBUTES}>{livelayer.STYLE}{"".join(parts)}</div>'


def _json(exchange: Exchange) -> str:
    """Return the JSON of the answer as a tree; empty for none.

    A stream of progress is left out: how many lines it has differs from run to run.
    """
    if streams.is_progress(exchange) or not exchange.response.body:
        return ""
    try:
        value = exchange.json()
    except LabError:
        return ""
    if isinstance(value, dict):
        value = without_secrets(value)
    from . import jsontree  # with the field guide, which takes some time to read

    request = exchange.request
    html, cut = jsontree.tree(value, api.template(request.method, request.path) or "" if exchange.ok else "")
    said = _("JSON, cut short; r.json() has all") if cut else _("JSON")
    return _fold("json", said, f'<div style="{_BOX} overflow-wrap: break-word;">{livelayer.search_box()}{html}</div>')


def _python(exchange: Exchange) -> str:
    text = pythoncall.python(exchange.request)
    said = ""
    if "os.environ[" in text and _curl.notes(exchange.request):
        said = _said(_("The variable must be exported to be seen by Python: export NAME=…"))
    return _fold("python", _("Python"), said + _shell(text))


def _docker(exchange: Exchange) -> str:
    found = dockercommand.command(exchange.request)
    if found is None:
        return _fold("docker", "docker", _said(dockercommand.why_not(exchange.request)))
    shown = _shell("\n".join(dockercommand.lines(exchange.request, found)))
    return _fold("docker", "docker", shown + "".join(map(_said, found.remarks)))


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


def _fold(name: str, title: str, content: str) -> str:
    head = f'<details class="labkit-{name}" style="{_BOX}">'
    return f'{head}<summary style="cursor: pointer;">{escape(title)}</summary>{content}</details>'


def _shell(text: str) -> str:
    """Return text to be pasted, with a button that copies it."""
    return f"<div>{livelayer.copy_button()}{lines(text, style=_PRE)}</div>"


def _said(line: str) -> str:
    return f'<p style="{_BOX}">{prose(line)}</p>'


def _headers(exchange: Exchange) -> str:
    sent = (("Host", exchange.request.endpoint.authority), *exchange.request.headers)
    found = [f"> {line}" for line in _lines(sent)] + [f"< {line}" for line in _lines(exchange.response.headers)]
    return lines("\n".join(found), style=_PRE)


def _lines(headers: Headers) -> list[str]:
    return [f"{name}: {'***' if name.lower() in _SECRET else value}" for name, value in headers]


def _indent(line: str) -> str:
    return f"  {line}"
