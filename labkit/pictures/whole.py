"""The whole engine at a glance: images, the containers made from them, their networks and their volumes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ..messages import _
from .canvas import Canvas, width
from .facts import MOST, Container, Holdings, share
from .parts import MARGIN, card, legend, many, more, title
from .parts import containers as count_of
from .picture import Picture

_IMAGES, _CONTAINERS, _RIGHT = (20, 170), (252, 216), (560, 200)
"""Where each column begins, and how wide it is."""

_WIDTH, _ROW = 780, 30


def draw(holdings: Holdings, engine: str = "", most: int = MOST) -> Picture:
    """Draw everything, linked.

    Parameters
    ----------
    engine: what the engine is, such as its version.
    most: so many things are drawn one by one; of each kind the rest is counted.
    """
    counts = {
        "images": len(holdings.images), "containers": len(holdings.containers),
        "networks": len(holdings.networks), "volumes": len(holdings.volumes),
    }  # fmt: skip
    room = share(counts, most)
    # Those that are alive come first where not all have a place.
    chosen = sorted(holdings.containers, key=lambda c: (c.state in ("created", "exited", "dead"), c.name))
    containers = sorted(chosen[: room["containers"]], key=lambda c: c.name)
    parts = ", ".join(
        [
            count_of(counts["containers"]),
            many(counts["images"], _("image"), _("images")),
            many(counts["networks"], _("network"), _("networks")),
            many(counts["volumes"], _("volume"), _("volumes")),
        ]
    )
    head = f"{engine or _('This engine')}: {parts}"
    canvas = Canvas(_WIDTH)
    top = title(canvas, head, _("Left: what containers are made from. Right: where they are, and what they keep."))

    feet = {c.name: top + 44 + n * _ROW + sum(_extra(o) for o in containers[:n]) for n, c in enumerate(containers)}
    links = {
        "images": {i.name: [feet[c.name] for c in containers if _made_from(c, i.id, i.tags)] for i in holdings.images},
        "networks": {
            n.name: [feet[c.name] for c in containers if any(p.network == n.name for p in c.places)]
            for n in holdings.networks
        },
        "volumes": {
            v: [feet[c.name] for c in containers if any(m.kind == "volume" and m.source == v for m in c.mounts)]
            for v in holdings.volumes
        },
    }
    order = {kind: _order(found, room[kind]) for kind, found in links.items()}
    used = {kind: {name for name, ends in found.items() if ends} for kind, found in links.items()}
    images = _column(canvas, _IMAGES, top, _("images"), order["images"], used["images"], counts["images"])
    networks = _column(canvas, _RIGHT, top, _("networks"), order["networks"], used["networks"], counts["networks"])
    beneath = max([top, *networks.values()]) + (62 if counts["networks"] > len(networks) else 40)
    volumes = _column(canvas, _RIGHT, beneath, _("volumes"), order["volumes"], used["volumes"], counts["volumes"])
    low = _cards(canvas, top, containers, feet, counts["containers"])
    _links(canvas, containers, holdings, feet, images, networks, volumes)
    lowest = max([low, *(y + 44 for column in (images, volumes, networks) for y in column.values()), beneath + 44])
    legend(canvas, MARGIN, lowest + 18, {c.state for c in containers})
    if any(not m.writable for c in containers for m in c.mounts):
        canvas.line([(_RIGHT[0], lowest + 14), (_RIGHT[0] + 34, lowest + 14)], colour="amber", dashed=True)
        canvas.text(_RIGHT[0] + 42, lowest + 18, _("mounted read-only"), colour="muted", size=12)
    canvas.height = lowest + 36
    return Picture(head + ".", _words(holdings, containers, order, counts), canvas.svg(), _WIDTH, int(canvas.height))


def _made_from(container: Container, identity: str, tags: Sequence[str]) -> bool:
    return container.image_id == identity or container.image in tags


def _extra(container: Container) -> int:
    return 15 if container.ports else 0


def _order(found: Mapping[str, Sequence[float]], room: int) -> list[str]:
    """Return the names that are drawn, each near those that it is linked to, so that few lines cross."""

    def place(name: str) -> tuple[float, str]:
        ends = found[name]
        return (sum(ends) / len(ends) if ends else float("inf")), name

    # Used ones have a place before unused ones.
    return sorted(sorted(found, key=lambda name: (not found[name], name))[:room], key=place)


def _column(
    canvas: Canvas,
    place: tuple[int, int],
    top: float,
    name: str,
    order: Sequence[str],
    used: Collection[str],
    count: int,
) -> dict[str, float]:
    """Draw a column of names, dashed those that nobody uses; return the middle of each."""
    x, wide = place
    canvas.text(x, top + 18, name, bold=True, sans=True)
    canvas.text(x + wide, top + 18, count, anchor="end", colour="muted")
    places = {}
    for n, word in enumerate(order):
        y = top + 44 + n * _ROW
        idle = word not in used
        canvas.box(x, y - 12, wide, 24, fill="page" if idle else "tint", edge="muted" if idle else "blue", dashed=idle)
        canvas.text(x + 10, y + 4.5, word, room=int((wide - 18) / width("x")))
        places[word] = y
    if count > len(order):
        canvas.text(x + 10, top + 44 + len(order) * _ROW + 4, more(count - len(order)), colour="muted", size=12)
    if not count:
        canvas.text(x + 10, top + 48, _("none"), colour="muted", size=12)
    return places


def _cards(canvas: Canvas, top: float, containers: Sequence[Container], feet: Mapping[str, float], count: int) -> float:
    x, wide = _CONTAINERS
    canvas.text(x, top + 18, _("containers"), bold=True, sans=True)
    canvas.text(x + wide, top + 18, count, anchor="end", colour="muted")
    y = top + 44
    for container in containers:
        y = feet[container.name]
        card(canvas, x, y - 11, wide, container)
        if container.ports:
            canvas.text(x + 26, y + 24, ", ".join(container.ports), size=11.5, colour="muted", room=27)
            y += 15
        y += _ROW
    if count > len(containers):
        canvas.text(x + 10, y + 4, more(count - len(containers)), colour="muted", size=12)
        y += 20
    if not count:
        canvas.text(x + 10, top + 48, _("none"), colour="muted", size=12)
    return y


def _links(
    canvas: Canvas, containers: Sequence[Container], holdings: Holdings, feet: Mapping[str, float],
    images: Mapping[str, float], networks: Mapping[str, float], volumes: Mapping[str, float],
) -> None:  # fmt: skip
    left, right = _CONTAINERS[0], sum(_CONTAINERS)
    for container in containers:
        y = feet[container.name]
        for image in holdings.images:
            if image.name in images and _made_from(container, image.id, image.tags):
                canvas.curve((sum(_IMAGES), images[image.name]), (left, y))
        for place in container.places:
            if place.network in networks:
                canvas.curve((right, y), (_RIGHT[0], networks[place.network]), colour="blue")
        for mount in container.mounts:
            if mount.kind == "volume" and mount.source in volumes:
                end = (_RIGHT[0], volumes[mount.source])
                canvas.curve((right, y), end, colour="amber", dashed=not mount.writable)


def _words(
    holdings: Holdings, containers: Sequence[Container], order: Mapping[str, Sequence[str]], counts: Mapping[str, int]
) -> tuple[str, ...]:
    lines = []
    for c in containers:
        facts = [f"{c.name} ({c.state})", _("from {image}", image=c.image)]
        if c.places:
            facts.append(_("on {networks}", networks=", ".join(p.network for p in c.places)))
        if c.mounts:
            facts.append(_("mounts {what}", what=", ".join(f"{m.source or m.kind} at {m.target}" for m in c.mounts)))
        lines.append("; ".join([*facts, *c.ports]))
    if (beyond := counts["containers"] - len(containers)) > 0:
        lines.append(_("Not drawn: {what}.", what=many(beyond, _("more container"), _("more containers"))))
    for kind, names in (("images", _("images")), ("networks", _("networks")), ("volumes", _("volumes"))):
        rest = counts[kind] - len(order[kind])
        shown = [*sorted(order[kind]), *([more(rest)] if rest else [])]
        lines.append(f"{names}: {', '.join(shown) or _('none')}")
    return tuple(lines)
