"""Volumes: lists and inspect.

Source: https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Volume
"""

from __future__ import annotations

from typing import Any

from ..human import moment
from .grid import Column, Grid, Kind, fields, grid, text


def listed(answer: dict[str, Any]) -> Grid:
    """``GET /volumes``: null when there is none."""
    columns = (
        text("name", lambda v: v["Name"]),
        text("driver", lambda v: v["Driver"]),
        text("scope", lambda v: v["Scope"]),
        text("mountpoint", lambda v: v["Mountpoint"]),
        text("labels", lambda v: _labels(v.get("Labels"))),
        Column("created", Kind.TIME, lambda v: moment(v.get("CreatedAt"))),
    )
    return grid(columns, answer["Volumes"])


def inspected(v: dict[str, Any]) -> Grid:
    """``GET /volumes/{name}``, and the answer to creating one."""
    rows = [("name", v["Name"]), ("driver", v["Driver"]), ("scope", v["Scope"]), ("mountpoint", v["Mountpoint"])]
    rows.append(("created", moment(v.get("CreatedAt"))))
    rows += [("option", f"{key}={value}") for key, value in (v.get("Options") or {}).items()]
    rows += [("label", f"{key}={value}") for key, value in (v.get("Labels") or {}).items()]
    return fields(rows)


def _labels(labels: dict[str, str] | None) -> str:
    return ", ".join(f"{key}={value}" for key, value in (labels or {}).items())
