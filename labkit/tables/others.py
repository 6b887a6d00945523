"""Volumes, networks, events, the system, and a registry.

Source: https://docs.docker.com/reference/api/engine/version/v1.51/ and
https://distribution.github.io/distribution/spec/api/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..human import moment, short
from .grid import Bytes, Column, Grid, Kind, fields, grid, text


def volumes(answer: dict[str, Any]) -> Grid:
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


def volume(v: dict[str, Any]) -> Grid:
    """``GET /volumes/{name}``, and the answer to creating one."""
    rows = [("name", v["Name"]), ("driver", v["Driver"]), ("scope", v["Scope"]), ("mountpoint", v["Mountpoint"])]
    rows.append(("created", moment(v.get("CreatedAt"))))
    rows += [("option", f"{key}={value}") for key, value in (v.get("Options") or {}).items()]
    rows += [("label", f"{key}={value}") for key, value in (v.get("Labels") or {}).items()]
    return fields(rows)


def _labels(labels: dict[str, str] | None) -> str:
    return ", ".join(f"{key}={value}" for key, value in (labels or {}).items())


def _pools(network: dict[str, Any], name: str) -> str:
    return ", ".join(pool[name] for pool in (network.get("IPAM") or {}).get("Config") or [] if pool.get(name))


def networks(answer: list[Any]) -> Grid:
    """``GET /networks``."""
    columns = (
        text("id", lambda n: short(n["Id"])),
        text("name", lambda n: n["Name"]),
        text("driver", lambda n: n["Driver"]),
        text("scope", lambda n: n["Scope"]),
        text("subnet", lambda n: _pools(n, "Subnet")),
        text("gateway", lambda n: _pools(n, "Gateway")),
        Column("internal", Kind.FLAG, lambda n: n["Internal"]),
        Column("created", Kind.TIME, lambda n: moment(n.get("Created"))),
    )
    return grid(columns, answer)


def network(n: dict[str, Any]) -> Grid:
    """``GET /networks/{id}``: its fields, then one row a container on it."""
    return fields(_network(n))


def _network(n: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "id", short(n["Id"])
    yield "name", n["Name"]
    yield "driver", n["Driver"]
    yield "scope", n["Scope"]
    yield "subnet", _pools(n, "Subnet")
    yield "gateway", _pools(n, "Gateway")
    yield "internal", n["Internal"]
    yield "created", moment(n.get("Created"))
    for key, value in (n.get("Options") or {}).items():
        yield "option", f"{key}={value}"
    for key, value in (n.get("Labels") or {}).items():
        yield "label", f"{key}={value}"
    # A map in the answer, so its order says nothing: by name.
    for one in sorted((n.get("Containers") or {}).values(), key=lambda c: str(c.get("Name"))):
        addresses = " ".join(a for a in (one.get("IPv4Address"), one.get("IPv6Address")) if a) or "-"
        yield "container", f"{one.get('Name')} {addresses} {one.get('MacAddress') or ''}".strip()


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


_PARTS = (
    text("part", lambda pair: pair[0]),
    text("digest", lambda pair: short(pair[1]["digest"])),
    text("media type", lambda pair: pair[1]["mediaType"]),
    Column("size", Kind.BYTES, lambda pair: pair[1]["size"]),
)


def registry(answer: dict[str, Any]) -> Grid | None:
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
