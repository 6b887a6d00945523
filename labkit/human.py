"""Sizes, ages, ids and ports, as people write them.

Each comes out in one fixed form, so that one pattern finds it again: stored
outputs are compared with their variable parts taken out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?")
_STEPS = (("second", 1), ("minute", 60), ("hour", 3600), ("day", 86400), ("week", 604800), ("year", 31557600))
_HEX = re.compile(r"(?:[a-z0-9]+:)?([0-9a-f]{64})")


def size(count: float) -> str:
    """Return a number of bytes in decimal units, as the docker command does: ``3.4 kB``."""
    sign, amount = ("-" if count < 0 else ""), abs(float(count))
    for unit in _UNITS:
        if amount < 999.5 or unit == _UNITS[-1]:
            break
        amount /= 1000
    digits = 0 if unit == "B" or amount >= 99.95 else 1
    return f"{sign}{amount:.{digits}f} {unit}"


def took(seconds: float) -> str:
    """Return how long something took: ``1.2 ms`` or ``3.4 s``."""
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.1f} s"


def age(moment: datetime, now: datetime) -> str:
    """Return how long ago a moment was, in its largest whole unit: ``3 seconds ago``."""
    seconds = max(0, int((now - moment).total_seconds()))
    name, length = next((step for step in reversed(_STEPS) if seconds >= step[1]), _STEPS[0])
    count = seconds // length
    return f"{count} {name}{'' if count == 1 else 's'} ago"


def moment(value: Any) -> datetime | None:
    """Return a time of the API, given in ISO 8601 or in seconds since 1970; None for none.

    The Engine writes year 1 for *never*, and more digits than a datetime holds.
    """
    if isinstance(value, (int, float)):
        return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=value) if value > 0 else None
    found = _ISO.match(str(value or ""))
    if not found or found.group(1) == "0001":
        return None
    *parts, fraction, zone = found.groups()
    micro = int((fraction or "0")[:6].ljust(6, "0"))
    offset = timedelta()
    if zone and zone != "Z":
        offset = timedelta(hours=int(zone[:3]), minutes=int(zone[0] + zone[4:]))
    year, month, day, hour, minute, second = map(int, parts)
    return datetime(year, month, day, hour, minute, second, micro, timezone(offset)).astimezone(timezone.utc)


def short(identifier: Any) -> str:
    """Return the first 12 digits of a full id or digest; anything else as it is."""
    text = str(identifier or "")
    found = _HEX.fullmatch(text)
    return found.group(1)[:12] if found else text


def ports(listed: Iterable[Mapping[str, Any]]) -> str:
    """Return the ports of a container list: ``127.0.0.1:8080->80/tcp, 443/tcp``."""
    return ", ".join(sorted({_port(p) for p in listed}))


def bindings(ports: Mapping[str, Any] | None) -> list[str]:
    """Return the ports of an inspect (``NetworkSettings.Ports``), one text each."""
    said = []
    for inside, hosts in (ports or {}).items():
        said += [f"{_host(h.get('HostIp'))}{h.get('HostPort')}->{inside}" for h in hosts or []] or [inside]
    return said


def _port(port: Mapping[str, Any]) -> str:
    inside = f"{port['PrivatePort']}/{port['Type']}"
    return f"{_host(port.get('IP'))}{port['PublicPort']}->{inside}" if port.get("PublicPort") else inside


def _host(address: str | None) -> str:
    if not address:
        return ""
    return f"[{address}]:" if ":" in address else f"{address}:"
