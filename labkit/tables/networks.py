"""Networks: lists and inspect.

Source: https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Network
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..human import moment, short
from .grid import Column, Grid, Kind, fields, grid, text


def _pools(network: dict[str, Any], name: str) -> str:
    return ", ".join(pool[name] for pool in (network.get("IPAM") or {}).get("Config") or [] if pool.get(name))


def listed(answer: list[Any]) -> Grid:
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


def inspected(n: dict[str, Any]) -> Grid:
    """``GET /networks/{id}``: its fields, then one row a container on it."""
    return fields(_inspected(n))


def _inspected(n: dict[str, Any]) -> Iterator[tuple[str, Any]]:
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
