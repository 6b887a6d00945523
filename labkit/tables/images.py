"""Images: lists, inspect, history, search, and what is told while one is made or moved.

Source: https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Image
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..human import moment, short
from ..messages import _
from .grid import Bytes, Column, Grid, Kind, fields, grid, text

_STEP = re.compile(r"Step (\d+)/\d+ : ")


def _tags(image: dict[str, Any]) -> str:
    return ", ".join(tag for tag in image.get("RepoTags") or [] if tag != "<none>:<none>")


def listed(images: list[Any]) -> Grid:
    """``GET /images/json``: one row an image, however many tags it has."""
    columns = [
        text("id", lambda i: short(i["Id"])),
        text("tags", _tags),
        Column("size", Kind.BYTES, lambda i: i["Size"]),
        Column("created", Kind.TIME, lambda i: moment(i["Created"])),
    ]
    if any(isinstance(i, dict) and i.get("Containers", -1) >= 0 for i in images):
        columns.append(Column("containers", Kind.INT, lambda i: i["Containers"] if i["Containers"] >= 0 else None))
    return grid(columns, images)


def inspected(i: dict[str, Any]) -> Grid:
    """``GET /images/{name}/json``: one field a row."""
    return fields(_inspected(i))


def _inspected(i: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    config = i.get("Config") or {}
    yield "id", short(i["Id"])
    yield "tags", _tags(i)
    for digest in i.get("RepoDigests") or []:
        yield "digest", digest
    yield "created", moment(i.get("Created"))
    yield "size", Bytes(i["Size"])
    yield "platform", f"{i['Os']}/{i['Architecture']}"
    yield "layers", len(i["RootFS"].get("Layers") or [])
    for name in ("Entrypoint", "Cmd"):
        if config.get(name):
            yield name.lower(), " ".join(config[name])
    for name in ("User", "WorkingDir"):
        if config.get(name):
            yield {"User": "user", "WorkingDir": "working directory"}[name], config[name]
    for port in config.get("ExposedPorts") or {}:
        yield "port", port
    for path in config.get("Volumes") or {}:
        yield "volume", path
    for variable in config.get("Env") or []:
        yield "env", variable
    for key, value in (config.get("Labels") or {}).items():
        yield "label", f"{key}={value}"


def history(layers: list[Any]) -> Grid:
    """``GET /images/{name}/history``: the newest layer first; ``<missing>`` is a layer without an id here."""
    columns = (
        text("id", lambda layer: short(layer["Id"])),
        Column("created", Kind.TIME, lambda layer: moment(layer["Created"])),
        text("created by", lambda layer: layer["CreatedBy"]),
        Column("size", Kind.BYTES, lambda layer: layer["Size"]),
        text("tags", lambda layer: ", ".join(layer["Tags"] or [])),
        text("comment", lambda layer: layer["Comment"]),
    )
    return grid(columns, layers)


def found(results: list[Any]) -> Grid:
    """``GET /images/search``."""
    columns = (
        text("name", lambda r: r["name"]),
        text("description", lambda r: r["description"]),
        Column("stars", Kind.INT, lambda r: r["star_count"]),
        Column("official", Kind.FLAG, lambda r: r["is_official"]),
    )
    return grid(columns, results)


def removed(entries: list[Any] | None) -> Grid:
    """``DELETE /images/{name}``: a name taken away is not yet a layer deleted."""
    pairs = [(done.lower(), short(what)) for entry in entries or [] for done, what in entry.items()]
    return grid((text("done", lambda pair: pair[0]), text("what", lambda pair: pair[1])), pairs)


def progress(lines: list[Any]) -> Grid:
    """A pull or push: one row a layer, with the last that was said of it.

    How many lines come, and in which order, differs from run to run; where each
    layer ends does not.
    """
    rows: dict[str, tuple[str, str]] = {}
    for number, line in enumerate(lines):
        layer, said = str(line.get("id") or ""), progress_said(line)
        if said:
            # What is said of no layer keeps a row of its own; so does "Pulling from", whose id is a tag.
            own = not layer or said.startswith("Pulling from ")
            rows[f" {number}" if own else layer] = (layer, said)
    return grid((text("id", lambda row: row[0]), text("status", lambda row: row[1])), rows.values())


def progress_said(line: dict[str, Any]) -> str:
    """Return what one line of progress says."""
    if "error" in line or "errorDetail" in line:
        detail = line.get("errorDetail") or {}
        return _("error: {said}", said=line.get("error") or detail.get("message") or "")
    return str(line.get("status") or line.get("stream") or "").strip()


def build(lines: list[Any]) -> Grid:
    """``POST /build``: what the builder writes, line by line, with the step that it belongs to."""
    rows: list[tuple[int, str]] = []
    step = 0
    written = "".join(str(line.get("stream", "")) for line in lines if "stream" in line)
    for said in filter(str.strip, written.splitlines()):
        if begun := _STEP.match(said):
            step = int(begun.group(1))
        rows.append((step, said))
    rows += [(step, progress_said(line)) for line in lines if "errorDetail" in line or "error" in line]
    return grid((Column("step", Kind.INT, lambda row: row[0] or None), text("output", lambda row: row[1])), rows)


def loaded(lines: list[Any]) -> Grid:
    """``POST /images/load``: which images came in; the bytes that were counted meanwhile are left out."""
    said = [progress_said(line) for line in lines if "progressDetail" not in line or "error" in line]
    return grid([text("output", str)], filter(None, said))
