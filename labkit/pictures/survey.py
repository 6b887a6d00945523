"""Ask an engine what the pictures need: GET calls alone, as few as will do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

from .facts import MOST, Holdings, Image, container, holdings, image
from .lines import drawn, lines

Get = Callable[[str], Any]
"""Asks for a path; gives the parsed answer, or None where there was none to be had (it may just have been removed)."""


def everything(get: Get) -> Holdings:
    """Read containers, networks, volumes and images: four calls."""
    return holdings(
        get("/containers/json?all=1") or [],
        get("/networks") or [],
        (get("/volumes") or {}).get("Volumes") or [],
        get("/images/json") or [],
    )


def networked(get: Get, most: int = MOST) -> Holdings:
    """Read networks and containers; the aliases of those that are drawn, which only an inspect tells."""
    listed = holdings(get("/containers/json?all=1") or [], get("/networks") or [])
    own = {n.name for n in listed.networks} - {"bridge", "host", "none"}
    chosen, found = drawn(lines(listed), most)[2], []
    for one in listed.containers:
        # Aliases are there on networks of one's own alone.
        if one.name in chosen and any(place.network in own for place in one.places):
            answer = get(f"/containers/{quote(one.name, safe='')}/json")
            one = container(answer) if answer else one
        found.append(one)
    return Holdings(tuple(found), listed.networks)


def mounted(get: Get) -> Holdings:
    """Read volumes, and containers with what they mount."""
    return holdings(get("/containers/json?all=1") or [], (), (get("/volumes") or {}).get("Volumes") or [])


def living(get: Get) -> Holdings:
    """Read containers and their states."""
    return holdings(get("/containers/json?all=1") or [])


def layered(get: Get) -> tuple[Image, ...]:
    """Read all images with their layers, for sums and sharing are of all of them: two calls for each."""
    listed = sorted((image(answer) for answer in get("/images/json") or []), key=lambda i: (i.name, i.id))
    return tuple(_with_layers(get, listed))


def _with_layers(get: Get, listed: list[Image]) -> Iterator[Image]:
    for one in listed:
        inspected = get(f"/images/{one.id}/json")
        yield image(inspected, get(f"/images/{one.id}/history") or []) if inspected else one
