"""Volumes, folders of the host and memory: who mounts them, where, and whether to write.

Source: https://docs.docker.com/engine/storage/
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..messages import _
from .canvas import Canvas
from .facts import MOST, Container, Holdings, Mount, group
from .parts import MARGIN, card, legend, many, title
from .picture import Picture

_SOURCE, _GAP, _CARD, _WIDTH = 220, 50, 170, 790
_ROW = 32

Users = list[tuple[Container, Mount]]


def draw(holdings: Holdings, most: int = MOST) -> Picture:
    """Draw each volume once, with a line to each container that mounts it."""
    sources = _sources(holdings)
    shown, left_over = group(sources, most)
    kinds = [kind for (kind, _name), _users in sources]
    parts = [many(len(holdings.volumes), _("volume"), _("volumes"))]
    if "bind" in kinds:
        parts.append(many(kinds.count("bind"), _("folder of the host"), _("folders of the host")))
    if "tmpfs" in kinds:
        parts.append(many(kinds.count("tmpfs"), _("file system in memory"), _("file systems in memory")))
    head = ", ".join(parts)
    canvas = Canvas(_WIDTH)
    y = title(canvas, head, _("What is in a volume outlives the containers that mount it."))
    for (kind, name), users in shown:
        y = _source(canvas, y, kind, name, users)
    foot = [_("Not drawn: {count} more.", count=left_over)] if left_over else []
    for line in foot:
        canvas.text(MARGIN, y + 12, line, colour="muted", size=12, room=110)
        y += 20
    legend(canvas, MARGIN, y + 14, {c.state for _key, users in shown for c, _mount in users})
    canvas.height = y + 30
    return Picture(head + ".", (*_words(shown), *foot), canvas.svg(), canvas.width, int(canvas.height))


def _sources(holdings: Holdings) -> list[tuple[tuple[str, str], Users]]:
    """Return what is mounted, and volumes that are not, each with its users: volumes first, each kind by name."""
    found: dict[tuple[str, str], Users] = {("volume", name): [] for name in holdings.volumes}
    for container in holdings.containers:
        for mount in container.mounts:
            # Each tmpfs is its container's own: two without a name are two.
            name = mount.source or _("memory of {name}", name=container.name)
            found.setdefault((mount.kind, name), []).append((container, mount))
    order = {"volume": 0, "bind": 1}
    return sorted(found.items(), key=lambda item: (order.get(item[0][0], 2), not item[1], item[0]))


def _source(canvas: Canvas, y: float, kind: str, name: str, users: Users) -> float:
    rows = max(1, len(users))
    height = rows * _ROW - 8
    canvas.box(MARGIN, y, _SOURCE, height, edge="blue" if users else "muted", dashed=not users)
    middle = y + 12
    _icon(canvas, MARGIN + 16, middle, kind)
    canvas.text(MARGIN + 32, middle + 4.5, name, room=23, bold=bool(users))
    if not users:
        canvas.text(MARGIN + _SOURCE + 14, middle + 4.5, _("mounted by nobody"), colour="muted", size=12)
    elif rows > 1:
        canvas.text(
            MARGIN + 32,
            middle + 22,
            _("shared by {count}", count=len({c.name for c, _m in users})),
            colour="muted",
            size=11.5,
        )
    for n, (container, mount) in enumerate(users):
        foot = middle + n * _ROW
        x = MARGIN + _SOURCE
        canvas.line([(x + 1, foot), (x + _GAP - 2, foot)], arrow=True, colour="blue", dashed=not mount.writable)
        card(canvas, x + _GAP, foot - 11, _CARD, container)
        canvas.text(x + _GAP + _CARD + 12, foot + 4.5, mount.target, room=23)
        tint = "text" if mount.writable else "amber"
        canvas.text(
            _WIDTH - MARGIN, foot + 4.5, _rights(mount), anchor="end", size=12, colour=tint, bold=tint == "amber"
        )
    return y + rows * _ROW + 6


def _icon(canvas: Canvas, x: float, y: float, kind: str) -> None:
    if kind == "volume":
        canvas.shape(f"M{x - 7} {y - 5}v10a7 2.6 0 0 0 14 0v-10a7 2.6 0 0 0 -14 0a7 2.6 0 0 0 14 0", edge="blue")
    elif kind == "bind":
        canvas.shape(f"M{x - 7} {y + 6}v-11h5l2 2h7v9z", edge="amber")
    else:
        canvas.shape(f"M{x - 7} {y - 4}h14v8h-14zM{x - 4} {y + 4}v3M{x} {y + 4}v3M{x + 4} {y + 4}v3", edge="muted")


def _rights(mount: Mount) -> str:
    return _("read and write") if mount.writable else _("read-only")


def _words(shown: Iterable[tuple[tuple[str, str], Users]]) -> Sequence[str]:
    lines = []
    for (kind, name), users in shown:
        lines.append(f"{name} ({kind})")
        lines += [f"  {c.name} ({c.state})  {m.target}  {_rights(m)}" for c, m in users] or [
            f"  {_('mounted by nobody')}"
        ]
    return lines
