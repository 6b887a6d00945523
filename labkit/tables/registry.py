"""A registry: its repositories, tags and manifests.

Source: https://distribution.github.io/distribution/spec/api/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..human import short
from .grid import Column, Grid, Kind, grid, text

_PARTS = (
    text("part", lambda pair: pair[0]),
    text("digest", lambda pair: short(pair[1]["digest"])),
    text("media type", lambda pair: pair[1]["mediaType"]),
    Column("size", Kind.BYTES, lambda pair: pair[1]["size"]),
)


def answered(answer: dict[str, Any]) -> Grid | None:
    """An answer of a registry; None for one that has no table of its own."""
    if isinstance(answer.get("repositories"), list):
        return grid([text("repository", str)], answer["repositories"])
    if "name" in answer and isinstance(answer.get("tags"), (list, type(None))):
        name = answer["name"]
        return grid([text("repository", lambda _tag: name), text("tag", str)], answer.get("tags"))
    if isinstance(answer.get("errors"), list):
        columns = (text("code", lambda e: e["code"]), text("message", lambda e: e["message"]))
        return grid(columns, answer["errors"])
    parts = [(name, part) for name, part in _parts(answer) if isinstance(part, dict)]
    if parts:
        return grid(_PARTS, parts)
    return None


def _parts(manifest: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    if "config" in manifest:
        yield "config", manifest["config"]
    for kind in ("layers", "manifests"):
        for part in manifest.get(kind) or []:
            yield kind.removesuffix("s"), part
