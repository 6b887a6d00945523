"""The fields of a body: those that the API has, and those that have no place where they stand.

The Engine takes the fields that it knows and says nothing of the rest.  It reads their
names in any case, as Go's encoding/json does.

Source: https://pkg.go.dev/encoding/json#Unmarshal and the measured answers of Engines 20.10 to 29.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from . import api, reference
from .errors import nearest
from .messages import _
from .model import Request, version_number
from .reference import Field, Operation

MAX_BODY = 1_000_000
"""A larger body is not looked into, in bytes."""

_OTHER_WORDS = {
    "command": "Cmd",
    "cwd": "WorkingDir",
    "destination": "Target",
    "environment": "Env",
    "gateway": "IPAM.Config[].Gateway",
    "ipaddress": "IPAMConfig.IPv4Address",
    "network": "HostConfig.NetworkMode",
    "networks": "NetworkingConfig.EndpointsConfig",
    "options": "DriverOpts",
    "ports": "HostConfig.PortBindings",
    "publish": "HostConfig.PortBindings",
    "restart": "HostConfig.RestartPolicy",
    "subnet": "IPAM.Config[].Subnet",
    "workdir": "WorkingDir",
}
"""What fields are called elsewhere (by the command line, by inspect), and the place of each beside the stray one."""

_TAKEN_OVER = frozenset({"Memory", "MemorySwap", "CpuShares", "CpusetCpus", "VolumeDriver"})
"""What Engines up to 26 take from the top level even while there is a HostConfig."""

_LAST_OLD = (1, 47)
"""The newest API of Engines that may do so: a call of a newer one goes to an Engine that doesn't."""


@dataclass(frozen=True)
class Stray:
    """A field of a body that has no place where it stands.

    Parameters
    ----------
    path: where it stands, such as ``Mounts`` or ``HostConfig.Mounts[].Destination``.
    better: where it should stand, or the name most like it; ``?name=`` for a parameter of
        the query; empty when nothing is near.
    misplaced: the name is right, the place is wrong.
    read: an older Engine may read it all the same.
    value: what was sent.
    """

    path: str
    better: str = ""
    misplaced: bool = False
    read: bool = False
    value: Any = None


@dataclass(frozen=True)
class _Place:
    """A key of a body: its path, the field that it is (None for a stray one), and all that could stand there."""

    above: str
    name: str
    field: Field | None
    siblings: Mapping[str, Field]
    value: Any


def operation(request: Request) -> Operation | None:
    """Return the operation that a request asks an Engine for; None where too little is known to judge.

    A request without an API version goes to something else, such as a registry.
    """
    path = api.template(request.method, request.path) if request.version else None
    found = reference.operations().get((request.method, path)) if path else None
    return found if found is not None and found.described else None


def sent(request: Request) -> dict[str, Any]:
    """Return the JSON object that a request carries; empty where there is none."""
    if not request.body or len(request.body) > MAX_BODY or request.body.lstrip()[:1] != b"{":
        return {}
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def same(name: str, known: Iterable[str]) -> str:
    """Return the known name that differs from `name` in case alone; empty for none."""
    return next((other for other in known if other.casefold() == name.casefold()), "")


def known(body: Mapping[str, Any], fields: Mapping[str, Field]) -> Iterator[tuple[str, Field]]:
    """Yield the path and the field of each key that the API has."""
    for place in _walk(body, fields):
        if place.field is not None:
            yield place.above + place.field.name, place.field


def strays(request: Request) -> list[Stray]:
    """Return the fields of a request's body that have no place where they stand."""
    asked = operation(request)
    if asked is None or asked.body is None or not asked.body.fields:
        return []
    body = sent(request)
    old = version_number(str(request.version)) <= _LAST_OLD
    return [_stray(place, asked, body, old=old) for place in _walk(body, asked.body.fields) if place.field is None]


def _walk(body: Mapping[str, Any], fields: Mapping[str, Field], above: str = "") -> Iterator[_Place]:
    for name, value in body.items():
        field = fields.get(name) or fields.get(same(name, fields))
        yield _Place(above, name, field, fields, value)
        if field is not None and field.inside:
            yield from _inside(value, field, field.kind, above + field.name)


def _inside(value: Any, field: Field, kind: str, path: str) -> Iterator[_Place]:
    if kind.endswith(" map") and isinstance(value, dict):
        for name, inner in value.items():
            yield from _inside(inner, field, kind[: -len(" map")], f"{path}.{name}")
    elif kind.endswith("[]") and isinstance(value, list):
        for inner in value:
            yield from _inside(inner, field, kind[: -len("[]")], f"{path}[]")
    elif kind == "object" and isinstance(value, dict):
        yield from _walk(value, field.inside, f"{path}.")


def _stray(place: _Place, asked: Operation, body: Mapping[str, Any], *, old: bool) -> Stray:
    """Find what a stray field may have been meant for: the same name elsewhere, another word, a like one.

    Parameters
    ----------
    old: the Engine may be one that reads fields of HostConfig at the top level.
    """
    path, name = place.above + place.name, place.name
    fields = asked.body.fields if asked.body else {}
    everywhere = {found: found.rpartition(".")[2] for found, _field in reference.flat(fields)}
    parameter = same(name, (p.name for p in asked.parameters if p.where == "query"))
    exact = [found for found, last in everywhere.items() if last.casefold() == name.casefold()]
    if parameter and not place.above:
        return Stray(path, f"?{parameter}=", value=place.value)
    if word := _other_word(place):
        moved = word.rpartition(".")[2].casefold() == name.casefold()
        return Stray(path, word, misplaced=moved, value=place.value)
    if exact:
        better = min(exact, key=lambda found: found.count("."))
        top = not place.above and better == f"HostConfig.{everywhere[better]}"
        read = old and top and (not same("HostConfig", body) or everywhere[better] in _TAKEN_OVER)
        return Stray(path, better, misplaced=True, read=read, value=place.value)
    if close := nearest(name, place.siblings):
        return Stray(path, place.above + close, value=place.value)
    close = nearest(name, everywhere.values())
    better = next((found for found, last in everywhere.items() if last == close), "")
    return Stray(path, better, value=place.value)


def _other_word(place: _Place) -> str:
    """Return the place of what is called otherwise elsewhere; empty where this body has no such field."""
    path = _OTHER_WORDS.get(place.name.casefold(), "")
    beside = path.partition(".")[0] in place.siblings
    return place.above + path if path and beside else ""


def said(stray: Stray) -> str:
    """Say of a stray field what becomes of it, and what is the right one."""
    path, better = stray.path, stray.better
    if stray.read:
        return _(
            "`{path}` stands at the top level, where some older Engines read it and all others ignore it; "
            "`{better}` is the one.",
            path=path,
            better=better,
        )
    if stray.misplaced and "." not in path:
        return _(
            "`{path}` stands at the top level, where the Engine ignores it; `{better}` is the one.",
            path=path,
            better=better,
        )
    if better.startswith("?"):
        return _(
            "`{path}` is no field of the body, and the Engine ignores it; it is the parameter {name} of the query.",
            path=path,
            name=better[1:],
        )
    if better:
        return _(
            "`{path}` is no field of the body, and the Engine ignores it; did you mean `{better}`?",
            path=path,
            better=better,
        )
    return _("`{path}` is no field of the body, and the Engine ignores it.", path=path)
