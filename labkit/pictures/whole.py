"""The whole engine at a glance: images, the containers made from them, their networks and what they keep.

What is said of use is found over everything (`links`); only the drawing is cut.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..messages import _
from . import links
from .canvas import Canvas, width
from .facts import MOST, Container, Holdings, Mount, share
from .links import Thing
from .parts import MARGIN, card, few, first, legend, many, more, title
from .parts import containers as count_of
from .picture import Picture
from .wholewords import named, tell

_IMAGES, _CONTAINERS, _RIGHT = (20, 190), (262, 222), (560, 200)
"""Where each column begins, and how wide it is."""

_WIDTH, _ROW, _NOTE = 780, 30, 15
_MOST_NOTES = 4


def draw(holdings: Holdings, engine: str = "", most: int = MOST) -> Picture:
    """Draw everything, linked.

    Parameters
    ----------
    engine: what the engine is, such as its version.
    most: so many things are drawn one by one; of each kind the rest is counted.
    """
    things = links.find(holdings)
    room = _room(holdings, things, most)
    containers = _chosen(holdings.containers, room["containers"])
    drawn = {c.name for c in containers}
    # What a drawn container uses has a place first, and what nobody uses has one last.
    shown = {
        kind: sorted(all_, key=lambda t: (drawn.isdisjoint(t.users), not t.users))[: room[kind]]
        for kind, all_ in things.items()
    }
    engine = engine or _("This engine")
    parts = _counts(holdings, things)
    canvas = Canvas(_WIDTH)
    top = title(canvas, engine, parts)

    hidden = [t for kind, all_ in things.items() for t in all_ if t not in shown[kind]]
    notes = {c.name: _notes(c, [t.name for t in hidden if c.name in t.users]) for c in containers}
    feet, y = {}, top + 44
    for c in containers:
        feet[c.name] = y
        y += _ROW + _NOTE * len(notes[c.name])
    low = _cards(canvas, top, containers, feet, notes, len(holdings.containers))
    ends, lowest = dict[str, dict[str, float]](), low
    right = [kind for kind in ("networks", "volumes", "folders") if kind != "folders" or things[kind]]
    for place, kinds in ((_IMAGES, ["images"]), (_RIGHT, right)):
        # Where containers take more room than what they use, each thing moves down to those that use it.
        spare = max(0, low - top - sum(_height(shown[kind], things[kind]) for kind in kinds))
        foot = top
        for kind in kinds:
            foot, spare, ends[kind] = _column(canvas, place, foot, named(kind), shown[kind], things[kind], feet, spare)
        lowest = max(lowest, foot)
    _lines(canvas, containers, feet, ends, shown)
    canvas.height = _legend(canvas, lowest + 16, containers, shown)
    words = tell(holdings, things, {"containers": len(containers), **{k: len(s) for k, s in shown.items()}})
    return Picture(f"{engine}: {parts}", words, canvas.svg(), _WIDTH, int(canvas.height))


def _room(holdings: Holdings, things: Mapping[str, Sequence[Thing]], most: int) -> dict[str, int]:
    """Return how many of each kind are drawn: what nobody uses has a quarter at most where not all have a place."""
    used = {"containers": len(holdings.containers)}
    used |= {kind: sum(bool(thing.users) for thing in all_) for kind, all_ in things.items()}
    idle = {kind: len(all_) - used[kind] for kind, all_ in things.items()}
    room = share(used, most - min(sum(idle.values()), most // 4))
    left = most - sum(room.values())
    free = share(idle, left if sum(idle.values()) <= left else min(left, most // 4))
    return {kind: count + free.get(kind, 0) for kind, count in room.items()}


def _chosen(containers: Sequence[Container], room: int) -> list[Container]:
    """Return the containers that are drawn, the living first; those of one network stand together."""
    alive = sorted(containers, key=lambda c: (c.state in ("created", "exited", "dead"), c.name))[:room]
    hosts = {c.name: c for c in containers}

    def place(c: Container) -> tuple[bool, tuple[str, ...], str, bool, str]:
        host = hosts.get(c.lodges_with, c)
        return not host.places, tuple(p.network for p in host.places), host.name, host is not c, c.name

    return sorted(alive, key=place)


def _counts(holdings: Holdings, things: Mapping[str, Sequence[Thing]]) -> str:
    parts = [
        count_of(len(holdings.containers)),
        many(len(holdings.images), _("image"), _("images")),
        many(len(holdings.networks), _("network"), _("networks")),
        many(len(holdings.volumes), _("volume"), _("volumes")),
    ]
    if things["folders"]:
        parts.append(many(len(things["folders"]), _("folder of the host"), _("folders of the host")))
    return ", ".join(parts) + "."


def _notes(c: Container, unseen: Sequence[str]) -> list[str]:
    """Return the small lines under a container; `unseen` is what it uses and the drawing leaves out."""
    notes = [_("not drawn: {names}", names=few(unseen, 1))] if unseen else []
    if c.lodges_with:
        notes.append(_("on the network of {name}", name=c.lodges_with))
    notes += c.ports
    notes += [_("{kind} at {path}", kind=m.kind, path=m.target) for m in c.mounts if m.kind not in ("volume", "bind")]
    return _few(notes)


def _below(thing: Thing) -> list[str]:
    """Return the small lines under a thing."""
    return _few([_("also {names}", names=name) for name in thing.also] or [thing.note] * bool(thing.note))


def _few(notes: Sequence[str]) -> list[str]:
    return first(notes, _MOST_NOTES if len(notes) <= _MOST_NOTES else _MOST_NOTES - 1)


def _cards(
    canvas: Canvas, top: float, containers: Sequence[Container], feet: Mapping[str, float],
    notes: Mapping[str, Sequence[str]], count: int,
) -> float:  # fmt: skip
    x, wide = _CONTAINERS
    _head(canvas, _CONTAINERS, top, _("containers"), count)
    y = top + 44
    for container in containers:
        y = feet[container.name]
        card(canvas, x, y - 11, wide, container, dashes=False)
        for n, note in enumerate(notes[container.name]):
            canvas.text(x + 26, y + 24 + n * _NOTE, note, size=11.5, colour="muted", room=28)
        y += _ROW + _NOTE * len(notes[container.name])
    rest = count - len(containers)
    return _rest(canvas, x, y, [more(rest)] if rest else [] if count else [_("none")])


def _column(
    canvas: Canvas, place: tuple[int, int], top: float, name: str, shown: Sequence[Thing], every: Sequence[Thing],
    feet: Mapping[str, float], spare: float,
) -> tuple[float, float, dict[str, float]]:  # fmt: skip
    """Draw a column of things, dashed those that nobody uses.

    Returns where it ends, how much of the spare room is left, and the middle of each thing.
    """
    x, wide = place
    _head(canvas, place, top, name, sum(not thing.gone for thing in every))

    def near(thing: Thing) -> tuple[float, bool, str, str]:
        # Each near those that it is linked to, so that few lines cross.
        ends = [feet[user] for user in thing.users if user in feet]
        return sum(ends) / len(ends) if ends else float("inf"), not thing.users, thing.name, thing.key

    middles, y = {}, top + 44
    for thing in sorted(shown, key=near):
        middle = near(thing)[0]
        if y < middle < float("inf"):
            down = min(spare, middle - y)
            y, spare = y + down, spare - down
        edge = "red" if thing.gone else "blue" if thing.users else "muted"
        idle = not thing.users
        canvas.box(x, y - 12, wide, 24, fill="tint" if thing.users else "page", edge=edge, dashed=idle)
        hidden = sum(user not in feet for user in thing.users)
        said = " ".join([*([_("gone")] if thing.gone else []), *([f"+{hidden}"] if hidden else [])])
        canvas.text(x + 10, y + 4.5, thing.name, room=int((wide - 18) / width("x")) - (len(said) + 1 if said else 0))
        if said:
            canvas.text(x + wide - 8, y + 4.5, said, anchor="end", bold=True, colour="red" if thing.gone else "muted")
        for n, note in enumerate(_below(thing)):
            canvas.text(x + 10, y + 25 + n * _NOTE, note, size=11.5, colour="muted", room=int((wide - 10) / 7))
        middles[thing.key] = y
        y += _ROW + _NOTE * len(_below(thing))
    return _rest(canvas, x, y, _left(shown, every)), spare, middles


def _height(shown: Sequence[Thing], every: Sequence[Thing]) -> float:
    """Return how much room a column takes: see `_column`."""
    return 44 + sum(_ROW + _NOTE * len(_below(thing)) for thing in shown) + 20 * len(_left(shown, every))


def _left(shown: Sequence[Thing], every: Sequence[Thing]) -> list[str]:
    """Return what is said beneath a column: how many more there are, told apart by use, or that there are none."""
    if not every:
        return [_("none")]
    used, idle = (
        sum(bool(t.users) is use for t in every) - sum(bool(t.users) is use for t in shown) for use in (True, False)
    )
    return [
        *([_("and {count} more in use", count=used)] if used else []),
        *([_("and {count} more not in use", count=idle)] if idle else []),
    ]


def _head(canvas: Canvas, place: tuple[int, int], top: float, name: str, count: int) -> None:
    canvas.text(place[0], top + 18, name, bold=True, sans=True)
    canvas.text(sum(place), top + 18, count, anchor="end", colour="muted")


def _rest(canvas: Canvas, x: float, y: float, said: Sequence[str]) -> float:
    """Write what is said beneath a column; return where it ends."""
    for line in said:
        canvas.text(x + 10, y + 4, line, colour="muted", size=12)
        y += 20
    return y


def _lines(
    canvas: Canvas, containers: Sequence[Container], feet: Mapping[str, float], ends: Mapping[str, Mapping[str, float]],
    shown: Mapping[str, Sequence[Thing]],
) -> None:  # fmt: skip
    left, right = _CONTAINERS[0], sum(_CONTAINERS)
    for thing in shown["images"]:
        for user in thing.users:
            if user in feet:
                canvas.curve((sum(_IMAGES), ends["images"][thing.key]), (left, feet[user]), thick=1)
    for c in containers:
        y = feet[c.name]
        for network in dict.fromkeys(place.network for place in c.places):
            if network in ends["networks"]:
                canvas.curve((right, y - 3), (_RIGHT[0], ends["networks"][network]), colour="blue")
        for mount in c.mounts:
            kept = ends.get({"volume": "volumes", "bind": "folders"}.get(mount.kind, ""), {})
            if mount.source in kept:
                end = (_RIGHT[0], kept[mount.source])
                canvas.curve((right, y + 4), end, colour="amber", dashed=not mount.writable, thick=3)


def _legend(
    canvas: Canvas, y: float, containers: Sequence[Container], shown: Mapping[str, Sequence[Thing]]
) -> float:  # fmt: skip
    """Say what shapes and lines mean; return the picture's height."""
    drawn = {c.name for c in containers}
    things = [thing for all_ in shown.values() for thing in all_]
    legend(canvas, MARGIN, y, {c.state for c in containers})
    x, y = float(MARGIN), y + 22
    lines = (
        (bool(containers), "edge", 1, False, _("made from")),
        (any(c.places for c in containers), "blue", 1.5, False, _("is on")),
        (any(m.writable for m in _kept(containers)), "amber", 3, False, _("mounts")),
        (any(not m.writable for m in _kept(containers)), "amber", 3, True, _("mounts read-only")),
    )
    for there, colour, thick, dashed, said in lines:
        if there:
            canvas.line([(x, y - 4), (x + 30, y - 4)], colour=colour, thick=thick, dashed=dashed)
            canvas.text(x + 36, y, said, colour="muted", size=12)
            x += 36 + width(said, 12) + 20
    if any(not thing.users for thing in things):
        canvas.box(x, y - 12, 26, 15, fill="page", edge="muted", dashed=True)
        said = _("used by no container")
        canvas.text(x + 32, y, said, colour="muted", size=12)
        x += 32 + width(said, 12) + 20
    if any(not drawn.issuperset(thing.users) for thing in things):
        y += 20
        canvas.text(MARGIN, y, _("+n: used by n more containers that are not drawn"), colour="muted", size=12)
    return y + 18


def _kept(containers: Sequence[Container]) -> list[Mount]:
    return [m for c in containers for m in c.mounts if m.kind in ("volume", "bind")]
