"""Networks as lines, containers as stops on them: who is where, with which address, and who reaches whom.

Source: https://docs.docker.com/engine/network/
"""

from __future__ import annotations

from collections.abc import Sequence

from ..messages import _
from .canvas import Canvas
from .facts import MOST, Container, Holdings, Network, Place, group, share
from .parts import MARGIN, card, colour, legend, many, more, title
from .parts import containers as count
from .picture import Picture

SHEET = 3
"""So many networks stand side by side; further ones come beneath."""

_PORTS, _CARD, _COLUMN = 200, 156, 138
_LEAST = 640


def draw(holdings: Holdings, most: int = MOST) -> Picture:
    """Draw networks and the containers on them; networks that nobody is on are named at the end."""
    # Of those on "none" each is alone: that network is no line that anybody could meet on.
    every = {place.network for c in holdings.containers for place in c.places} - {"none"}
    room = share({"containers": len(holdings.containers), "networks": len(every)}, most)
    containers, left_over = group(holdings.containers, room["containers"])
    used = {place.network for c in containers for place in c.places} - {"none"}
    full = [n for n in holdings.networks if n.name in used]
    empty = [n.name for n in holdings.networks if n.name not in every and n.name != "none"]
    # A container may name a network that the list had not yet, or no more.
    full += [Network(name, "?") for name in sorted(used - {n.name for n in holdings.networks})]
    head = ", ".join([many(len(holdings.networks), _("network"), _("networks")), count(len(holdings.containers))])
    ports = _PORTS if any(c.ports for c in containers) else 0
    shown, lines_over = group(_neighbours(full, containers), room["networks"])
    foot = _foot(containers, empty, left_over, lines_over)
    sheets = [shown[n : n + SHEET] for n in range(0, len(shown), SHEET)]
    wide = max((len(sheet) for sheet in sheets), default=0)
    canvas = Canvas(max(_LEAST, 2 * MARGIN + ports + _CARD + 20 + wide * _COLUMN))
    y = title(canvas, head, _("Who is on one line reaches each other there. An internal line has no way out."))
    for sheet in sheets:
        y = _sheet(canvas, y, sheet, containers, ports) + 18
    for line in foot:
        canvas.text(MARGIN, y + 6, line, colour="muted", size=12, room=(canvas.width - 2 * MARGIN) * 10 // 73)
        y += 20
    legend(canvas, MARGIN, y + 8, {c.state for c in containers})
    canvas.height = y + 24
    return Picture(head + ".", (*_words(shown, containers), *foot), canvas.svg(), canvas.width, int(canvas.height))


def _neighbours(networks: Sequence[Network], containers: Sequence[Container]) -> list[Network]:
    """Return networks so that those with containers in common stand side by side, beginning with the fullest."""
    members = {n.name: {c.name for c in containers if any(p.network == n.name for p in c.places)} for n in networks}
    left, order = sorted(networks, key=lambda n: (-len(members[n.name]), n.name)), list[Network]()
    while left:
        sheet = order[len(order) // SHEET * SHEET :]
        here = {name for network in sheet for name in members[network.name]}
        # The sort above breaks ties: max() takes the first of equals.
        nearest = max(left, key=lambda n: len(members[n.name] & here))
        left.remove(nearest)
        order.append(nearest)
    return order


def _foot(containers: Sequence[Container], empty: Sequence[str], left_over: int, lines_over: int) -> list[str]:
    said = [
        _("{name} is on no network.", name=c.name) for c in containers if all(p.network == "none" for p in c.places)
    ]
    if len(said) > 5:
        said = [_("{count} containers are on no network.", count=len(said))]
    if empty:
        shown, rest = group(empty, 6)
        said.append(_("On these is nobody: {names}.", names=", ".join([*shown, *([more(rest)] if rest else [])])))
    beyond = [many(left_over, _("more container"), _("more containers"))] if left_over else []
    beyond += [many(lines_over, _("more network"), _("more networks"))] if lines_over else []
    if beyond:
        said.append(_("Not drawn: {what}.", what=", ".join(beyond)))
    return said


def _sheet(canvas: Canvas, y: float, sheet: Sequence[Network], containers: Sequence[Container], ports: int) -> float:
    """Draw some networks side by side with the containers on them; return where the sheet ends."""
    names = [network.name for network in sheet]
    start = MARGIN + ports + _CARD + 20
    stops = [start + n * _COLUMN + 10 for n in range(len(sheet))]
    for x, network in zip(stops, sheet):
        _header(canvas, x - 10, y, network)
    top, y = y + 62, y + 84
    if any(c.ports and any(p.network in names for p in c.places) for c in containers):
        canvas.text(MARGIN, top - 4, _("published on the host"), colour="muted", size=12, sans=True)
    for container in containers:
        places = {place.network: place for place in container.places}
        if not places.keys() & set(names):
            continue
        x = MARGIN + ports
        card(canvas, x, y - 11, _CARD, container)
        last = max(stops[names.index(name)] for name in places if name in names)
        canvas.line([(x + _CARD, y), (last, y)], below=True, dashed=not any(p.address for p in container.places))
        lines = 1
        for stop, name in zip(stops, names):
            if name in places:
                lines = max(lines, _stop(canvas, stop, y, places[name], container))
        others = [name for name in places if name not in names]
        lines = max(lines, _published(canvas, y, container, x), 2 if others else 1)
        if others:
            canvas.text(
                x + 26, y + 25, _("also on {networks}", networks=", ".join(others)), colour="muted", size=11, room=19
            )
        y += 32 + 15 * (lines - 1)
    for x in stops:
        canvas.line([(x, top), (x, y - 10)], colour="blue", thick=4, below=True)
    return y


def _header(canvas: Canvas, x: float, y: float, network: Network) -> None:
    canvas.box(x, y, _COLUMN - 10, 62, fill="tint", edge="blue")
    canvas.text(x + 8, y + 19, network.name, bold=True, room=14)
    canvas.text(x + 8, y + 36, _kind(network), colour="muted", size=11.5, room=16)
    canvas.text(x + 8, y + 53, ", ".join(network.subnets) or "–", size=11.5, room=16)


def _kind(network: Network) -> str:
    return _("{driver}, internal", driver=network.driver) if network.internal else network.driver


def _stop(canvas: Canvas, x: float, y: float, place: Place, container: Container) -> int:
    """Draw where a container is on a network; return how many lines that takes."""
    canvas.dot(x, y, colour="blue", hollow=not place.address and container.state != "running")
    said = _where(place, container)
    canvas.box(x + 9, y - 8, 7 * len(said) + 4, 16, fill="page", edge="page")
    canvas.text(x + 11, y + 4.5, said, size=11.5, room=16)
    if not place.aliases:
        return 1
    canvas.text(x + 11, y + 19, ", ".join(place.aliases), size=11, colour="muted", room=17)
    return 2


def _where(place: Place, container: Container) -> str:
    if place.address:
        return place.address
    if place.network == "host":
        return _("the host's own")
    return _("not running") if container.state != "running" else "–"


def _published(canvas: Canvas, y: float, container: Container, x: float) -> int:
    shown, rest = group(container.ports, 3)
    for n, port in enumerate(shown):
        canvas.text(MARGIN, y + 4.5 + 15 * n, port, size=11.5, room=26)
    if shown:
        canvas.line([(x - 18, y), (x - 1, y)], colour=colour("running"), arrow=True)
    if rest:
        canvas.text(MARGIN, y + 4.5 + 15 * len(shown), more(rest), size=11.5, colour="muted")
    return max(1, len(shown) + bool(rest))


def _words(networks: Sequence[Network], containers: Sequence[Container]) -> list[str]:
    lines = []
    for network in networks:
        lines.append(f"{network.name} ({_kind(network)}) {', '.join(network.subnets)}".rstrip())
        here = [(c, p) for c in containers for p in c.places if p.network == network.name]
        for container, place in here:
            facts = [f"  {container.name}", _where(place, container)]
            if place.aliases:
                facts.append(_("also called {names}", names=", ".join(place.aliases)))
            others = [p.network for p in container.places if p.network != network.name]
            if others:
                facts.append(_("also on {networks}", networks=", ".join(others)))
            facts += container.ports
            if container.state not in ("running", *([] if place.address else ["created", "exited"])):
                facts.append(container.state)
            lines.append("  ".join(facts))
    return lines
