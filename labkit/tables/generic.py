"""A sensible table for every answer that has none of its own."""

from __future__ import annotations

import base64
import binascii
import io
import json
import tarfile
from itertools import islice
from typing import Any

from ..errors import LabError
from ..exchange import Exchange
from ..human import moment
from ..safe import without_secrets
from .grid import Column, Grid, Kind, fields, grid, text

MAX_MEMBERS = 1000
"""No more members of a tar are listed."""

_TYPES = {tarfile.DIRTYPE: "folder", tarfile.SYMTYPE: "link", tarfile.LNKTYPE: "link", tarfile.REGTYPE: "file"}
_STAT = "X-Docker-Container-Path-Stat"


def generic(exchange: Exchange) -> Grid:
    """Return a table of any answer: JSON of any form, a tar, plain text, or nothing."""
    body = exchange.response.body
    if not body:
        return _path_stat(exchange.header(_STAT))
    if "x-tar" in exchange.header("Content-Type") and exchange.ok:
        return _tar(body)
    try:
        return of_json(exchange.json())
    except LabError:
        pass
    try:
        items = exchange.lines if body.lstrip()[:1] == b"{" else []
    except LabError:
        items = []
    if items:
        return of_json(items)
    return grid([text("text", str)], exchange.text.splitlines())


def of_json(value: Any) -> Grid:
    """Return a table of a JSON value: field and value, or the objects' own columns."""
    if isinstance(value, dict):
        return fields(without_secrets(value).items())
    if not isinstance(value, list):
        return fields([("value", value)])
    if not all(isinstance(item, dict) for item in value):
        return grid([Column("value", Kind.ANY, lambda item: item)], value)
    names = dict.fromkeys(name for item in value for name in item)
    return grid([_column(name, value) for name in names], value)


def _column(name: str, items: list[dict[str, Any]]) -> Column:
    """Choose the kind that all values of a name share."""
    kinds = {type(item[name]) for item in items if item.get(name) is not None}
    kind = Kind.ANY
    for fitting, chosen in (({bool}, Kind.FLAG), ({int}, Kind.INT), ({int, float}, Kind.FLOAT), ({str}, Kind.TEXT)):
        if kinds and kinds <= fitting:
            kind = chosen
            break
    return Column(name, kind, lambda item: item.get(name))


def _path_stat(header: str) -> Grid:
    """Read what HEAD of an ``archive`` says in a header: base64 of a JSON object."""
    try:
        said = json.loads(base64.b64decode(header)) if header else {}
        mode = {"mode": _go_mode(said["mode"])} if isinstance(said.get("mode"), int) else {}
        return fields((said | mode).items())
    except (binascii.Error, ValueError, AttributeError):
        return fields([])


def _go_mode(mode: int) -> str:
    """Write a file mode of Go as chmod takes it: its special bits stand elsewhere than in a mode of Unix.

    Source: https://pkg.go.dev/io/fs#FileMode
    """
    special = sum(bit for go, bit in ((1 << 23, 0o4000), (1 << 22, 0o2000), (1 << 20, 0o1000)) if mode & go)
    return f"{special | mode & 0o777:04o}"


def _tar(body: bytes) -> Grid:
    """List a tar, also one that was cut short."""
    members = []
    try:
        with tarfile.open(fileobj=io.BytesIO(body)) as tar:
            for member in islice(tar, MAX_MEMBERS):
                members.append(member)
    except (tarfile.TarError, EOFError, OSError):
        pass  # what could be read is listed
    columns = (
        text("path", lambda m: m.name),
        text("type", lambda m: _TYPES.get(m.type, "other")),
        text("mode", lambda m: f"{m.mode & 0o7777:04o}"),
        Column("size", Kind.BYTES, lambda m: m.size),
        Column("modified", Kind.TIME, lambda m: moment(int(m.mtime))),
    )
    return grid(columns, members)
