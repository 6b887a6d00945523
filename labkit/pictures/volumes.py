"""Volumes, folders of the host and memory: who mounts them, where, and whether to write.

Who mounts what is found over all containers; only the drawing is cut, and says so where it is cut.

Source: https://docs.docker.com/engine/storage/
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..human import short
from ..messages import _
from .canvas import Canvas, width
from .facts import MOST, WORDS, Container, Holdings, Mount, group
from .links import anonymous
from .parts import MARGIN, card, legend, many, more, title
from .picture import Picture

_SOURCE, _GAP, _CARD, _WIDTH = 220, 50, 170, 790
_ROW = 32

_LEAST = 3
"""So many users of each source are drawn in any case."""


@dataclass(frozen=True)
class Source:
    """What is mounted, or could be: a volume, a folder of the host, or memory; `users` mount it."""

    kind: str
    name: str
    users: tuple[tuple[Container, Mount], ...] = ()

    @property
    def anonymous(self) -> bool:
        """Whether it is a volume that the engine gave its name."""
        return self.kind == "volume" and anonymous(self.name)


def draw(holdings: Holdings, most: int = MOST) -> Picture:
    """Draw each volume once, with a line to each container that mounts it."""
    sources = _sources(holdings)
    users = _most_users(sources, most)
    shown = _fitting(sources, users, most)
    head = _title(holdings, sources)
    canvas = Canvas(_WIDTH)
    y = title(canvas, head, _note(sources))
    for source in shown:
        y = _source(canvas, y, source, users)
    foot = _foot(sources[len(shown) :])
    for line in foot:
        canvas.text(MARGIN, y + 12, line, colour="muted", size=12, room=110)
        y += 20
    kinds = [kind for kind in ("volume", "bind", "tmpfs") if any(_picture(s.kind) == kind for s in shown)]
    canvas.height = _legend(canvas, y + 14, kinds, {c.state for s in shown for c, _m in s.users[: _rows(s, users)]})
    return Picture(head + ".", (*_words(sources), *foot), canvas.svg(), canvas.width, int(canvas.height))


def _sources(holdings: Holdings) -> list[Source]:
    """Return what is mounted, and volumes that are not: volumes first, and those with users and a name of their own."""
    found: dict[tuple[str, str], list[tuple[Container, Mount]]] = {("volume", name): [] for name in holdings.volumes}
    for container in holdings.containers:
        for mount in container.mounts:
            # Each tmpfs is its container's own: two without a name are two.
            name = mount.source or _("memory of {name}", name=container.name)
            found.setdefault((mount.kind, name), []).append((container, mount))
    order = {"volume": 0, "bind": 1}
    return sorted(
        (Source(kind, name, tuple(users)) for (kind, name), users in found.items()),
        key=lambda s: (order.get(s.kind, 2), not s.users, s.anonymous, s.kind, s.name),
    )


def _most_users(sources: Sequence[Source], most: int) -> int:
    """Return how many users of each source are drawn, so that as many sources as possible have a place."""
    for users in (most, 20, 10, 5):
        if sum(_rows(s, users) for s in sources) <= most:
            return users
    return _LEAST


def _fitting(sources: Sequence[Source], users: int, most: int) -> Sequence[Source]:
    """Return the first sources: as many as have a place with their users."""
    rows = 0
    for n, source in enumerate(sources):
        rows += _rows(source, users)
        if rows > most and n:
            return sources[:n]
    return sources


def _rows(source: Source, most: int) -> int:
    """Return how many users of a source are drawn: a line that counts one more would have a place for that one."""
    return max(1, len(source.users) if len(source.users) <= most + 1 else most)


def _title(holdings: Holdings, sources: Sequence[Source]) -> str:
    kinds = [source.kind for source in sources]
    parts = [many(len(holdings.volumes), _("volume"), _("volumes"))]
    if "bind" in kinds:
        parts.append(many(kinds.count("bind"), _("folder of the host"), _("folders of the host")))
    if "tmpfs" in kinds:
        parts.append(many(kinds.count("tmpfs"), _("file system in memory"), _("file systems in memory")))
    return ", ".join(parts)


def _note(sources: Sequence[Source]) -> str:
    if any(source.anonymous for source in sources):
        return _("A volume outlives the containers that mount it; an anonymous one may be removed with its container.")
    return _("A volume outlives the containers that mount it.")


def _foot(left: Sequence[Source]) -> list[str]:
    """Say what is not drawn, and how much of it nobody mounts."""
    if not left:
        return []
    idle = sum(not source.users for source in left)
    said = _("{count} more", count=len(left))
    return [_("Not drawn: {what}, {idle} of them mounted by nobody.", what=said, idle=idle)]


def _source(canvas: Canvas, y: float, source: Source, most: int) -> float:
    users, rest = group(source.users, _rows(source, most))
    rows = max(1, len(users)) + bool(rest)
    height = rows * _ROW - 8
    canvas.box(MARGIN, y, _SOURCE, height, edge="blue" if users else "muted", dashed=not users)
    middle = y + 12
    _icon(canvas, MARGIN + 16, middle, _picture(source.kind))
    name = _("anonymous {id}", id=short(source.name)) if source.anonymous else source.name
    canvas.text(MARGIN + 32, middle + 4.5, name, room=23, bold=bool(users))
    if not users:
        canvas.text(MARGIN + _SOURCE + 14, middle + 4.5, _("mounted by nobody"), colour="muted", size=12)
    elif rows > 1:
        shared = _("shared by {count}", count=len({c.name for c, _m in source.users}))
        canvas.text(MARGIN + 32, middle + 22, shared, colour="muted", size=11.5)
    for n, (container, mount) in enumerate(users):
        _mounting(canvas, middle + n * _ROW, container, mount)
    if rest:
        at = MARGIN + _SOURCE + _GAP
        canvas.text(at + 26, middle + len(users) * _ROW + 4.5, more(rest), colour="muted", size=12)
    return y + rows * _ROW + 6


def _mounting(canvas: Canvas, foot: float, container: Container, mount: Mount) -> None:
    """Draw a container with an arrow to it, and what it may do where."""
    x = MARGIN + _SOURCE
    canvas.line([(x + 1, foot), (x + _GAP - 2, foot)], arrow=True, colour="blue", dashed=not mount.writable)
    card(canvas, x + _GAP, foot - 11, _CARD, container, dashes=False)
    at = float(x + _GAP + _CARD + 12)
    said = _rights(mount)
    room = int((_WIDTH - MARGIN - at - width(said, 12) - 12) / width("x"))
    canvas.text(at, foot + 4.5, mount.target, room=room)
    at += min(width(mount.target), width("x") * room) + 12
    canvas.text(at, foot + 4.5, said, size=12, colour="muted" if mount.writable else "amber", bold=not mount.writable)


def _picture(kind: str) -> str:
    return kind if kind in ("volume", "bind") else "tmpfs"


def _icon(canvas: Canvas, x: float, y: float, kind: str) -> None:
    if kind == "volume":
        canvas.shape(f"M{x - 7} {y - 5}v10a7 2.6 0 0 0 14 0v-10a7 2.6 0 0 0 -14 0a7 2.6 0 0 0 14 0", edge="blue")
    elif kind == "bind":
        canvas.shape(f"M{x - 7} {y + 6}v-11h5l2 2h7v9z", edge="amber")
    else:
        canvas.shape(f"M{x - 7} {y - 4}h14v8h-14zM{x - 4} {y + 4}v3M{x} {y + 4}v3M{x + 4} {y + 4}v3", edge="muted")


def _legend(canvas: Canvas, y: float, kinds: Sequence[str], states: set[str]) -> float:
    """Say what the signs mean; return the picture's height."""
    names = {"volume": _("volume"), "bind": _("folder of the host"), "tmpfs": _("memory")}
    x = float(MARGIN + 8)
    for kind in kinds:
        _icon(canvas, x, y - 4, kind)
        canvas.text(x + 14, y, names[kind], colour="muted", size=12)
        x += 14 + width(names[kind], 12) + 26
    if states:
        canvas.line([(x - 6, y - 4), (x + 24, y - 4)], arrow=True, colour="blue")
        canvas.text(x + 32, y, _("is mounted into the container, at the path behind it"), colour="muted", size=12)
        y += 22
        legend(canvas, MARGIN, y, states)
    return y + 16


def _rights(mount: Mount) -> str:
    return _("read and write") if mount.writable else _("read-only")


def _words(sources: Sequence[Source]) -> list[str]:
    """Return everything in lines, at most about `WORDS` of them."""
    lines: list[str] = []
    for n, source in enumerate(sources):
        if len(lines) >= WORDS:
            lines.append(_("{count} more are not named here.", count=len(sources) - n))
            break
        lines.append(f"{source.name} ({_('anonymous volume') if source.anonymous else source.kind})")
        users, rest = group(source.users, max(_LEAST, WORDS - len(lines)))
        lines += [f"  {c.name} ({c.state})  {m.target}  {_rights(m)}" for c, m in users]
        lines += [f"  {more(rest)}"] if rest else []
        lines += [] if source.users else [f"  {_('mounted by nobody')}"]
    return lines
