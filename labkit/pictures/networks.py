"""Networks as lines, containers as stops on them: who is where, with which address, and who reaches whom.

Source: https://docs.docker.com/engine/network/
"""

from __future__ import annotations

from collections.abc import Sequence

from ..messages import _
from .canvas import Canvas, Point, columns, cut, width
from .facts import MOST, WORDS, Container, Holdings, Place, group
from .lines import EVERYWHERE, SHEET, Line, adrift, drawn, lines, lodgers, where, words
from .parts import ALIVE, MARGIN, card, legend, many, more, title
from .parts import containers as count
from .picture import Picture

_PORTS, _CARD, _COLUMN = 200, 156, 146
_LEAST = 680
_LODGERS = 3


def draw(holdings: Holdings, most: int = MOST) -> Picture:
    """Draw networks and the containers on them; networks that nobody is on stand at the end."""
    every = lines(holdings)
    shown, vacant, chosen = drawn(every, most)
    containers = [c for c in holdings.containers if c.name in chosen]
    sharing = lodgers(holdings.containers)
    guests = [guest for c in holdings.containers if c.places for guest in sharing.get(c.name, ())]
    hanging = [guest for c in containers for guest in sharing.get(c.name, ())]
    placed = sum(bool(c.places) for c in holdings.containers) + len(guests)
    beyond = placed - len(containers) - len(hanging), len(every) - len(shown) - len(vacant)
    head = ", ".join([many(len(holdings.networks), _("network"), _("networks")), count(len(holdings.containers))])
    ports = _PORTS if any(c.ports for c in containers) else 0
    canvas = Canvas(max(_LEAST, 2 * MARGIN + ports + _CARD + 20 + min(SHEET, len(shown)) * _COLUMN))
    y = title(canvas, head, _("“reach” says how those that run on a line find each other. “internal”: no way out."))
    for n in range(0, len(shown), SHEET):
        y = _sheet(canvas, y, shown[n : n + SHEET], containers, sharing, ports) + 18
    if vacant:
        y = _vacant(canvas, y, vacant)
    for line in [*adrift(holdings.containers, 5), *_beyond(*beyond)]:
        canvas.text(MARGIN, y + 6, line, colour="muted", size=12, room=(canvas.width - 2 * MARGIN) * 10 // 73)
        y += 20
    if containers:
        y = _key(canvas, y + 8, shown, [*containers, *hanging]) + 12
    legend(canvas, MARGIN, y + 8, {c.state for c in [*containers, *hanging]})
    canvas.height = y + 24
    said = (*words(every, holdings.containers), *adrift(holdings.containers, WORDS), *_beyond(*beyond))
    return Picture(head + ".", said, canvas.svg(), canvas.width, int(canvas.height))


def _beyond(containers: int, networks: int) -> list[str]:
    beyond = [many(containers, _("more container"), _("more containers"))] if containers else []
    beyond += [many(networks, _("more network"), _("more networks"))] if networks else []
    said = [_("Not drawn: {what}.", what=", ".join(beyond))] if beyond else []
    # A list has no aliases, and to inspect hundreds of containers takes too long.
    return [
        *said,
        *([_("Further names are told of the containers that are drawn, and of no others.")] if containers else []),
    ]


def _sheet(
    canvas: Canvas, y: float, sheet: Sequence[Line], containers: Sequence[Container],
    sharing: dict[str, list[Container]], ports: int,
) -> float:  # fmt: skip
    """Draw some networks side by side with the containers on them; return where the sheet ends."""
    names = [line.name for line in sheet]
    start = MARGIN + ports + _CARD + 20
    stops = {line.name: start + n * _COLUMN + 10.0 for n, line in enumerate(sheet)}
    for line in sheet:
        _header(canvas, stops[line.name] - 10, y, line)
    top, y = y + 78, y + 100

    def first(container: Container) -> tuple[int, str]:
        return min(names.index(p.network) for p in container.places if p.network in stops), container.name

    here = sorted((c for c in containers if any(p.network in stops for p in c.places)), key=first)
    if any(c.ports for c in here):
        canvas.text(MARGIN, top - 4, _("published on the host"), colour="muted", size=12, sans=True)
    for container in here:
        owner, y = y, _row(canvas, y, container, stops, ports)
        y = _lodging(canvas, owner, y, MARGIN + ports, sharing.get(container.name, ()))
    drawn_here = {c.name for c in here}
    rest = {line.name: sum(c.name not in drawn_here for c in line.members) for line in sheet}
    if any(rest.values()):
        for line in sheet:
            if rest[line.name]:
                canvas.text(
                    stops[line.name] + 11, y + 2, _("+ {count} more", count=rest[line.name]), size=12, bold=True
                )
        y += 20
    for line in sheet:
        _rail(canvas, line, stops[line.name], top, y - 10)
    return y


def _rail(canvas: Canvas, line: Line, x: float, top: float, end: float) -> None:
    """Draw a network's line: double where it is internal, thin where it is gone, none where each is alone."""
    if line.gone:
        canvas.line([(x, top), (x, end)], colour="muted", thick=1.5, below=True)
    elif line.network.driver != "null":
        for side in (-2.5, 2.5) if line.network.internal else (0,):
            thick = 2 if line.network.internal else 4
            canvas.line([(x + side, top), (x + side, end)], colour="blue", thick=thick, below=True)


def _header(canvas: Canvas, x: float, y: float, line: Line) -> None:
    canvas.box(x, y, _COLUMN - 10, 78, fill="page" if line.gone else "tint", edge="red" if line.gone else "blue")
    canvas.text(x + 8, y + 19, line.name, bold=True, room=15)
    canvas.text(x + 8, y + 36, line.kind, colour="red" if line.gone else "muted", size=11.5, room=17)
    if not line.gone:
        canvas.text(x + 8, y + 53, _fitting(line.network.subnets, 17) or "–", size=11.5, room=17)
        canvas.text(x + 8, y + 69, _("reach: {how}", how=line.reach), size=11.5, room=17)


def _row(canvas: Canvas, y: float, container: Container, stops: dict[str, float], ports: int) -> float:
    """Draw a container with its stops; return where the next row may stand."""
    x = MARGIN + ports
    card(canvas, x, y - 11, _CARD, container)
    places = {place.network: place for place in container.places}
    alive = container.state in ALIVE
    _across(canvas, y, x + _CARD, stops, {name for name in places if name in stops}, alive)
    lines_used = 1
    for name, stop in stops.items():
        if name in places:
            lines_used = max(lines_used, _stop(canvas, stop, y, places[name], container))
    others = [name for name in places if name not in stops]
    if others:
        said = _("also on {networks}", networks=_fitting(others, 11))
        canvas.text(x + 26, y + 25, said, colour="muted", size=11, room=19)
        lines_used = max(lines_used, 2)
    lines_used = max(lines_used, _published(canvas, y, container, x))
    return y + 32 + 15 * (lines_used - 1)


def _across(canvas: Canvas, y: float, x: float, stops: dict[str, float], own: set[str], alive: bool) -> None:
    """Draw the line from a container to its last stop; it is broken where it passes a network that it is not on."""
    last = max(stops[name] for name in own)
    begin: Point = (x, y)
    for name, stop in stops.items():
        if name not in own and stop < last:
            canvas.line([begin, (stop - 9, y)], below=True, dashed=not alive)
            begin = (stop + 9, y)
    canvas.line([begin, (last, y)], below=True, dashed=not alive)


def _lodging(canvas: Canvas, owner: float, y: float, x: float, sharing: Sequence[Container]) -> float:
    """Draw those that share the network cards of the container at `owner`, hanging on it."""
    shown, rest = group(sharing, _LODGERS)
    above = owner + 11
    for container in shown:
        canvas.line([(x + 12, above), (x + 12, y), (x + 26, y)], below=True)
        card(canvas, x + 26, y - 11, _CARD - 26, container)
        canvas.text(x + 30, y + 25, _("shares its cards"), colour="muted", size=11, room=18)
        y += 47
    if rest:
        canvas.text(x + 30, y + 2, more(rest), colour="muted", size=12)
        y += 20
    return y


def _stop(canvas: Canvas, x: float, y: float, place: Place, container: Container) -> int:
    """Draw where a container is on a network; return how many lines that takes."""
    said = where(place, container)
    canvas.dot(x, y, colour="blue", hollow=not place.address and container.state not in ("running", "paused"))
    canvas.box(x + 9, y - 8, 7 * columns(said) + 4, 16, fill="page", edge="page")
    canvas.text(x + 11, y + 4.5, said, size=11.5, room=17)
    if not place.aliases:
        return 1
    canvas.text(x + 11, y + 19, _fitting(place.aliases, 18), size=11, colour="muted", room=18)
    return 2


def _fitting(names: Sequence[str], room: int) -> str:
    """Return as many names as `room` columns hold, the first one at least, and how many there are more."""
    for n in range(len(names), 1, -1):
        rest = f" +{len(names) - n}" if n < len(names) else ""
        said = ", ".join(names[:n]) + rest
        if columns(said) <= room:
            return said
    rest = f" +{len(names) - 1}" if len(names) > 1 else ""
    return cut(names[0], room - len(rest)) + rest if names else ""


def _published(canvas: Canvas, y: float, container: Container, x: float) -> int:
    """Draw published ports; those that listen on every address of the host are marked as such."""
    shown, rest = group(container.ports, 3)
    open_ = [port for port in container.ports if port.startswith(EVERYWHERE)]
    for n, port in enumerate(shown):
        canvas.text(MARGIN, y + 4.5 + 15 * n, port, size=11.5, room=26, bold=port in open_)
    used = len(shown)
    if rest:
        canvas.text(MARGIN, y + 4.5 + 15 * used, more(rest), size=11.5, colour="muted")
        used += 1
    if open_:
        said = _("on every address")
        if len(open_) < len(container.ports):
            said = _("{count} of them on every address", count=len(open_))
        canvas.text(MARGIN, y + 4.5 + 15 * used, said, size=11.5, colour="amber")
        used += 1
    if shown:
        tint, thick = ("amber", 3.0) if open_ else ("green", 1.5)
        canvas.line([(x - 18, y), (x - 1, y)], colour=tint, arrow=True, thick=thick)
    return max(1, used)


def _vacant(canvas: Canvas, y: float, empty: Sequence[Line]) -> float:
    """Draw the networks that nobody is on, as boxes."""
    canvas.text(MARGIN, y + 6, _("nobody is on these"), colour="muted", size=12, sans=True)
    beside = int(canvas.width - 2 * MARGIN + 10) // _COLUMN
    for n, line in enumerate(empty):
        _header(canvas, MARGIN + n % beside * _COLUMN, y + 16 + n // beside * 88, line)
    return y + 16 + ((len(empty) - 1) // beside + 1) * 88 + 10


def _key(canvas: Canvas, y: float, shown: Sequence[Line], containers: Sequence[Container]) -> float:
    """Say what the marks of this picture mean; return the foot of the last line."""
    canvas.dot(MARGIN + 6, y - 4, colour="blue")
    x: float = MARGIN + 18
    for said, wanted in (
        (_("is on it; a gap: passes by"), True),
        (_("dashed: does not run"), any(c.state not in ALIVE for c in containers)),
        (_("grey, beneath an address: further names"), any(p.aliases for c in containers for p in c.places)),
        (_("double line: internal"), any(line.network.internal for line in shown)),
    ):
        if wanted:
            if x + width(said, 12) > canvas.width - MARGIN:
                x, y = MARGIN + 18, y + 18
            canvas.text(x, y, said, colour="muted", size=12)
            x += width(said, 12) + 24
    return y
