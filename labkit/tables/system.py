"""The Engine itself: its version, its events, and what a prune took away.

Source: https://docs.docker.com/reference/api/engine/version/v1.51/#tag/System
"""

from __future__ import annotations

from typing import Any

from ..human import moment, short
from .grid import Bytes, Column, Grid, Kind, fields, grid, text

_TOLD = ("image", "container", "exitCode", "signal", "driver", "destination")


def events(lines: list[Any]) -> Grid:
    """``GET /events``: what happened, to what, when; and the attributes that tell more."""
    columns = (
        Column("time", Kind.CLOCK, lambda e: moment(e["timeNano"] / 1e9 if "timeNano" in e else e["time"])),
        text("type", lambda e: e["Type"]),
        text("action", lambda e: e["Action"]),
        text("name", lambda e: short(e["Actor"]["Attributes"].get("name"))),
        text("id", lambda e: short(e["Actor"]["ID"])),
        text("about", _about),
    )
    return grid(columns, lines)


def _about(event: dict[str, Any]) -> str:
    attributes = event["Actor"]["Attributes"]
    return ", ".join(f"{key}={short(attributes[key])}" for key in _TOLD if key in attributes)


def version(answer: dict[str, Any]) -> Grid:
    """``GET /version``: the Engine's own, then one row a component."""
    plain = [(key, value) for key, value in answer.items() if not isinstance(value, (dict, list))]
    parts = [(f"component {c.get('Name')}", c.get("Version")) for c in answer.get("Components") or []]
    return fields(plain + parts)


_INFO = (
    "ID",
    "ServerVersion",
    "OperatingSystem",
    "OSType",
    "Architecture",
    "KernelVersion",
    "NCPU",
    "MemTotal",
    "Containers",
    "ContainersRunning",
    "ContainersPaused",
    "ContainersStopped",
    "Images",
    "Driver",
    "LoggingDriver",
    "CgroupDriver",
    "CgroupVersion",
    "DefaultRuntime",
    "DockerRootDir",
    "LiveRestoreEnabled",
    "SystemTime",
    "Labels",
)


def info(answer: dict[str, Any]) -> Grid:
    """``GET /info``: the fields that the labs read; all of them are in ``r.json()``."""
    registry = answer.get("RegistryConfig") or {}
    rows = [(key, answer[key]) for key in _INFO if answer.get(key) is not None]
    rows = [(key, Bytes(value) if key == "MemTotal" else value) for key, value in rows]
    rows += [("registry mirror", mirror) for mirror in registry.get("Mirrors") or []]
    rows += [("insecure registry", range_) for range_ in registry.get("InsecureRegistryCIDRs") or []]
    rows += [("warning", warning) for warning in answer.get("Warnings") or []]
    return fields(rows)


def pruned(answer: dict[str, Any]) -> Grid:
    """Any prune: one row for each thing removed, and the space that came free where the answer tells it."""
    rows: list[tuple[str, Any]] = []
    for key, removed in answer.items():
        if key.endswith("Deleted"):
            what = key.removesuffix("Deleted").removesuffix("s").lower()
            for entry in removed or []:
                pairs = entry.items() if isinstance(entry, dict) else [("removed", entry)]
                rows += [(f"{what} {done.lower()}", short(name)) for done, name in pairs]
    if "SpaceReclaimed" in answer:  # a network takes no space, and its prune says nothing of it
        rows.append(("space reclaimed", Bytes(answer["SpaceReclaimed"] or 0)))
    return fields(rows)
